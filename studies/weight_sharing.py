"""Samples that shared weights save where the position of a pattern does not matter.

Two short motifs have random positions in a noisy signal, and a network has to classify which of
them it contains.  A convolutional network has the same weights everywhere; a dense one has to learn
the motifs at each position.  As a control the motifs are the same and their position is to be
classified, which is lost in a mean over all positions.
"""

from functools import cache

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory.activations import ReLU
from olfnet.theory.generalization import n_parameters, vc_bound
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    LogisticLoss,
    MeanPool,
    Network,
    dense,
    train,
)

LENGTH, MOTIF, N_KERNELS, N_HIDDEN, N_TESTED = 32, 5, 8, 48, 1000
NOISE = 0.3
TASKS = ("which motif", "which place")
NETWORKS = ("shared weights", "dense")
RATES = {"shared weights": 0.1, "dense": 0.1}
N_STEPS = 600
MEANINGS = {
    "error": "fraction of new signals classified wrong",
    "loss": "logistic loss of the signals that were learned",
    "n_parameters": "numbers that were learned",
    "vc_bound": "upper bound of the signals that can be labeled in all ways",
}


@cache
def motifs() -> np.ndarray:
    """Two motifs of the same length and energy, the second one the first reversed."""
    first = np.array([2.0, 1.0, 0.0, -1.0, 1.0])
    return np.array([first, first[::-1]]) / np.linalg.norm(first) * MOTIF**0.5


def signals(n: int, task: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noisy signals of shape (n, 1, LENGTH) on a ring, and their labels of shape (n, 1)."""
    labels = rng.choice([-1.0, 1.0], n)
    kinds, positions = rng.integers(2, size=n), rng.integers(LENGTH, size=n)
    if task == "which motif":
        kinds = (labels > 0).astype(int)
    else:
        positions = rng.integers(LENGTH // 2, size=n) + (labels > 0) * (LENGTH // 2)
    clean = np.zeros((n, LENGTH))
    columns = (positions[:, None] + np.arange(MOTIF)) % LENGTH
    clean[np.arange(n)[:, None], columns] = motifs()[kinds]
    return (clean + NOISE * rng.standard_normal(clean.shape))[:, None], labels[:, None]


def drawn(kind: str, rng: np.random.Generator) -> Network:
    """Draw an untrained network."""
    if kind == "dense":
        return Network([Flatten(), *dense([LENGTH, N_HIDDEN, 1], ReLU(), rng=rng).layers])
    kernels = rng.standard_normal((N_KERNELS, 1, MOTIF)) * (2 / MOTIF) ** 0.5
    readout = rng.standard_normal((1, N_KERNELS)) * (2 / N_KERNELS) ** 0.5
    kernel_layer = Convolution(kernels, padding="circular")
    return Network([kernel_layer, Activate(ReLU()), MeanPool(), Dense(readout)])


def measure(
    *, task: str, network: str, n_samples: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Learn from some signals, and count errors on others."""
    learned_rng, tested_rng, network_rng = rng.spawn(3)
    untrained = drawn(network, network_rng)
    learned = train(
        untrained,
        *signals(n_samples, task, learned_rng),
        loss=LogisticLoss(),
        learning_rate=RATES[network],
        momentum=0.9,
        n_steps=N_STEPS,
    )
    inputs, labels = signals(N_TESTED, task, tested_rng)
    wrong = np.mean(np.sign(learned.network(inputs)) != labels)
    measured = (
        wrong,
        learned.losses[-1],
        n_parameters(untrained),
        vc_bound(untrained, (1, LENGTH)),
    )
    return results.labeled_each(MEANINGS, measured)


def table(dataset: xr.Dataset) -> Table:
    """Error of both networks against the number of samples."""
    kinds = list(dataset["network"].values)
    bounds = dataset["vc_bound"].max([d for d in dataset["vc_bound"].dims if d != "network"])
    words = [f"{kind} {float(bounds.sel(network=kind)):,.0f}" for kind in kinds]
    rows = []
    for task in dataset["task"].values:
        for n in dataset["n_samples"].values:
            cells = []
            for kind in kinds:
                at = {"task": task, "network": kind, "n_samples": n}
                errors = results.finished(dataset, **at)["error"].values
                cells.append(results.mean_text(errors, ".1%") if len(errors) else "")
            rows.append((task, n, *cells))
        rows.append(None)
    return results.table(
        "Errors on new signals (95 % intervals)",
        ("task", "samples", *kinds),
        rows,
        left=["task"],
        caption="VC dimension at most: " + ", ".join(words),
    )


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against the number of samples, a panel for each task."""
    tasks = dataset["task"].values
    panels = drawing.panels(1, len(tasks), (3.4 * len(tasks) + 0.4, 3.1), sharey=True)
    for axes, task in zip(panels, tasks, strict=True):
        axes.axhline(50, color="0.6", lw=0.8, ls=":")
        for nth, kind in enumerate(NETWORKS):
            samples = results.along(dataset, "error", "n_samples", task=task, network=kind)
            if samples:
                count = int(dataset["n_parameters"].sel(network=kind).max())
                label = f"{kind} ({count} parameters)"
                drawing.points(axes, samples, nth, scale=100, ls="-", label=label)
        axes.set(xscale="log", xlabel="signals learned")
        axes.set_title(task, fontsize="medium")
    panels[0].set(ylabel="new signals classified wrong (%)", ylim=(0, 60))
    drawing.legend(panels[-1], loc="center right")
    return drawing.finish(panels)


study = Study(
    name="weight_sharing",
    question="How many samples do shared weights save?",
    source="LeCun et al. 1989, Neural Computation 1:541",
    parameters=(
        Parameter.choice("task", TASKS, "what is classified"),
        Parameter.choice("network", NETWORKS, "what learns"),
        Parameter.count(
            "n_samples", (20, 50, 100, 200, 500, 1000), "signals learned", quick=(20, 100)
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
