"""Ask at which coding level a sparse expansion serves a readout best, beside theory.

Odors of +1 and -1 are flipped here and there and expanded by Gaussian weights; a threshold keeps
the code sparse.  Sparse codes overlap less, but stray further; a Hebbian readout that has to tell
which class a noisy odor belongs to suffers from both, and is best in between.  Theory is for many
inputs and many active units: with 100 inputs, the sparsest codes overlap and err more than it says.
"""

from functools import partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
    places = rng.random(odors.shape).argsort(axis=1)
    return odors, np.where(places < round(input_size / 2 * N_INPUTS), -odors, odors)


def codes(
    n_odors: int, rng: np.random.Generator, *, level: float, input_size: float, n_units: int
) -> np.ndarray:
    """Codes of odors and of their noisy versions, shape (2, n_odors, n_units)."""
    odor_rng, wiring_rng = rng.spawn(2)
    both = np.vstack(noisy_odors(n_odors, input_size, odor_rng))
    weights = wiring_rng.standard_normal((n_units, N_INPUTS)) / N_INPUTS**0.5
    active = both @ weights.T > scipy.stats.norm.isf(level)
    return active.reshape(2, n_odors, n_units).astype(float)


def measure(
    *, n_odors: int, input_size: float, n_units: int, rng: np.random.Generator
) -> dict[str, object]:
    """One layer for each coding level: overlap, cluster size, and error on noisy odors."""
    labels = np.arange(n_odors) % 2
    found: dict[str, list[float]] = {"overlap": [], "cluster_size": [], "error": []}
    for level, stream in zip(LEVELS, rng.spawn(LEVELS.size), strict=True):
        clean, noisy = codes(n_odors, stream, level=level, input_size=input_size, n_units=n_units)
        found["overlap"].append(overlap(clean))
        found["cluster_size"].append(cluster_size(clean, noisy))
        readout = HebbianReadout().fit(clean, labels)
        found["error"].append(1 - float(readout.score(noisy, labels)))
    meanings = {
        "overlap": "mean square overlap of the codes of different odors",
        "cluster_size": "how far codes of noisy odors stray, of the distance of two odors' codes",
        "error": "fraction of noisy odors that a Hebbian readout puts into the wrong class",
    }
    return {
        name: xr.DataArray(values, {"level": LEVELS}, ["level"], attrs={"meaning": meanings[name]})
        for name, values in found.items()
    }


def theory(dataset: xr.Dataset, n_odors: int, levels: np.ndarray) -> dict[str, np.ndarray]:
    """Babadi and Sompolinsky's formulas, for many inputs."""
    size, n_units = (dataset[name].values[0] for name in ("input_size", "n_units"))
    return {
        "overlap": expansion.overlap(N_INPUTS, n_units, levels),
        "cluster_size": expansion.cluster_size(size, levels),
        "error": expansion.readout_error(n_odors, N_INPUTS, n_units, levels, size),
    }


def chosen(dataset: xr.Dataset, n_odors: int, name: str) -> np.ndarray:
    """Finished repeats of one number of odors, repeats first."""
    return results.finished(dataset, n_odors=n_odors)[name].values


def table(dataset: xr.Dataset) -> Table:
    """Compare simulation with theory at each coding level."""
    rows = Table(title="Overlap and cluster size over theory, and errors of a Hebbian readout")
    for column in ("odors", "level", "overlap", "cluster size", "error", "in theory"):
        rows.add_column(column, justify="right", no_wrap=True)
    for n_odors in dataset["n_odors"].values:
        wanted = theory(dataset, n_odors, LEVELS)
        if not len(chosen(dataset, n_odors, "error")):
            continue
        columns = [
            cells(chosen(dataset, n_odors, "overlap") / wanted["overlap"]),
            cells(chosen(dataset, n_odors, "cluster_size") / wanted["cluster_size"]),
            cells(chosen(dataset, n_odors, "error")),
        ]
        for k, level in enumerate(LEVELS):
            found = [column[k] for column in columns]
            rows.add_row(str(n_odors), f"{level:g}", *found, f"{wanted['error'][k]:.3f}")
        rows.add_section()
    return rows


def cells(samples: np.ndarray) -> list[str]:
    """Means of repeats and half the width of their intervals, as texts."""
    return [f"{v:.3f} ±{h:.3f}" for v, h in zip(*drawing.mean_and_reach(samples), strict=True)]


def figure(dataset: xr.Dataset) -> Figure:
    """Draw what the codes are like, how a readout errs, and how far theory is off."""
    drawn = Figure(figsize=(7.2, 5.4), layout="constrained")
    panels = drawn.subplots(2, 2).ravel()
    levels = np.geomspace(LEVELS[0], 0.5, 200)
    most, n_units = int(dataset["n_odors"].max()), int(dataset["n_units"].values[0])
    for axes, name in zip(panels, ("overlap", "cluster_size"), strict=False):
        axes.plot(levels, theory(dataset, most, levels)[name], color="0.2", lw=1.2, label="theory")
        draw_points(axes, chosen(dataset, most, name), 0, "simulation")
    exact = f"theory, all orders in 1/{N_INPUTS}"
    overlaps = expansion.overlap(N_INPUTS, n_units, levels, all_orders=True)
    panels[0].plot(levels, overlaps, color="0.2", lw=1, ls="--", label=exact)
    draw_errors(panels[2], dataset)
    draw_ratios(panels[3], dataset)
    words = ("mean square overlap", "cluster size of the codes", "error of a Hebbian readout")
    for axes, label in zip(panels, (*words, "simulation / theory"), strict=True):
        axes.set(xscale="log", xlabel="coding level", ylabel=label)
        axes.set_xticks([0.01, 0.1, 0.5], ["0.01", "0.1", "0.5"])
    for axes, top in zip(panels, (None, None, 0.55), strict=False):
        axes.set_ylim(0, top)
    for axes, place in zip(
        panels, ("upper left", "lower left", "upper right", "best"), strict=True
    ):
        drawing.legend(axes, loc=place)
    drawing.finish(panels)
    return drawn


def draw_errors(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw theory and simulation for each number of odors, and the level best in theory."""
    levels = np.geomspace(LEVELS[0], 0.5, 200)
    for nth, n_odors in enumerate(dataset["n_odors"].values):
        error = theory(dataset, n_odors, levels)["error"]
        axes.plot(levels, error, color=drawing.COLORS[nth], lw=1.2)
        draw_points(axes, chosen(dataset, n_odors, "error"), nth, f"{n_odors} odors")
    best = levels[error.argmin()]  # at any number of odors
    axes.axvline(best, color="0.5", lw=0.8, ls=":", label=f"best in theory: {best:.2g}")


def draw_ratios(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw simulation relative to the formulas for many inputs."""
    numbers = [int(n) for n in dataset["n_odors"].values]
    axes.axhline(1, color="0.6", lw=0.8)
    shown = [(nth, n, "error", f"error, {n} odors") for nth, n in enumerate(numbers)]
    shown += [
        (-2, max(numbers), "cluster_size", "cluster size"),
        (-3, max(numbers), "overlap", "overlap"),
    ]
    for nth, n_odors, name, label in shown:
        ratio = chosen(dataset, n_odors, name) / theory(dataset, n_odors, LEVELS)[name]
        draw_points(axes, ratio, nth, label)


def draw_points(axes: Axes, samples: np.ndarray, nth: int, label: str) -> None:
    """Means of repeats with their intervals."""
    if len(samples):
        mean, reach = drawing.mean_and_reach(samples)
        style = {"marker": drawing.MARKERS[nth], "color": drawing.COLORS[nth]}
        axes.errorbar(LEVELS, mean, reach, ls="", ms=4, label=label, **style)


study = Study(
    name="expansion_noise",
    question="At which coding level does a sparse expansion serve a readout best?",
    source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035",
    parameters=(
        Parameter(
            "n_odors",
            (250, 1000),
            "odors that the readout learns",
            quick=100,
            check=partial(checks.count, minimum=2),
        ),
        Parameter(
            "input_size",
            0.1,
            "twice the fraction of inputs that noise flips",
            check=partial(checks.fraction, ends="[]"),
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
    main(study)
