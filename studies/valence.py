"""Ask how well a linear readout of an expanded code follows a valence that is not linear.

Two odors are mixed, and the valence of the mixture is a curved function of its composition.  Where
rates of projection neurons are the weighted means of those of both odors, a readout of them follows
straight lines only.  Every unit of an expansion bends at one composition, so that a readout of many
units joins straight pieces: the longest of them sets the error.  As a network theorist would say,
the circuit is a shallow approximation with random knots.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import approximation

PROJECTIONS = DivisiveNormalization()(fly_odors())  # rates in spikes/s
COMPOSITION = np.linspace(0, 1, 10_001)


def mixtures(composition: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Weighted means of two odors, shape (n_mixtures, n_receptors)."""
    return (1 - composition)[:, None] * first + composition[:, None] * second


def valence(composition: np.ndarray) -> np.ndarray:
    """Give each composition its valence: a curved function."""
    return composition**2


def largest_error(features: np.ndarray, learned: np.ndarray) -> float:
    """Learn the valence of some mixtures by least squares, and return the largest error of all."""
    features = np.column_stack([features, np.ones(len(features))])
    weights = np.linalg.lstsq(features[learned], valence(COMPOSITION[learned]))[0]
    return float(np.abs(features @ weights - valence(COMPOSITION)).max())


def measure(*, n_units: int, fan_in: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Read a valence from units that bend at random compositions, and from projection neurons."""
    first, second = PROJECTIONS[rng.choice(len(PROJECTIONS), 2, replace=False)]
    inputs = mixtures(COMPOSITION, first, second)
    # Units that both odors drive alike bend nowhere.
    weights = FixedFanIn(fan_in).draw(5 * n_units + 20, inputs.shape[1], rng=rng)
    weights = weights[np.flatnonzero(weights @ (first - second))[:n_units]]
    knots = np.sort(rng.integers(1, len(COMPOSITION) - 1, n_units))
    thresholds = np.sum((weights @ inputs[knots].T).T * np.eye(n_units), axis=1)
    codes = rate.respond(Circuit(weights, FixedThreshold(thresholds)), inputs).rates
    scale = codes.max(axis=0)
    slope = inputs @ (second - first) / np.sum((second - first) ** 2)
    learned = np.unique([0, *knots, len(COMPOSITION) - 1])
    meaning = "largest error over all mixtures, the valence going from 0 to 1"
    bent = np.column_stack([codes / np.where(scale > 0, scale, 1), slope])
    return {
        "error": xr.DataArray(largest_error(bent, learned), attrs={"meaning": meaning}),
        "linear": xr.DataArray(
            largest_error(inputs / inputs.max(), np.arange(0, len(COMPOSITION), 10)),
            attrs={"meaning": "the same of a readout of projection neurons"},
        ),
    }


def chosen(dataset: xr.Dataset, name: str) -> dict[int, np.ndarray]:
    """Finished repeats of the first fan-in, by number of units."""
    return results.along(dataset, name, "n_units")


def table(dataset: xr.Dataset) -> Table:
    """Error against the number of units, by theory and by simulation."""
    rows = Table(title="Largest error of a valence, in parts of its range")
    for column in ("units", "theory", "expanded code", "projection neurons"):
        rows.add_column(column, justify="right", no_wrap=True)
    linear = chosen(dataset, "linear")
    for n_units, samples in chosen(dataset, "error").items():
        mean, reach = drawing.mean_and_reach(samples)
        theory = float(approximation.random_knots_error(n_units + 1))
        rows.add_row(
            str(n_units),
            f"{theory:.3g}",
            f"{mean:.3g} ±{reach:.2g}",
            f"{linear[n_units].mean():.3g}",
        )
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the error against the number of units."""
    drawn = Figure(figsize=(4.4, 3.1), layout="constrained")
    axes = drawn.subplots()
    samples = chosen(dataset, "error")
    if samples:
        n_units = np.unique(np.geomspace(min(samples), max(samples), 40).round()).astype(int)
        line = approximation.random_knots_error(n_units + 1)
        axes.plot(n_units, line, lw=1.2, color="0.3", label="theory, random knots")
        for nth, (name, label) in enumerate(
            (("error", "expanded code"), ("linear", "projection neurons"))
        ):
            found = chosen(dataset, name)
            mean, reach = np.transpose([drawing.mean_and_reach(one) for one in found.values()])
            axes.errorbar(
                list(found), mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1,
                color=drawing.COLORS[nth], label=label,
            )  # fmt: skip
        axes.set(xscale="log", yscale="log")
    axes.set(xlabel="units", ylabel="largest error (parts of the range)")
    drawing.legend(axes)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn


study = Study(
    name="valence",
    question="How well does a readout of an expanded code follow a curved valence?",
    source="Cybenko 1989, 10.1007/BF02551274",
    parameters=(
        Parameter("n_units", (3, 10, 30, 100, 300), "units", quick=(3, 30), check=checks.count),
        Parameter("fan_in", 6, "inputs of each unit", check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
