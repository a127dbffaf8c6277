"""Associations that local learning rules recall, of those that a readout could store.

Surrogate odors with the statistics of a measured panel are normalized in the antennal lobe and
expanded to sparse codes; every rule learns random labels of the same codes.  Then it is tested on
the codes that it learned, and, having learned some noisy trials of each odor, on others.
"""

import warnings
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from scipy.special import ndtr
from sklearn.exceptions import ConvergenceWarning

import olfnet
from olfnet import checks
from olfnet.capacity import RecallCurve, overlap
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import (
    DepressionReadout,
    HebbianReadout,
    MaxMarginReadout,
    PerceptronReadout,
)
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.receptors.noise import SaturatingNoise, noisy_trials

RULES = {
    "one-shot Hebbian": HebbianReadout(centered=False),
    "covariance": HebbianReadout(),
    "depression by 1/2": DepressionReadout(depression=0.5),
    "depression by 1/50": DepressionReadout(depression=0.02),
    "perceptron": PerceptronReadout(max_epochs=1000),
    "maximum margin": MaxMarginReadout(),
}
LOADS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.4, 1.8, 2.2])
NOISY_LOADS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
N_LEARNED, N_TESTED = 2, 2
ERROR = 0.05


def draw(
    n_odors: int,
    rng: np.random.Generator,
    *,
    n_units: int,
    coding_level: float,
    noise: float,
    n_trials: int = 1,
) -> np.ndarray:
    """Codes of noisy trials of odors, shape (n_odors, n_trials, n_units); one wiring for all."""
    odor_rng, noise_rng, wiring_rng = rng.spawn(3)
    lobe = DivisiveNormalization()(fly_odors(n_odors, rng=odor_rng))
    trials = noisy_trials(
        lobe, n_trials, noise=SaturatingNoise(max_sd=noise), nonnegative=True, rng=noise_rng
    )
    circuit = olfnet.random_expansion(
        n_inputs=lobe.shape[1], n_units=n_units, fan_in=6, coding_level=coding_level, rng=wiring_rng
    )
    rows = trials.reshape(n_odors * n_trials, -1)
    return rate.respond(circuit, rows).rates.reshape(n_odors, n_trials, n_units)


def clean(n_odors: int, rng: np.random.Generator, **circuit: float) -> np.ndarray:
    """Codes of odors without noise, shape (n_odors, n_units)."""
    return draw(n_odors, rng, **circuit, noise=0.0)[:, 0]


def measure(
    *, n_units: int, coding_level: float, noise: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Let every rule learn the same codes and labels."""
    seed = int(rng.integers(2**63))
    circuit = {"n_units": n_units, "coding_level": coding_level}
    noisy = partial(draw, **circuit, noise=noise, n_trials=N_LEARNED + N_TESTED)

    def recalled(draw: object, loads: np.ndarray, **options: int) -> tuple[list[np.ndarray], int]:
        n_patterns = np.rint(loads * n_units).astype(int)
        curves = [
            olfnet.measure_recall(
                draw, n_patterns=n_patterns, n_trials=1, rule=rule, error=ERROR, rng=seed, **options
            )
            for rule in RULES.values()
        ]
        return [curve.recalled[0] for curve in curves], curves[0].n_dims

    with warnings.catch_warnings():  # labels beyond capacity have no maximal margin
        warnings.simplefilter("ignore", ConvergenceWarning)
        learned, rank = recalled(partial(clean, **circuit), LOADS)
        on_trials, _ = recalled(noisy, NOISY_LOADS, n_learned=N_LEARNED)
    codes = clean(500, np.random.default_rng(seed), **circuit)
    load, noisy_load = (
        results.labeled(values, "associations per unit", **{name: None})
        for name, values in (("load", LOADS), ("noisy_load", NOISY_LOADS))
    )
    return {
        "recalled": results.labeled(
            learned, "fraction of learned codes recalled", rule=RULES, load=load
        ),
        "on_trials": results.labeled(
            on_trials, "fraction of new trials right", rule=RULES, noisy_load=noisy_load
        ),
        "rank": results.labeled(rank, "rank of the codes"),
        "overlap": results.labeled(overlap(codes), "mean square overlap of codes"),
    }


def curve(dataset: xr.Dataset, name: str, rule: str) -> RecallCurve:
    """All finished repeats of one rule, as one curve with its interval and capacity."""
    load = "load" if name == "recalled" else "noisy_load"
    values = results.finished(dataset, rule=rule)[name].transpose("repeat", load).values
    n_units = int(dataset["n_units"].values[0])
    n_patterns = np.rint(dataset[load].values * n_units).astype(int)
    n_tests, n_learned = (1, None) if name == "recalled" else (N_TESTED, N_LEARNED)
    return RecallCurve(n_patterns, values, n_tests, n_units, rule, ERROR, n_learned)


def table(dataset: xr.Dataset) -> Table:
    """Capacity of every rule at the stated error."""
    rows = []
    for rule in RULES if results.finished(dataset).sizes["repeat"] else ():
        cells = []
        for name in ("recalled", "on_trials"):
            recall = curve(dataset, name, rule)
            low, high = (text(end, recall) for end in recall.capacity_interval())
            cells += [text(capacity(recall), recall), f"{low} .. {high}"]
        rows.append((rule, *cells))
    title = f"Associations per unit at {ERROR:.0%} error: learned codes, new trials"
    return results.table(title, ("rule", "codes", "95 %", "trials", "95 %"), rows, left=["rule"])


def capacity(recall: RecallCurve) -> float:
    """Measured capacity; 0 or infinite outside the loads."""
    try:
        return recall.capacity
    except ValueError:
        return 0.0 if recall.fraction[0] < 1 - ERROR else np.inf


def text(value: float, recall: RecallCurve) -> str:
    """Write a capacity, or that it lies outside the loads."""
    if value == 0:
        return f"< {recall.load[0]:g}"
    return f"> {recall.load[-1]:g}" if value == np.inf else f"{value:.3f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw recall of learned codes and of new trials against load, and capacities."""
    panels = drawing.panels(1, 3, (7.2, 3.4), width_ratios=(1, 1, 0.9))
    drawn = drawing.finish(panels)
    if results.finished(dataset).sizes["repeat"]:
        draw_recall(panels[0], dataset, "recalled", "learned codes")
        draw_recall(panels[1], dataset, "on_trials", "new trials")
        draw_theory(panels[0], dataset)
        draw_capacities(panels[2], dataset)
        handles = panels[0].get_legend_handles_labels()
        drawn.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return drawn


def draw_recall(axes: Axes, dataset: xr.Dataset, name: str, what: str) -> None:
    """Draw points with intervals, joined."""
    for nth, rule in enumerate(RULES):
        recall = curve(dataset, name, rule)
        low, high = recall.interval()
        errors = np.clip([recall.fraction - low, high - recall.fraction], 0, None)
        drawing.errorbars(axes, recall.load, recall.fraction, errors, nth, ls="-", label=rule)
    axes.axhline(1 - ERROR, color="0.6", lw=0.8, ls=":")
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.set(xscale="log", xlabel="load (associations per unit)", ylim=(0.45, 1.02))
    axes.set_ylabel(f"fraction of {what} right")


def draw_theory(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw signal over crosstalk of the covariance rule, and two associations per dimension."""
    done, n_units = results.finished(dataset), int(dataset["n_units"].values[0])
    loads = np.geomspace(LOADS[0], LOADS[-1], 100)
    crosstalk = loads * n_units * float(done["overlap"].mean())
    axes.plot(loads, ndtr(1 / np.sqrt(crosstalk)), color="0.2", lw=1.2, label="signal / crosstalk")
    limit = 2 * float(done["rank"].mean()) / n_units
    axes.axvline(limit, color="0.2", lw=1.2, ls="--", label="two per dimension")


def draw_capacities(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the capacity of each rule: learned codes filled, new trials open."""
    for row, rule in enumerate(RULES):
        for name, mfc in (("recalled", drawing.COLORS[row]), ("on_trials", "white")):
            recall = curve(dataset, name, rule)
            value, (low, high) = capacity(recall), recall.capacity_interval()
            least, most = recall.load[[0, -1]]
            if 0 < value < np.inf:
                ends = np.clip([[value - max(low, least / 2)], [min(high, most) - value]], 0, None)
                drawing.errorbars(axes, [value], [-row], None, row, xerr=ends, ms=5, mfc=mfc)
            else:
                marker, x = ("<", least) if value == 0 else (">", most)
                axes.plot([x], [-row], marker=marker, mfc=mfc, color=drawing.COLORS[row])
    axes.set_yticks(-np.arange(len(RULES)), list(RULES), fontsize="small")
    axes.set(xscale="log", xlabel="capacity per unit\n(open: new trials)")
    axes.set_ylim(0.6 - len(RULES), 0.4)


study = Study(
    name="recall",
    question="How many associations do local learning rules recall from fly codes?",
    source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035; Hige et al. 2015, "
    "10.1016/j.neuron.2015.11.003; Luo, Axel & Abbott 2010, 10.1073/pnas.1005635107",
    parameters=(
        Parameter.count("n_units", 1000, "inputs of the readout", quick=200, minimum=200),
        Parameter.fraction("coding_level", 0.05, "fraction of units that respond to an odor"),
        Parameter(
            "noise",
            10.0,
            "largest standard deviation of projection-neuron rates over trials",
            unit="Hz",
            check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=10,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
