"""Ask at which coding level a sparse expansion serves a readout best, beside theory.

Odors of +1 and -1 are flipped here and there and expanded by Gaussian weights; a threshold keeps
the code sparse.  Sparse codes overlap less, but stray further; a Hebbian readout that has to tell
which class a noisy odor belongs to suffers from both, and is best in between.
"""

from functools import partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.capacity import cluster_size, overlap
from olfnet.lab import Parameter, Study, drawing
from olfnet.readout import HebbianReadout
from olfnet.theory import expansion

LEVELS = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
N_INPUTS = 100


def noisy_odors(
    n_odors: int, input_size: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Odors, and versions of them in which exactly a fraction input_size / 2 is flipped."""
    odors = rng.choice([-1.0, 1.0], (n_odors, N_INPUTS))
    places = rng.random(odors.shape).argsort(axis=1)
    return odors, np.where(places < round(input_size / 2 * N_INPUTS), -odors, odors)


def codes(
    n_odors: int, rng: np.random.Generator, *, level: float, input_size: float, n_units: int
) -> np.ndarray:
    """Codes of odors and of their noisy versions, shape (n_odors, 2, n_units)."""
    odor_rng, wiring_rng = rng.spawn(2)
    both = np.vstack(noisy_odors(n_odors, input_size, odor_rng))
    weights = wiring_rng.standard_normal((n_units, N_INPUTS)) / N_INPUTS**0.5
    active = both @ weights.T > scipy.stats.norm.isf(level)
    return active.reshape(2, n_odors, n_units).transpose(1, 0, 2).astype(float)


def measure(
    *, n_odors: int, input_size: float, n_units: int, rng: np.random.Generator
) -> dict[str, object]:
    """One layer for each coding level: overlap, cluster size, and error on noisy odors."""
    found: dict[str, list[float]] = {"overlap": [], "cluster_size": [], "error": []}
    for level, stream in zip(LEVELS, rng.spawn(LEVELS.size), strict=True):
        draw = partial(codes, level=level, input_size=input_size, n_units=n_units)
        few, learning = stream.spawn(2)
        first, second = draw(100, few).transpose(1, 0, 2)
        found["overlap"].append(overlap(first))
        found["cluster_size"].append(cluster_size(first, second))
        curve = olfnet.measure_recall(
            draw, n_patterns=n_odors, n_trials=1, rule=HebbianReadout(), n_learned=1, rng=learning
        )
        found["error"].append(1 - float(curve.fraction[0]))
    meanings = {
        "overlap": "mean square overlap of the codes of 100 odors",
        "cluster_size": "how far codes of noisy odors stray, of the distance of two odors' codes",
        "error": "fraction of noisy odors that a Hebbian readout puts into the wrong class",
    }
    return {
        name: xr.DataArray(values, {"level": LEVELS}, ["level"], attrs={"meaning": meanings[name]})
        for name, values in found.items()
    }


def theory(dataset: xr.Dataset, levels: np.ndarray) -> dict[str, np.ndarray]:
    """Babadi and Sompolinsky's formulas for the first setting."""
    n_odors, size, n_units = (
        dataset[name].values[0] for name in ("n_odors", "input_size", "n_units")
    )
    return {
        "overlap": expansion.overlap(N_INPUTS, n_units, levels),
        "cluster_size": expansion.cluster_size(size, levels),
        "error": expansion.readout_error(n_odors, N_INPUTS, n_units, levels, size),
    }


def chosen(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Finished repeats of the first setting, repeats first."""
    first = dataset.isel(n_odors=0, input_size=0, n_units=0)
    return first[name].transpose("repeat", "level").values[first["status"].values == 1]


def table(dataset: xr.Dataset) -> Table:
    """Theory and simulation at each coding level."""
    wanted = theory(dataset, LEVELS)
    rows = Table(title="Theory, simulation: overlap (x 1000), cluster size, error of a readout")
    for column in ("level", "overlap", "simulated", "size", "simulated", "error", "simulated"):
        rows.add_column(column, justify="right", no_wrap=True)
    if not len(chosen(dataset, "error")):
        return rows
    for k, level in enumerate(LEVELS):
        cells = []
        for name, scale in (("overlap", 1e3), ("cluster_size", 1), ("error", 1)):
            value, reach = drawing.mean_and_reach(scale * chosen(dataset, name)[:, k])
            cells += [f"{scale * wanted[name][k]:.3f}", f"{value:.3f} ±{reach:.3f}"]
        rows.add_row(f"{level:g}", *cells)
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw overlap, cluster size and error against coding level."""
    drawn = Figure(figsize=(7.2, 2.9), layout="constrained")
    panels = drawn.subplots(1, 3)
    levels = np.geomspace(LEVELS[0], 0.5, 200)
    lines = theory(dataset, levels)
    labels = {
        "overlap": "mean square overlap",
        "cluster_size": "cluster size of the codes",
        "error": "error of a Hebbian readout",
    }
    for axes, (name, label) in zip(panels, labels.items(), strict=True):
        axes.plot(levels, lines[name], color="0.2", lw=1.2, label="theory")
        draw_points(axes, chosen(dataset, name))
        axes.set(xscale="log", xlabel="coding level", ylabel=label, ylim=(0, None))
        axes.set_xticks([0.01, 0.1, 0.5], ["0.01", "0.1", "0.5"])
    best = levels[np.argmin(lines["error"])]
    panels[2].axvline(best, color="0.6", lw=0.8, ls=":", label=f"best in theory: {best:.2g}")
    for axes in panels[[0, 2]]:
        drawing.legend(axes)
    drawing.finish(panels)
    return drawn


def draw_points(axes: Axes, samples: np.ndarray) -> None:
    """Means of repeats with their intervals."""
    if len(samples):
        mean, reach = drawing.mean_and_reach(samples)
        axes.errorbar(
            LEVELS,
            mean,
            reach,
            ls="",
            marker="o",
            ms=4,
            color=drawing.COLORS[0],
            label="simulation",
        )


study = Study(
    name="expansion_noise",
    question="At which coding level does a sparse expansion serve a readout best?",
    source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035",
    parameters=(
        Parameter("n_odors", 500, "odors that the readout learns", quick=100, check=checks.count),
        Parameter(
            "input_size",
            0.1,
            "twice the fraction of inputs that noise flips",
            check=partial(checks.fraction, zero=True),
        ),
        Parameter("n_units", 2000, "units of the layer", quick=500, check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=3,
)

if __name__ == "__main__":
    study.main()
