"""Ask at which variance of weights and biases signals and gradients survive depth.

Deep networks of tanh units are drawn at random.  Where squared gradients neither grow nor fade from
layer to layer is the edge of chaos; below it any two inputs become alike, above it they come apart,
within as many layers as theory's depth scale tells.  The olfactory expansion layer is one such
layer.  Its map lies beyond the edge: its slope is infinite where two odors are nearly the same.
"""

from collections.abc import Callable
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
BEFORE, BETWEEN, N_ALIKE, N_RECEPTORS = 12, 8, 8, 50
ENOUGH = partial(checks.count, minimum=N_ALIKE + 1)


def growth(n_units: int, rng: np.random.Generator) -> np.ndarray:
    """By what squared gradients grow in each layer, shape (biases, weights tried)."""
    found = np.empty((BIASES.size, TRIED.size))
    for row, bias in zip(found, BIASES, strict=True):
        seed = int(rng.integers(2**62))
        for nth, weight in enumerate(TRIED * RandomLayer.critical(Tanh(), bias).weight_variance):
            gradient = propagation.sampled_profile(
                RandomLayer(Tanh(), weight, bias), BEFORE + BETWEEN,
                n_units=n_units, signal=1.0 if bias else 1e-6, rng=seed,
            ).gradient  # fmt: skip
            row[nth] = (gradient[BEFORE] / gradient[-1]) ** 2
    return found


@cache
def expected(weight_variance: float) -> tuple[float, float, int]:
    """Limits of variance and correlation in theory, and how many layers to follow the decay."""
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    depth = round(float(layer.correlation_depth))
    limit = float(layer.fixed_correlation)
    return float(layer.fixed_variance()), limit, int(np.clip(depth, 2, 12))


def left(weight_variance: float, n_units: int, rng: np.random.Generator) -> float:
    """Return what is left, layers on, of a small deviation of correlations from their limit.

    Two blocks of inputs deviate either way in chaos, one is just below 1 in order.
    """
    q, limit, depth = expected(weight_variance)
    chaos = limit < 1
    drives = limit + 0.02 * np.array([1, -1]) if chaos else np.array([1 - 1e-4])
    activities = (q * drives - BIAS) / (q - BIAS)  # they share no biases
    inputs = correlated_inputs(activities, N_ALIKE, n_units, rng=rng)
    inputs = ((q - BIAS) / weight_variance) ** 0.5 * inputs
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    network = propagation.stack(layer, n_units, depth, rng=rng)
    blocks = np.split(propagation.states(network, inputs)[[0, -1]], drives.size, axis=1)
    found = [[drive_correlation(one, weight_variance, BIAS) for one in block] for block in blocks]
    first, last = np.subtract(*found) if chaos else 1 - np.array(found[0])
    return float(last / first)


def squares(kind: str, depth: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Squared gradients behind 0 to ``depth`` layers on their way back."""
    layer, residual = KINDS[kind]
    found = propagation.sampled_profile(layer, depth, n_units=n_units, residual=residual, rng=rng)
    return found.gradient[::-1] ** 2


def codes(n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Correlation of the codes of odors, by coding level and by correlation of the odors."""
    weights = DenseGaussian().draw(n_units, N_RECEPTORS, rng=rng)
    one, other = np.linalg.qr(rng.standard_normal((N_RECEPTORS, 2)))[0].T * N_RECEPTORS**0.5
    c = CORRELATIONS[:, None]
    odors = np.vstack((one, c * one + np.sqrt(1 - c**2) * other))
    found = []
    for f in LEVELS:
        circuit = Circuit(weights, FixedThreshold(float(scipy.stats.norm.isf(f))))
        active = rate.respond(circuit, odors).active
        found.append((np.mean(active[0] * active[1:], axis=1) - f**2) / (f * (1 - f)))
    return np.array(found)


def measure(
    *, n_units: int, depth: int, n_kenyon: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Draw networks and circuits once, and look at all four."""
    edge_rng, scale_rng, depth_rng, code_rng = rng.spawn(4)
    return {
        "growth": xr.DataArray(
            growth(n_units, edge_rng), {"bias": BIASES, "tried": TRIED},
            attrs={"meaning": f"factor of squared gradients over {BETWEEN} layers"},
        ),
        "left": xr.DataArray(
            [left(weight, n_units, scale_rng) for weight in WEIGHTS], {"weight": WEIGHTS},
            attrs={"meaning": "what is left of deviations from the limit of correlations"},
        ),
        "gradient": xr.DataArray(
            [squares(kind, depth, n_units, depth_rng) for kind in KINDS],
            {"kind": list(KINDS), "layers": np.arange(depth + 1)},
            attrs={"meaning": "squared gradient behind so many layers, of that by the outputs"},
        ),
        "correlation": xr.DataArray(
            codes(n_kenyon, code_rng), {"level": LEVELS, "of_odors": CORRELATIONS},
            attrs={"meaning": "correlation of the codes of two odors"},
        ),
    }  # fmt: skip


def finished(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Finished repeats of one variable for the first setting, repeats first."""
    return results.finished(dataset)[name].values


def jackknife(
    samples: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Statistic of the mean over repeats, and half its 95 % interval; 0 for a few repeats."""
    n, value = len(samples), statistic(samples.mean(axis=0))
    if n < 3:
        return value, np.zeros_like(value)
    others = (samples.sum(axis=0) - samples) / (n - 1)
    pseudo = [n * value - (n - 1) * statistic(other) for other in others]
    return drawing.mean_and_reach(pseudo)


def edges(grown: np.ndarray) -> np.ndarray:
    """Weight variances at which gradients neither grow nor fade, by a line through logarithms."""
    slope, at_theory = np.polyfit(np.log(TRIED), np.log(grown).T, 1)
    return RandomLayer.critical(Tanh(), BIASES).weight_variance * np.exp(-at_theory / slope)


def depths(ratios: np.ndarray) -> np.ndarray:
    """Depth scales, from what is left after some layers."""
    layers = np.array([expected(weight)[2] for weight in WEIGHTS])
    return layers / -np.log(np.clip(ratios, 1e-9, 1 - 1e-3))


def table(dataset: xr.Dataset) -> Table:
    """Compare critical weights, depth scales, gradients and codes with theory."""
    rows = Table(title="Signals and gradients in deep random networks, and odors in one layer")
    for column in ("what", "where", "theory", "measured"):
        rows.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    if not len(finished(dataset, "growth")):
        return rows
    depth = int(dataset["depth"].values[0])
    kinds, middle = list(KINDS), list(CORRELATIONS).index(0.5)
    ends = np.array([propagation.profile(layer, depth, residual=residual).gradient[0] ** 2
                     for layer, residual in KINDS.values()])  # fmt: skip
    code = [code_theory(level, np.array([0.5]))[0] for level in LEVELS]
    found = {name: finished(dataset, name) for name in ("growth", "left", "gradient")}
    codes_ = drawing.mean_and_reach(finished(dataset, "correlation")[:, :, middle])
    sections = (
        ("critical weight variance", [f"bias {b:g}" for b in BIASES],
         RandomLayer.critical(Tanh(), BIASES).weight_variance,
         jackknife(found["growth"], edges)),
        ("depth scale", [f"weight {w:g}" for w in WEIGHTS],
         RandomLayer(Tanh(), WEIGHTS, BIAS).correlation_depth, jackknife(found["left"], depths)),
        (f"squared gradient, {depth} layers", kinds, ends,
         drawing.mean_and_reach(found["gradient"][:, :, -1])),
        ("codes of odors alike by .5", [f"{level:.0%} active" for level in LEVELS], code, codes_),
    )  # fmt: skip
    for what, places, theory, (values, reach) in sections:
        for line in zip(places, theory, values, reach, strict=True):
            rows.add_row(what, line[0], f"{line[1]:.4g}", f"{line[2]:.4g} ±{line[3]:.2g}")
        rows.add_section()
    return rows


def code_theory(level: float, correlations: np.ndarray) -> np.ndarray:
    """Correlation map of a unit that is active for this fraction of odors."""
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(level)))
    return np.asarray(propagation.code_correlation(unit, correlations))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the edge of chaos, depth scales, gradients against depth, and the expansion layer."""
    drawn = Figure(figsize=(7.8, 6.4), layout="constrained")
    panels = drawn.subplots(2, 2).ravel()
    draws = (draw_edge, draw_depths, draw_gradients, draw_codes)
    for axes, draw in zip(panels, draws, strict=True):
        draw(axes, dataset)
    drawing.finish(panels)
    return drawn


def points(axes: Axes, x: np.ndarray, found: tuple[np.ndarray, np.ndarray], nth: int = 0) -> None:
    """Draw measured values with intervals, in the nth color."""
    style = {"marker": drawing.MARKERS[nth], "color": drawing.COLORS[nth]}
    axes.errorbar(x, *found, ls="", ms=4, lw=1, **style)


def draw_edge(axes: Axes, dataset: xr.Dataset) -> None:
    """Critical line, with what was measured."""
    biases = 0.22 * np.linspace(0, 1, 60) ** 3  # the line is steep at 0
    line = RandomLayer.critical(Tanh(), biases).weight_variance
    axes.plot(biases, line, color="0.2", lw=1.2)
    if len(grown := finished(dataset, "growth")):
        points(axes, BIASES, jackknife(grown, edges))
    axes.text(0.01, 2.3, "chaos: inputs come apart,\ngradients explode", fontsize="small")
    axes.text(0.1, 1.1, "order: inputs become alike,\ngradients vanish", fontsize="small")
    axes.set(xlabel="variance of biases", ylabel="variance of weights (times inputs)")
    axes.set_ylim(0.8, 2.6)


def draw_depths(axes: Axes, dataset: xr.Dataset) -> None:
    """Depth scale against the variance of weights."""
    edge = float(RandomLayer.critical(Tanh(), BIAS).weight_variance)
    for low, high in ((0.7, edge - 0.01), (edge + 0.01, 4.2)):
        weights = np.linspace(low, high, 40)
        theory = RandomLayer(Tanh(), weights, BIAS).correlation_depth
        axes.plot(weights, theory, color="0.2", lw=1.2)
    axes.axvline(edge, color="0.6", lw=0.8, ls=":")
    axes.text(edge + 0.2, 60, "edge of chaos", fontsize="small", color="0.4")
    if len(ratios := finished(dataset, "left")):
        points(axes, WEIGHTS, jackknife(ratios, depths))
    axes.set(
        yscale="log", ylim=(1.5, 100), xlabel=f"variance of weights (biases: {BIAS:g})",
        ylabel="depth scale of correlations (layers)",
    )  # fmt: skip


def draw_gradients(axes: Axes, dataset: xr.Dataset) -> None:
    """Root mean square gradient against depth, for each kind of network."""
    depth = int(dataset["depth"].values[0])
    layers, samples = np.arange(depth + 1), finished(dataset, "gradient")
    shown = layers[:: max(1, depth // 10)]
    for nth, (kind, (layer, residual)) in enumerate(KINDS.items()):
        color = drawing.COLORS[nth]
        theory = propagation.profile(layer, depth, residual=residual)
        label = f"{kind}, $\\sigma_w^2$ = {layer.weight_variance:.3g}"
        axes.plot(layers, theory.gradient[::-1], color=color, lw=1.2, label=label)
        if len(samples):
            mean, reach = drawing.mean_and_reach(samples[:, nth, shown])
            points(axes, shown, (np.sqrt(mean), reach / (2 * np.sqrt(mean))), nth)
    axes.set(xlabel="layers on the way back", ylabel="gradient (root mean square)")
    axes.set(yscale="log", ylim=(1e-4, None))
    drawing.legend(axes, loc="lower left")


def draw_codes(axes: Axes, dataset: xr.Dataset) -> None:
    """Correlation of codes against that of odors, at each coding level."""
    samples = finished(dataset, "correlation")
    odors = np.sin(np.linspace(-np.pi / 6, np.pi / 2, 40))  # dense where the map is steep
    axes.plot([-0.5, 1], [-0.5, 1], color="0.7", lw=0.8, ls=":")
    for nth, level in enumerate(LEVELS):
        label = f"{level:.0%} active"
        axes.plot(odors, code_theory(level, odors), color=drawing.COLORS[nth], lw=1.2, label=label)
        if len(samples):
            points(axes, CORRELATIONS, drawing.mean_and_reach(samples[:, nth]), nth)
    axes.set(xlabel="correlation of two odors", ylabel="correlation of their codes")
    drawing.legend(axes, title="expansion layer", title_fontsize="small")


study = Study(
    name="signal_propagation",
    question="At which variance of weights and biases do signals and gradients survive depth, and "
    "where does the olfactory expansion layer lie?",
    source="Schoenholz et al. 2017, arXiv 1611.01232; Babadi & Sompolinsky 2014, "
    "10.1016/j.neuron.2014.07.035",
    parameters=(
        Parameter("n_units", 200, "units of each deep layer", quick=60, check=ENOUGH),
        Parameter("depth", 30, "layers through which gradients are followed", check=checks.count),
        Parameter("n_kenyon", 2000, "units of the expansion layer", check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=120,
    quick_repeats=4,
)

if __name__ == "__main__":
    main(study)
