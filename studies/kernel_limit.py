"""Kenyon cells at which the expansion layer approaches its kernel.

A readout compares odors by the products of their codes.  Here odors lie on a circle, and products
of codes of circuits with more and more units (and tangents of networks whose every layer learns)
are compared with the kernel of infinitely many.  Both then learn to classify eight odors, every
other quarter of the circle against the rest, and are tested on an odor in between.

The kernel supposes normal weights.  The weights of claws are equal and positive, so that an odor
with a large sum drives all units; global inhibition, which takes the mean of the inputs away, mends
this.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion import Circuit, rate, sparsify
from olfnet.expansion.wiring import DenseGaussian, FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory import expansion
from olfnet.theory.activations import ReLU, Step, Tanh
from olfnet.theory.moments import threshold
from olfnet.theory.network import Dense, Network, train
from olfnet.theory.ntk import KernelFlow, Scaled, WideNetwork, empirical

N_INPUTS, FAN_IN = 50, 6
NORMAL = {"steps": Step(), "rectifiers": ReLU()}
CLAWS = {"claws": Step(), "claws, inhibited": Step()}
CIRCUITS = NORMAL | CLAWS
NETWORKS = {
    "ReLU network": WideNetwork(1, ReLU(), 1.5, 0.5),
    "tanh network": WideNetwork(1, Tanh(), 1.5, 0.5),
}
LAYERS = (*CIRCUITS, *NETWORKS)
ANGLES = np.linspace(0, np.pi, 13)
LEARNED = np.pi / 8 + np.arange(8) * np.pi / 4
LABELS = np.array([1.0, 1.0, -1.0, -1.0] * 2)
TESTED = np.pi / 4  # between the first two
STEPS = np.array([1, 2, 5, 10, 20, 40, 80])


def limit(layer: str, coding_level: float, angles: np.ndarray) -> np.ndarray:
    """Kernel of infinitely many units for odors at some angles from each other."""
    if layer in CIRCUITS:
        return expansion.Kernel(coding_level, CIRCUITS[layer])(np.cos(angles))
    circle = 2**0.5 * np.column_stack([np.cos(np.ravel(angles)), np.sin(np.ravel(angles))])
    return NETWORKS[layer].ntk(circle, 2**0.5 * np.eye(2)[:1]).reshape(np.shape(angles))


@cache
def descent(layer: str, coding_level: float) -> KernelFlow:
    """Learning by the kernel, in steps a fifth of what its fastest mode would need."""
    kernel = limit(layer, coding_level, LEARNED[:, None] - LEARNED)
    step = 0.2 / KernelFlow(kernel, LABELS).rates[-1]
    return KernelFlow(kernel, LABELS, learning_rate=float(step))


def outputs_in_the_limit(layer: str, coding_level: float, steps: np.ndarray) -> np.ndarray:
    """Return the output of the kernel for the odor in between after each number of steps."""
    flow = descent(layer, coding_level)
    cross = limit(layer, coding_level, TESTED - LEARNED)[None]
    return flow.predicted(cross, flow.learning_rate * steps)[:, 0]


def circuit(layer: str, n_units: int, coding_level: float, rng: np.random.Generator) -> Circuit:
    """Draw a circuit whose drives have variance 1 for inputs that have."""
    if layer in CLAWS:
        # Sums of inputs with mean 0 vary less, since claws are drawn without replacement.
        spared = (N_INPUTS - FAN_IN) / (N_INPUTS - 1) if "inhibited" in layer else 1.0
        weights = FixedFanIn(FAN_IN).draw(n_units, N_INPUTS, rng=rng) / (spared * FAN_IN) ** 0.5
    else:
        weights = DenseGaussian().draw(n_units, N_INPUTS, rng=rng)
    at = threshold(coding_level, scipy.stats.norm())
    return Circuit(weights, sparsify.FixedThreshold(float(at)))


def learned(net: Network, inputs: np.ndarray, tested: np.ndarray, step: float) -> np.ndarray:
    """Learn labels on top of the first outputs; return how the output for another odor changes."""
    targets, before = net(inputs) + LABELS[:, None], net(tested)[0, 0]
    moved = []
    for n_steps in np.diff(STEPS, prepend=0):
        net = train(net, inputs, targets, learning_rate=step, n_steps=int(n_steps)).network
        moved.append(net(tested)[0, 0] - before)
    return np.array(moved)


def measure(
    *, layer: str, n_units: int, coding_level: float, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Kernel of one circuit or network, and what it learns."""
    odor_rng, layer_rng = rng.spawn(2)
    plane = odor_rng.standard_normal((N_INPUTS, 2))
    if "inhibited" in layer:
        plane -= plane.mean(axis=0)
    plane = np.linalg.qr(plane)[0].T * N_INPUTS**0.5

    def odors(angles: np.ndarray) -> np.ndarray:
        return np.column_stack([np.cos(angles), np.sin(angles)]) @ plane

    inputs = odors(np.concatenate([ANGLES, LEARNED, [TESTED]]))
    if layer in CIRCUITS:
        response = rate.respond(circuit(layer, n_units, coding_level, layer_rng), inputs)
        codes = response.active if isinstance(CIRCUITS[layer], Step) else response.rates
        inputs = codes.astype(float)
        net = Network([Scaled(Dense(np.zeros((1, n_units))), [n_units**-0.5, 0.0])])
    else:
        net = NETWORKS[layer].draw(N_INPUTS, n_units, rng=layer_rng)
    expected = limit(layer, coding_level, ANGLES)
    kernel = empirical(net, inputs[:1], inputs[: ANGLES.size])[0]
    step = descent(layer, coding_level).learning_rate
    moved = learned(net, inputs[ANGLES.size : -1], inputs[-1:], step)
    off = np.sqrt(np.mean((kernel - expected) ** 2)) / expected[0]
    product = "product of codes or tangents, relative to the kernel at angle 0"
    return {
        "kernel": results.labeled(kernel / expected[0], product, angle=ANGLES),
        "deviation": results.labeled(off, "root mean square distance from the kernel"),
        "answer": results.labeled(moved, "output for the odor in between", step=STEPS),
    }


def present(dataset: xr.Dataset, layers: Iterable[str]) -> list[str]:
    """Layers of the dataset that are among some, in their order."""
    return [layer for layer in layers if layer in dataset["layer"].values]


def expected_distance(layer: str, coding_level: float, n_units: int) -> float:
    """Root mean square distance of a circuit with normal weights from its kernel."""
    kernel = expansion.Kernel(coding_level, CIRCUITS[layer])
    return float(np.sqrt(np.mean(kernel.sd(np.cos(ANGLES)) ** 2) / n_units) / kernel(1.0))


def rms_and_half_width(samples: np.ndarray) -> tuple[float, float]:
    """Return the root mean square, and its 95 % interval by the delta method."""
    square, half_width = results.mean_and_half_width(samples**2)
    return float(square**0.5), float(half_width / (2 * square**0.5))


def slope(samples: dict[int, np.ndarray]) -> float:
    """Exponent with which the distance falls with the number of units."""
    distances = [rms_and_half_width(part)[0] for part in samples.values()]
    return float(np.polyfit(np.log(list(samples)), np.log(distances), 1)[0])


def table(dataset: xr.Dataset) -> Table:
    """Show distances from the kernel and last outputs, by theory and by simulation."""
    level, rows = float(dataset["coding_level"].values[0]), []
    for layer in present(dataset, LAYERS):
        outputs = results.along(dataset, "answer", "n_units", layer=layer, step=STEPS[-1])
        last = float(outputs_in_the_limit(layer, level, STEPS[-1:])[0])
        for n_units, samples in results.along(dataset, "deviation", "n_units", layer=layer).items():
            distance = 100 * np.array(rms_and_half_width(samples))
            known = layer in NORMAL
            theory = f"{100 * expected_distance(layer, level, n_units):.1f}" if known else ""
            rows.append((
                layer, n_units, results.interval_text(*distance, ".1f"), theory,
                results.mean_text(outputs[n_units], ".2f"), f"{last:.2f}",
            ))  # fmt: skip
        rows.append(None)
    title = f"Distance from the kernel (%), coding level {level:.0%}"
    columns = ("layer", "units", "distance", "theory", "output", "limit")
    return results.table(title, columns, rows, left=["layer"])


def draw_kernels(axes: Axes, dataset: xr.Dataset, layers: list[str]) -> None:
    """Draw kernels against the angle; points for a middle number of units."""
    level, fine = float(dataset["coding_level"].values[0]), np.linspace(0, np.pi, 200)
    for layer in layers:
        nth = LAYERS.index(layer)
        line = limit(layer, level, fine)
        axes.plot(np.degrees(fine), line / line[0], lw=1.2, color=drawing.COLORS[nth])
        samples = results.along(dataset, "kernel", "n_units", layer=layer)
        if samples:
            n_units = sorted(samples)[len(samples) // 2]
            middle = samples[n_units].mean(axis=0)
            low, high = np.quantile(samples[n_units], [0.025, 0.975], axis=0)
            errors, label = (middle - low, high - middle), f"{layer}, {n_units}"
            drawing.errorbars(axes, np.degrees(ANGLES), middle, errors, nth, label=label)
    axes.set(xlabel="angle between odors (degrees)", xticks=[0, 45, 90, 135, 180])
    drawing.legend(axes, title="units; bars hold 95 % of draws")


def draw_distances(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the distance from the kernel against the number of units."""
    level = float(dataset["coding_level"].values[0])
    for layer in present(dataset, LAYERS):
        nth = LAYERS.index(layer)
        samples = results.along(dataset, "deviation", "n_units", layer=layer)
        if samples:
            value, half_width = np.transpose([rms_and_half_width(p) for p in samples.values()])
            fitted = f", slope {slope(samples):.2f}" if len(samples) > 1 else ""
            drawing.errorbars(axes, list(samples), value, half_width, nth, label=layer + fitted)
            if layer in NORMAL:
                line = [expected_distance(layer, level, n) for n in samples]
                axes.plot(list(samples), line, lw=1.2, color=drawing.COLORS[nth])
    axes.set(xscale="log", yscale="log", xlabel="units", ylabel="distance from the kernel")
    axes.set_ylim(bottom=2e-4)
    drawing.legend(axes, loc="lower left")


def draw_outputs(axes: Axes, dataset: xr.Dataset, layers: list[str]) -> None:
    """Draw outputs while learning: the kernel's, and those of few and of many units."""
    level, steps = float(dataset["coding_level"].values[0]), np.arange(1, STEPS[-1] + 1)
    for layer in layers:
        nth, samples = LAYERS.index(layer), results.along(dataset, "answer", "n_units", layer=layer)
        color = drawing.COLORS[nth]
        axes.plot(steps, outputs_in_the_limit(layer, level, steps), lw=1.2, color=color)
        for n_units in sorted({min(samples), max(samples)}) if samples else []:
            few = n_units == min(samples)
            by_step = dict(zip(STEPS * (0.95 if few else 1), samples[n_units].T, strict=True))
            style = {"mfc": "white" if few else color, "label": f"{layer}, {n_units}"}
            drawing.points(axes, by_step, nth, **style)
    axes.set(xscale="log", xlabel="steps of gradient descent")
    axes.set_ylabel("output for an odor in between")
    drawing.legend(axes)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw kernels, the way to them, learning, and tangent kernels; lines are theory."""
    panels = drawing.panels(2, 2, (9.2, 7.0))
    circuits, networks = (present(dataset, some) for some in (NORMAL, NETWORKS))
    draw_kernels(panels[0], dataset, circuits)
    panels[0].set_ylabel("product of codes")
    draw_distances(panels[1], dataset)
    draw_outputs(panels[2], dataset, [*circuits[:1], *networks[:1]])
    draw_kernels(panels[3], dataset, networks)
    panels[3].set_ylabel("product of tangents")
    return drawing.finish(panels)


study = Study(
    name="kernel_limit",
    question="How many Kenyon cells does the expansion layer need to approach its kernel?",
    source="Cho & Saul 2009; Jacot, Gabriel & Hongler 2018, arXiv 1806.07572",
    parameters=(
        Parameter.choice("layer", LAYERS, "layer that expands the odors"),
        Parameter.count(
            "n_units",
            (32, 128, 512, 2048, 8192),
            "units of the expansion or of the hidden layer",
            quick=(32, 512),
        ),
        Parameter.fraction("coding_level", 0.1, "fraction of the units that respond"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=24,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
