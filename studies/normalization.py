"""Effect of the antennal lobe's normalization on the code of the Kenyon cells.

Measured odors, as rates of receptors or normalized by the antennal lobe, are expanded and made
sparse in four ways at the same coding level.  The dimension of the code measures how different the
odors become, and the fraction of odors without response what a sparsifier loses.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.capacity import dimension
from olfnet.expansion import Circuit, rate, sparsify, wiring
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, NoNormalization, ResponseGain, fly_odors

NORMALIZATIONS = {
    "none": NoNormalization(),
    "response gain": ResponseGain(),
    "divisive": DivisiveNormalization(),
}
SPARSIFIERS = {
    "global": sparsify.GlobalThreshold,
    "feedback": sparsify.FeedbackInhibition,
    "units": sparsify.UnitThresholds,
    "top-k": sparsify.TopK,
}
TITLES = {
    "global": "one global threshold",
    "feedback": "feedback inhibition (APL)",
    "units": "a threshold for each unit",
    "top-k": "exactly k units",
}
LEVELS = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
TABULATED = 0.05
# Published dimensions (2000 units, 7 inputs, coding level .05), without and with normalization.
PUBLISHED = {"global": (4.0, 24.0), "top-k": (41.0, 41.0)}
MEANINGS = {
    "dimension": "participation ratio of the activity patterns",
    "empty": "fraction of odors that no unit responds to",
}


def measure(
    *, sparsifier: str, fan_in: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Expand the same odors by one wiring, after each normalization."""
    inputs = [np.asarray(normalize(fly_odors())) for normalize in NORMALIZATIONS.values()]
    weights = wiring.FixedFanIn(fan_in).draw(n_units, inputs[0].shape[1], rng=rng)
    circuits = [Circuit(weights, SPARSIFIERS[sparsifier](float(level))) for level in LEVELS]
    codes = [[rate.respond(circuit, odors).active for circuit in circuits] for odors in inputs]
    measured = [
        [[statistic(active.astype(float)) for active in row] for row in codes]
        for statistic in (dimension, without_response)
    ]
    level = results.labeled(LEVELS, "fraction of active units", coding_level=None)
    coords = {"normalization": NORMALIZATIONS, "coding_level": level}
    return results.labeled_each(MEANINGS, measured, **coords)


def without_response(codes: np.ndarray) -> float:
    """Return the fraction of odors that no unit responds to."""
    return float(np.mean(~codes.any(axis=1)))


def table(dataset: xr.Dataset) -> Table:
    """Dimensions at one coding level, their ratio with and without normalization, lost odors."""
    rows = []
    for kind in dataset["sparsifier"].values:
        at = {"sparsifier": kind, "coding_level": TABULATED}
        samples = results.along(dataset, "dimension", "normalization", **at)
        if samples:
            lost = results.along(dataset, "empty", "normalization", **at)
            cells = [results.mean_text(part, ".1f") for part in samples.values()]
            cells.append(results.mean_text(samples["divisive"] / samples["none"], ".2f"))
            rows.append((kind, *cells, f"{lost['none'].mean():.0%}, {lost['divisive'].mean():.0%}"))
    return results.table(
        f"Dimension of the codes, {TABULATED:.0%} of the units active",
        ("codes", "none", "gain", "divisive", "div. / none", "odors lost"),
        rows,
        left=["codes"],
        caption="Odors lost: those that no unit responds to, without and with normalization.",
    )


def figure(dataset: xr.Dataset) -> Figure:
    """Draw dimension against coding level, a panel for each sparsifier."""
    kinds = list(dataset["sparsifier"].values)
    panels = drawing.panels(1, len(kinds), (2.6 * len(kinds) + 0.6, 3.0), sharey=True)
    for axes, kind in zip(panels, kinds, strict=True):
        for k, name in enumerate(NORMALIZATIONS):
            at = {"sparsifier": kind, "normalization": name}
            samples = results.along(dataset, "dimension", "coding_level", **at)
            drawing.points(axes, samples, k, ls="-", label=name)
        for value, k in zip(PUBLISHED.get(kind, ()), (0, 2), strict=False):
            axes.plot(TABULATED, value, "*", ms=11, mfc="none", color=drawing.COLORS[k])
        drawing.log_ticks(axes, LEVELS, [f"{100 * level:g}" for level in LEVELS])
        axes.set(xlabel="active units (%)")
        axes.set_title(TITLES[kind], fontsize="small")
    panels[0].set(ylabel="dimension of the codes", ylim=(0, None))
    drawing.legend(panels[0], title="normalization")
    return drawing.finish(panels)


study = Study(
    name="normalization",
    question="When does normalization in the antennal lobe help the code?",
    source="Olsen, Bhandawat & Wilson 2010, 10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter.choice("sparsifier", SPARSIFIERS, "sparse thresholding rule"),
        Parameter.count("fan_in", 7, "inputs of each unit", maximum=24),
        Parameter.count("n_units", 2000, "units of the expansion", quick=500),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
