"""The cost of a margin and the gain from rare labels, beside Gardner's theory.

Gaussian patterns get random labels one after another; a linear readout, which has to keep a margin
or may use that one label is rare, learns as many as it can.  Every decision is certified.  Theory
is for infinitely many dimensions: measurements at several sizes are extrapolated to it.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory import gardner

MARGINS = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
FRACTIONS = np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.02])
# Settings whose approach to the limit is drawn.
SHOWN = (
    ("at_margin", "margin", 0.5, "margin 0.5"),
    ("at_margin", "margin", 1.0, "margin 1"),
    ("at_fraction", "label_fraction", 0.1, "10 % positive"),
)
# Longest sequence relative to the limit: small systems scatter.
LONGEST = 3.0


def gaussian(n_patterns: int, rng: np.random.Generator, n_dims: int) -> np.ndarray:
    """Patterns in general position."""
    return rng.standard_normal((n_patterns, n_dims))


def measure(*, n_dims: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Break one sequence of patterns for each margin, and for each fraction of positive labels."""
    by_margin, by_label = rng.spawn(2)

    def stored(limit: float, stream: np.random.Generator, **readout: object) -> float:
        most = int(LONGEST * limit * n_dims) + 300
        (n_stored,) = olfnet.breaking_points(
            partial(gaussian, n_dims=n_dims), max_patterns=most, n_trials=1, rng=stream, **readout
        )
        if n_stored == most:
            raise RuntimeError(f"a sequence of {most} patterns did not break")
        return n_stored / n_dims

    at_margin = [
        stored(gardner.capacity(kappa), stream, margin=kappa)
        for kappa, stream in zip(MARGINS, by_margin.spawn(MARGINS.size), strict=True)
    ]
    at_fraction = [
        stored(gardner.capacity(0.0, f), stream, bias=True, label_fraction=f)
        for f, stream in zip(FRACTIONS, by_label.spawn(FRACTIONS.size), strict=True)
    ]
    meaning = "associations stored before the first failure, per dimension"
    return {
        "at_margin": results.labeled(at_margin, meaning, margin=MARGINS),
        "at_fraction": results.labeled(at_fraction, meaning, label_fraction=FRACTIONS),
    }


def table(dataset: xr.Dataset) -> Table:
    """Theory, the limit of infinite size, and the largest size measured."""
    rows = []
    for name, dim, values, words in (
        ("at_margin", "margin", MARGINS, "margin {:g}"),
        ("at_fraction", "label_fraction", FRACTIONS, "{:.0%} positive"),
    ):
        for value in values:
            samples = results.along(dataset, name, "n_dims", **{dim: value})
            cells = results.limit_texts(samples)
            rows.append((words.format(value), f"{predicted(name, value):.3f}", *cells))
        rows.append(None)
    title = "Associations per dimension: theory, and measured for any size"
    columns = ("setting", "theory", "limit", "p (line)", "largest size")
    return results.table(title, columns, rows, left=["setting"])


def predicted(name: str, value: float) -> float:
    """Gardner's capacity."""
    options = (value, 0.5) if name.endswith("margin") else (0.0, value)
    return float(gardner.capacity(*options))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw capacity against margin and label fraction, and its approach to the limit."""
    panels = drawing.panels(1, 3, (7.2, 3.2))
    margins = np.linspace(0, MARGINS[-1], 200)
    panels[0].plot(margins, gardner.capacity(margins), color="0.2", lw=1.2)
    draw_sizes(panels[0], dataset, "at_margin", "margin")
    panels[0].set(xlabel="margin (pattern s.d.)", ylabel="capacity (associations per dimension)")
    panels[0].set_ylim(bottom=0)
    f = np.geomspace(FRACTIONS[-1], 0.5, 200)
    panels[1].plot(f, gardner.capacity(label_fraction=f), color="0.2", lw=1.2, label="theory")
    draw_sizes(panels[1], dataset, "at_fraction", "label_fraction")
    panels[1].set(yscale="log", xlabel="fraction of positive labels")
    panels[1].set_yticks([2, 4, 8, 16], ["2", "4", "8", "16"])
    drawing.log_ticks(panels[1], FRACTIONS)
    panels[1].tick_params(axis="x", rotation=45)
    drawing.legend(panels[1])
    draw_limits(panels[2], dataset)
    return drawing.finish(panels)


def draw_sizes(axes: Axes, dataset: xr.Dataset, name: str, dim: str) -> None:
    """Draw points of the smallest and the largest size."""
    sizes = dataset["n_dims"].values
    for nth, n in enumerate(np.unique(sizes[[0, -1]])):
        samples = results.along(dataset, name, dim, n_dims=n)
        drawing.points(axes, samples, nth, label=f"{n} dimensions")


def draw_limits(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw capacities relative to theory against 1 / size."""
    axes.axhline(1, color="0.2", lw=1.2)
    for nth, (name, dim, value, label) in enumerate(SHOWN):
        samples = results.along(dataset, name, "n_dims", **{dim: value})
        drawing.draw_limit(axes, samples, predicted(name, value), nth, label)
    axes.set(xlabel="1 / dimensions (limit: open)", ylabel="capacity relative to theory")
    axes.margins(y=0.2)
    drawing.legend(axes, loc="upper left")


study = Study(
    name="margins_and_labels",
    question="What does a margin cost a linear readout, and what do rare labels gain?",
    source="Gardner 1988, J. Phys. A 21:257",
    parameters=(
        Parameter.count(
            "n_dims",
            (50, 100, 200, 400),
            "dimensions of the patterns",
            quick=(20, 40),
            minimum=10,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=4,
)

if __name__ == "__main__":
    main(study)
