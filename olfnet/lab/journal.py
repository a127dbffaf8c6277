"""The journal of a sweep: one line of JSON for each finished point, appended at once.

The labeled dataset of a result is written from its journal.  Appending a
line costs 30 microseconds whatever the size of the result (storing a point in a Zarr array: 2 to 8
milliseconds for each variable); a line cut short by a kill is dropped and its point measured again;
and a sweep grows in any direction without rewriting anything.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from olfnet.lab.files import make_folder
from olfnet.lab.points import Point, Record, failed

try:
    import fcntl
except ImportError:  # Windows has no such locks, and no other file of ours needs one
    fcntl = None  # type: ignore[assignment]

NAME = "points.jsonl"
_FORMAT = "olfnet result 2"


@dataclass(frozen=True, eq=False)
class Journal:
    """Header, runs and records of one result folder.

    Attributes
    ----------
    header : dict
        Study, question, source, seed, and unit and meaning of each parameter.
    runs : list of dict
        Provenance of each run that wrote here, oldest first.
    records : dict of point key to record
        The latest record of each point: its ``values`` or its ``failure``.
    digests : dict of point key to str
        Version of the study that measured it.
    """

    header: Record
    runs: list[Record] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    file: IO[bytes] | None = None
    dims: dict[str, list[str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def append(self, line: str) -> Record:
        """Append one line, flushed to the operating system before returning.

        A point whose values cannot stand beside those of the others becomes a failed one.
        """
        record: Record = json.loads(line)
        if misfit := self._misfit(record.get("values", {})):
            line = failed(Point.of(record), ValueError(misfit))
            record = json.loads(line)
        if self.file is not None:
            try:
                self.file.write(line.encode() + b"\n")
                self.file.flush()
            except OSError as error:
                with suppress(OSError):  # closing flushes again, with a less specific error
                    self.file.close()
                raise OSError(
                    f"{self.file.name} cannot grow: {error.strerror}; what it holds is kept, and "
                    "the same command does the rest"
                ) from error
        if "run" in record:
            self.runs.append(record["run"])
        elif "wall_seconds" in record:
            self.runs[-1] |= record
        else:
            key = Point.of(record).key
            self.records[key] = record
            self.digests[key] = self.runs[-1].get("digest", "") if self.runs else ""
            for name, entry in record.get("values", {}).items():
                self.dims.setdefault(name, entry["dims"])
        return record

    def _misfit(self, entries: Record) -> str:
        """Describe what is wrong with the dimensions of values, or return an empty text."""
        dims = {name: entry["dims"] for name, entry in entries.items()} | self.dims
        for name, entry in entries.items():
            if entry["dims"] != dims[name]:
                return (
                    f"measure must return {name} with the same dimensions at every point, got "
                    f"{entry['dims']} after {dims[name]}"
                )
        taken = sorted(set(dims) & {dim for names in dims.values() for dim in names})
        if taken and entries:
            return f"measure must not give a quantity the name of a dimension, {taken[0]!r}"
        return ""

    @property
    def failures(self) -> list[Record]:
        """Records of the points whose measurement raised an exception, in a fixed order."""
        failures = [record for record in self.records.values() if "failure" in record]
        names = sorted(self.header["parameters"])
        return sorted(failures, key=lambda r: [*(r["parameters"][n] for n in names), r["repeat"]])


def read(folder: Path) -> Journal:
    """Return the journal of a result folder.

    Raises
    ------
    ValueError
        If the folder holds no journal, or a damaged one.
    """
    file = folder / NAME
    if not file.is_file():
        raise ValueError(f"{folder} holds no olfnet result")
    return _parsed(file.read_bytes(), file)


@contextmanager
def opened(
    folder: Path, header: Record, inspect: Callable[[Path, Journal], None]
) -> Iterator[Journal]:
    """Journal of a new or continued result, locked against a second writer.

    Parameters
    ----------
    folder : Path
    header : dict
        What a new journal starts with, and a continued one must agree with.
    inspect : callable (folder, journal)
        Raises if the folder is unusable for another reason; called before anything is changed.

    Raises
    ------
    ValueError
        If the folder holds something else, another sweep, or is being written to.
    """
    entries = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if entries and NAME not in entries:
        raise ValueError(f"{folder} holds files but no olfnet result; choose another --out")
    make_folder(folder)
    with (folder / NAME).open("a+b") as file:
        _lock(file, folder)
        header = {"format": _FORMAT} | header
        first = json.dumps(header).encode() + b"\n"
        file.seek(0)
        content = file.read()
        if entries <= {NAME} and first.startswith(content):  # new, or stopped in its first line
            file.truncate(0)
            file.write(first)
            file.flush()
            content = first
        journal = _parsed(content, folder / NAME)
        _require_same(journal.header, header, folder)
        inspect(folder, journal)
        file.truncate(content.rindex(b"\n") + 1)
        yield replace(journal, file=file)


def _parsed(content: bytes, file: Path) -> Journal:
    """Parse all complete lines; a kill may have cut off the last one."""
    lines = content.split(b"\n")[:-1]
    try:
        header = json.loads(lines[0])
        if header["format"] != _FORMAT or not {"study", "seed", "parameters"} <= set(header):
            raise ValueError
        journal = Journal(header)
        for line in lines[1:]:
            journal.append(line.decode())
    except (ValueError, KeyError, TypeError, IndexError):
        raise ValueError(f"{file} is damaged or not from olfnet; move it away") from None
    return journal


def _lock(file: IO[bytes], folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(f"another run is writing to {folder}; choose another --out") from None


def _require_same(stored: Record, header: Record, folder: Path) -> None:
    """Let a result grow by values and repeats, but keep its study, seed and parameters."""
    pairs = [(what, stored[what], header[what]) for what in ("study", "seed")]
    parameters = [stored["parameters"], header["parameters"]]
    old, new = (", ".join(sorted(names)) for names in parameters)
    pairs.append(("parameters", old, new))
    for name, about in parameters[0].items():
        other = parameters[1].get(name, about)
        pairs += [(f"{w} of {name}", about.get(w), other.get(w)) for w in ("units", "kind")]
    for what, old, new in pairs:
        if old != new:
            raise ValueError(
                f"{folder} was made with {what} {old}, not {new}; choose another --out"
            )
