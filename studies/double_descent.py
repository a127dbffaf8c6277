"""Units that a circuit needs to learn from few odors, when only its readout learns.

A valence, linear in the rates of projection neurons, is learned from some odors by the readout with
the least weights that fits them (the solution of gradient descent), or by one with weight decay,
and tested on other odors.  In theory the expansion is a kernel: its eigenvalues and the valence's
coefficient of each mode are taken from a population of odors and many more units.
"""

from functools import cache
from itertools import product

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.expansion import sparsify
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import generalization

N_POPULATION, N_MANY_UNITS, N_TESTED = 1500, 20_000, 1000


def centered(rates: np.ndarray) -> np.ndarray:
    """Rates without their mean, such that a random direction has variance 1."""
    away = rates - rates.mean(axis=0)
    return away / np.sqrt(away.var(axis=0).sum())


def features(
    rates: np.ndarray, n_units: int, coding_level: float, fan_in: int, rng: np.random.Generator
) -> np.ndarray:
    """Rates of units with thresholds of their own, of shape (n_odors, n_units).

    Scaled such that their inner products are those of a kernel.
    """
    drive = rates @ FixedFanIn(fan_in).draw(n_units, rates.shape[1], rng=rng).toarray().T
    codes = sparsify.UnitThresholds(coding_level)(drive).rates.toarray()
    return codes / np.sqrt(n_units)


@cache
def modes(coding_level: float, fan_in: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the expansion's kernel, and root mean square coefficients of a valence."""
    odor_rng, wiring_rng = np.random.default_rng(0).spawn(2)
    rates = DivisiveNormalization()(fly_odors(N_POPULATION, rng=odor_rng))
    codes = features(rates, N_MANY_UNITS, coding_level, fan_in, wiring_rng)
    values, vectors = np.linalg.eigh(codes @ codes.T / N_POPULATION)
    keep = values > 1e-12 * values[-1]
    coefficients = vectors.T @ centered(rates) / np.sqrt(N_POPULATION)
    return values[keep], np.linalg.norm(coefficients, axis=1)[keep]


def mean_square(coding_level: float, fan_in: int) -> float:
    """Mean squared length of an odor's code: the unit of weight decay."""
    return float(modes(coding_level, fan_in)[0].sum())


def measure(
    *,
    decay: float,
    n_units: int,
    n_odors: int,
    coding_level: float,
    fan_in: int,
    noise: float,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:
    """Learn a random valence of some odors by least squares, and test it on others."""
    odor_rng, wiring_rng, valence_rng, noise_rng = rng.spawn(4)
    rates = DivisiveNormalization()(fly_odors(N_POPULATION + n_odors, rng=odor_rng))
    codes = features(rates, n_units, coding_level, fan_in, wiring_rng)
    valence = centered(rates) @ valence_rng.standard_normal(rates.shape[1])
    targets = valence + noise * noise_rng.standard_normal(len(valence))
    learned = codes[:n_odors]
    if decay > 0:
        kernel = learned @ learned.T
        ridge = decay * mean_square(coding_level, fan_in) * np.eye(n_odors)
        weights = learned.T @ np.linalg.solve(kernel + ridge, targets[:n_odors])
    else:
        weights = np.linalg.lstsq(learned, targets[:n_odors])[0]
    error = np.mean((codes[n_odors:] @ weights - targets[n_odors:])[:N_TESTED] ** 2)
    fit = np.mean((learned @ weights - targets[:n_odors]) ** 2)
    meanings = {
        "error": "mean squared error on new odors, relative to the valence's variance",
        "learned": "mean squared error on learned odors, relative to the valence's variance",
    }
    return results.labeled_each(meanings, (error, fit))


def predicted(
    dataset: xr.Dataset, coding_level: float, decay: float, n_units: np.ndarray
) -> np.ndarray:
    """Error that theory predicts for the first circuit of the study."""
    first = {name: dataset[name].values[0] for name in ("n_odors", "fan_in", "noise")}
    values, coefficients = modes(float(coding_level), int(first["fan_in"]))
    return generalization.random_feature_error(
        values,
        coefficients,
        int(first["n_odors"]),
        n_units,
        ridge=decay * values.sum(),
        noise_variance=float(first["noise"]) ** 2,
    )


def median_and_ends(samples: np.ndarray) -> tuple[float, float, float]:
    """Median, and the ends of its 95 % interval; nan where samples are too few."""
    interval = scipy.stats.quantile_test(samples, p=0.5).confidence_interval()
    return float(np.median(samples)), float(interval[0]), float(interval[1])


def table(dataset: xr.Dataset) -> Table:
    """Error against the number of units, by theory and by simulation."""
    rows = []
    for level, decay in product(dataset["coding_level"].values, dataset["decay"].values):
        at = {"coding_level": level, "decay": decay}
        learned = results.along(dataset, "learned", "n_units", **at)
        for n_units, samples in results.along(dataset, "error", "n_units", **at).items():
            middle, low, high = median_and_ends(samples)
            theory = float(predicted(dataset, level, decay, np.array([n_units]))[0])
            rows.append((
                f"{level:.0%}", f"{decay:g}", n_units, f"{theory:.3g}", f"{middle:.3g}",
                f"{low:.3g} to {high:.3g}", f"{learned[n_units].mean():.1g}",
            ))  # fmt: skip
        rows.append(None)
    title = f"Error on new odors of a valence learned from {dataset['n_odors'].values[0]}"
    columns = ("active", "decay", "units", "theory", "median", "95 %", "learned")
    return results.table(title, columns, rows)


def draw_errors(axes: Axes, dataset: xr.Dataset, level: float, nth: int) -> None:
    """Draw theory and simulation for one coding level and the nth decay of the weights."""
    decay, n_odors = dataset["decay"].values[nth], int(dataset["n_odors"].values[0])
    samples = results.along(dataset, "error", "n_units", coding_level=level, decay=decay)
    if samples:
        n_units = np.unique(np.geomspace(min(samples), max(samples), 150).round())
        n_units = n_units[n_units != n_odors]
        line = predicted(dataset, level, decay, n_units)
        axes.plot(n_units / n_odors, line, lw=1.2, color=drawing.COLORS[nth])
        middle, low, high = np.transpose([median_and_ends(part) for part in samples.values()])
        label = f"weights decay by {decay:g}" if decay else "least weights that fit"
        load, errors = np.array(list(samples)) / n_odors, (middle - low, high - middle)
        drawing.errorbars(axes, load, middle, errors, nth, label=label)
        axes.set(xscale="log", yscale="log")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the error against the number of units per odor, a panel for each coding level."""
    levels = dataset["coding_level"].values[::-1]
    panels = drawing.panels(1, len(levels), (3.6 * len(levels) + 0.4, 3.4), sharey=True)
    for axes, level in zip(panels, levels, strict=True):
        for nth in range(dataset.sizes["decay"]):
            draw_errors(axes, dataset, level, nth)
        axes.axvline(1, color="0.7", lw=0.8, ls=":")
        axes.set_title(f"{level:.0%} active", fontsize="medium")
        axes.set_xlabel(f"units per learned odor ({dataset['n_odors'].values[0]} odors)")
    panels[0].set(ylabel="error on new odors", ylim=(0.1, 30))
    drawing.legend(panels[0], title="points: medians; lines: theory")
    return drawing.finish(panels)


study = Study(
    name="double_descent",
    question="How many units does a circuit need to learn from few odors?",
    source="Belkin et al. 2019, 10.1073/pnas.1903070116; Simon et al. 2024, arXiv 2311.14646",
    parameters=(
        Parameter(
            "decay",
            (0.0, 0.01),
            "of weights, relative to the mean squared length of a code",
            check=checks.nonnegative,
        ),
        Parameter.count(
            "n_units",
            (10, 20, 40, 60, 80, 90, 100, 110, 125, 160, 250, 500, 1000, 2000),
            "units of the expansion",
            quick=(20, 100, 500),
        ),
        Parameter.count("n_odors", 100, "odors that are learned"),
        Parameter.fraction(
            "coding_level", (0.1, 0.5), "fraction of odors that a unit responds to", quick=0.1
        ),
        Parameter.count("fan_in", 6, "inputs of each unit"),
        Parameter(
            "noise", 0.2, "of the valence, in its standard deviations", check=checks.nonnegative
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=40,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
