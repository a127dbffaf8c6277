"""Ask what spikes leave of a circuit's capacity: in single trials, and from one trial to the next.

Odors invented from the statistics of a measured panel are normalized in the antennal lobe and
reach the units as Poisson spikes.  Spike counts in windows that begin with the odor are the code:
of a single trial, whose random labels a readout has to store, as in Cover's theorem (odors that no
unit answers are left out and counted apart: a code without spikes stores nothing); of several
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


def cells(noise: float) -> Dynamics:
    """Give published Kenyon cells an APL that scales to any number of them, and noise in A."""
    published = presets.rapp_nawrot_2020()
    graded = GradedInhibition(gain=4e-9, tau=0.02)
    return replace(published, inhibition=graded, noise=Noise(std=noise) if noise else None)


def measure(
    *, n_units: int, coding_level: float, noise: float, rng: np.random.Generator
) -> dict[str, object]:
    """One circuit, calibrated at the longest window; what its spike counts store and tell."""
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
    """Even numbers of odors at the loads at which the error on new trials is measured."""
    return 2 * np.rint(NOISY_LOADS * n_units / 2).clip(1).astype(int)


def balanced(n_odors: int, rng: np.random.Generator) -> np.ndarray:
    """Draw labels of which each pair of odors has both, so that knowing none is chance, 1/2."""
    pairs = np.tile([-1, 1], (-(-n_odors // 2), 1))
    return rng.permuted(pairs, axis=1).ravel()[:n_odors]


def windows(response: Response) -> Iterator[np.ndarray]:
    """Spike counts from the odor's onset to the end of each window."""
    for stop in WINDOWS:
        yield response.spikes.between(0.0, stop).counts.astype(float)


def along(values: list, meaning: str, **more: np.ndarray) -> xr.DataArray:
    """Label values that go along windows, and perhaps along something else."""
    about = {"units": "s", "meaning": "time in which spikes are counted"}
    window = xr.DataArray(WINDOWS, dims="window", attrs=about)
    return xr.DataArray(
        np.array(values), {"window": window, **more}, ["window", *more], attrs={"meaning": meaning}
    )


def stored(response: Response, labels: np.ndarray) -> dict[str, xr.DataArray]:
    """How many random labels of single-trial codes a linear readout stores, and their rank."""
    codes = list(windows(response))
    breaks = [breaking_point(code, labels) for code in codes]
    silent = [1 - code.any(axis=1).mean() for code in codes]
    return {
        "breaking_point": along(breaks, "associations stored before the first failure"),
        "n_dims": along([int(np.linalg.matrix_rank(code)) for code in codes], "rank of the codes"),
        "level": along([(code > 0).mean() for code in codes], "fraction of units that respond"),
        "silent": along(silent, "fraction of odors without response"),
    }


def breaking_point(code: np.ndarray, labels: np.ndarray) -> int:
    """Longest prefix, of the odors with a response, whose labels a linear readout stores."""
    some = code.any(axis=1)
    return separable_prefix(code[some], labels[some]) if some.any() else 0


def errors(trials: Response, labels: np.ndarray, n_units: int) -> xr.DataArray:
    """Error on new trials of a readout that learned from others, at each window and load."""
    load = xr.DataArray(NOISY_LOADS, dims="load", attrs={"meaning": "associations per unit"})
    found = []
    for counts in windows(trials):
        codes = counts.reshape(len(labels), N_LEARNED + N_TESTED, -1)
        found.append([np.mean([*each(codes, labels, n)]) for n in sizes(n_units)])
    return along(found, "error on trials that were not learned", load=load)


def each(codes: np.ndarray, labels: np.ndarray, n_odors: int) -> Iterator[float]:
    """Errors of readouts for so many odors each, none of which has two readouts."""
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
    """Associations per unit at which the error crosses the stated one, for each repeat.

    Errors are made to rise with the load.  If those of the fewest odors are larger, this is 0.
    """
    rising = np.maximum.accumulate(np.atleast_2d(errors), axis=1)
    return np.array([np.interp(STATED_ERROR, e, NOISY_LOADS, left=0.0) for e in rising])


def chosen(dataset: xr.Dataset, name: str, noise: float) -> np.ndarray:
    """Finished repeats of one noise, all circuits together; repeats first."""
    circuits = ("n_units", "coding_level")
    return results.finished(dataset, noise=noise, pool=circuits)[name].values


def present(dataset: xr.Dataset) -> list[float]:
    """Noises of which a repeat is finished."""
    return [float(n) for n in dataset["noise"].values if len(chosen(dataset, "level", n))]


def cell(samples: np.ndarray, digits: int) -> str:
    """Mean of repeats and half the width of its interval, if there is one."""
    value, reach = drawing.mean_and_reach(samples)
    return f"{value:.{digits}f}" + (f" ±{reach:.{digits}f}" if len(samples) > 1 else "")


def table(dataset: xr.Dataset) -> Table:
    """Capacity of single trials and at the stated error, for each window and noise."""
    rows = Table(title="Stored per dimension in one trial; told per unit to new trials")
    end = f"{STATED_ERROR:.0%} error"
    for column in ("pA", "ms", "active", "silent", "rank", "stored", end):
        rows.add_column(column, justify="right", no_wrap=True)
    for noise in present(dataset):
        names = ("level", "silent", "n_dims", "breaking_point", "error")
        level, silent, n_dims, stores, error = (chosen(dataset, name, noise) for name in names)
        for k, window in enumerate(WINDOWS):
            rows.add_row(
                f"{1e12 * noise:g}", f"{1e3 * window:g}", f"{level[:, k].mean():.1%}",
                f"{silent[:, k].mean():.1%}", f"{n_dims[:, k].mean():.0f}",
                cell(stores[:, k] / n_dims[:, k], 2), cell(capacity_at(error[:, k]), 3),
                end_section=window == WINDOWS[-1],
            )  # fmt: skip
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw what is stored, the error on new trials, and capacity at the stated error."""
    drawn = Figure(figsize=(9.6, 3.6), layout="constrained")
    panels = drawn.subplots(1, 3)
    if noises := present(dataset):
        draw_stored(panels[0], dataset, noises[0])
        draw_errors(panels[1], dataset, noises[0])
        draw_capacities(panels[2], dataset, noises)
        handles = panels[0].get_legend_handles_labels()
        drawn.legend(*handles, loc="outside upper left", ncols=5, frameon=False)
        drawing.legend(panels[2], loc="upper left")
    drawing.finish(panels)
    return drawn


def draw_stored(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Fraction of labelings stored from single trials, beside Cover's theorem at the same rank."""
    breaks, ranks = (chosen(dataset, name, noise) for name in ("breaking_point", "n_dims"))
    for k, window in enumerate(WINDOWS):
        counts = (breaks[:, k, None] >= np.rint(LOADS * ranks[:, k, None])).sum(axis=0)
        tests = [scipy.stats.binomtest(int(n), len(breaks)).proportion_ci() for n in counts]
        share = counts / len(breaks)
        ends = np.clip([share - [t.low for t in tests], [t.high for t in tests] - share], 0, None)
        axes.errorbar(
            LOADS + 0.03 * (k - 1), share, ends, ls="", marker=drawing.MARKERS[k], ms=4, lw=0.8,
            color=drawing.COLORS[k], label=f"{1e3 * window:g} ms",
        )  # fmt: skip
    n_dims = round(ranks[:, -1].mean())
    n_patterns = np.arange(n_dims, 3 * n_dims + 1)
    theory = cover.separable_fraction(n_patterns, n_dims)
    axes.plot(n_patterns / n_dims, theory, color="0.2", lw=1.2, label="Cover's theorem")
    axes.set(xlabel="load (associations per dimension)", ylabel="fraction of labelings stored")
    axes.set_ylim(-0.03, 1.03)


def draw_errors(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Error on new trials against load."""
    values, reach = drawing.mean_and_reach(chosen(dataset, "error", noise))
    for k in range(WINDOWS.size):
        axes.errorbar(
            NOISY_LOADS, values[k], reach[k], marker=drawing.MARKERS[k], ms=4, lw=1,
            color=drawing.COLORS[k],
        )  # fmt: skip
    axes.axhline(STATED_ERROR, color="0.2", lw=0.8, ls=":")
    axes.axhline(0.5, color="0.2", lw=1.2)
    axes.annotate("chance", (NOISY_LOADS[0], 0.5), va="bottom", fontsize="small")
    axes.annotate(
        f"stated error {STATED_ERROR:g}", (NOISY_LOADS[-1], STATED_ERROR), ha="right", va="top",
        fontsize="small",
    )  # fmt: skip
    axes.set(xlabel="load (associations per unit)", ylabel="error on new trials", ylim=(0, 0.58))


def draw_capacities(axes: Axes, dataset: xr.Dataset, noises: list[float]) -> None:
    """Capacity at the stated error against the window, for each noise."""
    # Colors stand for windows; noises are shades of gray.
    grays = np.linspace(0, 0.7, len(noises))
    for noise, gray, marker in zip(noises, grays, drawing.MARKERS, strict=False):
        errors = chosen(dataset, "error", noise)
        capacities = np.array([capacity_at(errors[:, k]) for k in range(WINDOWS.size)]).T
        values, reach = drawing.mean_and_reach(capacities)
        axes.errorbar(
            1e3 * WINDOWS, values, reach, marker=marker, ms=5, lw=1, color=str(gray),
            label=f"noise {1e12 * noise:g} pA",
        )  # fmt: skip
    words = f"associations per unit at {STATED_ERROR:.0%} error"
    axes.set(xscale="log", xlabel="window (ms)", ylabel=words)
    axes.set_xticks(1e3 * WINDOWS, [f"{1e3 * w:g}" for w in WINDOWS])
    axes.set_ylim(bottom=0)
    axes.minorticks_off()


study = Study(
    name="spiking_capacity",
    question="How many associations do spike counts store, in one trial and from trial to trial?",
    source="Cover 1965, IEEE Trans. EC-14:326; Rapp & Nawrot 2020, PNAS 117:28412",
    parameters=(
        Parameter("n_units", 100, "units that the readout sees", quick=30, check=checks.count),
        Parameter(
            "coding_level", 0.1, "fraction of units that respond within the longest window",
            quick=0.2, check=checks.fraction,
        ),
        Parameter(
            "noise", (0.0, 5e-11, 1e-10), "standard deviation of the current noise in each unit",
            unit="A", quick=(0.0,), check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=4,
    quick_repeats=1,
)  # fmt: skip

if __name__ == "__main__":
    main(study)
