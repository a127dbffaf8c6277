"""Studies on the command line: options, progress, table, figure and exit code."""

import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, NoReturn

import cyclopts
import xarray as xr
from rich.console import Console

from olfnet.lab import report as reports
from olfnet.lab import sweep
from olfnet.lab.journal import Journal
from olfnet.lab.progress import progress
from olfnet.lab.study import Study, load_study, require_runnable

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
FIGURE = "figure.png"


def _option(name: str) -> str:
    """Return the command line's name of an option: workers for n_workers."""
    return name.removeprefix("n_").replace("_", "-")


@cyclopts.Parameter(name="*", name_transform=_option)
@dataclass(frozen=True)
class Options:
    """How to run a study.

    Parameters
    ----------
    set : list of str
        Values of a parameter, as name=value,value; may be given for several parameters.
    seed : int
        Seed of the whole sweep.
    out : Path
        Result folder, by default results/STUDY; one with the same study and seed grows.
    quick : bool
        Small values and few repeats: a trial in seconds.
    repeats : int
        Independent repetitions of each combination of values.
    n_workers : int
        Processes, by default one for each core.
    scheduler : str
        Address or file of a running Dask scheduler, whose workers are used instead.
    retry_failed : bool
        Measure points again that have failed.
    report : bool
        Write one self-contained HTML page about the result.
    """

    set: Annotated[tuple[str, ...], cyclopts.Parameter(consume_multiple=True, negative="")] = ()
    seed: int = 0
    out: Path | None = None
    quick: Annotated[bool, cyclopts.Parameter(negative="")] = False
    repeats: int | None = None
    n_workers: int | None = None
    scheduler: str | None = None
    retry_failed: Annotated[bool, cyclopts.Parameter(negative="")] = False
    report: Annotated[bool, cyclopts.Parameter(negative="")] = False


DEFAULTS = Options()


def main(study: Study) -> NoReturn:
    """Run the study of a Python file as a command: what ``python FILE`` does.

    To be called at the end of the file under ``if __name__ == "__main__":``.

    Raises
    ------
    ValueError
        If it is called while the file is loaded, or with another study than the file's.
    """
    require_runnable(study)
    script = sys.modules["__main__"]
    if getattr(script, "study", None) is not study or not getattr(script, "__file__", None):
        raise ValueError(
            f"main must be called with the study of the file that is run, got {study.name}; "
            "olfnet.lab.run runs any study"
        )
    file = str(script.__file__)
    app = cyclopts.App(name=f"python {Path(file).name}", help=study.question, version_flags=[])

    @app.default
    def _(*, options: Options = DEFAULTS) -> int:
        located = load_study(file)
        return conclude(located, run(located, options, f"python {file}"), page=options.report)

    sys.exit(launch(app, sys.argv[1:]))


def launch(app: cyclopts.App, argv: Sequence[str]) -> int:
    """Call an application; invalid input ends in one sentence and exit code 2."""
    try:
        code: int | None = app(
            argv, exit_on_error=False, print_error=False, result_action="return_value"
        )
        sys.stdout.flush()
    except BrokenPipeError:  # the reader is gone, as behind ``| head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        named = error.filename and error.strerror
        say(f"{error.filename} cannot be used: {error.strerror}" if named else str(error))
        return BAD_INPUT
    except (cyclopts.CycloptsError, ValueError) as error:
        say(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    return code or DONE


def run(study: Study, options: Options, command: str) -> sweep.Result:
    """Run a study and show its progress.

    Parameters
    ----------
    study : Study
    options : Options
    command : str
        How the study was called; the options are appended for the record.
    """
    given: dict[str, Any] = dict(vars(options))
    settings = study.read(given.pop("set"))
    command = " ".join([command, *_words(options)])
    with progress(study.name) as report:
        return sweep.run(
            study, **given | {"settings": settings, "command": command, "report": report}
        )


def conclude(study: Study, result: sweep.Result, *, page: bool = False) -> int:
    """Show and draw the result of a run, report what went wrong, and return the exit code."""
    drawn = show(study, result.dataset, result.journal, result.folder, page=page)
    if result.changed:
        say(
            f"the study's file is not the one of the run before; points in {result.folder} that "
            "were finished then are kept"
        )
    if result.failures:
        say(_failure_sentence(result))
    if result.n_left:
        say(f"{result.stop}: {result.n_left} points are left; the same command does them")
    if result.n_left and result.stop == "interrupted":
        return INTERRUPTED
    return DONE if drawn and not result.failures and not result.n_left else FAILED


def show(
    study: Study, dataset: xr.Dataset, journal: Journal, folder: Path, *, page: bool = False
) -> bool:
    """Print a study's table, draw its figure and write its page; return whether all succeeded."""
    if set(dataset.data_vars) <= {"status", "failure"}:
        return True
    table, figure, lines = study.table, study.figure, []
    (folder / FIGURE).unlink(missing_ok=True)  # an older one could be taken for this one
    with _explained(study, "figure", folder) as drawn:
        if figure is not None:
            figure(dataset).savefig(folder / FIGURE, dpi=200)
            lines.append(f"figure: {folder / FIGURE}")
    with _explained(study, "report", folder) as written:
        if page:
            file = reports.write(study, dataset, journal, folder, folder / FIGURE)
            lines.append(f"report: {file}")
    # Printed last: behind ``| head`` the first line may end the command.
    with _explained(study, "table", folder) as printed:
        if table is not None:
            Console().print(table(dataset))
    for line in lines:
        print(line)
    return not (printed or drawn or written)


def say(sentence: str) -> None:
    """Print one sentence on the error stream."""
    print(f"olfnet: {' '.join(sentence.split())}", file=sys.stderr)


def _words(options: Options) -> list[str]:
    """Return the options that differ from their defaults as words of a command line."""
    words = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value != field.default:
            values = value if isinstance(value, tuple) else [] if value is True else [value]
            words += [f"--{_option(field.name)}", *(shlex.quote(str(v)) for v in values)]
    return words


@contextmanager
def _explained(study: Study, what: str, folder: Path) -> Iterator[list[str]]:
    """Report an error in a study's own code in one sentence with its line; yield the sentences."""
    sentences: list[str] = []
    try:
        yield sentences
    except BrokenPipeError:  # the reader is gone
        raise
    except Exception as error:
        lines = traceback.extract_tb(error.__traceback__)
        own = [line for line in lines if line.filename == str(study.file)] or lines
        line = f"{Path(own[-1].filename).name}, line {own[-1].lineno}"
        sentences.append(f"the {what} failed: {type(error).__name__}: {error} ({line})")
        say(f"{sentences[0]}; the data are in {folder}")


def _failure_sentence(result: sweep.Result) -> str:
    first = result.failures[0]
    values = first["parameters"] | {"repeat": first["repeat"]}
    point = ", ".join(f"{name}={value}" for name, value in values.items())
    return (
        f"{len(result.failures)} of {result.dataset['status'].size} points failed, the first at "
        f"{point}: {first['failure']}"
    )
