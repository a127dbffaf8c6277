"""Time the tangent kernel of deep networks beside one matrix product of the same size.

Both run in turns, with one thread.  The peer is the textbook recursion over whole matrices, with
NumPy's arccosine; memory is what is allocated at most, in matrices of the kernel's size, of which
two are the result.
"""

import os
import platform
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table
from threadpoolctl import threadpool_limits

from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main
from olfnet.theory.activations import Erf, LeakyReLU, ReLU, Sigmoid, Tanh
from olfnet.theory.ntk import WideNetwork

N_INPUTS = 50
ACTIVATIONS = {
    "ReLU": ReLU(),
    "leaky ReLU": LeakyReLU(0.1),
    "erf": Erf(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
}


def textbook(inputs: np.ndarray, depth: int) -> np.ndarray:
    """Return the tangent kernel of rectifiers without bias, weight variance 2."""
    covariance = 2 * inputs @ inputs.T / inputs.shape[1]
    sd = np.sqrt(np.diag(covariance))
    tangent = covariance.copy()
    for _ in range(depth):
        angle = np.arccos(np.clip(covariance / np.outer(sd, sd), -1, 1))
        covariance = np.outer(sd, sd) * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi
        tangent = covariance + tangent * (np.pi - angle) / np.pi
    return tangent


def timed(work: Callable[[], object]) -> float:
    """Return wall time in s."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def matrices(work: Callable[[], object], n_points: int) -> float:
    """Return the peak of allocated memory, in matrices."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (8 * n_points**2)


def measure(
    *, activation: str, n_points: int, depth: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Kernel, matrix product and textbook recursion, one after the other."""
    inputs = rng.standard_normal((n_points, N_INPUTS))
    factors = rng.standard_normal((2, n_points, n_points))
    wide = WideNetwork(depth, ACTIVATIONS[activation])
    with threadpool_limits(1):
        found = {
            "kernel": timed(partial(wide.ntk, inputs)),
            "product": timed(lambda: factors[0] @ factors[1]),
            "textbook": timed(partial(textbook, inputs, depth)),
        }
    named = {
        name: xr.DataArray(value, attrs={"units": "s", "meaning": f"wall time of {name}"})
        for name, value in found.items()
    }
    words = "peak memory, in matrices of the kernel's size"
    used = matrices(partial(wide.ntk, inputs), n_points)
    return named | {"memory": xr.DataArray(used, attrs={"meaning": words})}


def table(dataset: xr.Dataset) -> Table:
    """Show times, their ratio to a matrix product, and memory."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}"
    rows = Table(title=f"Tangent kernel, {N_INPUTS} inputs, one thread ({machine})")
    for column in ("points", "layers", "activation", "s", "products", "textbook", "matrices"):
        rows.add_column(column, justify="left" if column == "activation" else "right")
    middle = dataset.median("repeat")
    for n_points in middle["n_points"].values:
        for depth in middle["depth"].values:
            for name in middle["activation"].values:
                one = middle.sel(n_points=n_points, depth=depth, activation=name)
                seconds, product = float(one["kernel"]), float(one["product"])
                peer = f"{float(one['textbook']) / product:.2f}" if name == "ReLU" else ""
                rows.add_row(
                    str(n_points), str(depth), str(name), f"{seconds:.3f}",
                    f"{seconds / product:.2f}", peer, f"{float(one['memory']):.1f}",
                )  # fmt: skip
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw times in units of a matrix product."""
    drawn = Figure(figsize=(5.0, 2.6), layout="constrained")
    axes = drawn.subplots()
    chosen = dataset.isel(n_points=-1, depth=-1)
    names = list(chosen["activation"].values)
    for row, name in enumerate(names):
        one = chosen.sel(activation=name)
        ratios = (one["kernel"] / one["product"]).values
        ratios = ratios[np.isfinite(ratios)]
        if ratios.size:
            ends = [[np.median(ratios) - ratios.min()], [ratios.max() - np.median(ratios)]]
            axes.errorbar(
                [np.median(ratios)], [-row], xerr=ends, marker="o", color=drawing.COLORS[0]
            )
    axes.axvline(1, color="0.7", lw=0.8, ls=":")
    axes.set_yticks(-np.arange(len(names)), names)
    size = f"{int(chosen['n_points'])} points, {int(chosen['depth'])} layers"
    axes.set(xlabel=f"time in matrix products ({size})")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn


study = Study(
    name="ntk",
    question="How long does the tangent kernel of a deep network take?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter(
            "activation",
            tuple(ACTIVATIONS),
            "of the hidden layers",
            check=partial(checks.one_of, known=ACTIVATIONS),
        ),
        Parameter(
            "n_points",
            2000,
            "inputs, all pairs of which are looked at",
            quick=300,
            check=checks.count,
        ),
        Parameter("depth", 3, "hidden layers", check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=5,
    quick_repeats=1,
    alone=True,
)

if __name__ == "__main__":
    main(study)
