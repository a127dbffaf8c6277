"""Ask how long one must listen until spikes tell what rates say.

The same odors, through the same wiring, go to units that spike and to units that have rates, of
which as many are active as there are units with a spike so far.  Whether these are the same units,
and whether those of higher rate spike more, is measured in windows that begin with the odor.  Two
trials of the spiking circuit, which differ in their inputs' Poisson spikes and in noise, agree only
so far with each other, and codes of different odors agree a little, too: between them lies what
there is to gain.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.expansion import Circuit, Response, presets, rate, sparsify, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Noise
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors

WINDOWS = np.array([0.05, 0.1, 0.2, 0.5, 1.0])
CALIBRATED = 0.5  # s in which the wanted fraction of units responds
N_ODORS, N_CALIBRATION = 40, 30
N_SHOWN, BIN = 40, 0.01  # units of the raster, those with most input, and its bins in s
DT = 2e-4  # s; cells are calibrated at this time step, too
MEANINGS = {
    "overlap": "units active in both circuits, of those active in either",
    "repeated": "units active in both of two trials with spikes, of those active in either",
    "chance": "units active in both circuits, of those active in either, for two odors",
    "correlation": "correlation over units of spike counts and rates",
    "level": "fraction of units with a spike",
}


def cells(noise: float) -> Dynamics:
    """Give published Kenyon cells an APL that scales to any number of them, and noise in A."""
    published = presets.rapp_nawrot_2020()
    graded = GradedInhibition(gain=4e-9, tau=0.02)
    return replace(published, inhibition=graded, noise=Noise(std=noise) if noise else None)


def measure(
    *, n_units: int, coding_level: float, noise: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """One circuit, two trials with spikes, and the rates of the same circuit."""
    wiring, odors, first, calibration, trials = rng.spawn(5)
    circuit = olfnet.random_expansion(
        n_inputs=fly_odors().shape[1], n_units=n_units, fan_in=6,
        sparsifier=sparsify.TopK(coding_level), rng=wiring,
    )  # fmt: skip
    samples = DivisiveNormalization()(fly_odors(N_CALIBRATION, rng=first))
    dynamics = spiking.calibrate(
        circuit, samples, coding_level=coding_level, duration=CALIBRATED,
        rng=calibration, dynamics=cells(noise), tolerance=0.2, dt=DT,
    )  # fmt: skip
    panel = DivisiveNormalization()(fly_odors(N_ODORS, rng=odors))
    response = spiking.respond(
        circuit, np.tile(panel, (2, 1)), duration=WINDOWS[-1], rng=trials, dynamics=dynamics, dt=DT
    )
    return {**agreement(response, circuit, panel), **raster(response, circuit, panel)}


def agreement(response: Response, circuit: Circuit, panel: np.ndarray) -> dict[str, xr.DataArray]:
    """Codes of spikes beside those of rates, of another trial, and of other odors."""
    found: dict[str, list[float]] = {name: [] for name in MEANINGS}
    for stop in WINDOWS:
        one, two = np.split(response.spikes.between(0.0, stop).counts, 2)
        level = float((one > 0).mean())
        least = replace(circuit, sparsifier=sparsify.TopK(max(level, 1 / circuit.n_units)))
        code = rate.respond(least, panel)
        found["level"].append(level)
        found["overlap"].append(shared(one > 0, code.active))
        found["repeated"].append(shared(one > 0, two > 0))
        found["chance"].append(shared(one > 0, np.roll(code.active, 1, axis=0)))
        found["correlation"].append(correlation(one, code.rates))
    about = {"units": "s", "meaning": "time in which spikes are counted"}
    window = xr.DataArray(WINDOWS, dims="window", attrs=about)
    return {
        name: xr.DataArray(
            values, {"window": window}, ["window"], attrs={"meaning": MEANINGS[name]}
        )
        for name, values in found.items()
    }


def shared(one: np.ndarray, other: np.ndarray) -> float:
    """Units active in both, of those active in either; all odors together."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Mean correlation over units, of odors to which both respond in different ways."""
    varied = (np.ptp(one, axis=1) > 0) & (np.ptp(other, axis=1) > 0)
    pairs = zip(one[varied], other[varied], strict=True)
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])) if varied.any() else 0.0


def raster(response: Response, circuit: Circuit, panel: np.ndarray) -> dict[str, xr.DataArray]:
    """Spikes to an odor of middling response, of the units to which it gives most input."""
    counts = response.counts[: len(panel)]
    odor = int(np.argsort(counts.sum(axis=1))[len(panel) // 2])
    places = np.argsort(-circuit.drive(panel[[odor]])[0], kind="stable")[:N_SHOWN]
    bins = np.arange(round(WINDOWS[-1] / BIN) + 1) * BIN
    spikes = [np.histogram(response.spike_times[odor, unit], bins)[0] for unit in places]
    about = {"units": "s", "meaning": "beginning of a bin"}
    time = xr.DataArray(bins[:-1], dims="time", attrs=about)
    meaning = "spikes to one odor, units in the order of their input"
    rates = rate.respond(circuit, panel[[odor]]).rates[0, places]
    return {
        "spikes": xr.DataArray(
            spikes, {"time": time}, ["place", "time"], attrs={"meaning": meaning}
        ),
        "rates": xr.DataArray(
            rates, dims="place", attrs={"meaning": "their rates in the circuit without spikes"}
        ),
    }


def chosen(dataset: xr.Dataset, name: str, noise: float) -> np.ndarray:
    """Finished repeats of one noise, all circuits together; repeats first."""
    circuits = ("n_units", "coding_level")
    return results.finished(dataset, noise=noise, pool=circuits)[name].values


def present(dataset: xr.Dataset) -> list[float]:
    """Noises of which a repeat is finished."""
    return [float(n) for n in dataset["noise"].values if len(chosen(dataset, "level", n))]


def table(dataset: xr.Dataset) -> Table:
    """Agreement of codes in each window, at each noise."""
    rows = Table(title="Shared active units: spikes with rates, with another trial, by chance")
    for column in ("pA", "ms", "active", "with rates", "with a trial", "chance", "correlation"):
        rows.add_column(column, justify="right", no_wrap=True)
    for noise in present(dataset):
        found = {name: drawing.mean_and_reach(chosen(dataset, name, noise)) for name in MEANINGS}
        for k, window in enumerate(WINDOWS):
            cells = [
                f"{found[name][0][k]:.3f} ±{found[name][1][k]:.3f}"
                for name in ("overlap", "repeated", "chance", "correlation")
            ]
            level = f"{found['level'][0][k]:.1%}"
            end = window == WINDOWS[-1]
            rows.add_row(f"{1e12 * noise:g}", f"{1e3 * window:g}", level, *cells, end_section=end)
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw spikes to one odor, agreement against the window, and what noise does to it."""
    drawn = Figure(figsize=(9.6, 3.4), layout="constrained")
    panels = drawn.subplots(1, 3, width_ratios=(1.15, 1, 1))
    if noises := present(dataset):
        draw_raster(panels[0], dataset, noises[0])
        draw_agreement(panels[1], dataset, noises[0])
        draw_noises(panels[2], dataset, noises)
    for axes in panels[1:]:
        axes.set(xscale="log", xlabel="window (ms)", ylim=(0, 1.1))
        axes.set_xticks(1e3 * WINDOWS, [f"{1e3 * w:g}" for w in WINDOWS])
        axes.minorticks_off()
        drawing.legend(axes, loc="upper left")
    drawing.finish(panels)
    return drawn


def draw_raster(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Spikes to one odor; units that are active with rates are set apart by a line and a color."""
    spikes, rates = (chosen(dataset, name, noise)[0] for name in ("spikes", "rates"))
    times = 1e3 * (dataset["time"].values + BIN / 2)
    for active, color, label in ((True, "#0072B2", "active"), (False, "0.45", "not active")):
        places, bins = np.nonzero((spikes > 0) & ((rates > 0) == active)[:, None])
        label = f"{label} in the rate code"
        axes.scatter(times[bins], places + 1, 16, color, marker="|", lw=1, label=label)
    axes.axhline((rates > 0).sum() + 0.5, color="0.2", lw=0.8, ls=":")
    axes.set(xlabel="time (ms)", ylabel="unit, by its input", xlim=(0, 1e3 * WINDOWS[-1]))
    axes.set_ylim(len(rates) + 0.5, 0.5)
    axes.legend(fontsize="small", loc="lower right", framealpha=0.9)


def draw_agreement(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Agreement with rates between its bounds, against the window."""
    labels = {
        "correlation": "correlation with rates",
        "overlap": "overlap with rates",
        "repeated": "overlap, another trial",
        "chance": "overlap, another odor",
    }
    for k, (name, label) in enumerate(labels.items()):
        draw_points(axes, chosen(dataset, name, noise), k, label, drawing.COLORS[k])
    axes.set(ylabel="agreement of codes")


def draw_noises(axes: Axes, dataset: xr.Dataset, noises: list[float]) -> None:
    """Overlap with rates against the window, for each noise in a shade of gray."""
    for k, noise in enumerate(noises):
        gray = str(0.7 * k / max(len(noises) - 1, 1))
        label = f"noise {1e12 * noise:g} pA"
        draw_points(axes, chosen(dataset, "overlap", noise), k, label, gray)
    axes.set(ylabel="overlap with rates")


def draw_points(axes: Axes, samples: np.ndarray, k: int, label: str, color: str) -> None:
    """Draw means of repeats with their intervals."""
    mean, reach = drawing.mean_and_reach(samples)
    marker = drawing.MARKERS[k % len(drawing.MARKERS)]
    axes.errorbar(1e3 * WINDOWS, mean, reach, marker=marker, ms=5, lw=1, color=color, label=label)


study = Study(
    name="spike_codes",
    question="How long must one listen until spikes tell what rates say?",
    source="Rapp & Nawrot 2020, PNAS 117:28412",
    parameters=(
        Parameter("n_units", 200, "units that spike", quick=50, check=checks.count),
        Parameter(
            "coding_level", 0.1, "fraction of units that respond within half a second",
            check=checks.fraction,
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
