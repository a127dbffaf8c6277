"""Coding level at which a sparse expansion serves a readout best, beside theory.

Odors of +1 and -1 are flipped with some probability and expanded by Gaussian weights; a threshold
keeps the code sparse.  Sparser codes overlap less, but noise changes them more; the error of a
Hebbian readout that classifies noisy odors grows with both, and is lowest in between.  Theory is
for many inputs and many active units: with 100 inputs, the overlap and error of the sparsest codes
are larger.
"""

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.capacity import cluster_size, overlap
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import HebbianReadout
from olfnet.theory import expansion

LEVELS = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
N_INPUTS = 100


def noisy_odors(
    n_odors: int, input_size: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Odors, and versions of them in which exactly a fraction input_size / 2 is flipped."""
    odors = rng.choice([-1.0, 1.0], (n_odors, N_INPUTS))
    order = rng.random(odors.shape).argsort(axis=1)
    return odors, np.where(order < round(input_size / 2 * N_INPUTS), -odors, odors)


def codes(
    n_odors: int, rng: np.random.Generator, *, level: float, input_size: float, n_units: int
) -> np.ndarray:
    """Codes of odors and of their noisy versions, shape (2, n_odors, n_units)."""
    odor_rng, wiring_rng = rng.spawn(2)
    both = np.vstack(noisy_odors(n_odors, input_size, odor_rng))
    weights = wiring_rng.standard_normal((n_units, N_INPUTS)) / N_INPUTS**0.5
    active = both @ weights.T > scipy.stats.norm.isf(level)
    return active.reshape(2, n_odors, n_units).astype(float)


MEANINGS = {
    "overlap": "mean square overlap of the codes of different odors",
    "cluster_size": "distance of codes of noisy odors, relative to that of two odors' codes",
    "error": "fraction of noisy odors that a Hebbian readout puts into the wrong class",
}


def measure(
    *, n_odors: int, input_size: float, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """One layer for each coding level: overlap, cluster size, and error on noisy odors."""
    labels, measured = np.arange(n_odors) % 2, []
    for level, stream in zip(LEVELS, rng.spawn(LEVELS.size), strict=True):
        clean, noisy = codes(n_odors, stream, level=level, input_size=input_size, n_units=n_units)
        error = 1 - float(HebbianReadout().fit(clean, labels).score(noisy, labels))
        measured.append((overlap(clean), cluster_size(clean, noisy), error))
    return results.labeled_each(MEANINGS, np.transpose(measured), level=LEVELS)


def theory(dataset: xr.Dataset, n_odors: int, levels: np.ndarray) -> dict[str, np.ndarray]:
    """Babadi and Sompolinsky's formulas, for many inputs."""
    size, n_units = (dataset[name].values[0] for name in ("input_size", "n_units"))
    return {
        "overlap": expansion.overlap(N_INPUTS, n_units, levels),
        "cluster_size": expansion.cluster_size(size, levels),
        "error": expansion.readout_error(n_odors, N_INPUTS, n_units, levels, size),
    }


def samples(dataset: xr.Dataset, n_odors: int, name: str) -> dict[float, np.ndarray]:
    """Finished repeats of one number of odors, by coding level."""
    return results.along(dataset, name, "level", n_odors=n_odors)


def ratios(dataset: xr.Dataset, n_odors: int, name: str) -> dict[float, np.ndarray]:
    """Return simulation relative to theory for many inputs, by coding level."""
    expected = dict(zip(LEVELS, theory(dataset, n_odors, LEVELS)[name], strict=True))
    return {f: part / expected[f] for f, part in samples(dataset, n_odors, name).items()}


def table(dataset: xr.Dataset) -> Table:
    """Compare simulation with theory at each coding level."""
    rows = []
    for n_odors in dataset["n_odors"].values:
        expected = theory(dataset, n_odors, LEVELS)["error"]
        overlaps, sizes = (ratios(dataset, n_odors, name) for name in ("overlap", "cluster_size"))
        for k, (level, errors) in enumerate(samples(dataset, n_odors, "error").items()):
            measured = (overlaps[level], sizes[level], errors)
            cells = [results.mean_text(part, ".3f") for part in measured]
            rows.append((n_odors, f"{level:g}", *cells, f"{expected[k]:.3f}"))
        rows.append(None)
    title = "Overlap and cluster size relative to theory, and errors of a Hebbian readout"
    columns = ("odors", "level", "overlap", "cluster size", "error", "in theory")
    return results.table(title, columns, rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw overlap, cluster size and error beside theory, and their ratios to it."""
    panels = drawing.panels(2, 2, (7.2, 5.4))
    levels = np.geomspace(LEVELS[0], 0.5, 200)
    most, n_units = int(dataset["n_odors"].max()), int(dataset["n_units"].values[0])
    for axes, name in zip(panels, ("overlap", "cluster_size"), strict=False):
        axes.plot(levels, theory(dataset, most, levels)[name], color="0.2", lw=1.2, label="theory")
        drawing.points(axes, samples(dataset, most, name), label="simulation")
    exact = f"theory, all orders in 1/{N_INPUTS}"
    overlaps = expansion.overlap(N_INPUTS, n_units, levels, all_orders=True)
    panels[0].plot(levels, overlaps, color="0.2", lw=1, ls="--", label=exact)
    draw_errors(panels[2], dataset)
    draw_ratios(panels[3], dataset)
    words = ("mean square overlap", "cluster size of the codes", "error of a Hebbian readout")
    tops, locs = (None, None, 0.55, None), ("upper left", "lower left", "upper right", "best")
    for axes, label, top, loc in zip(
        panels, (*words, "simulation / theory"), tops, locs, strict=True
    ):
        axes.set(xscale="log", xlabel="coding level", ylabel=label)
        axes.set_xticks([0.01, 0.1, 0.5], ["0.01", "0.1", "0.5"])
        axes.set_ylim(0 if axes is not panels[3] else None, top)
        drawing.legend(axes, loc=loc)
    return drawing.finish(panels)


def draw_errors(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw theory and simulation for each number of odors, and the level best in theory."""
    levels = np.geomspace(LEVELS[0], 0.5, 200)
    for nth, n_odors in enumerate(dataset["n_odors"].values):
        error = theory(dataset, n_odors, levels)["error"]
        axes.plot(levels, error, color=drawing.COLORS[nth], lw=1.2)
        drawing.points(axes, samples(dataset, n_odors, "error"), nth, label=f"{n_odors} odors")
    best = levels[error.argmin()]  # at any number of odors
    axes.axvline(best, color="0.5", lw=0.8, ls=":", label=f"best in theory: {best:.2g}")


def draw_ratios(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw simulation relative to theory for many inputs."""
    numbers = [int(n) for n in dataset["n_odors"].values]
    axes.axhline(1, color="0.6", lw=0.8)
    shown = [(nth, n, "error", f"error, {n} odors") for nth, n in enumerate(numbers)]
    shown += [(5, max(numbers), "cluster_size", "cluster size")]
    shown += [(4, max(numbers), "overlap", "overlap")]
    for nth, n_odors, name, label in shown:
        drawing.points(axes, ratios(dataset, n_odors, name), nth, label=label)


study = Study(
    name="expansion_noise",
    question="At which coding level does a sparse expansion serve a readout best?",
    source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035",
    parameters=(
        Parameter.count(
            "n_odors", (250, 1000), "odors that the readout learns", quick=100, minimum=2
        ),
        Parameter.fraction(
            "input_size", 0.1, "twice the fraction of inputs that noise flips", ends="[]"
        ),
        Parameter.count("n_units", 2000, "units of the layer", quick=500),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
