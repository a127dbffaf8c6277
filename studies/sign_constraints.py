"""The cost of non-negative weights for a readout, and the fraction of silent synapses.

Synapses of Kenyon cells, as those of cerebellar granule cells, are excitatory.  Binary patterns get
random labels; weights must not be negative, and every sum has to keep a distance (robustness) from
a fixed threshold.  For rare labels, patterns are Gaussian and the threshold is free, as in theory
without robustness.  The breaking points are certified; the most robust weights, computed by linear
programming, give the fraction of weights that are zero.  Theory is for infinitely many inputs.
"""

from functools import cache, partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import most_robust
from olfnet.theory import gardner

# Robustness rho = (K / theta) sqrt(N f / (1 - f)), for patterns with a fraction f active.
ROBUSTNESS = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
FRACTIONS = np.array([0.5, 0.3, 0.2, 0.1])
LOADS = np.array([0.25, 0.4, 0.55, 0.7, 0.85])
# Values of robustness whose approach to the limit is drawn.
SHOWN = ((0.0, "no robustness"), (1.0, "robustness 1"))


def binary(n_patterns: int, rng: np.random.Generator, n_dims: int) -> np.ndarray:
    """Patterns in which half of the inputs are active."""
    return (rng.random((n_patterns, n_dims)) < 0.5).astype(float)


def gaussian(n_patterns: int, rng: np.random.Generator, n_dims: int) -> np.ndarray:
    """Patterns of both signs."""
    return rng.standard_normal((n_patterns, n_dims))


def measure(*, n_dims: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Break sequences under each constraint, and find the most robust weights at each load."""
    by_robustness, by_label, by_load = rng.spawn(3)

    def stored(limit: float, stream: np.random.Generator, draw: object, **readout: object) -> float:
        most = int(3 * limit * n_dims) + 300  # small systems scatter
        (n_stored,) = olfnet.breaking_points(
            partial(draw, n_dims=n_dims),
            max_patterns=most,
            n_trials=1,
            nonnegative=True,
            rng=stream,
            **readout,
        )
        if n_stored == most:
            raise RuntimeError(f"a sequence of {most} patterns did not break")
        return n_stored / n_dims

    at_robustness = [
        stored(
            gardner.capacity(rho, nonnegative=True), stream, binary, robustness=rho / n_dims**0.5
        )
        for rho, stream in zip(ROBUSTNESS, by_robustness.spawn(ROBUSTNESS.size), strict=True)
    ]
    at_fraction = [
        stored(gardner.capacity(0.0, f) / 2, stream, gaussian, bias=True, label_fraction=f)
        for f, stream in zip(FRACTIONS, by_label.spawn(FRACTIONS.size), strict=True)
    ]
    robust = [
        most_robust_at(round(load * n_dims), n_dims, stream)
        for load, stream in zip(LOADS, by_load.spawn(LOADS.size), strict=True)
    ]
    capacity = "associations stored before the first failure, per input"
    largest, silent = np.transpose(robust)
    return {
        "at_robustness": results.labeled(at_robustness, capacity, robustness=ROBUSTNESS),
        "at_fraction": results.labeled(at_fraction, capacity, label_fraction=FRACTIONS),
        "most_robust": results.labeled(largest, "largest robustness", load=LOADS),
        "silent": results.labeled(silent, "fraction of silent synapses", load=LOADS),
    }


def most_robust_at(n_patterns: int, n_dims: int, rng: np.random.Generator) -> tuple[float, float]:
    """Largest robustness of random labels, in the unit of theory, and silent synapses there."""
    labels = rng.permutation(np.arange(n_patterns) % 2)
    readout = most_robust(binary(n_patterns, rng, n_dims), labels)
    return readout.robustness * n_dims**0.5, readout.silent_fraction


@cache
def robust_loads() -> tuple[np.ndarray, np.ndarray]:
    """Robustness in falling order, and the load at which theory allows no more."""
    rho = np.linspace(4, 0, 81)
    return rho, gardner.capacity(rho, nonnegative=True)


def table(dataset: xr.Dataset) -> Table:
    """Theory, and measurements extrapolated to infinite size."""
    rho, rows = np.interp(LOADS, *robust_loads()[::-1]), []
    capacity, rare = gardner.capacity(ROBUSTNESS, 0.5, True), gardner.capacity(0, FRACTIONS, True)
    for name, dim, words, values, theory in (
        ("at_robustness", "robustness", "capacity, rho {:g}", ROBUSTNESS, capacity),
        ("at_fraction", "label_fraction", "capacity, {:.0%} positive", FRACTIONS, rare),
        ("most_robust", "load", "rho at load {:g}", LOADS, rho),
        ("silent", "load", "silent at load {:g}", LOADS, gardner.silent_fraction(rho)),
    ):
        for value, expected in zip(values, theory, strict=True):
            samples = results.along(dataset, name, "n_dims", **{dim: value})
            cells = results.limit_texts(samples)
            rows.append((words.format(value), f"{expected:.3f}", *cells))
        rows.append(None)
    title = "Non-negative weights: theory, and measured for any size"
    columns = ("what", "theory", "limit", "p (line)", "largest size")
    return results.table(title, columns, rows, left=["what"])


def figure(dataset: xr.Dataset) -> Figure:
    """Draw capacity against robustness and labels, silent synapses, and the approach to limits."""
    panels = drawing.panels(2, 2, (7.2, 5.6))
    rho = np.linspace(0, ROBUSTNESS[-1], 100)
    panels[0].plot(rho, gardner.capacity(rho, nonnegative=True), color="0.2", lw=1.2)
    draw_sizes(panels[0], dataset, "at_robustness", "robustness")
    panels[0].set(xlabel="robustness", ylabel="capacity (associations per input)", ylim=(0, None))
    f = np.geomspace(FRACTIONS[-1], 0.5, 100)
    panels[1].plot(f, gardner.capacity(0.0, f, True), color="0.2", lw=1.2, label="theory")
    free = gardner.capacity(0.0, f)
    panels[1].plot(f, free, color="0.2", lw=1.2, ls="--", label="theory, weights of any sign")
    draw_sizes(panels[1], dataset, "at_fraction", "label_fraction")
    panels[1].set(yscale="log", xlabel="fraction of positive labels (free threshold)")
    panels[1].set(ylabel="capacity (associations per input)")
    panels[1].set_yticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    drawing.log_ticks(panels[1], FRACTIONS)
    drawing.legend(panels[1])
    draw_silence(panels[2], dataset)
    draw_limits(panels[3], dataset)
    return drawing.finish(panels)


def draw_sizes(axes: Axes, dataset: xr.Dataset, name: str, dim: str) -> None:
    """Draw points of the smallest and the largest size."""
    sizes = dataset["n_dims"].values
    for nth, n in enumerate(np.unique(sizes[[0, -1]])):
        drawing.points(axes, results.along(dataset, name, dim, n_dims=n), nth, label=f"{n} inputs")


def draw_silence(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw silent synapses of the most robust weights against load."""
    rho, loads = robust_loads()
    axes.plot(loads, gardner.silent_fraction(rho), color="0.2", lw=1.2)
    draw_sizes(axes, dataset, "silent", "load")
    axes.set(xlabel="load (associations per input)", ylabel="fraction of silent synapses")
    axes.set(xlim=(0.15, 1.02), ylim=(0.4, 1.0))


def draw_limits(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw capacities relative to theory against 1 / size."""
    axes.axhline(1, color="0.2", lw=1.2)
    for nth, (rho, label) in enumerate(SHOWN):
        theory = float(gardner.capacity(rho, nonnegative=True))
        samples = results.along(dataset, "at_robustness", "n_dims", robustness=rho)
        drawing.draw_limit(axes, samples, theory, nth, label)
    axes.set(xlabel="1 / inputs (limit: open)", ylabel="capacity relative to theory")
    axes.margins(y=0.2)
    drawing.legend(axes, loc="upper left")


study = Study(
    name="sign_constraints",
    question="What do non-negative weights cost a readout?",
    source="Amit, Wong & Campbell 1989, J. Phys. A 22:2039; Brunel et al. 2004, "
    "10.1016/j.neuron.2004.08.023",
    parameters=(
        Parameter.count(
            "n_dims", (50, 100, 200, 400), "inputs of the readout", quick=(20, 40), minimum=10
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=30,
    quick_repeats=4,
)

if __name__ == "__main__":
    main(study)
