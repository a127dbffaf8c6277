"""Ask how many Kenyon cells make the expansion layer its kernel.

A readout compares odors by the products of their codes.  Here odors lie on a circle, and products
of codes of circuits with more and more units (and tangents of networks whose every layer learns)
are compared with the kernel of infinitely many.  Both then learn to tell eight odors apart, every
other quarter of the circle from the rest, and are asked for an odor in between.

The kernel supposes normal weights.  Claws are all alike and positive, so that an odor with a large
sum drives all units; global inhibition, which takes the mean of the inputs away, mends this.
"""

from collections.abc import Iterable
from functools import cache, partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
ASKED = np.pi / 4  # between the first two
STEPS = np.array([1, 2, 5, 10, 20, 40, 80])


def limit(layer: str, coding_level: float, angles: np.ndarray) -> np.ndarray:
    """Kernel of infinitely many units for odors at some angles from each other."""
    if layer in CIRCUITS:
        return expansion.kernel(np.cos(angles), coding_level, CIRCUITS[layer])
    circle = 2**0.5 * np.column_stack([np.cos(np.ravel(angles)), np.sin(np.ravel(angles))])
    return NETWORKS[layer].ntk(circle, 2**0.5 * np.eye(2)[:1]).reshape(np.shape(angles))


@cache
def descent(layer: str, coding_level: float) -> KernelFlow:
    """Learning as the kernel sees it, in steps a fifth of what its fastest mode would need."""
    kernel = limit(layer, coding_level, LEARNED[:, None] - LEARNED)
    step = 0.2 / KernelFlow(kernel, LABELS).rates[-1]
    return KernelFlow(kernel, LABELS, learning_rate=float(step))


def answers_in_the_limit(layer: str, coding_level: float, steps: np.ndarray) -> np.ndarray:
    """Return what the kernel says of the odor in between after each number of steps."""
    flow = descent(layer, coding_level)
    cross = limit(layer, coding_level, ASKED - LEARNED)[None]
    return flow.predicted(cross, flow.learning_rate * steps)[:, 0]


def circuit(layer: str, n_units: int, coding_level: float, rng: np.random.Generator) -> Circuit:
    """Draw a circuit whose drives have variance 1 for inputs that have."""
    if layer in CLAWS:
        # Of inputs with sum 0 a sum varies less, since claws are drawn without replacement.
        spared = (N_INPUTS - FAN_IN) / (N_INPUTS - 1) if "inhibited" in layer else 1.0
        weights = FixedFanIn(FAN_IN).draw(n_units, N_INPUTS, rng=rng) / (spared * FAN_IN) ** 0.5
    else:
        weights = DenseGaussian().draw(n_units, N_INPUTS, rng=rng)
    at = threshold(coding_level, scipy.stats.norm())
    return Circuit(weights, sparsify.FixedThreshold(float(at)))


def learned(net: Network, inputs: np.ndarray, asked: np.ndarray, step: float) -> np.ndarray:
    """Learn labels on top of the first answers, and tell how the answer to another odor moves."""
    targets, before = net(inputs) + LABELS[:, None], net(asked)[0, 0]
    moved = []
    for n_steps in np.diff(STEPS, prepend=0):
        net = train(net, inputs, targets, learning_rate=step, n_steps=int(n_steps)).network
        moved.append(net(asked)[0, 0] - before)
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

    inputs = odors(np.concatenate([ANGLES, LEARNED, [ASKED]]))
    if layer in CIRCUITS:
        response = rate.respond(circuit(layer, n_units, coding_level, layer_rng), inputs)
        codes = response.active if isinstance(CIRCUITS[layer], Step) else response.rates
        inputs = codes.astype(float)
        net = Network([Scaled(Dense(np.zeros((1, n_units))), [n_units**-0.5, 0.0])])
    else:
        net = NETWORKS[layer].draw(N_INPUTS, n_units, rng=layer_rng)
    wanted = limit(layer, coding_level, ANGLES)
    kernel = empirical(net, inputs[:1], inputs[: ANGLES.size])[0]
    step = descent(layer, coding_level).learning_rate
    moved = learned(net, inputs[ANGLES.size : -1], inputs[-1:], step)
    off = np.sqrt(np.mean((kernel - wanted) ** 2)) / wanted[0]
    relative = {"meaning": "product of codes or tangents, in parts of the kernel at angle 0"}
    return {
        "kernel": xr.DataArray(kernel / wanted[0], {"angle": ANGLES}, ["angle"], attrs=relative),
        "deviation": xr.DataArray(off, attrs={"meaning": "root mean square distance from it"}),
        "answer": xr.DataArray(
            moved, {"step": STEPS}, ["step"], attrs={"meaning": "to the odor in between"}
        ),
    }


def present(dataset: xr.Dataset, layers: Iterable[str]) -> list[str]:
    """Layers of the dataset that are among some, in their order."""
    return [layer for layer in layers if layer in dataset["layer"].values]


def chosen(dataset: xr.Dataset, layer: str, name: str) -> dict[int, np.ndarray]:
    """Finished repeats at the first coding level, by number of units."""
    return results.along(dataset, name, "n_units", layer=layer)


def expected(layer: str, coding_level: float, n_units: int) -> float:
    """Root mean square distance of a circuit with normal weights from its kernel."""
    activation = CIRCUITS[layer]
    spread = expansion.spread(np.cos(ANGLES), coding_level, activation)
    size = expansion.kernel(1.0, coding_level, activation)
    return float(np.sqrt(np.mean(spread**2) / n_units) / size)


def rms_and_reach(samples: np.ndarray) -> tuple[float, float]:
    """Return the root mean square, and its 95 % interval by the delta method."""
    square, reach = drawing.mean_and_reach(samples**2)
    return float(square**0.5), float(reach / (2 * square**0.5))


def slope(samples: dict[int, np.ndarray]) -> float:
    """Exponent with which the distance falls with the number of units."""
    found = [rms_and_reach(one)[0] for one in samples.values()]
    return float(np.polyfit(np.log(list(samples)), np.log(found), 1)[0])


def table(dataset: xr.Dataset) -> Table:
    """Show distances from the kernel and last answers, by theory and by simulation."""
    level = float(dataset["coding_level"].values[0])
    rows = Table(title=f"Distance from the kernel (%), coding level {level:.0%}")
    for column in ("layer", "units", "distance", "theory", "answer", "limit"):
        rows.add_column(column, justify="left" if column == "layer" else "right", no_wrap=True)
    for layer in present(dataset, LAYERS):
        samples, answers = (chosen(dataset, layer, name) for name in ("deviation", "answer"))
        last = float(answers_in_the_limit(layer, level, STEPS[-1:])[0])
        for n_units, one in samples.items():
            distance, reach = rms_and_reach(one)
            mean, wide = drawing.mean_and_reach(answers[n_units][:, -1])
            theory = f"{100 * expected(layer, level, n_units):.1f}" if layer in NORMAL else ""
            rows.add_row(
                layer, str(n_units), f"{100 * distance:.1f} ±{100 * reach:.1f}", theory,
                f"{mean:.2f} ±{wide:.2f}", f"{last:.2f}",
            )  # fmt: skip
        rows.add_section()
    return rows


def draw_kernels(axes: Axes, dataset: xr.Dataset, layers: list[str]) -> None:
    """Draw kernels against the angle; points for a middle number of units."""
    level, fine = float(dataset["coding_level"].values[0]), np.linspace(0, np.pi, 200)
    for layer in layers:
        nth = LAYERS.index(layer)
        line = limit(layer, level, fine)
        axes.plot(np.degrees(fine), line / line[0], lw=1.2, color=drawing.COLORS[nth])
        samples = chosen(dataset, layer, "kernel")
        if samples:
            n_units = sorted(samples)[len(samples) // 2]
            low, middle, high = middle_95(samples[n_units])
            axes.errorbar(
                np.degrees(ANGLES), middle, [middle - low, high - middle], ls="", ms=4, lw=1,
                marker=drawing.MARKERS[nth], color=drawing.COLORS[nth],
                label=f"{layer}, {n_units}",
            )  # fmt: skip
    axes.set(xlabel="angle between odors (degrees)", xticks=[0, 45, 90, 135, 180])
    drawing.legend(axes, title="units; bars hold 95 % of draws", title_fontsize="small")


def middle_95(samples: np.ndarray) -> np.ndarray:
    """Quantiles between which 95 % of the circuits are, around their mean."""
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    return np.array([low, samples.mean(axis=0), high])


def draw_distances(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the distance from the kernel against the number of units."""
    level = float(dataset["coding_level"].values[0])
    for layer in present(dataset, LAYERS):
        nth, samples = LAYERS.index(layer), chosen(dataset, layer, "deviation")
        if samples:
            n_units = np.array(list(samples))
            value, reach = np.transpose([rms_and_reach(one) for one in samples.values()])
            fitted = f", slope {slope(samples):.2f}" if len(samples) > 1 else ""
            axes.errorbar(
                n_units, value, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1,
                color=drawing.COLORS[nth], label=layer + fitted,
            )  # fmt: skip
            if layer in NORMAL:
                line = [expected(layer, level, n) for n in samples]
                axes.plot(n_units, line, lw=1.2, color=drawing.COLORS[nth])
    axes.set(xscale="log", yscale="log", xlabel="units", ylabel="distance from the kernel")
    axes.set_ylim(bottom=2e-4)
    drawing.legend(axes, loc="lower left")


def draw_answers(axes: Axes, dataset: xr.Dataset, layers: list[str]) -> None:
    """Draw answers while learning: the kernel's, and those of few and of many units."""
    level, steps = float(dataset["coding_level"].values[0]), np.arange(1, STEPS[-1] + 1)
    for layer in layers:
        nth, samples = LAYERS.index(layer), chosen(dataset, layer, "answer")
        color = drawing.COLORS[nth]
        axes.plot(steps, answers_in_the_limit(layer, level, steps), lw=1.2, color=color)
        for n_units in sorted({min(samples), max(samples)}) if samples else []:
            mean, reach = drawing.mean_and_reach(samples[n_units])
            few = n_units == min(samples)
            axes.errorbar(
                STEPS * (0.95 if few else 1.0), mean, reach, ls="", ms=4, lw=1, color=color,
                marker=drawing.MARKERS[nth], mfc="white" if few else color,
                label=f"{layer}, {n_units}",
            )  # fmt: skip
    axes.set(
        xscale="log", xlabel="steps of gradient descent", ylabel="answer to an odor in between"
    )
    drawing.legend(axes)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw kernels, the way to them, learning, and tangent kernels; lines are theory."""
    drawn = Figure(figsize=(9.2, 7.0), layout="constrained")
    panels = drawn.subplots(2, 2).ravel()
    circuits, networks = (present(dataset, some) for some in (NORMAL, NETWORKS))
    draw_kernels(panels[0], dataset, circuits)
    panels[0].set_ylabel("product of codes")
    draw_distances(panels[1], dataset)
    draw_answers(panels[2], dataset, [*circuits[:1], *networks[:1]])
    draw_kernels(panels[3], dataset, networks)
    panels[3].set_ylabel("product of tangents")
    drawing.finish(panels)
    return drawn


study = Study(
    name="kernel_limit",
    question="How many Kenyon cells make the expansion layer its kernel?",
    source="Cho & Saul 2009; Jacot, Gabriel & Hongler 2018, arXiv 1806.07572",
    parameters=(
        Parameter(
            "layer", LAYERS, "what expands the odors", check=partial(checks.one_of, known=LAYERS)
        ),
        Parameter(
            "n_units",
            (32, 128, 512, 2048, 8192),
            "units of the expansion or of the hidden layer",
            quick=(32, 512),
            check=checks.count,
        ),
        Parameter("coding_level", 0.1, "share of the units that respond", check=checks.fraction),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=24,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
