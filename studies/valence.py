"""Error of a linear readout of an expanded code for a valence that is not linear.

Two odors are mixed, and the valence of the mixture is a curved function of its composition.  Where
rates of projection neurons are the weighted means of those of both odors, a readout of them is
linear in the composition.  The response of every unit of an expansion changes its slope at one
composition, so that a readout of many units is piecewise linear: the longest piece sets the error.
The circuit is a shallow approximation with random knots.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import approximation

PROJECTIONS = DivisiveNormalization()(fly_odors())  # rates in spikes/s
COMPOSITION = np.linspace(0, 1, 10_001)
READOUTS = {"error": "expanded code", "linear": "projection neurons"}


def mixtures(composition: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Weighted means of two odors, shape (n_mixtures, n_receptors)."""
    return (1 - composition)[:, None] * first + composition[:, None] * second


def valence(composition: np.ndarray) -> np.ndarray:
    """Return the valence of each composition: a curved function."""
    return composition**2


def largest_error(features: np.ndarray, learned: np.ndarray) -> float:
    """Learn the valence of some mixtures by least squares, and return the largest error of all."""
    features = np.column_stack([features, np.ones(len(features))])
    weights = np.linalg.lstsq(features[learned], valence(COMPOSITION[learned]))[0]
    return float(np.abs(features @ weights - valence(COMPOSITION)).max())


def measure(*, n_units: int, fan_in: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Read a valence from units with knots at random compositions, and from projection neurons."""
    first, second = PROJECTIONS[rng.choice(len(PROJECTIONS), 2, replace=False)]
    inputs = mixtures(COMPOSITION, first, second)
    # Units that both odors drive equally have no knot.
    weights = FixedFanIn(fan_in).draw(5 * n_units + 20, inputs.shape[1], rng=rng)
    weights = weights[np.flatnonzero(weights @ (first - second))[:n_units]]
    knots = np.sort(rng.integers(1, len(COMPOSITION) - 1, n_units))
    thresholds = np.sum((weights @ inputs[knots].T).T * np.eye(n_units), axis=1)
    codes = rate.respond(Circuit(weights, FixedThreshold(thresholds)), inputs).rates
    scale = codes.max(axis=0)
    slope = inputs @ (second - first) / np.sum((second - first) ** 2)
    learned = np.unique([0, *knots, len(COMPOSITION) - 1])
    rates = np.column_stack([codes / np.where(scale > 0, scale, 1), slope])
    measured = (
        largest_error(rates, learned),
        largest_error(inputs / inputs.max(), np.arange(0, len(COMPOSITION), 10)),
    )
    meaning = "largest error over all mixtures, valence from 0 to 1, of a readout of "
    kinds = {name: meaning + words for name, words in READOUTS.items()}
    return results.labeled_each(kinds, measured)


def table(dataset: xr.Dataset) -> Table:
    """Error against the number of units, by theory and by simulation."""
    rows = []
    linear = results.along(dataset, "linear", "n_units")
    for n_units, errors in results.along(dataset, "error", "n_units").items():
        theory = f"{float(approximation.random_knots_error(n_units + 1)):.3g}"
        measured = results.mean_text(errors, ".3g", ".2g")
        rows.append((n_units, theory, measured, f"{linear[n_units].mean():.3g}"))
    title = "Largest error of a valence, relative to its range"
    return results.table(title, ("units", "theory", *READOUTS.values()), rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the error against the number of units."""
    (axes,) = panels = drawing.panels(1, 1, (4.4, 3.1))
    samples = results.along(dataset, "error", "n_units")
    if samples:
        n_units = np.unique(np.geomspace(min(samples), max(samples), 40).round()).astype(int)
        line = approximation.random_knots_error(n_units + 1)
        axes.plot(n_units, line, lw=1.2, color="0.3", label="theory, random knots")
        for nth, (name, label) in enumerate(READOUTS.items()):
            drawing.points(axes, results.along(dataset, name, "n_units"), nth, label=label)
        axes.set(xscale="log", yscale="log")
    axes.set(xlabel="units", ylabel="largest error (relative to the range)")
    drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="valence",
    question="How well does a readout of an expanded code approximate a curved valence?",
    source="Cybenko 1989, 10.1007/BF02551274",
    parameters=(
        Parameter.count("n_units", (3, 10, 30, 100, 300), "units", quick=(3, 30)),
        Parameter.count("fan_in", 6, "inputs of each unit"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
