"""Time what the lab adds to a sweep: starting, handing out points, keeping their records.

The peer is the work itself: points that sleep, shared by the workers without any loss.  Each timing
runs a study of its own in a new folder, and again with as many more repeats, so that the second
run starts from a result that already holds the first.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, main

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
    unit = {"units": "s", "meaning": "wall time of a whole run"}
    return {
        "seconds_new": xr.DataArray(seconds[0], attrs=unit),
        "seconds_grown": xr.DataArray(seconds[1], attrs=unit),
        "seconds_ideal": xr.DataArray(n_points * pause / WORKERS, attrs=unit),
    }


def table(dataset: xr.Dataset) -> Table:
    """Wall time against the ideal one, and the time of a point in a new and in a grown result."""
    middle = dataset.median("repeat")
    rows = Table(title=f"Sweeps of sleeping points, {WORKERS} workers")
    for column in ("points", "sleep s", "run s", "of ideal", "ms a point", "grown: ms a point"):
        rows.add_column(column, justify="right")
    for n_points in middle["n_points"].values:
        for pause in middle["pause"].values:
            one = middle.sel(n_points=n_points, pause=pause)
            new, grown = float(one["seconds_new"]), float(one["seconds_grown"])
            ideal = float(one["seconds_ideal"])
            ratio = f"{new / ideal:.2f}" if ideal else "-"
            each = [f"{1e3 * seconds / n_points:.2f}" for seconds in (new, grown)]
            rows.add_row(str(n_points), f"{pause:g}", f"{new:.2f}", ratio, *each)
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of a point against the size of the sweep, beside the sleep itself."""
    drawing = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = drawing.subplots()
    for pause, color in zip(
        dataset["pause"].values, ("#0072B2", "#D55E00", "#009E73"), strict=False
    ):
        for name, marker, style in (("new", "o", "-"), ("grown", "s", "--")):
            each = 1e3 * dataset[f"seconds_{name}"].sel(pause=pause) / dataset["n_points"]
            middle = each.median("repeat")
            errors = [middle - each.min("repeat"), each.max("repeat") - middle]
            label = f"sleep {1e3 * pause:g} ms, {name} result"
            axes.errorbar(
                dataset["n_points"], middle, errors, c=color, marker=marker, ls=style, label=label
            )
        if pause:
            axes.axhline(1e3 * pause / WORKERS, color=color, lw=0.8, ls=":")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="points in the sweep",
        ylabel="wall time per point (ms)",
        title="dotted: the sleep alone, shared by two workers",
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
    return drawing


study = Study(
    name="sweep",
    question="What does the lab add to the work of a sweep?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter(
            "n_points",
            (100, 1000, 10_000),
            "points of the sweep",
            quick=(20, 100),
            check=checks.count,
        ),
        Parameter(
            "pause",
            (0.0, 0.01),
            "sleep in each point",
            unit="s",
            check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=3,
    alone=True,
)

if __name__ == "__main__":
    main(study)
