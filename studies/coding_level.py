"""Coding levels at which a readout generalizes from noisy trials and still discriminates.

Odors of +1 and -1 come in trials that flip some of them, and are expanded by Gaussian weights.  A
readout trained by ridge regression on some trials has to classify new ones.  Dense codes
generalize, sparse ones discriminate, and the error is lowest in between: near .05 to .1, as
published, for 50 odors, but at .02 for 200, which fill the layer of 1000 units more.  Theory is for
a Hebbian readout of the same trials, and for many inputs and active units.
"""

from itertools import product

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from sklearn.linear_model import RidgeClassifier

from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import HebbianReadout
from olfnet.theory import expansion

LEVELS = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
N_INPUTS, N_LEARNED, N_TESTED = 100, 5, 5
READOUTS = {"error": RidgeClassifier(), "hebbian_error": HebbianReadout()}


def trials(
    n_odors: int, rng: np.random.Generator, *, level: float, input_size: float, n_units: int
) -> np.ndarray:
    """Codes of noisy trials of odors, shape (n_odors, n_trials, n_units)."""
    odor_rng, noise_rng, wiring_rng = rng.spawn(3)
    odors = odor_rng.choice([-1.0, 1.0], (n_odors, 1, N_INPUTS))
    flipped = noise_rng.random((n_odors, N_LEARNED + N_TESTED, N_INPUTS)) < input_size / 2
    weights = wiring_rng.standard_normal((N_INPUTS, n_units)) / N_INPUTS**0.5
    drive = np.where(flipped, -odors, odors) @ weights
    return (drive > scipy.stats.norm.isf(level)).astype(float)


def measure(
    *, n_odors: int, input_size: float, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Error on new trials at each coding level, half of the odors having either label."""
    labels = np.arange(n_odors) % 2
    errors: dict[str, list[float]] = {name: [] for name in READOUTS}
    for level, stream in zip(LEVELS, rng.spawn(LEVELS.size), strict=True):
        codes = trials(n_odors, stream, level=level, input_size=input_size, n_units=n_units)
        learned, tested = np.split(codes, [N_LEARNED], axis=1)
        for name, readout in READOUTS.items():
            readout.fit(np.vstack(learned), np.repeat(labels, N_LEARNED))
            right = readout.score(np.vstack(tested), np.repeat(labels, N_TESTED))
            errors[name].append(1 - float(right))
    meaning = "fraction of new trials that a {} puts into the wrong class"
    kinds = {name: meaning.format(type(readout).__name__) for name, readout in READOUTS.items()}
    return results.labeled_each(kinds, errors, level=LEVELS)


def table(dataset: xr.Dataset) -> Table:
    """Lowest error and its coding level, beside those of the sparsest and the densest code."""
    rows = []
    for n_odors, input_size in product(dataset["n_odors"].values, dataset["input_size"].values):
        samples = results.along(dataset, "error", "level", n_odors=n_odors, input_size=input_size)
        if samples:
            best = min(samples, key=lambda level: samples[level].mean())
            ends = [results.mean_text(samples[f], ".3f") for f in (LEVELS[0], best, LEVELS[-1])]
            rows.append((n_odors, f"{input_size:g}", ends[0], f"{best:g}", *ends[1:]))
    ends = (f"f = {LEVELS[0]:g}", "best f", "error there", f"f = {LEVELS[-1]:g}")
    title = "Error of a trained readout on new trials"
    return results.table(title, ("odors", "noise", *ends), rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against coding level: columns for numbers of odors, rows for readouts."""
    numbers = [int(n) for n in dataset["n_odors"].values]
    size = (2.9 * len(numbers) + 1.8, 5.6)
    panels = drawing.panels(2, len(numbers), size, sharex=True, sharey=True)
    for axes, (name, n_odors) in zip(panels, product(READOUTS, numbers), strict=True):
        draw_errors(axes, dataset, n_odors, name)
        axes.set_xlabel(f"coding level ({n_odors} odors)")
        kind = "a trained readout" if name == "error" else "a Hebbian readout"
        axes.set_ylabel(f"error of {kind}\non new trials")
        axes.label_outer()
    drawing.legend(panels[-1], loc="center left", bbox_to_anchor=(1, 0.5))
    return drawing.finish(panels)


def draw_errors(axes: Axes, dataset: xr.Dataset, n_odors: int, name: str) -> None:
    """Draw points at each level of noise, and theory for the Hebbian readout."""
    levels = np.geomspace(LEVELS[0], LEVELS[-1], 100)
    sizes = (n_odors, N_INPUTS, int(dataset["n_units"].values[0]))
    for nth, input_size in enumerate(dataset["input_size"].values):
        if name == "hebbian_error":
            theory = expansion.readout_error(*sizes, levels, input_size, n_learned=N_LEARNED)
            axes.plot(levels, theory, color=drawing.COLORS[nth], lw=1.2)
        samples = results.along(dataset, name, "level", n_odors=n_odors, input_size=input_size)
        drawing.points(axes, samples, nth, label=f"{input_size / 2:.0%} of the inputs flipped")
    axes.axvspan(0.05, 0.1, color="0.9", lw=0, zorder=0, label="published best")
    axes.axhline(0.5, color="0.6", lw=0.8, ls=":", label="chance")
    if name == "hebbian_error":
        axes.plot([], [], color="0.2", lw=1.2, label="theory")
    axes.set(xscale="log", ylim=(0, 0.52))
    axes.set_xticks([0.01, 0.1, 0.5], ["0.01", "0.1", "0.5"])


study = Study(
    name="coding_level",
    question="Which coding level lets a readout generalize and still discriminate?",
    source="Barak, Rigotti & Fusi 2013, 10.1523/JNEUROSCI.2753-12.2013",
    parameters=(
        Parameter.count("n_odors", (50, 200), "odors to classify", quick=50, minimum=2),
        Parameter.fraction(
            "input_size",
            (0.1, 0.2, 0.3),
            "twice the fraction of inputs that noise flips",
            quick=0.2,
            ends="[]",
        ),
        Parameter.count("n_units", 1000, "units of the layer", quick=300),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
