"""Time what the lab adds to a sweep: starting, handing out points, keeping their records.

The peer is the work itself: points that sleep, shared by the workers without any loss.  Each timing
runs a study of its own in a new folder, and again with as many more repeats, so that the second
run starts from a result that already holds the first.
"""

import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main, results

STUDY = """
import time
from olfnet.lab import Parameter, Study

def measure(*, n, rng):
    time.sleep({pause})
    return {{"x": rng.random()}}

study = Study("points", "?", "none", (Parameter("n", range({n_points}), "number"),), measure)
"""
WORKERS = 2


def measure(*, n_points: int, pause: float, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Run a sweep of points that sleep, then one more repeat of all of them."""
    from olfnet.lab import load_study, run

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "points.py")
        file.write_text(STUDY.format(n_points=n_points, pause=pause))
        study, seconds = load_study(file), []
        for repeats in (1, 2):
            start = time.perf_counter()
            run(study, out=Path(folder, "result"), n_workers=WORKERS, repeats=repeats)
            seconds.append(time.perf_counter() - start)
    meanings = {
        "seconds_new": "wall time of a run in a new folder",
        "seconds_grown": "wall time of a run that adds a repeat",
        "seconds_ideal": "wall time of the sleep alone, shared by the workers",
    }
    return results.labeled_each(meanings, (*seconds, n_points * pause / WORKERS), "s")


def table(dataset: xr.Dataset) -> Table:
    """Wall time relative to the ideal one, and the time of a point in a new and a grown result."""
    middle, rows = dataset.median("repeat"), []
    for n_points, pause in product(middle["n_points"].values, middle["pause"].values):
        at = middle.sel(n_points=n_points, pause=pause)
        new, grown, ideal = (float(at[f"seconds_{name}"]) for name in ("new", "grown", "ideal"))
        ratio = f"{new / ideal:.2f}" if ideal else "-"
        each = [f"{1e3 * seconds / n_points:.2f}" for seconds in (new, grown)]
        rows.append((n_points, f"{pause:g}", f"{new:.2f}", ratio, *each))
    columns = ("points", "sleep s", "run s", "of ideal", "ms a point", "grown: ms a point")
    return results.table(f"Sweeps of sleeping points, {WORKERS} workers", columns, rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of a point against the size of the sweep, beside the sleep itself."""
    (axes,) = panels = drawing.panels(1, 1, (5.2, 3.6))
    for nth, pause in enumerate(dataset["pause"].values):
        for name, marker, ls in (("new", "o", "-"), ("grown", "s", "--")):
            each = 1e3 * dataset[f"seconds_{name}"].sel(pause=pause) / dataset["n_points"]
            style = {"marker": marker, "ls": ls, "ms": 6, "lw": 1.5}
            label = f"sleep {1e3 * pause:g} ms, {name} result"
            drawing.medians(axes, each, nth, label=label, **style)
        if pause:
            ideal = 1e3 * pause / WORKERS
            axes.axhline(ideal, color=drawing.COLORS[nth % 7], lw=0.8, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="points in the sweep")
    axes.set_ylabel("wall time per point (ms)")
    axes.set_title("dotted: the sleep alone, shared by two workers")
    drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="sweep",
    question="How much time does the lab add to the work of a sweep?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter.count("n_points", (100, 1000, 10_000), "points of the sweep", quick=(20, 100)),
        Parameter("pause", (0.0, 0.01), "sleep in each point", unit="s", check=checks.nonnegative),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=3,
    alone=True,
)

if __name__ == "__main__":
    main(study)
