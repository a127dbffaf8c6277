"""Ask how many samples shared weights save where the place of a pattern does not matter.

Two short motifs stand somewhere in a noisy signal, and a network has to tell which of them it sees.
A convolutional network looks for motifs with the same weights everywhere; a dense one has to learn
them at each place.  As a control the motifs are the same and their place is asked for, which a mean
over all places cannot tell.
"""

from functools import cache, partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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


@cache
def motifs() -> np.ndarray:
    """Two motifs of the same length and energy, the second one the first reversed."""
    first = np.array([2.0, 1.0, 0.0, -1.0, 1.0])
    return np.array([first, first[::-1]]) / np.linalg.norm(first) * MOTIF**0.5


def signals(n: int, task: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noisy signals of shape (n, 1, LENGTH) on a ring, and their labels of shape (n, 1)."""
    labels = rng.choice([-1.0, 1.0], n)
    kinds, places = rng.integers(2, size=n), rng.integers(LENGTH, size=n)
    if task == "which motif":
        kinds = (labels > 0).astype(int)
    else:
        places = rng.integers(LENGTH // 2, size=n) + (labels > 0) * (LENGTH // 2)
    clean = np.zeros((n, LENGTH))
    columns = (places[:, None] + np.arange(MOTIF)) % LENGTH
    clean[np.arange(n)[:, None], columns] = motifs()[kinds]
    return (clean + NOISE * rng.standard_normal(clean.shape))[:, None], labels[:, None]


def born(kind: str, rng: np.random.Generator) -> Network:
    """Draw a network that has learned nothing."""
    if kind == "dense":
        return Network([Flatten(), *dense([LENGTH, N_HIDDEN, 1], ReLU(), rng=rng).layers])
    kernels = rng.standard_normal((N_KERNELS, 1, MOTIF)) * (2 / MOTIF) ** 0.5
    readout = rng.standard_normal((1, N_KERNELS)) * (2 / N_KERNELS) ** 0.5
    looking = Convolution(kernels, padding="circular")
    return Network([looking, Activate(ReLU()), MeanPool(), Dense(readout)])


def measure(
    *, task: str, network: str, n_samples: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Learn from some signals, and count wrong answers to others."""
    learned_rng, tested_rng, network_rng = rng.spawn(3)
    untaught = born(network, network_rng)
    learned = train(
        untaught,
        *signals(n_samples, task, learned_rng),
        loss=LogisticLoss(),
        learning_rate=RATES[network],
        momentum=0.9,
        n_steps=N_STEPS,
    )
    inputs, labels = signals(N_TESTED, task, tested_rng)
    wrong = np.mean(np.sign(learned.network(inputs)) != labels)
    loss = {"meaning": "logistic loss of the signals that were learned"}
    return {
        "error": xr.DataArray(wrong, attrs={"meaning": "fraction of new signals answered wrong"}),
        "loss": xr.DataArray(learned.losses[-1], attrs=loss),
        "n_parameters": xr.DataArray(
            n_parameters(untaught), attrs={"meaning": "numbers that were learned"}
        ),
        "vc_bound": xr.DataArray(
            vc_bound(untaught, (1, LENGTH)),
            attrs={"meaning": "at most so many signals can be labeled in all ways"},
        ),
    }


def chosen(dataset: xr.Dataset, task: str, network: str) -> dict[int, np.ndarray]:
    """Errors of finished repeats, by number of samples."""
    return results.along(dataset, "error", "n_samples", task=task, network=network)


def table(dataset: xr.Dataset) -> Table:
    """Error of both networks against the number of samples."""
    kinds = list(dataset["network"].values)
    bounds = dataset["vc_bound"].max([d for d in dataset["vc_bound"].dims if d != "network"])
    words = [f"{kind} {float(bounds.sel(network=kind)):,.0f}" for kind in kinds]
    rows = Table(
        title="Wrong answers to new signals (95 % intervals)",
        caption="VC dimension at most: " + ", ".join(words),
    )
    for column in ("task", "samples", *kinds):
        rows.add_column(column, justify="left" if column == "task" else "right", no_wrap=True)
    for task in dataset["task"].values:
        found = {kind: chosen(dataset, task, kind) for kind in kinds}
        for n in dataset["n_samples"].values:
            cells = []
            for kind in kinds:
                if int(n) in found[kind]:
                    mean, reach = drawing.mean_and_reach(found[kind][int(n)])
                    cells.append(f"{mean:.1%} ±{reach:.1%}")
                else:
                    cells.append("")
            rows.add_row(str(task), str(n), *cells)
        rows.add_section()
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against the number of samples, a panel for each task."""
    tasks = dataset["task"].values
    drawn = Figure(figsize=(3.4 * len(tasks) + 0.4, 3.1), layout="constrained")
    panels = drawn.subplots(1, len(tasks), squeeze=False, sharey=True)[0]
    for axes, task in zip(panels, tasks, strict=True):
        axes.axhline(50, color="0.6", lw=0.8, ls=":")
        for nth, kind in enumerate(NETWORKS):
            samples = chosen(dataset, task, kind) if kind in dataset["network"].values else {}
            if samples:
                mean, reach = np.transpose([drawing.mean_and_reach(s) for s in samples.values()])
                count = int(dataset["n_parameters"].sel(network=kind).max())
                axes.errorbar(
                    list(samples), 100 * mean, 100 * reach, marker=drawing.MARKERS[nth], ms=4, lw=1,
                    color=drawing.COLORS[nth], label=f"{kind} ({count} parameters)",
                )  # fmt: skip
        axes.set(xscale="log", xlabel="signals learned")
        axes.text(0.5, 1.02, task, transform=axes.transAxes, ha="center")
    panels[0].set(ylabel="new signals answered wrong (%)", ylim=(0, 60))
    drawing.legend(panels[-1], loc="center right")
    drawing.finish(panels)
    return drawn


study = Study(
    name="weight_sharing",
    question="How many samples do shared weights save?",
    source="LeCun et al. 1989, Neural Computation 1:541",
    parameters=(
        Parameter("task", TASKS, "what is asked", check=partial(checks.one_of, known=TASKS)),
        Parameter("network", NETWORKS, "what learns", check=partial(checks.one_of, known=NETWORKS)),
        Parameter(
            "n_samples",
            (20, 50, 100, 200, 500, 1000),
            "signals learned",
            quick=(20, 100),
            check=checks.count,
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
