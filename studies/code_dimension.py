"""Inputs that a unit should have for the codes to fill many dimensions.

More inputs make units more different, until they share so many that they resemble each other.
Theory is for independent channels, with and without inhibition that takes the mean input away; the
odors of a measured panel, whose receptors are correlated, show how much of it remains.
"""

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from rich.table import Table

from olfnet.capacity import dimension
from olfnet.expansion import wiring
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import expansion

N_CHANNELS, N_ODORS, LEVEL = 50, 4000, 0.1
KINDS = {
    "excitation": "independent channels",
    "inhibition": "independent channels, inhibition",
    "odors": "measured odors",
    "odors_inhibition": "measured odors, inhibition",
}


def channels(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draw inputs of the layer: Gaussian ones, or projection-neuron rates of surrogate odors."""
    if kind.startswith("odors"):
        return np.asarray(DivisiveNormalization()(fly_odors(N_ODORS, rng=rng)))
    return rng.standard_normal((N_ODORS, N_CHANNELS))


def measure(
    *, kind: str, fan_in: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Dimension of the codes of one layer, each unit at its own threshold."""
    odor_rng, wiring_rng = rng.spawn(2)
    inputs = channels(kind, odor_rng)
    weights = wiring.FixedFanIn(fan_in).draw(n_units, inputs.shape[1], rng=wiring_rng).toarray()
    if kind.endswith("inhibition"):
        weights -= fan_in / inputs.shape[1]
    drive = inputs @ weights.T
    if kind.startswith("odors"):
        thresholds = np.quantile(drive, 1 - LEVEL, axis=0)
    else:
        thresholds = scipy.stats.norm.isf(LEVEL) * np.linalg.norm(weights, axis=1)
    codes = (drive > thresholds).astype(float)
    meaning = "participation ratio of the codes, corrected for the number of odors"
    return {"dimension": results.labeled(dimension(codes, corrected=True), meaning)}


def theory(dataset: xr.Dataset, kind: str, fan_in: ArrayLike) -> np.ndarray:
    """Dimension of the codes of independent channels."""
    n_units = int(dataset["n_units"].values[0])
    return expansion.dimension(N_CHANNELS, n_units, fan_in, LEVEL, kind == "inhibition")


def table(dataset: xr.Dataset) -> Table:
    """Theory and simulation for each fan-in."""
    rows = []
    for kind, words in KINDS.items():
        for fan_in, values in results.along(dataset, "dimension", "fan_in", kind=kind).items():
            known = not kind.startswith("odors")
            expected = f"{float(theory(dataset, kind, fan_in)):.1f}" if known else ""
            rows.append((words, fan_in, expected, results.mean_text(values, ".1f")))
        rows.append(None)
    title = f"Dimension of the codes of {dataset['n_units'].values[0]} units, {LEVEL:.0%} active"
    return results.table(title, ("inputs", "fan-in", "theory", "simulated"), rows, left=["inputs"])


def figure(dataset: xr.Dataset) -> Figure:
    """Draw dimension against fan-in, for channels and for odors."""
    panels = drawing.panels(1, 2, (7.2, 3.2))
    for nth, kind in enumerate(KINDS):
        axes = panels[int(kind.startswith("odors"))]
        samples = results.along(dataset, "dimension", "fan_in", kind=kind)
        if samples and not kind.startswith("odors"):
            fan_in = np.arange(1, max(samples) + 1)
            axes.plot(fan_in, theory(dataset, kind, fan_in), color=drawing.COLORS[nth], lw=1.2)
        label = "inhibition" if kind.endswith("inhibition") else "excitation only"
        drawing.points(axes, samples, nth, label=label)
    for axes, inputs in zip(panels, ("50 independent channels", "24 receptors"), strict=True):
        axes.set(xlabel=f"inputs of a unit ({inputs})", ylabel="dimension of the codes")
        axes.set_ylim(bottom=0)
        drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="code_dimension",
    question="How many inputs should a unit have for codes to fill many dimensions?",
    source="Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030",
    parameters=(
        Parameter.choice("kind", KINDS, "inputs of the layer"),
        Parameter.count(
            "fan_in",
            (1, 2, 3, 4, 5, 7, 10, 14, 20),
            "inputs of each unit",
            quick=(1, 3, 7),
            maximum=23,
        ),
        Parameter.count("n_units", 2000, "units of the layer", quick=300),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=5,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
