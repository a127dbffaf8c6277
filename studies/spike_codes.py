"""Time until spike counts agree with rates.

The same odors, through the same wiring, go to units that spike and to units that have rates, of
which as many are active as there are units with a spike so far.  Whether these are the same units,
and whether those of higher rate spike more, is measured in windows that begin with the odor.  The
upper bound of the agreement is that of two trials of the spiking circuit, which differ in their
inputs' Poisson spikes and in noise; the lower bound is that of codes of different odors.
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
CALIBRATED = 0.5  # s in which the target fraction of units responds
N_ODORS, N_CALIBRATION = 40, 30
N_SHOWN, BIN = 40, 0.01  # units of the raster, those with most input, and its bins in s
DT = 2e-4  # s; cells are calibrated at this time step, too
MEANINGS = {
    "overlap": "units active in both circuits, relative to those active in either",
    "repeated": "units active in both of two trials with spikes, relative to those in either",
    "chance": "units active in both circuits for two odors, relative to those active in either",
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
    """Measure one circuit: two trials with spikes, and the rates of the same circuit."""
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
    """Compare codes of spikes with those of rates, of another trial, and of other odors."""
    measured: dict[str, list[float]] = {name: [] for name in MEANINGS}
    for stop in WINDOWS:
        counts, again = np.split(response.spikes.between(0.0, stop).counts, 2)
        level = float((counts > 0).mean())
        sparser = replace(circuit, sparsifier=sparsify.TopK(max(level, 1 / circuit.n_units)))
        code = rate.respond(sparser, panel)
        measured["level"].append(level)
        measured["overlap"].append(shared(counts > 0, code.active))
        measured["repeated"].append(shared(counts > 0, again > 0))
        measured["chance"].append(shared(counts > 0, np.roll(code.active, 1, axis=0)))
        measured["correlation"].append(correlation(counts, code.rates))
    window = results.labeled(WINDOWS, "time in which spikes are counted", "s", window=None)
    return results.labeled_each(MEANINGS, measured, window=window)


def shared(first: np.ndarray, second: np.ndarray) -> float:
    """Return units active in both relative to those active in either; all odors together."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean correlation over units, of odors whose responses vary in both."""
    varied = (np.ptp(first, axis=1) > 0) & (np.ptp(second, axis=1) > 0)
    pairs = zip(first[varied], second[varied], strict=True)
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])) if varied.any() else 0.0


def raster(response: Response, circuit: Circuit, panel: np.ndarray) -> dict[str, xr.DataArray]:
    """Spikes to an odor of median response, of the units to which it gives most input."""
    counts = response.counts[: len(panel)]
    odor = int(np.argsort(counts.sum(axis=1))[len(panel) // 2])
    units = np.argsort(-circuit.drive(panel[[odor]])[0], kind="stable")[:N_SHOWN]
    bins = np.arange(round(WINDOWS[-1] / BIN) + 1) * BIN
    spikes = [np.histogram(response.spike_times[odor, unit], bins)[0] for unit in units]
    time = results.labeled(bins[:-1], "beginning of a bin", "s", time=None)
    rates = rate.respond(circuit, panel[[odor]]).rates[0, units]
    ordered = "spikes to one odor, units in the order of their input"
    return {
        "spikes": results.labeled(spikes, ordered, place=None, time=time),
        "rates": results.labeled(rates, "their rates in the circuit without spikes", place=None),
    }


def samples(dataset: xr.Dataset, name: str, noise: float) -> dict[float, np.ndarray]:
    """Finished repeats of one noise at each window, all circuits together."""
    return results.along(dataset, name, "window", noise=noise, pool=("n_units", "coding_level"))


def table(dataset: xr.Dataset) -> Table:
    """Agreement of codes in each window, at each noise."""
    rows = []
    for noise in dataset["noise"].values:
        measured = {name: samples(dataset, name, noise) for name in MEANINGS}
        for window, levels in measured["level"].items():
            cells = [
                results.mean_text(measured[name][window], ".3f")
                for name in ("overlap", "repeated", "chance", "correlation")
            ]
            about = (f"{1e12 * noise:g}", f"{1e3 * window:g}", f"{levels.mean():.1%}")
            rows.append((*about, *cells))
        rows.append(None)
    title = "Shared active units: spikes with rates, with another trial, by chance"
    columns = ("pA", "ms", "active", "with rates", "with a trial", "chance", "correlation")
    return results.table(title, columns, rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw spikes to one odor, agreement against the window, and the effect of noise."""
    panels = drawing.panels(1, 3, (9.6, 3.4), width_ratios=(1.15, 1, 1))
    noises = [n for n in dataset["noise"].values if samples(dataset, "level", n)]
    if noises:
        draw_raster(panels[0], dataset, noises[0])
        draw_agreement(panels[1], dataset, noises[0])
        draw_noises(panels[2], dataset, noises)
    for axes in panels[1:]:
        drawing.log_ticks(axes, 1e3 * WINDOWS)
        axes.set(xlabel="window (ms)", ylim=(0, 1.1))
        drawing.legend(axes, loc="upper left")
    return drawing.finish(panels)


def draw_raster(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Draw spikes to one odor, in two colors for units active and not active in the rate code."""
    done = results.finished(dataset, noise=noise, pool=("n_units", "coding_level")).isel(repeat=0)
    spikes, active = done["spikes"].values > 0, done["rates"].values > 0
    times = 1e3 * (dataset["time"].values + BIN / 2)
    for kind, color, label in ((active, drawing.COLORS[0], ""), (~active, "0.45", "not ")):
        units, bins = np.nonzero(spikes & kind[:, None])
        label += "active in the rate code"
        axes.scatter(times[bins], units + 1, 16, color, marker="|", lw=1, label=label)
    axes.axhline(active.sum() + 0.5, color="0.2", lw=0.8, ls=":")
    axes.set(xlabel="time (ms)", ylabel="unit, by its input", xlim=(0, 1e3 * WINDOWS[-1]))
    axes.set_ylim(len(active) + 0.5, 0.5)
    axes.legend(fontsize="small", loc="lower right", framealpha=0.9)


def draw_agreement(axes: Axes, dataset: xr.Dataset, noise: float) -> None:
    """Draw agreement with rates between its bounds, against the window."""
    for k, (name, label) in enumerate((
        ("correlation", "correlation with rates"),
        ("overlap", "overlap with rates"),
        ("repeated", "overlap, another trial"),
        ("chance", "overlap, another odor"),
    )):  # fmt: skip
        draw_points(axes, samples(dataset, name, noise), k, label=label)
    axes.set(ylabel="agreement of codes")


def draw_noises(axes: Axes, dataset: xr.Dataset, noises: list[float]) -> None:
    """Draw overlap with rates against the window, for each noise in a shade of gray."""
    for k, noise in enumerate(noises):
        style = {"color": str(0.7 * k / max(len(noises) - 1, 1))}
        label = f"noise {1e12 * noise:g} pA"
        draw_points(axes, samples(dataset, "overlap", noise), k, label=label, **style)
    axes.set(ylabel="overlap with rates")


def draw_points(axes: Axes, samples: dict[float, np.ndarray], k: int, **style: str) -> None:
    """Draw means of repeats with their intervals, joined; windows in ms."""
    in_ms = {1e3 * window: repeats for window, repeats in samples.items()}
    drawing.points(axes, in_ms, k, ls="-", ms=5, **style)


study = Study(
    name="spike_codes",
    question="How long does it take until spike counts agree with rates?",
    source="Rapp & Nawrot 2020, PNAS 117:28412",
    parameters=(
        Parameter.count("n_units", 200, "units that spike", quick=50),
        Parameter.fraction(
            "coding_level", 0.1, "fraction of units that respond within half a second"
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
