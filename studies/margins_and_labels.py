"""Ask what a margin costs, and what rare labels save, beside Gardner's theory.

Gaussian patterns get random labels one after another; a linear readout, which has to keep a margin
or may use that one label is rare, follows as far as it can.  Every decision is certified.  Theory
is for infinitely many dimensions: measurements at several sizes are extrapolated to it.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory import gardner

MARGINS = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
FRACTIONS = np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.02])
# Settings whose approach to the limit is drawn.
SHOWN = (
    ("at_margin", MARGINS, 0.5, "margin 0.5"),
    ("at_margin", MARGINS, 1.0, "margin 1"),
    ("at_fraction", FRACTIONS, 0.1, "10 % positive"),
)
# How much longer than the limit a sequence may be: small systems scatter.
ROOM = 3.0


def gaussian(n_patterns: int, rng: np.random.Generator, n_dims: int) -> np.ndarray:
    """Patterns in general position."""
    return rng.standard_normal((n_patterns, n_dims))


def measure(*, n_dims: int, rng: np.random.Generator) -> dict[str, object]:
    """Break one sequence of patterns for each margin, and for each fraction of positive labels."""
    by_margin, by_label = rng.spawn(2)
    draw = partial(gaussian, n_dims=n_dims)

    def stored(limit: float, stream: np.random.Generator, **readout: object) -> float:
        most = int(ROOM * limit * n_dims) + 300
        (stored,) = olfnet.breaking_points(
            draw, max_patterns=most, n_trials=1, rng=stream, **readout
        )
        if stored == most:
            raise RuntimeError(f"a sequence of {most} patterns did not break")
        return stored / n_dims

    return {
        "at_margin": along(
            "margin",
            MARGINS,
            [
                stored(gardner.capacity(kappa), stream, margin=kappa)
                for kappa, stream in zip(MARGINS, by_margin.spawn(MARGINS.size), strict=True)
            ],
        ),
        "at_fraction": along(
            "label_fraction",
            FRACTIONS,
            [
                stored(gardner.capacity(0.0, f), stream, bias=True, label_fraction=f)
                for f, stream in zip(FRACTIONS, by_label.spawn(FRACTIONS.size), strict=True)
            ],
        ),
    }


def along(name: str, values: np.ndarray, capacities: list[float]) -> xr.DataArray:
    """Label capacities by what was varied."""
    attrs = {"meaning": "associations stored before the first failure, per dimension"}
    return xr.DataArray(capacities, {name: values}, [name], attrs=attrs)


def table(dataset: xr.Dataset) -> Table:
    """Theory, the limit of infinite size, and the largest size measured."""
    rows = Table(title="Associations per dimension: theory, and measured for any size")
    for column in ("setting", "theory", "limit", "p (line)", "largest size"):
        rows.add_column(column, justify="left" if column == "setting" else "right", no_wrap=True)
    for name, values, words in (
        ("at_margin", MARGINS, "margin {:g}"),
        ("at_fraction", FRACTIONS, "{:.0%} positive"),
    ):
        found = results.along(dataset, name, "n_dims")
        for k, value in enumerate(values):
            cells = drawing.limit_cells({n: part[:, k] for n, part in found.items()})
            rows.add_row(words.format(value), f"{predicted(name, value):.3f}", *cells)
        rows.add_section()
    return rows


def predicted(name: str, value: float) -> float:
    """Gardner's capacity."""
    options = (value, 0.5) if name.endswith("margin") else (0.0, value)
    return float(gardner.capacity(*options))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw capacity against margin and label fraction, and its approach to the limit."""
    drawn = Figure(figsize=(7.2, 3.2), layout="constrained")
    panels = drawn.subplots(1, 3)

    def draw(axes: Axes, values: np.ndarray, name: str) -> None:
        drawing.draw_sizes(axes, values, results.along(dataset, name, "n_dims"), "dimensions")

    at = np.linspace(0, MARGINS[-1], 200)
    panels[0].plot(at, gardner.capacity(at), color="0.2", lw=1.2)
    draw(panels[0], MARGINS, "at_margin")
    panels[0].set(xlabel="margin (pattern s.d.)", ylabel="capacity (associations per dimension)")
    panels[0].set_ylim(bottom=0)
    at = np.geomspace(FRACTIONS[-1], 0.5, 200)
    panels[1].plot(at, gardner.capacity(label_fraction=at), color="0.2", lw=1.2, label="theory")
    draw(panels[1], FRACTIONS, "at_fraction")
    panels[1].set(xscale="log", yscale="log", xlabel="fraction of positive labels")
    panels[1].set_yticks([2, 4, 8, 16], ["2", "4", "8", "16"])
    panels[1].set_xticks(FRACTIONS, [f"{f:g}" for f in FRACTIONS], rotation=45)
    panels[1].minorticks_off()
    drawing.legend(panels[1])
    draw_limits(panels[2], dataset)
    drawing.finish(panels)
    return drawn


def draw_limits(axes: Axes, dataset: xr.Dataset) -> None:
    """Capacities relative to theory against 1 / size."""
    axes.axhline(1, color="0.2", lw=1.2)
    for nth, (name, values, value, label) in enumerate(SHOWN):
        found = results.along(dataset, name, "n_dims")
        (at,) = np.flatnonzero(values == value)
        samples = {n: part[:, at] for n, part in found.items()}
        drawing.draw_limit(axes, samples, predicted(name, value), nth, label)
    axes.set(xlabel="1 / dimensions (limit: open)", ylabel="capacity relative to theory")
    axes.margins(y=0.2)
    drawing.legend(axes, loc="upper left")


study = Study(
    name="margins_and_labels",
    question="What does a margin cost a linear readout, and what do rare labels save?",
    source="Gardner 1988, J. Phys. A 21:257",
    parameters=(
        Parameter(
            "n_dims",
            (50, 100, 200, 400),
            "dimensions of the patterns",
            quick=(20, 40),
            check=partial(checks.count, minimum=10),
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
