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
from itertools import product

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table
from threadpoolctl import threadpool_limits

from olfnet.lab import Parameter, Study, drawing, main, results
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
        seconds = (
            timed(partial(wide.ntk, inputs)),
            timed(lambda: factors[0] @ factors[1]),
            timed(partial(textbook, inputs, depth)),
        )
    names = ("kernel", "product", "textbook")
    used = matrices(partial(wide.ntk, inputs), n_points)
    return {
        **results.labeled_each({name: f"wall time of {name}" for name in names}, seconds, "s"),
        "memory": results.labeled(used, "peak memory, in matrices of the kernel's size"),
    }


def table(dataset: xr.Dataset) -> Table:
    """Show times, their ratio to a matrix product, and memory."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}"
    middle, names, rows = dataset.median("repeat"), ("n_points", "depth", "activation"), []
    for n_points, depth, name in product(*(middle[name].values for name in names)):
        at = middle.sel(n_points=n_points, depth=depth, activation=name)
        seconds, peak = float(at["kernel"]), float(at["memory"])
        ratios = [f"{float(at[kind] / at['product']):.2f}" for kind in ("kernel", "textbook")]
        peer = ratios[1] if name == "ReLU" else ""
        rows.append((n_points, depth, name, f"{seconds:.3f}", ratios[0], peer, f"{peak:.1f}"))
    title = f"Tangent kernel, {N_INPUTS} inputs, one thread ({machine})"
    columns = ("points", "layers", "activation", "s", "products", "textbook", "matrices")
    return results.table(title, columns, rows, left=["activation"])


def figure(dataset: xr.Dataset) -> Figure:
    """Draw times in units of a matrix product."""
    (axes,) = panels = drawing.panels(1, 1, (5.0, 2.6))
    largest = dataset.isel(n_points=-1, depth=-1)
    ratios = largest["kernel"] / largest["product"]
    activations = {str(name): ratios.sel(activation=name) for name in ratios["activation"].values}
    drawing.ranges(axes, {n: part.dropna("repeat").values for n, part in activations.items()})
    axes.axvline(1, color="0.7", lw=0.8, ls=":")
    size = f"{int(largest['n_points'])} points, {int(largest['depth'])} layers"
    axes.set(xlabel=f"time in matrix products ({size})")
    axes.set_xlim(left=0)
    return drawing.finish(panels)


study = Study(
    name="ntk",
    question="How long does the tangent kernel of a deep network take?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter.choice("activation", ACTIVATIONS, "of the hidden layers"),
        Parameter.count("n_points", 2000, "inputs, all pairs of which are computed", quick=300),
        Parameter.count("depth", 3, "hidden layers"),
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
