"""Time the spiking circuit: many odors side by side against a loop of single odors.

Every timing is a process of its own, which simulates the odors, and reports its time and the peak
memory of itself and its programs.  Peers, in the same process and with the same target: a Python
loop over single odors, each with a network of its own; the same with one network, built once
(batches of one odor); and the simplest NumPy update of an array as large as the network, the limit
for any simulation by arrays.
"""

import json
import subprocess
import sys
from functools import partial
from itertools import product

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main, results

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
DT = 1e-4


def measure(
    *, target: str, n_odors: int, n_units: int, duration: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Simulate odors together, in a loop, and in a loop with one network."""
    n_loop = min(n_odors, 2 if target == "standalone" else 3)
    order = json.dumps([target, n_odors, n_units, duration, n_loop])
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, order], capture_output=True, text=True, check=True
    )
    measured = json.loads(child.stdout.splitlines()[-1])
    times = {
        "seconds": "wall time of all odors together",
        "seconds_loop": "wall time of one odor, with a network of its own",
        "seconds_once": "wall time of one odor, in a network built once for a few",
        "plain": "wall time of a plain update of one number of an array",
    }
    return {
        **results.labeled_each(times, measured, "s"),
        "memory": results.labeled(measured["memory"], "peak memory of the largest process", "MB"),
        "level": results.labeled(measured["level"], "fraction of units that respond"),
    }


def table(dataset: xr.Dataset) -> Table:
    """Time of an odor and ratios, medians of the repeats."""
    middle, rows = dataset.median("repeat").isel(n_units=0, duration=0), []
    for target, n_odors in product(middle["target"].values, middle["n_odors"].values):
        at = middle.sel(target=target, n_odors=n_odors)
        each = float(at["seconds"]) / n_odors
        ratios = [f"{float(at[f'seconds_{name}']) / each:.1f}" for name in ("loop", "once")]
        update = (f"{1e9 * each / updates(at):.1f}", f"{1e9 * float(at['plain']):.2f}")
        rows.append((target, n_odors, f"{each:.3f}", *ratios, *update, f"{at['memory']:.0f}"))
    ratios = ("s per odor", "loop / this", "loop, built once / this")
    columns = ("target", "odors", *ratios, "ns per update", "plain NumPy ns", "MB")
    title = f"{int(middle['n_units'])} units, {float(middle['duration']):g} s in steps of .1 ms"
    return results.table(title, columns, rows, no_wrap=False)


def updates(timing: xr.Dataset) -> float:
    """Return the number of neuron updates for one odor."""
    return float(timing["n_units"] * timing["duration"] / DT)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of an odor against the number simulated together, beside the loops."""
    left, right = panels = drawing.panels(1, 2, (7.2, 3.6))
    first = dataset.isel(n_units=0, duration=0)
    for nth, target in enumerate(first["target"].values):
        at = first.sel(target=target)
        for each, marker, ls, label in (
            (at["seconds"] / at["n_odors"], "o", "-", "together"),
            (at["seconds_loop"], "x", "--", "loop"),
            (at["seconds_once"], "+", ":", "loop, built once"),
        ):
            drawing.medians(left, each, nth, marker=marker, ls=ls, label=f"{target}, {label}")
        rate = updates(at) * at["n_odors"] / at["seconds"]
        style = {"marker": "o", "color": drawing.COLORS[nth], "label": target}
        right.plot(at["n_odors"], rate.median("repeat"), **style)
    limit = 1 / first["plain"].median(("repeat", "target"))
    right.plot(first["n_odors"], limit, color="0.2", lw=1.2, label="plain NumPy update")
    left.set(xscale="log", yscale="log", xlabel="odors", ylabel="wall time per odor (s)")
    right.set(xscale="log", yscale="log", xlabel="odors", ylabel="neuron updates per second")
    for axes in panels:
        drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="spiking",
    question="How much time does it save to simulate many odors side by side?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter(
            "target",
            ("numpy", "standalone"),
            "how Brian2 runs",
            quick=("numpy",),
            check=partial(checks.one_of, known=("numpy", "standalone", "cython")),
        ),
        Parameter.count("n_odors", (1, 4, 16, 50, 200), "odors simulated", quick=(1, 4)),
        Parameter.count("n_units", 2000, "Kenyon cells", quick=200),
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
