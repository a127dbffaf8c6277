"""The command line: ``olfnet run | list | show | claims``."""

import difflib
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import cyclopts
from rich.console import Console
from rich.table import Table
from rich.text import Text

import olfnet
from olfnet import checks
from olfnet.lab import claims as register  # its many modules load when a name is asked for
from olfnet.lab import command, dataset, journal
from olfnet.lab.command import DEFAULTS, Options, say
from olfnet.lab.files import make_folder
from olfnet.lab.progress import progress
from olfnet.lab.provenance import provenance
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
        A study file, or the name of one in the folder studies.
    """
    return command.run(_find(study), options, shlex.join(["olfnet", "run", study]))


@app.command(name="list")
def list_studies(folder: Path = STUDIES, /) -> int:
    """Show the studies of a folder: what they ask, what they sweep, how long they ran.

    Parameters
    ----------
    folder
        Where the study files are.
    """
    for file in sorted(_folder(folder).rglob("*.py")):
        try:
            print(*_lines(load_study(file)), "", sep="\n")
        except ValueError as error:
            say(str(error))
    return command.DONE


@app.command
def show(
    result: Path, /, *, report: Annotated[bool, cyclopts.Parameter(negative="")] = False
) -> int:
    """Print what a result holds and draw its figure again.

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
    elif not command.show(load_study(study_file), whole, result, page=report):
        return command.FAILED
    return command.DONE


@app.command
def claims(
    *,
    only: Annotated[tuple[str, ...], cyclopts.Parameter(consume_multiple=True, negative="")] = (),
    quick: Annotated[bool, cyclopts.Parameter(negative="")] = False,
    seed: int = 0,
    n_workers: Annotated[int | None, cyclopts.Parameter(name="--workers")] = None,
    out: Path = RESULTS / "claims",
) -> int:
    """Hold theory against simulation, claim by claim; a claim that fails fails the command.

    If it is stopped, the same command goes on with the claims that are left.

    Parameters
    ----------
    only
        Systems (S14), references (R1) or claims (R1.mean).
    quick
        Few samples: a trial in seconds.
    seed
        Seed of all simulations.
    n_workers
        Processes, by default one for each core.
    out
        Folder for the table in Markdown and the numbers in JSON.
    """
    wanted = register.chosen(name for text in only for name in text.split(","))
    checks.count("seed", seed, minimum=0)
    if n_workers is not None:
        checks.count("n_workers", n_workers)
    make_folder(out)
    words = ["olfnet claims", *(f"--only {name}" for name in only), *(["--quick"] if quick else [])]
    words += [f"--seed {seed}"] if seed else []
    about = provenance(None, " ".join(words)) | {"seed": seed}
    with (
        progress("claims") as report,
        register.unfinished(out, wanted, about | {"quick": quick}) as (known, keep),
    ):
        outcomes = register.examine_all(
            wanted,
            quick=quick,
            seed=seed,
            n_workers=n_workers,
            known=known,
            keep=keep,
            report=report,
        )
        register.account.write(outcomes, about, out)
    Console().print(register.account.table(outcomes))
    failed = [outcome.claim.key for outcome in outcomes if not outcome.holds]
    if failed:
        say(f"{len(failed)} of {len(outcomes)} claims fail: {', '.join(failed)}")
    return command.FAILED if failed else command.DONE


def _find(text: str) -> Study:
    """Load a study by its file, or by its name among those in ``studies``."""
    if Path(text).is_file() or text.endswith(".py"):
        return load_study(text)
    known = {file.stem: file for file in sorted(_folder(STUDIES).rglob("*.py"))}
    if text not in known:
        near = " or ".join(difflib.get_close_matches(text, known))
        hint = f"did you mean {near}?" if near else "olfnet list shows those there are"
        raise ValueError(f"there is no study {text!r} in {STUDIES}; {hint}")
    return load_study(known[text])


def _folder(studies: Path) -> Path:
    """Return the folder; the wheel has no studies, so that a user may well be elsewhere."""
    if not studies.is_dir():
        raise ValueError(
            f"there is no folder {studies} in {Path.cwd()}; go where it is, in a copy of the "
            "repository for olfnet's own studies, or name the file of a study"
        )
    return studies


def _lines(study: Study) -> Iterator[str]:
    yield f"{study.name}: {study.question}"
    yield f"  source: {study.source}"
    for parameter in study.parameters:
        values = ", ".join(map(str, parameter.values))
        unit = f" ({parameter.unit})" if parameter.unit else ""
        yield f"  {parameter.name} = {values}: {parameter.meaning}{unit}"
    folder = RESULTS / study.name
    last = _points(journal.read(folder)) if (folder / journal.NAME).is_file() else "none"
    yield f"  last run: {last}"


def _points(book: journal.Journal) -> str:
    seconds = sum(record["seconds"] for record in book.records.values())
    return f"{len(book.records)} points, {len(book.failures)} failed, {seconds:.1f} s of work"
