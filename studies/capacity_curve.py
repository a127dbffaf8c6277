"""Associations that a random expansion stores per unit, beside Cover's theorem.

Surrogate odors with the statistics of a measured panel are normalized in the antennal lobe and
expanded by random wiring; a linear readout then has to learn random labels.  Gaussian patterns show
what the theorem predicts, and the receptors alone show what the expansion adds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, product
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.table import Table

import olfnet
from olfnet.capacity import CapacityCurve
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import cover

LOADS = np.linspace(1.0, 3.0, 21)
TABULATED = (1.6, 2.0, 2.4)
LABELS = {"gaussian": "Gaussian", "expansion": "expanded odors", "receptors": "receptor rates"}
STYLES = dict(zip(LABELS, zip(drawing.COLORS, drawing.MARKERS, strict=True), strict=False))
FURTHER_COLORS = drawing.COLORS[len(STYLES) :]


def draw(
    n_patterns: int,
    rng: np.random.Generator,
    *,
    patterns: str,
    n_units: int,
    coding_level: float,
    fan_in: int,
) -> np.ndarray:
    """Patterns for the readout, one in each row; odors and wiring have streams of their own."""
    if patterns == "gaussian":
        return rng.standard_normal((n_patterns, n_units))
    odor_rng, wiring_rng = rng.spawn(2)
    odors = fly_odors(n_patterns, rng=odor_rng)
    if patterns == "receptors":
        return odors
    circuit = olfnet.random_expansion(
        n_inputs=odors.shape[1],
        n_units=n_units,
        fan_in=fan_in,
        coding_level=coding_level,
        rng=wiring_rng,
    )
    return rate.respond(circuit, DivisiveNormalization()(odors)).rates


def measure(
    *, patterns: str, n_units: int, coding_level: float, fan_in: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Give random labels to one sequence of patterns, and count those that a readout stores."""
    n_features = fly_odors().shape[1] if patterns == "receptors" else n_units
    curve = olfnet.measure_capacity(
        partial(draw, patterns=patterns, n_units=n_units, coding_level=coding_level, fan_in=fan_in),
        n_patterns=np.rint(LOADS * n_features).astype(int),
        n_trials=1,
        rng=rng,
    )
    stored = int(curve.breaking_points[0])
    separable = (stored >= np.rint(LOADS * curve.n_dims)).astype(int)
    load = results.labeled(LOADS, "associations per dimension", load=None)
    return {
        "separable": results.labeled(
            separable, "whether a linear readout stores all associations (0 or 1)", load=load
        ),
        "breaking_point": results.labeled(stored, "associations stored before the first failure"),
        "n_dims": results.labeled(curve.n_dims, "rank of the patterns"),
    }


@dataclass(frozen=True)
class Measured:
    """The curve of one kind of patterns and one number of units, all repeats together."""

    patterns: str
    label: str
    n_units: int
    curve: CapacityCurve


def measured_curves(dataset: xr.Dataset) -> list[Measured]:
    """Pool the repeats; only expanded odors depend on the circuit and are told apart by it."""
    circuits = list(product(dataset["coding_level"].values, dataset["fan_in"].values))
    curves = []
    for patterns, label in LABELS.items():
        if patterns != "expansion" or len(circuits) == 1:
            curves += pooled(dataset, patterns, label, pool=("coding_level", "fan_in"))
            continue
        for coding_level, fan_in in circuits:
            words = f"{label}, f = {coding_level:g}, K = {fan_in}"
            curves += pooled(dataset, patterns, words, coding_level=coding_level, fan_in=fan_in)
    return curves


def pooled(dataset: xr.Dataset, patterns: str, label: str, **circuits: Any) -> Iterator[Measured]:
    """Yield the curve of one kind of patterns for each number of units that has any."""
    for n_units in dataset["n_units"].values.tolist():
        done = results.finished(dataset, patterns=patterns, n_units=n_units, **circuits)
        if done.sizes["repeat"] == 0:
            continue
        n_dims = round(float(done["n_dims"].mean()))
        n_patterns = np.unique(np.rint(LOADS * n_dims).astype(int))
        breaks = done["breaking_point"].values.astype(int)
        curve = CapacityCurve(
            n_patterns=n_patterns,
            n_separable=(breaks[:, None] >= n_patterns).sum(axis=0),
            n_trials=len(breaks),
            n_dims=n_dims,
            breaking_points=breaks,
        )
        yield Measured(patterns, label, n_units, curve)


def table(dataset: xr.Dataset) -> Table:
    """Measured fraction and capacity beside those of Cover's theorem, at a few loads."""
    rows = []
    for measured in measured_curves(dataset):
        curve = measured.curve
        theory = cover.separable_fraction(curve.n_patterns, curve.n_dims)
        values = np.transpose([curve.fraction, *curve.interval(), theory])
        about = [measured.label, measured.n_units, curve.n_dims]
        for i in [int(np.argmin(np.abs(curve.load - load))) for load in TABULATED]:
            rows.append((*about, f"{curve.load[i]:.2f}", *cells(*values[i])))
            about = ["", "", ""]
        capacity = cells(curve.capacity, *curve.capacity_interval(), 2.0)
        rows += [(*about, "capacity", *capacity), None]
    columns = ("patterns", "units", "rank", "load", "stored", "95 % interval", "Cover")
    title = "Fraction of random labelings that a linear readout stores"
    return results.table(title, columns, rows, left=["patterns"])


def cells(value: float, low: float, high: float, theory: float) -> tuple[str, str, str]:
    """Write a measured value, its interval and theory."""
    return f"{value:.3f}", f"{low:.3f} .. {high:.3f}", f"{theory:.3f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw separable fraction against load, and capacity against the number of units."""
    left, right = panels = drawing.panels(1, 2, (7.2, 3.4))
    curves = measured_curves(dataset)
    styles = styles_of(curves)
    units = sorted({measured.n_units for measured in curves})
    if units:
        shown = units[(len(units) - 1) // 2]
        draw_fractions(left, [one for one in curves if one.n_units == shown], styles)
        draw_capacities(right, curves, styles)
        left.set_title(f"{shown} units", fontsize="medium")
    drawn = drawing.finish(panels)
    handles, labels = right.get_legend_handles_labels()
    handles.append(Line2D([], [], color="0.2", lw=1.2))
    labels.append("Cover's theorem at the same rank")
    drawn.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return drawn


def styles_of(curves: list[Measured]) -> dict[str, dict[str, str]]:
    """Color and marker of each label; further circuits take further colors."""
    further = cycle(FURTHER_COLORS)
    styles: dict[str, dict[str, str]] = {}
    for measured in curves:
        color, marker = STYLES[measured.patterns]
        if measured.label not in styles:
            taken = any(style["color"] == color for style in styles.values())
            styles[measured.label] = {"color": next(further) if taken else color, "marker": marker}
    return styles


def draw_fractions(axes: Axes, curves: list[Measured], styles: dict[str, dict[str, str]]) -> None:
    """Draw fractions with 95 % intervals, each beside the line of Cover's theorem for its rank."""
    for measured in curves:
        curve, style = measured.curve, styles[measured.label]
        low, high = curve.interval()
        errors = np.clip([curve.fraction - low, high - curve.fraction], 0, None)
        drawing.errorbars(axes, curve.load, curve.fraction, errors, **style)
        n_patterns = np.arange(curve.n_dims, 3 * curve.n_dims + 1)
        theory = cover.separable_fraction(n_patterns, curve.n_dims)
        axes.plot(n_patterns / curve.n_dims, theory, lw=1.2, color=style["color"])
    axes.axvline(2, color="0.6", lw=0.8, ls=":")
    axes.set(xlabel="load (associations per dimension)", ylabel="fraction of labelings stored")
    axes.set_ylim(-0.03, 1.03)


def draw_capacities(axes: Axes, curves: list[Measured], styles: dict[str, dict[str, str]]) -> None:
    """Draw associations stored against units, beside the two per dimension of Cover's theorem."""
    for label, style in styles.items():
        own = [measured for measured in curves if measured.label == label]
        units, ranks = np.transpose([(one.n_units, one.curve.n_dims) for one in own])
        capacity = ranks * [one.curve.capacity for one in own]
        low, high = ranks * np.transpose([one.curve.capacity_interval() for one in own])
        errors = np.clip([capacity - low, high - capacity], 0, None)
        drawing.errorbars(axes, units, capacity, errors, ms=5, label=label, **style)
        axes.plot(units, 2 * ranks, color=style["color"], lw=1.2)
    most = max(measured.n_units for measured in curves) * 1.08
    axes.plot([0, most], [0, 2 * most], color="0.2", lw=1, ls="--", label="two per unit")
    axes.set(xlabel="units", ylabel="capacity (associations)", xlim=(0, most), ylim=(0, 2 * most))


study = Study(
    name="capacity_curve",
    question="Does a random sparse expansion of measured odors store two associations per unit?",
    source="Cover 1965, IEEE Trans. EC-14:326; Hallem & Carlson 2006, Cell 125:143",
    parameters=(
        Parameter.choice("patterns", LABELS, "inputs of the readout"),
        Parameter.count(
            "n_units",
            (50, 100, 200, 400),
            "inputs of the readout (receptors alone: always those of the panel)",
            quick=(25, 50),
        ),
        Parameter.fraction("coding_level", 0.1, "fraction of units that respond to an odor"),
        Parameter.count("fan_in", 6, "glomeruli that excite a unit", maximum=fly_odors().shape[1]),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=20,
)

if __name__ == "__main__":
    main(study)
