"""Ask how many associations the rules of real synapses recall, of those that a readout could store.

Odors invented from the statistics of a measured panel are normalized in the antennal lobe and
expanded to sparse codes; every rule learns random labels of the same codes.  Then it is asked about
the codes that it learned, and, having learned some noisy trials of each odor, about others.
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
) -> dict[str, object]:
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
    return {
        "recalled": along("load", LOADS, learned, "fraction of learned codes recalled"),
        "on_trials": along("noisy_load", NOISY_LOADS, on_trials, "fraction of new trials right"),
        "rank": xr.DataArray(rank, attrs={"meaning": "rank of the codes"}),
        "overlap": xr.DataArray(overlap(codes), attrs={"meaning": "mean square overlap of codes"}),
    }


def along(name: str, loads: np.ndarray, found: list[np.ndarray], meaning: str) -> xr.DataArray:
    """Label recall by rule and load."""
    load = xr.DataArray(loads, dims=name, attrs={"meaning": "associations per unit"})
    return xr.DataArray(
        found, {"rule": list(RULES), name: load}, ["rule", name], attrs={"meaning": meaning}
    )


def curve(dataset: xr.Dataset, name: str, rule: str) -> RecallCurve:
    """All finished repeats of one rule, as one curve with its interval and capacity."""
    load = "load" if name == "recalled" else "noisy_load"
    values = finished(dataset)[name].sel(rule=rule).transpose("trial", load).values
    n_units = int(dataset["n_units"].values[0])
    n_patterns = np.rint(dataset[load].values * n_units).astype(int)
    n_tests, n_learned = (1, None) if name == "recalled" else (N_TESTED, N_LEARNED)
    return RecallCurve(n_patterns, values, n_tests, n_units, rule, ERROR, n_learned)


def finished(dataset: xr.Dataset) -> xr.Dataset:
    """Repeats that were measured, of the first circuit."""
    return results.finished(dataset).rename(repeat="trial")


def table(dataset: xr.Dataset) -> Table:
    """Capacity of every rule at the stated error."""
    rows = Table(title=f"Associations per unit at {ERROR:.0%} error: learned codes, new trials")
    for column in ("rule", "codes", "95 %", "trials", "95 %"):
        rows.add_column(column, justify="left" if column == "rule" else "right", no_wrap=True)
    if finished(dataset).sizes["trial"] == 0:
        return rows
    for rule in RULES:
        cells = []
        for name in ("recalled", "on_trials"):
            found = curve(dataset, name, rule)
            low, high = found.capacity_interval()
            cells += [text(capacity(found), found), f"{text(low, found)} .. {text(high, found)}"]
        rows.add_row(rule, *cells)
    return rows


def capacity(found: RecallCurve) -> float:
    """Measured capacity; 0 or infinite outside the loads."""
    try:
        return found.capacity
    except ValueError:
        return 0.0 if found.fraction[0] < 1 - ERROR else np.inf


def text(value: float, found: RecallCurve) -> str:
    """Write a capacity, or that it lies outside the loads."""
    if value == 0:
        return f"< {found.load[0]:g}"
    return f"> {found.load[-1]:g}" if value == np.inf else f"{value:.3f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw recall of learned codes and of new trials against load, and capacities."""
    drawn = Figure(figsize=(7.2, 3.4), layout="constrained")
    panels = drawn.subplots(1, 3, width_ratios=(1, 1, 0.9))
    done = finished(dataset)
    if done.sizes["trial"]:
        draw_recall(panels[0], dataset, "recalled", "learned codes")
        draw_recall(panels[1], dataset, "on_trials", "new trials")
        draw_theory(panels[0], done, int(dataset["n_units"].values[0]))
        draw_capacities(panels[2], dataset)
        handles = panels[0].get_legend_handles_labels()
        drawn.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    drawing.finish(panels)
    return drawn


def draw_recall(axes: Axes, dataset: xr.Dataset, name: str, what: str) -> None:
    """Points with intervals, joined."""
    for rule, color, marker in zip(RULES, drawing.COLORS, drawing.MARKERS, strict=False):
        found = curve(dataset, name, rule)
        low, high = found.interval()
        ends = np.clip([found.fraction - low, high - found.fraction], 0, None)
        axes.errorbar(
            found.load, found.fraction, ends, marker=marker, ms=4, lw=1, color=color, label=rule
        )
    axes.axhline(1 - ERROR, color="0.6", lw=0.8, ls=":")
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.set(
        xscale="log",
        xlabel="load (associations per unit)",
        ylabel=f"fraction of {what} right",
        ylim=(0.45, 1.02),
    )


def draw_theory(axes: Axes, done: xr.Dataset, n_units: int) -> None:
    """Signal over crosstalk of the covariance rule, and where no readout is without error."""
    loads = np.geomspace(LOADS[0], LOADS[-1], 100)
    crosstalk = loads * n_units * float(done["overlap"].mean())
    axes.plot(loads, ndtr(1 / np.sqrt(crosstalk)), color="0.2", lw=1.2, label="signal / crosstalk")
    limit = 2 * float(done["rank"].mean()) / n_units
    axes.axvline(limit, color="0.2", lw=1.2, ls="--", label="two per dimension")


def draw_capacities(axes: Axes, dataset: xr.Dataset) -> None:
    """Capacity of each rule: learned codes filled, new trials open."""
    for row, (rule, color, marker) in enumerate(
        zip(RULES, drawing.COLORS, drawing.MARKERS, strict=False)
    ):
        for name, face in (("recalled", color), ("on_trials", "white")):
            found = curve(dataset, name, rule)
            value, (low, high) = capacity(found), found.capacity_interval()
            if 0 < value < np.inf:
                ends = [[value - max(low, found.load[0] / 2)], [min(high, found.load[-1]) - value]]
                axes.errorbar(
                    [value], [-row], xerr=np.clip(ends, 0, None), marker=marker, ms=5, mfc=face,
                    color=color, lw=1,
                )  # fmt: skip
            else:
                outside = found.load[0] if value == 0 else found.load[-1]
                axes.plot(
                    [outside], [-row], marker="<" if value == 0 else ">", mfc=face, color=color
                )
    axes.set_yticks(-np.arange(len(RULES)), list(RULES), fontsize="small")
    axes.set(
        xscale="log",
        xlabel="capacity per unit\n(open: new trials)",
        ylim=(0.6 - len(RULES), 0.4),
    )


study = Study(
    name="recall",
    question="How many associations do the rules of real synapses recall from fly codes?",
    source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035; Hige et al. 2015, "
    "10.1016/j.neuron.2015.11.003; Luo, Axel & Abbott 2010, 10.1073/pnas.1005635107",
    parameters=(
        Parameter(
            "n_units",
            1000,
            "units that the readout sees",
            quick=200,
            check=partial(checks.count, minimum=200),
        ),
        Parameter(
            "coding_level", 0.05, "fraction of units that respond to an odor", check=checks.fraction
        ),
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
