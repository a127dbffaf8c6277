"""Ask when the antennal lobe's normalization helps the code of the Kenyon cells.

Measured odors, as receptors report them or normalized by the antennal lobe, are expanded and made
sparse in four ways at the same coding level.  The code's dimension tells how different the odors
become; how evenly units respond to odors tells what a sparsifier had to do for itself.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
# Published dimensions (2000 units, 7 inputs, coding level .05), without and with normalization.
PUBLISHED = {"global": (4.0, 24.0), "top-k": (41.0, 41.0)}


def measure(
    *, sparsifier: str, fan_in: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Expand the same odors by one wiring, behind each normalization."""
    inputs = [np.asarray(one(fly_odors())) for one in NORMALIZATIONS.values()]
    weights = wiring.FixedFanIn(fan_in).draw(n_units, inputs[0].shape[1], rng=rng)
    circuits = [Circuit(weights, SPARSIFIERS[sparsifier](float(level))) for level in LEVELS]
    answers = [[rate.respond(circuit, odors).active for circuit in circuits] for odors in inputs]
    level = xr.DataArray(LEVELS, dims="coding_level", attrs={"meaning": "active share of units"})
    names = {"normalization": list(NORMALIZATIONS), "coding_level": level}
    meanings = {
        "dimension": (dimension, "participation ratio of the activity patterns"),
        "empty": (without_response, "share of odors that no unit responds to"),
    }
    return {
        name: xr.DataArray(
            [[statistic(active.astype(float)) for active in row] for row in answers],
            names,
            list(names),
            attrs={"meaning": meaning},
        )
        for name, (statistic, meaning) in meanings.items()
    }


def without_response(codes: np.ndarray) -> float:
    """Share of odors that no unit responds to."""
    return float(np.mean(~codes.any(axis=1)))


def chosen(dataset: xr.Dataset, sparsifier: str, name: str) -> np.ndarray:
    """Finished repeats of the first circuit, shape (n_repeats, n_normalizations, n_levels)."""
    return results.finished(dataset, sparsifier=sparsifier)[name].values


def table(dataset: xr.Dataset) -> Table:
    """Dimensions at one coding level, how often normalization multiplies them, and lost odors."""
    at, level = int(np.argmin(np.abs(LEVELS - 0.05))), 0.05
    rows = Table(
        title=f"Dimension of the codes, {level:.0%} of the units active",
        caption="Odors lost: those that no unit responds to, without and with normalization.",
    )
    for column in ("codes", "none", "gain", "divisive", "div. / none", "odors lost"):
        rows.add_column(column, justify="left" if column == "codes" else "right", no_wrap=True)
    for sparsifier in dataset["sparsifier"].values:
        samples = chosen(dataset, sparsifier, "dimension")[..., at]
        if len(samples):
            lost = chosen(dataset, sparsifier, "empty")[..., at].mean(axis=0)
            pairs = zip(*drawing.mean_and_reach(samples), strict=True)
            ratio, reach = drawing.mean_and_reach(samples[:, -1] / samples[:, 0])
            rows.add_row(
                str(sparsifier), *(f"{mean:.1f} ±{half:.1f}" for mean, half in pairs),
                f"{ratio:.2f} ±{reach:.2f}", f"{lost[0]:.0%}, {lost[-1]:.0%}",
            )  # fmt: skip
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw dimension against coding level, a panel for each sparsifier."""
    kinds = list(dataset["sparsifier"].values)
    drawn = Figure(figsize=(2.6 * len(kinds) + 0.6, 3.0), layout="constrained")
    panels = drawn.subplots(1, len(kinds), squeeze=False, sharey=True)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        samples = chosen(dataset, kind, "dimension")
        if len(samples):
            mean, reach = drawing.mean_and_reach(samples)
            for k, name in enumerate(NORMALIZATIONS):
                axes.errorbar(
                    LEVELS, mean[k], reach[k], marker=drawing.MARKERS[k], ms=4, lw=1,
                    color=drawing.COLORS[k], label=name,
                )  # fmt: skip
        for value, k in zip(PUBLISHED.get(kind, ()), (0, 2), strict=False):
            axes.plot(0.05, value, "*", ms=11, mfc="none", color=drawing.COLORS[k])
        axes.set_xscale("log")
        axes.set_xticks(LEVELS, [f"{100 * level:g}" for level in LEVELS], minor=False)
        axes.minorticks_off()
        axes.set(xlabel="active units (%)")
        axes.text(0.5, 1.02, TITLES[kind], transform=axes.transAxes, ha="center", fontsize="small")
    panels[0].set(ylabel="dimension of the codes", ylim=(0, None))
    drawing.legend(panels[0], title="normalization", title_fontsize="small")
    drawing.finish(panels)
    return drawn


study = Study(
    name="normalization",
    question="When does normalization in the antennal lobe help the code?",
    source="Olsen, Bhandawat & Wilson 2010, 10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter(
            "sparsifier",
            tuple(SPARSIFIERS),
            "what keeps codes sparse",
            check=partial(checks.one_of, known=SPARSIFIERS),
        ),
        Parameter("fan_in", 7, "inputs of each unit", check=partial(checks.count, maximum=24)),
        Parameter("n_units", 2000, "units of the expansion", quick=500, check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
