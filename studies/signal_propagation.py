"""Variance of weights and biases at which signals and gradients survive depth.

Deep networks of tanh units are drawn at random.  At the edge of chaos squared gradients neither
grow nor vanish from layer to layer; below it the correlation of any two inputs tends to 1, above it
they decorrelate, within as many layers as the depth scale of theory.  The olfactory expansion layer
is one such layer.  Its map lies beyond the edge: its slope is infinite where two odors are nearly
the same.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import DenseGaussian
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory import propagation
from olfnet.theory.activations import Step, Tanh, Thresholded
from olfnet.theory.propagation import RandomLayer, correlated_inputs, drive_correlation

BIASES = np.array([0.0, 0.01, 0.05, 0.1, 0.2])
WEIGHTS = np.array([0.8, 1.0, 1.2, 1.4, 2.2, 2.6, 3.0, 4.0])
BIAS = 0.05  # of the depth scales
TRIED = np.array([0.9, 1.0, 1.1])  # of the critical weight variance
KINDS = {  # layer, residual connections
    "chaotic": (RandomLayer(Tanh(), 4.0, BIAS), False),
    "critical": (RandomLayer.critical(Tanh(), BIAS), False),
    "ordered": (RandomLayer(Tanh(), 1.0, BIAS), False),
    "ordered, residual": (RandomLayer(Tanh(), 1.0, BIAS), True),
}
LEVELS = np.array([0.5, 0.1, 0.02])
CORRELATIONS = np.array([-0.5, 0.0, 0.25, 0.5, 0.75, 0.9, 0.98])
BEFORE, BETWEEN, N_CORRELATED, N_RECEPTORS = 12, 8, 8, 50


def growth(n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Return the factor of squared gradients over layers, shape (biases, weights tried)."""
    factors = np.empty((BIASES.size, TRIED.size))
    for row, bias in zip(factors, BIASES, strict=True):
        seed = int(rng.integers(2**62))
        for nth, weight in enumerate(TRIED * RandomLayer.critical(Tanh(), bias).weight_variance):
            gradient = propagation.sampled_profile(
                RandomLayer(Tanh(), weight, bias), BEFORE + BETWEEN,
                n_units=n_units, signal=1.0 if bias else 1e-6, rng=seed,
            ).gradient  # fmt: skip
            row[nth] = (gradient[BEFORE] / gradient[-1]) ** 2
    return factors


@cache
def expected(weight_variance: float) -> tuple[float, float, int]:
    """Return the limits of variance and correlation in theory, and the layers of the decay."""
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    depth = round(float(layer.correlation_depth))
    limit = float(layer.fixed_correlation)
    return float(layer.fixed_variance()), limit, int(np.clip(depth, 2, 12))


def left(weight_variance: float, n_units: int, rng: np.random.Generator) -> float:
    """Return the part of a small deviation of correlations from their limit that layers leave.

    Two blocks of inputs deviate either way in chaos, one is just below 1 in order.
    """
    q, limit, depth = expected(weight_variance)
    chaos = limit < 1
    drives = limit + 0.02 * np.array([1, -1]) if chaos else np.array([1 - 1e-4])
    activities = (q * drives - BIAS) / (q - BIAS)  # they share no biases
    inputs = correlated_inputs(activities, N_CORRELATED, n_units, rng=rng)
    inputs = ((q - BIAS) / weight_variance) ** 0.5 * inputs
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    network = propagation.stack(layer, n_units, depth, rng=rng)
    blocks = np.split(propagation.states(network, inputs)[[0, -1]], drives.size, axis=1)
    means = [[drive_correlation(one, weight_variance, BIAS) for one in block] for block in blocks]
    first, last = np.subtract(*means) if chaos else 1 - np.array(means[0])
    return float(last / first)


def squares(kind: str, depth: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Return squared gradients after 0 to ``depth`` layers of backpropagation."""
    layer, residual = KINDS[kind]
    profile = propagation.sampled_profile(layer, depth, n_units=n_units, residual=residual, rng=rng)
    return profile.gradient[::-1] ** 2


def codes(n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Correlation of the codes of odors, by coding level and by correlation of the odors."""
    weights = DenseGaussian().draw(n_units, N_RECEPTORS, rng=rng)
    one, other = np.linalg.qr(rng.standard_normal((N_RECEPTORS, 2)))[0].T * N_RECEPTORS**0.5
    c = CORRELATIONS[:, None]
    odors = np.vstack((one, c * one + np.sqrt(1 - c**2) * other))
    correlations = []
    for f in LEVELS:
        circuit = Circuit(weights, FixedThreshold(float(scipy.stats.norm.isf(f))))
        active = rate.respond(circuit, odors).active
        correlations.append((np.mean(active[0] * active[1:], axis=1) - f**2) / (f * (1 - f)))
    return np.array(correlations)


def measure(
    *, n_units: int, depth: int, n_kenyon: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Draw networks and circuits once, and measure all four."""
    edge_rng, scale_rng, depth_rng, code_rng = rng.spawn(4)
    remaining = [left(weight, n_units, scale_rng) for weight in WEIGHTS]
    gradients = [squares(kind, depth, n_units, depth_rng) for kind in KINDS]
    return {
        "growth": results.labeled(
            growth(n_units, edge_rng),
            f"factor of squared gradients over {BETWEEN} layers",
            bias=BIASES,
            tried=TRIED,
        ),
        "left": results.labeled(
            remaining, "remaining part of deviations from the limit of correlations", weight=WEIGHTS
        ),
        "gradient": results.labeled(
            gradients,
            "squared gradient after so many layers, relative to that of the outputs",
            kind=KINDS,
            layers=np.arange(depth + 1),
        ),
        "correlation": results.labeled(
            codes(n_kenyon, code_rng),
            "correlation of the codes of two odors",
            level=LEVELS,
            of_odors=CORRELATIONS,
        ),
    }


def jackknife(
    samples: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Statistic of the mean over repeats, and half its 95 % interval; nan for a few repeats."""
    n, value = len(samples), statistic(samples.mean(axis=0))
    if n < 3:
        return value, np.full_like(value, np.nan)
    others = (samples.sum(axis=0) - samples) / (n - 1)
    pseudo = [n * value - (n - 1) * statistic(other) for other in others]
    return results.mean_and_half_width(pseudo)


def edges(grown: np.ndarray) -> np.ndarray:
    """Weight variances at which gradients keep their size, by a line through logarithms."""
    slope, at_theory = np.polyfit(np.log(TRIED), np.log(grown).T, 1)
    return RandomLayer.critical(Tanh(), BIASES).weight_variance * np.exp(-at_theory / slope)


def depths(ratios: np.ndarray) -> np.ndarray:
    """Depth scales, from the remaining part after some layers."""
    layers = np.array([expected(weight)[2] for weight in WEIGHTS])
    return layers / -np.log(np.clip(ratios, 1e-9, 1 - 1e-3))


def table(dataset: xr.Dataset) -> Table:
    """Compare critical weights, depth scales, gradients and codes with theory."""
    depth, done, rows = int(dataset["depth"].values[0]), results.finished(dataset), []
    biases, weights = [f"bias {b:g}" for b in BIASES], [f"weight {w:g}" for w in WEIGHTS]
    levels = [f"{level:.0%} active" for level in LEVELS]
    critical = RandomLayer.critical(Tanh(), BIASES).weight_variance
    scales = RandomLayer(Tanh(), WEIGHTS, BIAS).correlation_depth
    profiles = [propagation.profile(kind, depth, residual=skip) for kind, skip in KINDS.values()]
    codes = [code_theory(level, np.array([0.5]))[0] for level in LEVELS]
    half, last = done["correlation"].sel(of_odors=0.5), done["gradient"].isel(layers=-1)
    ends = [profile.gradient[0] ** 2 for profile in profiles]
    # The jackknife of a mean is Student's interval.
    sections = (
        ("critical weight variance", biases, critical, done["growth"], edges),
        ("depth scale", weights, scales, done["left"], depths),
        (f"gradient^2, {depth} layers", KINDS, ends, last, np.asarray),
        ("code correlation at .5", levels, codes, half, np.asarray),
    )
    for what, settings, theory, samples, statistic in sections if done.sizes["repeat"] else ():
        measured = zip(*jackknife(samples.values, statistic), strict=True)
        for setting, expected, interval in zip(settings, theory, measured, strict=True):
            text = results.interval_text(*interval, ".4g", ".2g")
            rows.append((what, setting, f"{expected:.4g}", text))
        rows.append(None)
    title = "Signals and gradients in deep random networks, and odors in one layer"
    return results.table(title, ("what", "where", "theory", "measured"), rows, left=["what"])


def code_theory(level: float, correlations: np.ndarray) -> np.ndarray:
    """Correlation map of a unit that is active for this fraction of odors."""
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(level)))
    return np.asarray(propagation.code_correlation(unit, correlations))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the edge of chaos, depth scales, gradients against depth, and the expansion layer."""
    panels = drawing.panels(2, 2, (7.8, 6.4))
    draws = (draw_edge, draw_depths, draw_gradients, draw_codes)
    for axes, draw in zip(panels, draws, strict=True):
        draw(axes, dataset)
    return drawing.finish(panels)


def draw_edge(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the critical line, and measured points."""
    biases = 0.22 * np.linspace(0, 1, 60) ** 3  # the line is steep at 0
    line = RandomLayer.critical(Tanh(), biases).weight_variance
    axes.plot(biases, line, color="0.2", lw=1.2)
    if len(factors := results.finished(dataset)["growth"].values):
        drawing.errorbars(axes, BIASES, *jackknife(factors, edges))
    axes.text(0.01, 2.3, "chaos: inputs decorrelate,\ngradients explode", fontsize="small")
    axes.text(0.1, 1.1, "order: inputs correlate,\ngradients vanish", fontsize="small")
    axes.set(xlabel="variance of biases", ylabel="variance of weights (times inputs)")
    axes.set_ylim(0.8, 2.6)


def draw_depths(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the depth scale against the variance of weights."""
    edge = float(RandomLayer.critical(Tanh(), BIAS).weight_variance)
    for low, high in ((0.7, edge - 0.01), (edge + 0.01, 4.2)):
        weights = np.linspace(low, high, 40)
        theory = RandomLayer(Tanh(), weights, BIAS).correlation_depth
        axes.plot(weights, theory, color="0.2", lw=1.2)
    axes.axvline(edge, color="0.6", lw=0.8, ls=":")
    axes.text(edge + 0.2, 60, "edge of chaos", fontsize="small", color="0.4")
    if len(ratios := results.finished(dataset)["left"].values):
        drawing.errorbars(axes, WEIGHTS, *jackknife(ratios, depths))
    axes.set(xlabel=f"variance of weights (biases: {BIAS:g})", yscale="log", ylim=(1.5, 100))
    axes.set_ylabel("depth scale of correlations (layers)")


def draw_gradients(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the root mean square gradient against depth, for each kind of network."""
    depth = int(dataset["depth"].values[0])
    layers, samples = np.arange(depth + 1), results.finished(dataset)["gradient"].values
    shown = layers[:: max(1, depth // 10)]
    for nth, (kind, (layer, residual)) in enumerate(KINDS.items()):
        color = drawing.COLORS[nth]
        theory = propagation.profile(layer, depth, residual=residual)
        label = f"{kind}, $\\sigma_w^2$ = {layer.weight_variance:.3g}"
        axes.plot(layers, theory.gradient[::-1], color=color, lw=1.2, label=label)
        if len(samples):
            mean, half_width = results.mean_and_half_width(samples[:, nth, shown])
            size = np.sqrt(mean)
            drawing.errorbars(axes, shown, size, half_width / (2 * size), nth)
    axes.set(xlabel="layers of backpropagation", ylabel="gradient (root mean square)")
    axes.set(yscale="log", ylim=(1e-4, None))
    drawing.legend(axes, loc="lower left")


def draw_codes(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the correlation of codes against that of odors, at each coding level."""
    odors = np.sin(np.linspace(-np.pi / 6, np.pi / 2, 40))  # dense where the map is steep
    axes.plot([-0.5, 1], [-0.5, 1], color="0.7", lw=0.8, ls=":")
    for nth, level in enumerate(LEVELS):
        label = f"{level:.0%} active"
        axes.plot(odors, code_theory(level, odors), color=drawing.COLORS[nth], lw=1.2, label=label)
        drawing.points(axes, results.along(dataset, "correlation", "of_odors", level=level), nth)
    axes.set(xlabel="correlation of two odors", ylabel="correlation of their codes")
    drawing.legend(axes, title="expansion layer")


study = Study(
    name="signal_propagation",
    question="At which variance of weights and biases do signals and gradients survive depth, and "
    "where does the olfactory expansion layer lie?",
    source="Schoenholz et al. 2017, arXiv 1611.01232; Babadi & Sompolinsky 2014, "
    "10.1016/j.neuron.2014.07.035",
    parameters=(
        Parameter.count(
            "n_units", 200, "units of each deep layer", quick=60, minimum=N_CORRELATED + 1
        ),
        Parameter.count("depth", 30, "layers through which gradients are followed"),
        Parameter.count("n_kenyon", 2000, "units of the expansion layer"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=120,
    quick_repeats=4,
)

if __name__ == "__main__":
    main(study)
