"""Capacity of spike counts, in single trials and from one trial to the next.

Surrogate odors with the statistics of a measured panel are normalized in the antennal lobe and
reach the units as Poisson spikes.  Spike counts in windows that begin with the odor are the code:
of a single trial, whose random labels a readout has to store, as in Cover's theorem (odors without
any response are left out and counted apart: a code without spikes stores nothing); of several
trials, on some of which a readout learns the labels that it has to give to the others.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from sklearn.linear_model import RidgeClassifier

import olfnet
from olfnet import checks
from olfnet.expansion import Response, presets, sparsify, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Noise
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import separable_prefix
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import cover

WINDOWS = np.array([0.05, 0.1, 0.2, 0.5])
LOADS = np.linspace(0.25, 2.5, 10)
NOISY_LOADS = np.array([0.02, 0.04, 0.06, 0.1, 0.2, 0.4])
N_LEARNED, N_TESTED = 4, 4
STATED_ERROR = 0.25
N_CALIBRATION = 30
DT = 2e-4  # s; cells are calibrated at this time step, too


WINDOW = results.labeled(WINDOWS, "time in which spikes are counted", "s", window=None)
LOAD = results.labeled(NOISY_LOADS, "associations per unit", load=None)
STORED = {
    "breaking_point": "associations stored before the first failure",
    "n_dims": "rank of the codes",
    "level": "fraction of units that respond",
    "silent": "fraction of odors without response",
}


def cells(noise: float) -> Dynamics:
    """Give published Kenyon cells an APL that scales to any number of them, and noise in A."""
    published = presets.rapp_nawrot_2020()
    graded = GradedInhibition(gain=4e-9, tau=0.02)
    return replace(published, inhibition=graded, noise=Noise(std=noise) if noise else None)


def measure(
    *, n_units: int, coding_level: float, noise: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Calibrate one circuit at the longest window; measure stored labels and errors."""
    wiring, odors, first, single, several, labels, calibration = rng.spawn(7)
    circuit = olfnet.random_expansion(
        n_inputs=fly_odors().shape[1], n_units=n_units, fan_in=6,
        sparsifier=sparsify.TopK(coding_level), rng=wiring,
    )  # fmt: skip
    samples = DivisiveNormalization()(fly_odors(N_CALIBRATION, rng=first))
    dynamics = spiking.calibrate(
        circuit, samples, coding_level=coding_level, duration=WINDOWS[-1],
        rng=calibration, dynamics=cells(noise), tolerance=0.2, dt=DT,
    )  # fmt: skip

    def spikes(rates: np.ndarray, stream: np.random.Generator) -> Response:
        return spiking.respond(
            circuit, rates, duration=WINDOWS[-1], rng=stream, dynamics=dynamics, dt=DT
        )

    panel = DivisiveNormalization()(fly_odors(round(LOADS[-1] * n_units), rng=odors))
    storing = labels.choice([-1, 1], len(panel))
    few = panel[: sizes(n_units)[-1]]
    trials = spikes(np.repeat(few, N_LEARNED + N_TESTED, axis=0), several)
    return {
        **stored(spikes(panel, single), storing),
        "error": errors(trials, balanced(len(few), labels), n_units),
    }


def sizes(n_units: int) -> np.ndarray:
    """Return even numbers of odors for the loads of the error on new trials."""
    return 2 * np.rint(NOISY_LOADS * n_units / 2).clip(1).astype(int)


def balanced(n_odors: int, rng: np.random.Generator) -> np.ndarray:
    """Draw labels of which each pair of odors has both, so that the error by chance is 1/2."""
    pairs = np.tile([-1, 1], (-(-n_odors // 2), 1))
    return rng.permuted(pairs, axis=1).ravel()[:n_odors]


def windows(response: Response) -> Iterator[np.ndarray]:
    """Spike counts from the odor's onset to the end of each window."""
    for stop in WINDOWS:
        yield response.spikes.between(0.0, stop).counts.astype(float)


def stored(response: Response, labels: np.ndarray) -> dict[str, xr.DataArray]:
    """Count the random labels of single-trial codes that a linear readout stores; their rank."""
    codes = list(windows(response))
    measured = (
        [breaking_point(code, labels) for code in codes],
        [int(np.linalg.matrix_rank(code)) for code in codes],
        [(code > 0).mean() for code in codes],
        [1 - code.any(axis=1).mean() for code in codes],
    )
    return results.labeled_each(STORED, measured, window=WINDOW)


def breaking_point(code: np.ndarray, labels: np.ndarray) -> int:
    """Return the longest prefix, of odors with a response, whose labels a readout stores."""
    active = code.any(axis=1)
    return separable_prefix(code[active], labels[active]) if active.any() else 0


def errors(trials: Response, labels: np.ndarray, n_units: int) -> xr.DataArray:
    """Measure the error on new trials of a trained readout, at each window and load."""
    measured = []
    for counts in windows(trials):
        codes = counts.reshape(len(labels), N_LEARNED + N_TESTED, -1)
        measured.append([np.mean([*each(codes, labels, n)]) for n in sizes(n_units)])
    return results.labeled(
        measured, "error on trials that were not learned", window=WINDOW, load=LOAD
    )


def each(codes: np.ndarray, labels: np.ndarray, n_odors: int) -> Iterator[float]:
    """Yield errors of readouts of disjoint sets of so many odors."""
    for start in range(0, len(labels) - n_odors + 1, n_odors):
        part = slice(start, start + n_odors)
        yield error(codes[part], labels[part])


def error(codes: np.ndarray, labels: np.ndarray) -> float:
    """Learn some trials of each odor by ridge regression, and test on the others."""
    learned, tested = np.split(codes, [N_LEARNED], axis=1)
    flat = lambda part: part.reshape(-1, part.shape[-1])  # noqa: E731
    targets = np.repeat(labels, N_LEARNED)
    readout = RidgeClassifier(alpha=1.0).fit(flat(learned), targets)
    return 1 - float(readout.score(flat(tested), np.repeat(labels, N_TESTED)))


def capacity_at(errors: np.ndarray) -> np.ndarray:
    """Return the associations per unit at which the error crosses the stated one, for each repeat.

    Errors are made to rise with the load.  If those of the fewest odors are larger, this is 0.
    """
    rising = np.maximum.accumulate(np.atleast_2d(errors), axis=1)
    return np.array([np.interp(STATED_ERROR, e, NOISY_LOADS, left=0.0) for e in rising])


def measured(dataset: xr.Dataset, noise: float) -> xr.Dataset:
    """Finished repeats of one noise, all circuits together."""
    return results.finished(dataset, noise=noise, pool=("n_units", "coding_level"))


def table(dataset: xr.Dataset) -> Table:
    """Capacity of single trials and at the stated error, for each window and noise."""
    rows = []
    for noise in dataset["noise"].values:
        done = measured(dataset, noise)
        for k, window in enumerate(WINDOWS) if done.sizes["repeat"] else ():
            at = done.isel(window=k)
            ratio = (at["breaking_point"] / at["n_dims"]).values
            rows.append((
                f"{1e12 * noise:g}", f"{1e3 * window:g}", f"{at['level'].mean():.1%}",
                f"{at['silent'].mean():.1%}", f"{at['n_dims'].mean():.0f}",
                results.mean_text(ratio, ".2f"),
                results.mean_text(capacity_at(at["error"].values), ".3f"),
            ))  # fmt: skip
        rows.append(None)
    title = "Stored per dimension in one trial, and per unit for new trials"
    columns = ("pA", "ms", "active", "silent", "rank", "stored", f"{STATED_ERROR:.0%} error")
    return results.table(title, columns, rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw stored labelings, the error on new trials, and capacity at the stated error."""
    panels = drawing.panels(1, 3, (9.6, 3.6))
    drawn = drawing.finish(panels)
    noises = [n for n in dataset["noise"].values if measured(dataset, n).sizes["repeat"]]
    if noises:
        draw_stored(panels[0], measured(dataset, noises[0]))
        draw_errors(panels[1], dataset, noises[0])
        draw_capacities(panels[2], dataset, noises)
        handles = panels[0].get_legend_handles_labels()
        drawn.legend(*handles, loc="outside upper left", ncols=5, frameon=False)
        drawing.legend(panels[2], loc="upper left")
    return drawn


def draw_stored(axes: Axes, done: xr.Dataset) -> None:
    """Draw labelings stored from single trials, beside Cover's theorem at the same rank."""
    for k in range(WINDOWS.size):
        breaks, ranks = (done[name].values[:, k, None] for name in ("breaking_point", "n_dims"))
        counts = (breaks >= np.rint(LOADS * ranks)).sum(axis=0)
        tests = [scipy.stats.binomtest(int(n), len(breaks)).proportion_ci() for n in counts]
        fraction = counts / len(breaks)
        ends = [fraction - [t.low for t in tests], [t.high for t in tests] - fraction]
        style = {"lw": 0.8, "label": f"{1e3 * WINDOWS[k]:g} ms"}
        shifted = LOADS + 0.03 * (k - 1)
        drawing.errorbars(axes, shifted, fraction, np.clip(ends, 0, None), k, **style)
    n_dims = round(ranks.mean())
    n_patterns = np.arange(n_dims, 3 * n_dims + 1)
    theory = cover.separable_fraction(n_patterns, n_dims)
    axes.plot(n_patterns / n_dims, theory, color="0.2", lw=1.2, label="Cover's theorem")
    axes.set(xlabel="load (associations per dimension)", ylabel="fraction of labelings stored")
    axes.set_ylim(-0.03, 1.03)


def draw_errors(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Draw the error on new trials against load."""
    pool = ("n_units", "coding_level")
    for k, window in enumerate(WINDOWS):
        samples = results.along(dataset, "error", "load", noise=noise, window=window, pool=pool)
        drawing.points(axes, samples, k, ls="-")
    axes.axhline(STATED_ERROR, color="0.2", lw=0.8, ls=":")
    axes.axhline(0.5, color="0.2", lw=1.2)
    axes.annotate("chance", (NOISY_LOADS[0], 0.5), va="bottom", fontsize="small")
    at, stated = (NOISY_LOADS[-1], STATED_ERROR), f"stated error {STATED_ERROR:g}"
    axes.annotate(stated, at, ha="right", va="top", fontsize="small")
    axes.set(xlabel="load (associations per unit)", ylabel="error on new trials", ylim=(0, 0.58))


def draw_capacities(axes: Axes, dataset: xr.Dataset, noises: list[float]) -> None:
    """Draw the capacity at the stated error against the window, for each noise."""
    # Colors stand for windows; noises are shades of gray.
    grays = np.linspace(0, 0.7, len(noises))
    for nth, (noise, gray) in enumerate(zip(noises, grays, strict=True)):
        errors = measured(dataset, noise)["error"].values
        samples = {1e3 * w: capacity_at(errors[:, k]) for k, w in enumerate(WINDOWS)}
        style = {"ms": 5, "color": str(gray), "label": f"noise {1e12 * noise:g} pA"}
        drawing.points(axes, samples, nth, ls="-", **style)
    drawing.log_ticks(axes, 1e3 * WINDOWS)
    axes.set(xlabel="window (ms)", ylabel=f"associations per unit at {STATED_ERROR:.0%} error")
    axes.set_ylim(bottom=0)


study = Study(
    name="spiking_capacity",
    question="How many associations do spike counts store, in one trial and from trial to trial?",
    source="Cover 1965, IEEE Trans. EC-14:326; Rapp & Nawrot 2020, PNAS 117:28412",
    parameters=(
        Parameter.count("n_units", 100, "inputs of the readout", quick=30),
        Parameter.fraction(
            "coding_level",
            0.1,
            "fraction of units that respond within the longest window",
            quick=0.2,
        ),
        Parameter(
            "noise",
            (0.0, 5e-11, 1e-10),
            "standard deviation of the current noise in each unit",
            unit="A",
            quick=(0.0,),
            check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=4,
    quick_repeats=1,
)

if __name__ == "__main__":
    main(study)
