"""Ask how many associations a random expansion stores per unit, beside Cover's theorem.

Odors invented from the statistics of a measured panel are normalized in the antennal lobe and
expanded by random wiring; a linear readout then has to learn random labels.  Gaussian patterns show
what the theorem says, and the receptors alone show what the expansion is for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, product

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.capacity import CapacityCurve
from olfnet.capacity._random_labels import Readout
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing
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
) -> dict[str, object]:
    """Give random labels to one sequence of patterns, and see how far a readout can follow."""
    n_features = fly_odors().shape[1] if patterns == "receptors" else n_units
    curve = olfnet.measure_capacity(
        partial(draw, patterns=patterns, n_units=n_units, coding_level=coding_level, fan_in=fan_in),
        n_patterns=np.rint(LOADS * n_features).astype(int),
        n_trials=1,
        rng=rng,
    )
    breaking_point = int(curve.breaking_points[0])
    separable = breaking_point >= np.rint(LOADS * curve.n_dims)
    load = xr.DataArray(LOADS, dims="load", attrs={"meaning": "associations per dimension"})
    return {
        "separable": xr.DataArray(
            separable.astype(int),
            {"load": load},
            attrs={"meaning": "whether a linear readout stores all associations (0 or 1)"},
        ),
        "breaking_point": xr.DataArray(
            breaking_point, attrs={"meaning": "associations stored before the first failure"}
        ),
        "n_dims": xr.DataArray(curve.n_dims, attrs={"meaning": "rank of the patterns"}),
    }


@dataclass(frozen=True)
class Measured:
    """The curve of one kind of patterns and one number of units, all repetitions together."""

    patterns: str
    label: str
    n_units: int
    curve: CapacityCurve


def measured_curves(dataset: xr.Dataset) -> list[Measured]:
    """Pool the repetitions; only expanded odors depend on the circuit and are told apart by it."""
    circuits = list(product(dataset["coding_level"].values, dataset["fan_in"].values))
    found = []
    for patterns, label in LABELS.items():
        chosen = dataset.sel(patterns=dataset["patterns"] == patterns)
        if patterns != "expansion" or len(circuits) == 1:
            found += pooled(chosen, patterns, label)
            continue
        for coding_level, fan_in in circuits:
            one = chosen.sel(coding_level=[coding_level], fan_in=[fan_in])
            found += pooled(one, patterns, f"{label}, f = {coding_level:g}, K = {fan_in}")
    return found


def pooled(dataset: xr.Dataset, patterns: str, label: str) -> Iterator[Measured]:
    """Curves of one kind of patterns, for each number of units that has a repetition done."""
    for n_units, group in dataset.groupby("n_units"):
        trials = group.stack(trial=("patterns", "n_units", "coding_level", "fan_in", "repeat"))
        trials = trials.isel(trial=np.flatnonzero(trials["status"] == 1))
        if trials.sizes["trial"] == 0:
            continue
        n_dims = round(float(trials["n_dims"].mean()))
        n_patterns = np.rint(LOADS * n_dims).astype(int)
        breaks = trials["breaking_point"].values.astype(int)
        curve = CapacityCurve(
            n_patterns=n_patterns,
            n_separable=(breaks[:, None] >= n_patterns).sum(axis=0),
            n_trials=len(breaks),
            n_dims=n_dims,
            readout=Readout(),
            breaking_points=breaks,
        )
        yield Measured(patterns, label, int(n_units), curve)


def table(dataset: xr.Dataset) -> Table:
    """Measured fraction and capacity beside Cover's, at a few loads."""
    rows = Table(title="Fraction of random labelings that a linear readout stores")
    for column in ("patterns", "units", "rank", "load", "stored", "95 % interval", "Cover"):
        rows.add_column(column, justify="left" if column == "patterns" else "right", no_wrap=True)
    for one in measured_curves(dataset):
        curve = one.curve
        theory = cover.separable_fraction(curve.n_patterns, curve.n_dims)
        values = np.transpose([curve.fraction, *curve.interval(), theory])
        about = [one.label, str(one.n_units), str(curve.n_dims)]
        for i in [int(np.argmin(np.abs(LOADS - load))) for load in TABULATED]:
            rows.add_row(*about, f"{curve.load[i]:.2f}", *cells(*values[i]))
            about = ["", "", ""]
        capacity = cells(curve.capacity, *curve.capacity_interval(), 2.0)
        rows.add_row(*about, "capacity", *capacity, style="bold", end_section=True)
    return rows


def cells(value: float, low: float, high: float, theory: float) -> tuple[str, str, str]:
    """Measured value, its interval and what theory says, as texts."""
    return f"{value:.3f}", f"{low:.3f} .. {high:.3f}", f"{theory:.3f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw separable fraction against load, and capacity against the number of units."""
    found = measured_curves(dataset)
    styles = styles_of(found)
    drawn = Figure(figsize=(7.2, 3.4), layout="constrained")
    left, right = panels = drawn.subplots(1, 2)
    units = sorted({one.n_units for one in found})
    shown = units[(len(units) - 1) // 2]
    draw_fractions(left, [one for one in found if one.n_units == shown], styles)
    draw_capacities(right, found, styles)
    left.set_title(f"{shown} units", fontsize="medium")
    drawing.finish(panels)
    drawn.legend(*legend(right), loc="outside lower center", ncols=3, frameon=False)
    return drawn


def styles_of(found: list[Measured]) -> dict[str, dict[str, str]]:
    """Color and marker of each label; further circuits take further colors."""
    further = cycle(FURTHER_COLORS)
    styles: dict[str, dict[str, str]] = {}
    for one in found:
        color, marker = STYLES[one.patterns]
        if one.label not in styles:
            taken = any(style["color"] == color for style in styles.values())
            styles[one.label] = {"color": next(further) if taken else color, "marker": marker}
    return styles


def draw_fractions(axes: Axes, found: list[Measured], styles: dict[str, dict[str, str]]) -> None:
    """Points with 95 % intervals, each beside the line that Cover's theorem gives for its rank."""
    for one in found:
        curve, style = one.curve, styles[one.label]
        low, high = curve.interval()
        errors = np.clip([curve.fraction - low, high - curve.fraction], 0, None)
        axes.errorbar(curve.load, curve.fraction, errors, ls="", ms=4, lw=1, **style)
        n_patterns = np.arange(curve.n_dims, 3 * curve.n_dims + 1)
        theory = cover.separable_fraction(n_patterns, curve.n_dims)
        axes.plot(n_patterns / curve.n_dims, theory, lw=1.2, color=style["color"])
    axes.axvline(2, color="0.6", lw=0.8, ls=":")
    axes.set(
        xlabel="load (associations per dimension)",
        ylabel="fraction of labelings stored",
        ylim=(-0.03, 1.03),
    )


def draw_capacities(axes: Axes, found: list[Measured], styles: dict[str, dict[str, str]]) -> None:
    """Associations stored against units, beside the two per dimension of Cover's theorem."""
    for label, style in styles.items():
        curves = [(one.n_units, one.curve) for one in found if one.label == label]
        units = [n_units for n_units, _ in curves]
        capacity = np.array([curve.capacity * curve.n_dims for _, curve in curves])
        ends = np.array([np.multiply(c.capacity_interval(), c.n_dims) for _, c in curves]).T
        errors = np.clip([capacity - ends[0], ends[1] - capacity], 0, None)
        axes.errorbar(units, capacity, errors, ls="", ms=5, lw=1, label=label, **style)
        axes.plot(units, [2 * c.n_dims for _, c in curves], color=style["color"], lw=1.2)
    most = max(one.n_units for one in found) * 1.08
    axes.plot([0, most], [0, 2 * most], color="0.2", lw=1, ls="--", label="two per unit")
    axes.set(
        xlabel="units",
        ylabel="capacity (associations)",
        xlim=(0, most),
        ylim=(0, 2 * most),
    )


def legend(axes: Axes) -> tuple[list[Artist], list[str]]:
    """Return handles and labels, with one for the lines in the colors of their points."""
    handles, labels = axes.get_legend_handles_labels()
    theory = Line2D([], [], color="0.2", lw=1.2)
    return [*handles, theory], [*labels, "Cover's theorem at the same rank"]


study = Study(
    name="capacity_curve",
    question="Does a random sparse expansion of measured odors store two associations per unit?",
    source="Cover 1965, IEEE Trans. EC-14:326; Hallem & Carlson 2006, Cell 125:143",
    parameters=(
        Parameter(
            "patterns",
            tuple(LABELS),
            "what the readout sees",
            check=partial(checks.one_of, known=LABELS),
        ),
        Parameter(
            "n_units",
            (50, 100, 200, 400),
            "units that the readout sees (receptors alone: always those of the panel)",
            quick=(25, 50),
            check=checks.count,
        ),
        Parameter(
            "coding_level", 0.1, "fraction of units that respond to an odor", check=checks.fraction
        ),
        Parameter(
            "fan_in",
            6,
            "glomeruli that a unit listens to",
            check=partial(checks.count, maximum=fly_odors().shape[1]),
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=20,
)

if __name__ == "__main__":
    study.main()
