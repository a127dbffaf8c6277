"""Ask how many Kenyon cells stay silent on a whole panel of measured odors.

A cell with few claws is driven by the summed rates of the glomeruli it happens to hear, and is
silent if no odor lifts that sum above threshold.  How many cells are, follows exactly from counting
all possible wirings.  A normal theory that knows only the spread of drives, and how much of it is a
cell's own, shows what is to be expected of the threshold, the number of claws and the size of the
panel; measured odors resemble each other beyond that, and so leave more cells silent.
"""

from functools import cache, partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
AT = 2.0  # the threshold at which fan-ins and panels are compared


def in_rates(fan_in: int, threshold: np.ndarray) -> np.ndarray:
    """Thresholds in spikes/s of the summed drive."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return drive.mean + threshold * drive.sd


def measure(*, fan_in: int, n_units: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Count silent cells of one wiring, on ever more odors in random order."""
    wiring_rng, odor_rng = rng.spawn(2)
    weights = FixedFanIn(fan_in).draw(n_units, PROJECTIONS.shape[1], rng=wiring_rng)
    odors = odor_rng.permutation(PROJECTIONS)
    silent, (level, mean_rate) = (
        np.empty((len(THRESHOLDS), len(SIZES))),
        np.empty((2, len(THRESHOLDS))),
    )
    for nth, threshold in enumerate(in_rates(fan_in, THRESHOLDS)):
        response = rate.respond(Circuit(weights, FixedThreshold(threshold)), odors)
        silent[nth] = [np.mean(~response.active[:size].any(axis=0)) for size in SIZES]
        level[nth], mean_rate[nth] = response.active.mean(), response.rates.mean()
    places = {"threshold": THRESHOLDS, "n_odors": SIZES}
    return {
        "silent": xr.DataArray(
            silent, places, list(places), attrs={"meaning": "share of cells without response"}
        ),
        "level": xr.DataArray(
            level, {"threshold": THRESHOLDS}, ["threshold"], attrs={"meaning": "active share"}
        ),
        "rate": xr.DataArray(
            mean_rate,
            {"threshold": THRESHOLDS},
            ["threshold"],
            attrs={"meaning": "mean rate of a cell", "units": "spikes/s"},
        ),
    }


@cache
def counts(fan_in: int, thresholds: tuple[float, ...]) -> np.ndarray:
    """Share of all wirings that respond to 0, 1, ... odors, a row for each threshold."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return drive.response_counts(in_rates(fan_in, np.array(thresholds)))


def expected_activity(fan_in: int, threshold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active share and mean rate (spikes/s) of a cell whose drive is normal."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    inputs, bias = scipy.stats.norm(drive.mean, drive.sd), -in_rates(fan_in, threshold)
    return moments(Step(), inputs, bias).mean, moments(ReLU(), inputs, bias).mean


def normal_theory(fan_in: int, threshold: np.ndarray, n_odors: np.ndarray) -> np.ndarray:
    """Share of silent cells if drives were normal and shared nothing but a cell's own part."""
    drive = RandomDrive(PROJECTIONS, fan_in)
    return silent_units.silent_fraction(n_odors, threshold, drive.correlation)


def joint_theory(fan_in: int, threshold: float) -> float:
    """Return the same for normal drives with the measured means and covariances of all odors."""
    drive, cut = RandomDrive(PROJECTIONS, fan_in), float(in_rates(fan_in, np.array(threshold)))
    return silent_units.jointly_silent(cut, drive.covariance, mean=drive.means, rng=0)


def chosen(dataset: xr.Dataset, name: str) -> dict[int, np.ndarray]:
    """Finished repeats of the first number of units, by fan-in."""
    return results.along(dataset, name, "fan_in")


def table(dataset: xr.Dataset) -> Table:
    """Silent cells at each threshold and fan-in, counted in all wirings and in circuits."""
    rows = Table(
        title="Cells silent on all 110 odors",
        caption="Wirings: of all there are.  Normal: drives with one correlation, and with all "
        f"measured means and covariances (at a threshold of {AT:g} only).  Active, Hz: share and "
        "mean rate in circuits; in brackets, for normal drives.",
    )
    columns = "claws", "threshold", "active", "Hz", "wirings", "circuits", "normal", "all cov."
    for column in columns:
        rows.add_column(column, justify="right", no_wrap=True)
    levels, rates = chosen(dataset, "level"), chosen(dataset, "rate")
    for fan_in, samples in chosen(dataset, "silent").items():
        exact = counts(fan_in, tuple(THRESHOLDS))[:, 0]
        normal = normal_theory(fan_in, THRESHOLDS, SIZES[-1])
        mean, reach = drawing.mean_and_reach(samples[..., -1])
        active, hertz = expected_activity(fan_in, THRESHOLDS)
        for k, threshold in enumerate(THRESHOLDS):
            joint = f"{joint_theory(fan_in, AT):.3f}" if threshold == AT else ""
            rows.add_row(
                str(fan_in), f"{threshold:g}",
                f"{levels[fan_in][:, k].mean():.2%} ({active[k]:.2%})",
                f"{rates[fan_in][:, k].mean():.2g} ({hertz[k]:.2g})",
                f"{exact[k]:.4f}", f"{mean[k]:.4f} ±{reach[k]:.4f}", f"{normal[k]:.3f}", joint,
            )  # fmt: skip
        rows.add_section()
    return rows


def draw_points(axes: Axes, x: np.ndarray, samples: np.ndarray, nth: int, label: str) -> None:
    """Draw means over circuits with their intervals."""
    mean, reach = drawing.mean_and_reach(samples)
    axes.errorbar(
        x, mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1, color=drawing.COLORS[nth],
        label=label,
    )  # fmt: skip


def draw_thresholds(axes: Axes, samples: dict[int, np.ndarray]) -> None:
    """Draw silent cells against threshold, for the fewest and the most claws."""
    fine = np.linspace(THRESHOLDS[0], THRESHOLDS[-1], 26)
    for nth, fan_in in enumerate(sorted({min(samples), max(samples)})):
        color = drawing.COLORS[nth]
        axes.plot(fine, counts(fan_in, tuple(fine))[:, 0], lw=1.2, color=color)
        axes.plot(fine, normal_theory(fan_in, fine, SIZES[-1]), lw=1, ls="--", color=color)
        draw_points(axes, THRESHOLDS, samples[fan_in][..., -1], nth, f"claws: {fan_in}")
    axes.set(xlabel="threshold (sd of the drive)", ylabel="silent cells")


def draw_claws(axes: Axes, samples: dict[int, np.ndarray]) -> None:
    """Draw silent cells against the number of claws, at two thresholds."""
    claws = np.array(sorted(samples))
    for nth, threshold in enumerate((AT - 0.5, AT + 0.5), start=2):
        at, color = int(np.argmin(np.abs(THRESHOLDS - threshold))), drawing.COLORS[nth]
        exact = [counts(int(k), tuple(THRESHOLDS))[at, 0] for k in claws]
        normal = [normal_theory(int(k), threshold, SIZES[-1]) for k in claws]
        axes.plot(claws, exact, lw=1.2, color=color)
        axes.plot(claws, normal, lw=1, ls="--", color=color)
        found = np.array([samples[int(k)][:, at, -1] for k in claws]).T
        draw_points(axes, claws, found, nth, f"threshold {threshold:g} sd")
    axes.set(xlabel="claws of each cell")
    axes.set_xticks(claws)


def draw_sizes(axes: Axes, samples: dict[int, np.ndarray]) -> None:
    """Draw silent cells against the number of odors, for the most claws."""
    fan_in, at = max(samples), int(np.argmin(np.abs(THRESHOLDS - AT)))
    fine = np.unique(np.geomspace(1, SIZES[-1], 40).round()).astype(int)
    exact = silent_units.rarefied(counts(fan_in, tuple(THRESHOLDS))[at], fine)
    axes.plot(fine, exact, lw=1.2, color=drawing.COLORS[1], label="all wirings")
    normal = normal_theory(fan_in, np.array(AT), fine)
    axes.plot(fine, normal, lw=1, ls="--", color=drawing.COLORS[1], label="normal drives")
    label = f"claws: {fan_in}, {AT:g} sd"
    draw_points(axes, SIZES, samples[fan_in][:, at], 1, label)
    axes.set(xlabel="odors of the panel", xscale="log")
    axes.set_xticks((1, 3, 10, 30, 100), ("1", "3", "10", "30", "100"))
    axes.minorticks_off()


def figure(dataset: xr.Dataset) -> Figure:
    """Draw silent cells against threshold, claws, and size of the panel."""
    drawn = Figure(figsize=(9.4, 3.2), layout="constrained")
    panels = drawn.subplots(1, 3, sharey=True)
    samples = chosen(dataset, "silent")
    if samples:
        draw_thresholds(panels[0], samples)
        draw_claws(panels[1], samples)
        draw_sizes(panels[2], samples)
        panels[0].set(ylim=(0, 1.02))
    for axes in panels:
        drawing.legend(axes)
    drawing.finish(panels)
    return drawn


study = Study(
    name="silent_cells",
    question="How many Kenyon cells are silent on a whole panel of measured odors?",
    source="Lu et al. 2019, arXiv 1903.06733; Olsen, Bhandawat & Wilson 2010, "
    "10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter(
            "fan_in",
            (1, 2, 3, 4, 5, 6, 7),
            "claws of each cell",
            quick=(2, 4),
            check=partial(checks.count, maximum=8),
        ),
        Parameter("n_units", 2000, "Kenyon cells", check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=20,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
