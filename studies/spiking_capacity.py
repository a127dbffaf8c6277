"""Ask what spikes leave of a circuit's capacity: in single trials, and from one trial to the next.

Odors invented from the statistics of a measured panel are normalized in the antennal lobe and
reach the units as Poisson spikes.  Spike counts in windows that begin with the odor are the code:
of a single trial, whose random labels a readout has to store, as in Cover's theorem (odors that no
unit answers are left out and counted apart: a code without spikes stores nothing); of several
trials, on some of which a readout learns the labels that it has to give to the others.  The same
odors go through the rate-based circuit, to see how soon the counts come to resemble its code.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from sklearn.linear_model import RidgeClassifier

import olfnet
from olfnet import checks
from olfnet.expansion import Circuit, Dynamics, Response, presets, rate, sparsify, spiking
from olfnet.expansion.dynamics import GradedInhibition, Noise
from olfnet.lab import Parameter, Study
from olfnet.readout import separable_prefix
from olfnet.receptors import DivisiveNormalization, absolute_rates, surrogate
from olfnet.theory import cover

WINDOWS = np.array([0.05, 0.1, 0.2, 0.5])
LOADS = np.linspace(0.25, 3.0, 23)
NOISY_LOADS = np.array([0.02, 0.06, 0.1, 0.2, 0.3, 0.44, 0.64])
N_LEARNED, N_TESTED = 4, 4
STATED_ERROR = 0.1
N_CALIBRATION = 30
# Okabe-Ito colors, which readers with any color vision tell apart, from short to long windows.
COLORS = ("#E69F00", "#009E73", "#0072B2", "#CC79A7")
MARKERS = ("v", "^", "s", "o")


@cache
def measured_odors() -> xr.DataArray:
    """Measured receptor rates of 110 odors, in spikes/s."""
    return absolute_rates(olfnet.load_panel("hallem_carlson_2006"))


def lobe(n_odors: int, rng: np.random.Generator) -> np.ndarray:
    """Projection-neuron rates of invented odors, in spikes/s."""
    return np.asarray(DivisiveNormalization()(surrogate(measured_odors(), n_odors, rng=rng)))


def cells(noise: float) -> Dynamics:
    """Give published Kenyon cells an APL that scales to any number of them, and noise in A."""
    published = presets.rapp_nawrot_2020()
    graded = GradedInhibition(gain=4e-9, tau=0.02)
    return replace(published, inhibition=graded, noise=Noise(std=noise) if noise else None)


def measure(
    *, n_units: int, coding_level: float, noise: float, rng: np.random.Generator
) -> dict[str, object]:
    """One circuit, calibrated at the longest window; its codes, capacity and resemblance."""
    wiring, odors, first, single, several, labels, calibration = rng.spawn(7)
    circuit = olfnet.random_expansion(
        n_inputs=measured_odors().sizes["receptor"],
        n_units=n_units,
        fan_in=6,
        sparsifier=sparsify.TopK(coding_level),
        rng=wiring,
    )
    dynamics = spiking.calibrate(
        circuit,
        lobe(N_CALIBRATION, first),
        coding_level=coding_level,
        duration=WINDOWS[-1],
        rng=calibration,
        dynamics=cells(noise),
        tolerance=0.1,
    )

    def spikes(rates: np.ndarray, stream: np.random.Generator) -> Response:
        return spiking.respond(circuit, rates, duration=WINDOWS[-1], rng=stream, dynamics=dynamics)

    panel = lobe(round(LOADS[-1] * n_units), odors)
    response = spikes(panel, single)
    storing = labels.choice([-1, 1], len(panel))
    few = panel[: sizes(n_units)[-1]]
    trials = spikes(np.repeat(few, N_LEARNED + N_TESTED, axis=0), several)
    return {
        **stored(response, storing),
        **resemblance(response, circuit, panel),
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
    window = xr.DataArray(
        WINDOWS, dims="window", attrs={"units": "s", "meaning": "time in which spikes are counted"}
    )
    return xr.DataArray(
        np.array(values), {"window": window, **more}, ["window", *more], attrs={"meaning": meaning}
    )


def stored(response: Response, labels: np.ndarray) -> dict[str, xr.DataArray]:
    """How many random labels of single-trial codes a linear readout stores, and their rank."""
    codes = list(windows(response))
    answered = [code.any(axis=1) for code in codes]
    return {
        "breaking_point": along(
            [
                breaking_point(code[some], labels[some])
                for code, some in zip(codes, answered, strict=True)
            ],
            "associations of odors with a response stored before the first failure",
        ),
        "n_dims": along([int(np.linalg.matrix_rank(code)) for code in codes], "rank of the codes"),
        "level": along([(code > 0).mean() for code in codes], "fraction of units that respond"),
        "silent": along(
            [1 - some.mean() for some in answered], "fraction of odors without response"
        ),
    }


def breaking_point(codes: np.ndarray, labels: np.ndarray) -> int:
    """Longest prefix whose labels a linear readout stores."""
    return separable_prefix(codes, labels) if len(codes) else 0


def resemblance(response: Response, circuit: Circuit, panel: np.ndarray) -> dict[str, xr.DataArray]:
    """Active sets and counts beside those of the rate-based circuit, and of its other odors."""
    found: dict[str, list[float]] = {"overlap": [], "chance": [], "correlation": []}
    for counts in windows(response):
        level = max((counts > 0).mean(), 1 / circuit.n_units)
        same = replace(circuit, sparsifier=sparsify.TopK(float(level)))
        code = rate.respond(same, panel)
        found["overlap"].append(shared(counts > 0, code.active))
        found["chance"].append(shared(counts > 0, np.roll(code.active, 1, axis=0)))
        found["correlation"].append(correlation(counts, code.rates))
    meanings = {
        "overlap": "units active in both circuits, of those active in either",
        "chance": "the same with the rate-based code of another odor",
        "correlation": "correlation of spike counts and rates over units",
    }
    return {name: along(values, meanings[name]) for name, values in found.items()}


def shared(one: np.ndarray, other: np.ndarray) -> float:
    """Units active in both, of those active in either; all odors together."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Mean correlation over units, of odors to which both respond in different ways."""
    varied = (np.ptp(one, axis=1) > 0) & (np.ptp(other, axis=1) > 0)
    pairs = zip(one[varied], other[varied], strict=True)
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])) if varied.any() else 0.0


def errors(trials: Response, labels: np.ndarray, n_units: int) -> xr.DataArray:
    """Error on new trials of a readout that learned from others, at each window and load."""
    load = xr.DataArray(NOISY_LOADS, dims="load", attrs={"meaning": "associations per unit"})
    found = []
    for counts in windows(trials):
        codes = counts.reshape(len(labels), N_LEARNED + N_TESTED, -1)
        found.append([error(codes[:n], labels[:n]) for n in sizes(n_units)])
    return along(found, "error on trials that were not learned", load=load)


def error(codes: np.ndarray, labels: np.ndarray) -> float:
    """Learn some trials of each odor by ridge regression, and test on the others."""
    learned, tested = np.split(codes, [N_LEARNED], axis=1)
    flat = lambda part: part.reshape(-1, part.shape[-1])  # noqa: E731
    targets = np.repeat(labels, N_LEARNED)
    readout = RidgeClassifier(alpha=1.0).fit(flat(learned), targets)
    return 1 - float(readout.score(flat(tested), np.repeat(labels, N_TESTED)))


def capacity_at(errors: np.ndarray) -> np.ndarray:
    """Associations per unit at which the error crosses the stated one, for each repeat.

    Errors are made to rise with the load, from none where there is nothing to confuse.  Below the
    smallest load that was measured this line is all there is.
    """
    loads = np.append(0.0, NOISY_LOADS)
    rising = np.maximum.accumulate(np.atleast_2d(errors), axis=1)
    return np.array([np.interp(STATED_ERROR, np.append(0.0, e), loads) for e in rising])


def chosen(dataset: xr.Dataset, name: str, noise: float) -> np.ndarray:
    """Finished repeats of one noise, all circuits together; repeats first."""
    part = dataset.sel(noise=noise).stack(trial=("n_units", "coding_level", "repeat"))
    done = part["status"].values == 1
    return part[name].transpose("trial", ...).values[done]


def mean(samples: np.ndarray) -> tuple[float, float]:
    """Mean of repeats and half the width of its 95 % interval (Student)."""
    if len(samples) < 2:
        return float(samples.mean()), np.inf
    reach = scipy.stats.t.ppf(0.975, len(samples) - 1) * scipy.stats.sem(samples)
    return float(samples.mean()), float(reach)


def table(dataset: xr.Dataset) -> Table:
    """Capacity of single trials and at the stated error, for each window and noise."""
    rows = Table(
        title="Stored per dimension; per unit at the error; shared with the rate code (chance)"
    )
    headings = ("pA", "ms", "active", "silent", "rank", "stored", f"{STATED_ERROR:.0%} error")
    for column in (*headings, "shared"):
        rows.add_column(column, justify="right", no_wrap=True)
    for noise in dataset["noise"].values:
        names = ("level", "silent", "n_dims", "breaking_point", "error", "overlap", "chance")
        found = {name: chosen(dataset, name, noise) for name in names}
        if not len(found["level"]):
            continue
        for k, window in enumerate(WINDOWS):
            load = mean(found["breaking_point"][:, k] / found["n_dims"][:, k])
            noisy = mean(capacity_at(found["error"][:, k]))
            level, silent, overlap, chance = (
                found[name][:, k].mean() for name in ("level", "silent", "overlap", "chance")
            )
            rows.add_row(
                f"{1e12 * noise:g}",
                f"{1e3 * window:g}",
                f"{level:.1%}",
                f"{silent:.1%}",
                f"{found['n_dims'][:, k].mean():.0f}",
                f"{load[0]:.2f} ±{load[1]:.2f}",
                f"{noisy[0]:.3f} ±{noisy[1]:.3f}",
                f"{overlap:.2f} ({chance:.2f})",
                end_section=window == WINDOWS[-1],
            )
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw what is stored, the error on new trials, capacity, and resemblance to rates."""
    drawing = Figure(figsize=(7.2, 6.5), layout="constrained")
    panels = drawing.subplots(2, 2).ravel()
    present = [n for n in dataset["noise"].values if len(chosen(dataset, "level", n))]
    if present:
        draw_stored(panels[0], dataset, present[0])
        draw_errors(panels[1], dataset, present[0])
        draw_capacities(panels[2], dataset, present)
        draw_resemblance(panels[3], dataset, present[0])
        handles = panels[0].get_legend_handles_labels()
        drawing.legend(*handles, loc="outside upper center", ncols=5, frameon=False)
    for letter, axes in zip("abcd", panels, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(letter, loc="left", fontsize="medium", fontweight="bold")
    return drawing


def draw_stored(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Fraction of labelings stored from single trials, beside Cover's theorem at the same rank."""
    breaks, ranks = (chosen(dataset, name, noise) for name in ("breaking_point", "n_dims"))
    for k, (window, color, marker) in enumerate(zip(WINDOWS, COLORS, MARKERS, strict=True)):
        counts = (breaks[:, k, None] >= np.rint(LOADS * ranks[:, k, None])).sum(axis=0)
        tests = [scipy.stats.binomtest(int(n), len(breaks)).proportion_ci() for n in counts]
        share = counts / len(breaks)
        ends = np.clip([share - [t.low for t in tests], [t.high for t in tests] - share], 0, None)
        label = f"{1e3 * window:g} ms"
        axes.errorbar(
            LOADS, share, ends, ls="", marker=marker, ms=4, lw=0.8, color=color, label=label
        )
    n_dims = round(ranks[:, -1].mean())
    n_patterns = np.arange(n_dims, 3 * n_dims + 1)
    theory = cover.separable_fraction(n_patterns, n_dims)
    axes.plot(n_patterns / n_dims, theory, color="0.2", lw=1.2, label="Cover's theorem")
    axes.set(
        xlabel="load (associations per dimension)",
        ylabel="fraction of labelings stored",
        ylim=(-0.03, 1.03),
    )


def draw_errors(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Error on new trials against load."""
    errors = chosen(dataset, "error", noise)
    for k, (color, marker) in enumerate(zip(COLORS, MARKERS, strict=True)):
        values, reach = np.transpose([mean(errors[:, k, i]) for i in range(NOISY_LOADS.size)])
        reach = np.where(np.isfinite(reach), reach, 0.0)
        axes.errorbar(NOISY_LOADS, values, reach, marker=marker, ms=4, lw=1, color=color)
    axes.axhline(STATED_ERROR, color="0.2", lw=0.8, ls=":")
    axes.axhline(0.5, color="0.2", lw=1.2)
    axes.annotate("chance", (NOISY_LOADS[0], 0.5), va="bottom", fontsize="small")
    axes.annotate(
        f"stated error {STATED_ERROR:g}", (NOISY_LOADS[-1], STATED_ERROR), ha="right", va="bottom",
        fontsize="small",
    )  # fmt: skip
    axes.set(xlabel="load (associations per unit)", ylabel="error on new trials", ylim=(0, 0.56))


def draw_capacities(axes: Axes, dataset: xr.Dataset, present: list[float]) -> None:
    """Capacity at the stated error against the window, for each noise."""
    for noise, color, marker in zip(present, COLORS[::-1], MARKERS[::-1], strict=False):
        errors = chosen(dataset, "error", noise)
        points = [mean(capacity_at(errors[:, k])) for k in range(WINDOWS.size)]
        values, reach = np.transpose(points)
        reach = np.where(np.isfinite(reach), reach, 0.0)
        label = f"current noise {1e12 * noise:g} pA"
        axes.errorbar(
            1e3 * WINDOWS, values, reach, marker=marker, ms=5, lw=1, color=color, label=label
        )
    axes.set(
        xscale="log",
        xlabel="window (ms)",
        ylabel=f"associations per unit at {STATED_ERROR:.0%} error",
    )
    axes.set_xticks(1e3 * WINDOWS, [f"{1e3 * w:g}" for w in WINDOWS])
    axes.set_ylim(bottom=0)
    axes.axhline(NOISY_LOADS[0], color="0.2", lw=0.8, ls=":")  # below it values are interpolated
    axes.annotate(
        "fewest odors measured", (1e3 * WINDOWS[-1], NOISY_LOADS[0]), ha="right", va="top",
        fontsize="small",
    )  # fmt: skip
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize="small")


def draw_resemblance(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Spike counts beside the rate-based circuit's code, against the window."""
    lines = {
        "correlation": ("correlation of counts and rates", "#0072B2", "s", "-"),
        "overlap": ("overlap of active sets", "#D55E00", "o", "-"),
        "chance": ("overlap with another odor's set", "0.5", "^", "--"),
    }
    for name, (label, color, marker, style) in lines.items():
        found = chosen(dataset, name, noise)
        values, reach = np.transpose([mean(found[:, k]) for k in range(WINDOWS.size)])
        reach = np.where(np.isfinite(reach), reach, 0.0)
        axes.errorbar(
            1e3 * WINDOWS, values, reach, marker=marker, ms=5, lw=1, ls=style, color=color,
            label=label,
        )  # fmt: skip
    axes.set(xscale="log", xlabel="window (ms)", ylabel="resemblance to the rate-based code")
    axes.set_xticks(1e3 * WINDOWS, [f"{1e3 * w:g}" for w in WINDOWS])
    axes.set_ylim(0, 1)
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize="small")


study = Study(
    name="spiking_capacity",
    question="How many associations do spike counts store, in one trial and from trial to trial?",
    source="Cover 1965, IEEE Trans. EC-14:326; Rapp & Nawrot 2020, PNAS 117:28412",
    parameters=(
        Parameter("n_units", 100, "units that the readout sees", quick=30, check=checks.count),
        Parameter(
            "coding_level",
            0.1,
            "fraction of units that respond within the longest window",
            quick=0.2,
            check=checks.fraction,
        ),
        Parameter(
            "noise",
            (0.0, 1e-10, 2e-10),
            "standard deviation of the current noise in each unit",
            unit="A",
            quick=(0.0,),
            check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=2,
)

if __name__ == "__main__":
    study.main()
