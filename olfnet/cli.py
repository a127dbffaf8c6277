"""The command line: ``olfnet run | list | copy | show | claims``."""

import difflib
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import cyclopts
from rich.console import Console
from rich.table import Table
from rich.text import Text

import olfnet
from olfnet.lab import command, dataset, journal, provenance
from olfnet.lab.command import DEFAULTS, Options, say
from olfnet.lab.files import bundled_studies, study_files
from olfnet.lab.study import Study, load_study

STUDIES = Path("studies")
RESULTS = Path("results")

app = cyclopts.App(
    name="olfnet",
    version=olfnet.__version__,
    help="Olfactory circuits from odors to associations: run studies and read their results.",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(command.launch(app, sys.argv[1:] if argv is None else argv))


@app.command
def run(study: str, /, *, options: Options = DEFAULTS) -> int:
    """Run a study, or what is left of it.

    Parameters
    ----------
    study
        A study file, or the name of a study in the folder studies or of a bundled one.
    """
    known = _find(study)
    result = command.run(known, options, shlex.join(["olfnet", "run", study]))
    return command.conclude(known, result, page=options.report)


@app.command(name="list")
def list_studies(folder: Path | None = None, /) -> int:
    """List studies with their questions, parameters and last runs.

    Parameters
    ----------
    folder
        Folder of study files, by default the folder studies and the bundled ones.
    """
    for file in (study_files(folder) if folder else _studies()).values():
        try:
            print(*_lines(load_study(file)), "", sep="\n")
        except ValueError as error:
            say(str(error))
    return command.DONE


@app.command
def copy(study: str, /) -> int:
    """Copy a bundled study into this folder, to be changed there.

    Parameters
    ----------
    study
        Name of the study.
    """
    source = _named(study, study_files(bundled_studies()))
    target = Path(source.name)
    try:
        with target.open("xb") as file:
            file.write(source.read_bytes())
    except FileExistsError:
        raise ValueError(f"{target} exists already and is never overwritten") from None
    print(f"{target}: run it by olfnet run {target}")
    return command.DONE


@app.command
def show(
    result: Path, /, *, report: Annotated[bool, cyclopts.Parameter(negative="")] = False
) -> int:
    """Print the contents of a result and draw its figure again.

    Parameters
    ----------
    result
        A result folder.
    report
        Write one self-contained HTML page about it, too.
    """
    book = journal.read(result)
    whole = dataset.assemble(book)
    table = Table(show_header=False)
    for name, value in whole.attrs.items():
        table.add_row(str(name), Text(str(value)))
    for name in book.header["parameters"]:
        table.add_row(name, Text(", ".join(map(str, whole[name].values))))
    table.add_row("repeats", str(whole.sizes["repeat"]))
    table.add_row("points", _points(book))
    Console().print(table)
    for record in book.failures:
        say(f"{record['parameters']} repeat {record['repeat']}: {record['failure']}")
    study_file = Path(whole.attrs.get("file", ""))
    if not study_file.is_file():
        say(f"the study's file {str(study_file)!r} is not here, so nothing is drawn")
    elif not command.show(load_study(study_file), whole, book, result, page=report):
        return command.FAILED
    return command.DONE


@app.command
def claims(
    path: Path | None = None,
    /,
    *,
    only: Annotated[tuple[str, ...], cyclopts.Parameter(consume_multiple=True, negative="")] = (),
    quick: Annotated[bool, cyclopts.Parameter(negative="")] = False,
    seed: int = 0,
    n_workers: Annotated[int | None, cyclopts.Parameter(name="--workers")] = None,
    out: Path | None = None,
) -> int:
    """Check every claim by simulation; exit with status 1 if one fails.

    If it is stopped, the same command continues.  Claims are checked again when their files or the
    package have changed.

    Parameters
    ----------
    path
        Folder or file of claims, by default those bundled with the package.
    only
        Systems (S14), references (R1) or claims (R1.mean).
    quick
        Few samples: a trial in seconds.
    seed
        Seed of all simulations.
    n_workers
        Processes, by default one for each core.
    out
        Folder for the results, by default results/claims or results/claims-quick.
    """
    from olfnet.lab import register  # which loads SciPy's statistics

    known = register.load_register(path or bundled_studies() / "claims")
    chosen = known.chosen(name for text in only for name in text.split(","))
    study = known.study(chosen, quick=quick)
    out = out or RESULTS / study.name
    options = Options(seed=seed, out=out, n_workers=n_workers)
    words = ["olfnet", "claims", *([str(path)] if path else [])]
    words += [word for name in only for word in ("--only", name)] + ["--quick"] * quick
    result = command.run(study, options, shlex.join(words))
    code, book = command.conclude(study, result), result.journal
    results = register.checked(book, known.claims, known.digest)
    Console().print(register.table([r for r in results if r.claim in chosen]))
    register.write(results, provenance.origin(book.runs[-1:]) | {"seed": seed}, out)
    failed = [result.claim.key for result in results if not result.holds]
    if failed:
        say(f"{len(failed)} of {len(results)} claims fail: {', '.join(failed)}")
    return code or (command.FAILED if failed else command.DONE)


def _find(study: str) -> Study:
    """Load a study by its file or by its name."""
    is_file = Path(study).is_file() or study.endswith(".py")
    return load_study(study if is_file else _named(study, _studies()))


def _studies() -> dict[str, Path]:
    """Study files by name: those in ``studies`` replace bundled ones."""
    own = study_files(STUDIES) if STUDIES.is_dir() else {}
    return study_files(bundled_studies()) | own


def _named(name: str, files: Mapping[str, Path]) -> Path:
    if name not in files:
        near = " or ".join(difflib.get_close_matches(name, files))
        hint = f"did you mean {near}?" if near else "olfnet list shows all"
        raise ValueError(f"study must be a file or the name of a study, got {name!r}; {hint}")
    return files[name]


def _lines(study: Study) -> Iterator[str]:
    yield f"{study.name}: {study.question}"
    yield f"  source: {study.source}"
    for parameter in study.parameters:
        values = ", ".join(map(str, parameter.values))
        unit = f" ({parameter.unit})" if parameter.unit else ""
        yield f"  {parameter.name} = {values}: {parameter.meaning}{unit}"
    if study.file and not study.file.is_relative_to(bundled_studies()):
        yield f"  file: {study.file}"
    folder = RESULTS / study.name
    last = _points(journal.read(folder)) if (folder / journal.NAME).is_file() else "none"
    yield f"  last run: {last}"


def _points(book: journal.Journal) -> str:
    seconds = sum(record["seconds"] for record in book.records.values())
    return f"{len(book.records)} points, {len(book.failures)} failed, {seconds:.1f} s of work"
