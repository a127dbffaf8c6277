"""Time the spiking circuit: many odors side by side against a loop of single odors.

Every timing is a process of its own, which answers the odors, and tells how long that took and how
much memory it and its programs had at most.  Peers, in the same process and with the same target:
a Python loop that answers one odor after the other, each with a network of its own; the same with
one network, built once (batches of one odor); and what NumPy needs for the plainest update of an
array as large as the network, the limit for any simulation by arrays.
"""

import json
import subprocess
import sys
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, main

PROGRAM = """
import json, resource, sys, time
from dataclasses import replace
import numpy as np
import olfnet
from olfnet.expansion import presets, spiking

target, n_odors, n_units, duration, n_loop = json.loads(sys.argv[1])
circuit = olfnet.random_expansion(
    n_inputs=50, n_units=n_units, fan_in=6, coding_level=0.1, rng=0
)
odors = np.random.default_rng(1).exponential(30.0, size=(n_odors, 50))
cells = presets.rapp_nawrot_2020()
cells = replace(cells, excitation=replace(cells.excitation, strength=7e-9))

def seconds(odors, **options):
    start = time.perf_counter()
    answer = spiking.respond(
        circuit, odors, duration=duration, rng=2, dynamics=cells, target=target, **options
    )
    return time.perf_counter() - start, answer

seconds(odors[:1] * 0 + 30.0, batch_size=1) if target == "numpy" else None  # imports
together, answer = seconds(odors)
# Of this program and those it started; its own ru_maxrss begins with that of the one it is from.
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
memory = max(int(lines["VmHWM"].split()[0]), children) / 1024
loop = sum(seconds(odors[i : i + 1])[0] for i in range(n_loop)) / n_loop
once = seconds(odors[:n_loop], batch_size=1)[0] / n_loop

v, x = np.zeros(min(n_odors, max(1, 2**15 // n_units)) * n_units), 1.0
plain = []
for _ in range(200):
    start = time.perf_counter()
    v *= 0.99
    v += x
    plain.append(time.perf_counter() - start)
print(json.dumps({
    "seconds": together, "seconds_loop": loop, "seconds_once": once, "memory": memory,
    "plain": float(np.median(plain)) / v.size, "level": float(answer.coding_level.mean()),
}))
"""
COLORS = {"numpy": "#0072B2", "standalone": "#D55E00"}
DT = 1e-4


def measure(
    *, target: str, n_odors: int, n_units: int, duration: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Answer odors together, in a loop, and in a loop around one network."""
    n_loop = min(n_odors, 2 if target == "standalone" else 3)
    order = json.dumps([target, n_odors, n_units, duration, n_loop])
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, order], capture_output=True, text=True, check=True
    )
    found = json.loads(child.stdout.splitlines()[-1])
    meanings = {
        "seconds": ("s", "all odors together"),
        "seconds_loop": ("s", "one odor, with a network of its own"),
        "seconds_once": ("s", "one odor, in a network built once for a few"),
        "memory": ("MB", "largest process"),
        "plain": ("s", "plain update of one number of an array"),
        "level": ("", "fraction of units that respond"),
    }
    return {
        name: xr.DataArray(found[name], attrs={"units": unit, "meaning": meaning})
        for name, (unit, meaning) in meanings.items()
    }


def table(dataset: xr.Dataset) -> Table:
    """Time of an odor and ratios, medians of the repeats."""
    middle = dataset.median("repeat").isel(n_units=0, duration=0)
    rows = Table(
        title=f"{int(middle['n_units'])} units, {float(middle['duration']):g} s in steps of .1 ms"
    )
    headings = ("target", "odors", "s per odor", "loop / this", "loop, built once / this")
    for column in (*headings, "ns per update", "plain NumPy ns", "MB"):
        rows.add_column(column, justify="right")
    for target in middle["target"].values:
        for n_odors in middle["n_odors"].values:
            one = middle.sel(target=target, n_odors=n_odors)
            each = float(one["seconds"]) / n_odors
            rows.add_row(
                str(target),
                str(n_odors),
                f"{each:.3f}",
                *(f"{float(one[f'seconds_{name}']) / each:.1f}" for name in ("loop", "once")),
                f"{1e9 * each / updates(one):.1f}",
                f"{1e9 * float(one['plain']):.2f}",
                f"{float(one['memory']):.0f}",
            )
    return rows


def updates(one: xr.Dataset) -> float:
    """Neuron updates for one odor."""
    return float(one["n_units"] * one["duration"] / DT)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of an odor against how many are answered together, beside the loops."""
    drawing = Figure(figsize=(7.2, 3.6), layout="constrained")
    left, right = drawing.subplots(1, 2)
    part = dataset.isel(n_units=0, duration=0)
    for target in part["target"].values:
        one, color = part.sel(target=target), COLORS.get(str(target), "0.4")
        styles = {"seconds": ("o", "-", "together"), "seconds_loop": ("x", "--", "loop")}
        styles["seconds_once"] = ("+", ":", "loop, built once")
        for name, (marker, style, label) in styles.items():
            each = one[name] / (one["n_odors"] if name == "seconds" else 1)
            middle = each.median("repeat")
            ends = [middle - each.min("repeat"), each.max("repeat") - middle]
            left.errorbar(
                one["n_odors"], middle, ends, marker=marker, ls=style, color=color,
                label=f"{target}, {label}",
            )  # fmt: skip
        rate = updates(one) * one["n_odors"] / one["seconds"]
        right.plot(one["n_odors"], rate.median("repeat"), marker="o", color=color, label=target)
    limit = 1 / part["plain"].median(("repeat", "target"))
    right.plot(part["n_odors"], limit, color="0.2", lw=1.2, label="plain NumPy update")
    left.set(xscale="log", yscale="log", xlabel="odors", ylabel="wall time per odor (s)")
    right.set(xscale="log", yscale="log", xlabel="odors", ylabel="neuron updates per second")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="x-small")
    return drawing


study = Study(
    name="spiking",
    question="What does it save to answer many odors side by side?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter(
            "target",
            ("numpy", "standalone"),
            "how Brian2 runs",
            quick=("numpy",),
            check=partial(checks.one_of, known=("numpy", "standalone", "cython")),
        ),
        Parameter(
            "n_odors", (1, 4, 16, 50, 200), "odors answered", quick=(1, 4), check=checks.count
        ),
        Parameter("n_units", 2000, "Kenyon cells", quick=200, check=checks.count),
        Parameter(
            "duration", 0.5, "time after the onset", unit="s", quick=0.05, check=checks.positive
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
