"""Ask how many inputs a unit should have for the codes to fill many dimensions.

More inputs make units more different, until they share so many that they resemble each other.
Theory is for independent channels, with and without inhibition that takes the mean input away; the
odors of a measured panel, whose receptors are correlated, show how much of it remains.
"""

from functools import partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
    """Draw inputs of the layer: Gaussian ones, or projection-neuron rates of invented odors."""
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
    meaning = {"meaning": "participation ratio of the codes, as if of all odors"}
    return {"dimension": xr.DataArray(dimension(codes, corrected=True), attrs=meaning)}


def chosen(dataset: xr.Dataset, kind: str) -> dict[int, np.ndarray]:
    """Finished repeats of one kind of inputs, by fan-in."""
    return results.along(dataset, "dimension", "fan_in", kind=kind)


def table(dataset: xr.Dataset) -> Table:
    """Theory and simulation for each fan-in."""
    n_units = int(dataset["n_units"].values[0])
    rows = Table(title=f"Dimension of the codes of {n_units} units, {LEVEL:.0%} active")
    for column in ("inputs", "fan-in", "theory", "simulated"):
        rows.add_column(column, justify="left" if column == "inputs" else "right", no_wrap=True)
    for kind, words in KINDS.items():
        for fan_in, values in chosen(dataset, kind).items():
            value, reach = drawing.mean_and_reach(values)
            wanted = ""
            if not kind.startswith("odors"):
                inhibited = kind == "inhibition"
                theory = expansion.dimension(N_CHANNELS, n_units, fan_in, LEVEL, inhibited)
                wanted = f"{float(theory):.1f}"
            rows.add_row(words, str(fan_in), wanted, f"{value:.1f} ±{reach:.1f}")
        rows.add_section()
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw dimension against fan-in, for channels and for odors."""
    drawn = Figure(figsize=(7.2, 3.2), layout="constrained")
    panels = drawn.subplots(1, 2)
    n_units = int(dataset["n_units"].values[0])
    for nth, kind in enumerate(KINDS):
        axes = panels[int(kind.startswith("odors"))]
        found, color = chosen(dataset, kind), drawing.COLORS[nth]
        inhibited = kind.endswith("inhibition")
        if not kind.startswith("odors") and found:
            fan_in = np.arange(1, max(found) + 1)
            line = expansion.dimension(N_CHANNELS, n_units, fan_in, LEVEL, inhibited)
            axes.plot(fan_in, line, color=color, lw=1.2)
        if found:
            points = [drawing.mean_and_reach(values) for values in found.values()]
            mean, reach = np.transpose(points)
            label = "inhibition" if inhibited else "excitation only"
            axes.errorbar(
                list(found), mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, color=color,
                label=label,
            )  # fmt: skip
    for axes, title in zip(panels, ("50 independent channels", "24 receptors"), strict=True):
        axes.set(xlabel=f"inputs of a unit ({title})", ylabel="dimension of the codes")
        axes.set_ylim(bottom=0)
        drawing.legend(axes)
    drawing.finish(panels)
    return drawn


study = Study(
    name="code_dimension",
    question="How many inputs should a unit have for codes to fill many dimensions?",
    source="Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030",
    parameters=(
        Parameter(
            "kind", tuple(KINDS), "what the layer sees", check=partial(checks.one_of, known=KINDS)
        ),
        Parameter(
            "fan_in",
            (1, 2, 3, 4, 5, 7, 10, 14, 20),
            "inputs of each unit",
            quick=(1, 3, 7),
            check=partial(checks.count, maximum=23),
        ),
        Parameter("n_units", 2000, "units of the layer", quick=300, check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=5,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
