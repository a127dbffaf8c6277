"""Kenyon cells that stay silent on a whole panel of measured odors.

A cell with few claws is driven by the summed rates of the glomeruli that it receives input from,
and is silent if no odor drives it above threshold.  The fraction of silent cells follows exactly
from counting all possible wirings.  A normal theory, which knows only the variance of drives and
the part of it between cells, shows the effect of the threshold, the number of claws and the size of
the panel; measured odors resemble each other beyond that, and so leave more cells silent.
"""

from functools import cache

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import silent_units
from olfnet.theory.activations import ReLU, Step
from olfnet.theory.moments import moments
from olfnet.theory.silent_units import RandomDrive

PROJECTIONS = DivisiveNormalization()(fly_odors())  # rates in spikes/s
THRESHOLDS = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 3.5])  # standard deviations of the drive
SIZES = np.array([1, 2, 5, 10, 20, 50, 110])
SHOWN = 2.0  # the threshold at which fan-ins and panels are compared


def in_rates(fan_in: int, threshold: np.ndarray) -> np.ndarray:
    """Return thresholds in spikes/s of the summed drive."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return drive.mean + threshold * drive.sd


def measure(*, fan_in: int, n_units: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Count silent cells of one wiring, on ever more odors in random order."""
    wiring_rng, odor_rng = rng.spawn(2)
    weights = FixedFanIn(fan_in).draw(n_units, PROJECTIONS.shape[1], rng=wiring_rng)
    odors = odor_rng.permutation(PROJECTIONS)
    silent = np.empty((len(THRESHOLDS), len(SIZES)))
    level, mean_rate = np.empty((2, len(THRESHOLDS)))
    for nth, threshold in enumerate(in_rates(fan_in, THRESHOLDS)):
        response = rate.respond(Circuit(weights, FixedThreshold(threshold)), odors)
        silent[nth] = [np.mean(~response.active[:size].any(axis=0)) for size in SIZES]
        level[nth], mean_rate[nth] = response.active.mean(), response.rates.mean()
    threshold = results.labeled(
        THRESHOLDS, "threshold, in standard deviations of the drive", threshold=None
    )
    n_odors = results.labeled(SIZES, "odors of the panel", n_odors=None)
    words = "fraction of cells without response"
    return {
        "silent": results.labeled(silent, words, threshold=threshold, n_odors=n_odors),
        "level": results.labeled(level, "fraction of active cells", threshold=threshold),
        "rate": results.labeled(mean_rate, "mean rate of a cell", "spikes/s", threshold=threshold),
    }


@cache
def counts(fan_in: int, thresholds: tuple[float, ...]) -> np.ndarray:
    """Return the fraction of all wirings that respond to 0, 1, ... odors, for each threshold."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return drive.response_counts(in_rates(fan_in, np.array(thresholds)))


def expected_activity(fan_in: int, threshold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active fraction and mean rate (spikes/s) of a cell whose drive is normal."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    inputs, bias = scipy.stats.norm(drive.mean, drive.sd), -in_rates(fan_in, threshold)
    return moments(Step(), inputs, bias).mean, moments(ReLU(), inputs, bias).mean


def normal_theory(fan_in: int, threshold: np.ndarray, n_odors: np.ndarray) -> np.ndarray:
    """Fraction of silent cells for normal drives with one correlation between odors."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return silent_units.silent_fraction(n_odors, threshold, drive.correlation)


def joint_theory(fan_in: int, threshold: float) -> float:
    """Fraction of silent cells for normal drives with the measured means and covariances."""
    drive, cut = RandomDrive(PROJECTIONS, fan_in), float(in_rates(fan_in, np.array(threshold)))
    return silent_units.jointly_silent(cut, drive.covariance, mean=drive.means, rng=0)


def table(dataset: xr.Dataset) -> Table:
    """Silent cells at each threshold and fan-in, counted in all wirings and in circuits."""
    rows = []
    for fan_in in dataset["fan_in"].values.tolist():
        done = results.finished(dataset, fan_in=fan_in, n_odors=SIZES[-1])
        exact = counts(fan_in, tuple(THRESHOLDS))[:, 0]
        normal = normal_theory(fan_in, THRESHOLDS, SIZES[-1])
        active, hertz = expected_activity(fan_in, THRESHOLDS)
        for k, threshold in enumerate(THRESHOLDS if done.sizes["repeat"] else ()):
            at = done.isel(threshold=k)
            joint = f"{joint_theory(fan_in, SHOWN):.3f}" if threshold == SHOWN else ""
            rows.append((
                fan_in, f"{threshold:g}", f"{100 * at['level'].mean():.3g} ({100 * active[k]:.3g})",
                f"{at['rate'].mean():.2g} ({hertz[k]:.2g})", f"{exact[k]:.4f}",
                results.mean_text(at["silent"].values, ".4f", ".3f"), f"{normal[k]:.3f}", joint,
            ))  # fmt: skip
        rows.append(None)
    return results.table(
        "Cells silent on all 110 odors",
        ("claws", "sd", "active %", "Hz", "exact", "circuits", "normal", "cov."),
        rows,
        caption="Exact: of all possible wirings.  Normal: drives with one correlation; cov.: with "
        f"all measured means and covariances (at a threshold of {SHOWN:g} only).  Active, Hz: "
        "fraction and mean rate in circuits; in brackets, for normal drives.",
        no_wrap=False,
    )


def draw_thresholds(axes: Axes, dataset: xr.Dataset, claws: list[int]) -> None:
    """Draw silent cells against threshold, for the fewest and the most claws."""
    fine = np.linspace(THRESHOLDS[0], THRESHOLDS[-1], 26)
    for nth, fan_in in enumerate(sorted({min(claws), max(claws)})):
        color = drawing.COLORS[nth]
        axes.plot(fine, counts(fan_in, tuple(fine))[:, 0], lw=1.2, color=color)
        axes.plot(fine, normal_theory(fan_in, fine, SIZES[-1]), lw=1, ls="--", color=color)
        at = {"fan_in": fan_in, "n_odors": SIZES[-1]}
        samples = results.along(dataset, "silent", "threshold", **at)
        drawing.points(axes, samples, nth, label=f"claws: {fan_in}")
    axes.set(xlabel="threshold (sd of the drive)", ylabel="silent cells")


def draw_claws(axes: Axes, dataset: xr.Dataset, claws: list[int]) -> None:
    """Draw silent cells against the number of claws, at two thresholds."""
    for nth, threshold in enumerate((SHOWN - 0.5, SHOWN + 0.5), start=2):
        k, color = list(THRESHOLDS).index(threshold), drawing.COLORS[nth]
        exact = [counts(fan_in, tuple(THRESHOLDS))[k, 0] for fan_in in claws]
        normal = [normal_theory(fan_in, threshold, SIZES[-1]) for fan_in in claws]
        axes.plot(claws, exact, lw=1.2, color=color)
        axes.plot(claws, normal, lw=1, ls="--", color=color)
        at = {"threshold": threshold, "n_odors": SIZES[-1]}
        samples = results.along(dataset, "silent", "fan_in", **at)
        drawing.points(axes, samples, nth, label=f"threshold {threshold:g} sd")
    axes.set(xlabel="claws of each cell")
    axes.set_xticks(claws)


def draw_sizes(axes: Axes, dataset: xr.Dataset, claws: list[int]) -> None:
    """Draw silent cells against the number of odors, for the most claws."""
    fan_in, k, color = max(claws), list(THRESHOLDS).index(SHOWN), drawing.COLORS[1]
    fine = np.unique(np.geomspace(1, SIZES[-1], 40).round()).astype(int)
    exact = silent_units.rarefied(counts(fan_in, tuple(THRESHOLDS))[k], fine)
    axes.plot(fine, exact, lw=1.2, color=color, label="all wirings")
    normal = normal_theory(fan_in, np.array(SHOWN), fine)
    axes.plot(fine, normal, lw=1, ls="--", color=color, label="normal drives")
    samples = results.along(dataset, "silent", "n_odors", fan_in=fan_in, threshold=SHOWN)
    drawing.points(axes, samples, 1, label=f"claws: {fan_in}, {SHOWN:g} sd")
    axes.set(xlabel="odors of the panel")
    drawing.log_ticks(axes, (1, 3, 10, 30, 100))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw silent cells against threshold, claws, and size of the panel."""
    panels = drawing.panels(1, 3, (9.4, 3.2), sharey=True)
    claws = list(results.along(dataset, "silent", "fan_in"))
    draws = (draw_thresholds, draw_claws, draw_sizes)
    for axes, draw in zip(panels, draws, strict=True) if claws else ():
        draw(axes, dataset, claws)
        axes.set_ylim(0, 1.02)
        drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="silent_cells",
    question="How many Kenyon cells are silent on a whole panel of measured odors?",
    source="Lu et al. 2019, arXiv 1903.06733; Olsen, Bhandawat & Wilson 2010, "
    "10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter.count(
            "fan_in", (1, 2, 3, 4, 5, 6, 7), "claws of each cell", quick=(2, 4), maximum=8
        ),
        Parameter.count("n_units", 2000, "Kenyon cells"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
