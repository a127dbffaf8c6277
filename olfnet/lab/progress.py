"""Progress of a sweep: a bar in a terminal, a line each half minute in a log file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Report = Callable[[int, int], None]

# Seconds between two lines of a log file.
_PAUSE = 30.0


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """Show how many points are done, the rate, and the time left.

    Yields
    ------
    callable (n_done, n_points)
        To be called at the start and after each point.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Log(name, console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda n_done, n_points: bar.update(task, completed=n_done, total=n_points)


class _Log:
    """Lines for a log file: the first and the last report, and one each half minute between."""

    def __init__(self, name: str, console: Console) -> None:
        self.name, self.console = name, console
        self.begin: tuple[float, int] | None = None
        self.printed = -_PAUSE

    def __call__(self, n_done: int, n_points: int) -> None:
        now = time.monotonic()
        self.begin = self.begin or (now, n_done)
        if now - self.printed < _PAUSE and n_done < n_points:
            return
        self.printed = now
        line = f"{self.name}: {n_done} of {n_points} points"
        seconds, finished = now - self.begin[0], n_done - self.begin[1]
        if finished:
            left = timedelta(seconds=round((n_points - n_done) * seconds / finished))
            line += f", {finished / max(seconds, 1e-9):.3g}/s, {left} left"
        print(line, file=self.console.file, flush=True)


class _Rate(ProgressColumn):
    """Points per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g}/s" if speed else "")
