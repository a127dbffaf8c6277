"""Connections that a circuit can lose, and whether it matters which.

Synapses of log-normal strength connect projection neurons to units, each with a threshold of its
own that is set anew after pruning.  A readout that has learned labels of the intact circuit's codes
is tested on those of the pruned one; the capacity is that of a readout that learns anew, limited by
odors with the same code.  Theory assumes Gaussian drives and uncorrelated inputs: if a unit keeps a
fraction s of its drive's variance, its drive has a correlation of sqrt(s) with the old one.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.expansion import Circuit, pruning, rate, sparsify
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import PseudoinverseReadout
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import expansion

KEPT = ("important", "random")
LEVEL, LOG_SD, LOAD, N_CALIBRATION = 0.1, 1.0, 0.5, 1000
MEANINGS = {
    "recalled": "fraction of labels recalled without relearning",
    "overlap": "fraction of active units that stay active",
    "predicted": "fraction of active units that stay active, in theory",
    "capacity": "separable associations for each unit, relearned",
    "rank": "dimensions of the codes for each unit",
}


def drawn(n_units: int, fan_in: int, rng: np.random.Generator) -> Circuit:
    """Draw a circuit with synapses of log-normal strength."""
    weights = FixedFanIn(fan_in).draw(n_units, fly_odors().shape[1], rng=rng)
    weights.data *= np.exp(LOG_SD * rng.standard_normal(weights.nnz))
    return Circuit(weights, sparsify.UnitThresholds(LEVEL))


def fractions(circuit: Circuit, odors: np.ndarray) -> np.ndarray:
    """Return connections' fractions of their unit's importance, shape (n_units, n_inputs)."""
    importance = pruning.importance(circuit, odors).toarray()
    return importance / np.maximum(importance.sum(axis=1, keepdims=True), 1e-300)


def codes(circuit: Circuit, odors: np.ndarray) -> np.ndarray:
    """Return 1 where a unit responds, shape (n_odors, n_units)."""
    return rate.respond(circuit, odors).active.astype(float)


def measure(
    *, kept: str, pruned: float, n_units: int, fan_in: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Prune one circuit, and compare its codes with those of the intact one."""
    odor_rng, wiring_rng, label_rng, prune_rng, trial_rng = rng.spawn(5)
    odors = DivisiveNormalization()(fly_odors(N_CALIBRATION, rng=odor_rng))
    intact = drawn(n_units, fan_in, wiring_rng)
    matters = fractions(intact, odors)
    left = pruning.pruned(
        intact, pruned, importance=matters if kept == "important" else None, rng=prune_rng
    )
    variance_kept = np.sum(matters * (left.weights.toarray() != 0), axis=1)
    expected = expansion.correlation(np.sqrt(np.minimum(variance_kept, 1)), LEVEL)
    intact, left = intact.calibrated(odors), left.calibrated(odors)
    learned = odors[: round(LOAD * n_units)]
    before, after = codes(intact, learned), codes(left, learned)
    labels = label_rng.choice([-1.0, 1.0], len(learned))
    readout = PseudoinverseReadout().fit(before, labels)
    prefix = olfnet.breaking_points(
        lambda n, rng: codes(left, DivisiveNormalization()(fly_odors(n, rng=rng))),
        max_patterns=round(2.6 * n_units),
        n_trials=1,
        rng=trial_rng,
    )[0]
    rank = np.linalg.matrix_rank(codes(left, odors))
    measured = (
        np.mean(readout.predict(after) == labels),
        np.sum(before * after) / np.sum(before),
        np.mean(LEVEL + (1 - LEVEL) * expected),
        prefix / n_units,
        rank / n_units,
    )
    return results.labeled_each(MEANINGS, measured)


def table(dataset: xr.Dataset) -> Table:
    """Codes, memory and capacity after pruning."""
    rows = []
    for kept in dataset["kept"].values:
        samples = {name: results.along(dataset, name, "pruned", kept=kept) for name in MEANINGS}
        for pruned in samples["overlap"]:
            overlap, recalled, capacity = (
                results.mean_text(samples[name][pruned], ".2f")
                for name in ("overlap", "recalled", "capacity")
            )
            theory, rank = (samples[name][pruned].mean() for name in ("predicted", "rank"))
            cells = (overlap, f"{theory:.2f}", recalled, capacity, f"{2 * rank:.2f}")
            rows.append((kept, f"{pruned:.0%}", *cells))
        rows.append(None)
    return results.table(
        "Circuits without some of their connections (95 % intervals)",
        ("kept", "pruned", "overlap", "theory", "recalled", "capacity", "bound"),
        rows,
        left=["kept"],
        caption="bound: twice the rank for each unit",
    )


def figure(dataset: xr.Dataset) -> Figure:
    """Draw codes, memory and capacity against the fraction pruned, theory as lines."""
    panels = drawing.panels(1, 3, (9.6, 3.1))
    for axes, name, theory, factor, words in (
        (panels[0], "overlap", "predicted", 1.0, "active units that stay active"),
        (panels[1], "recalled", "", 1.0, "labels recalled without relearning"),
        (panels[2], "capacity", "rank", 2.0, "capacity for each unit, relearned"),
    ):
        for nth, kept in enumerate(dataset["kept"].values):
            samples = results.along(dataset, name, "pruned", kept=kept)
            percent = {100 * pruned: values for pruned, values in samples.items()}
            if theory:
                lines = results.along(dataset, theory, "pruned", kept=kept).values()
                means = [factor * values.mean() for values in lines]
                axes.plot(list(percent), means, lw=1.2, color=drawing.COLORS[nth])
            label = "least important pruned" if kept == "important" else "pruned at random"
            drawing.points(axes, percent, nth, label=label)
        axes.set(xlabel="connections pruned (%)", ylabel=words)
        axes.set_ylim(bottom=0)
    panels[0].axhline(LEVEL, color="0.6", lw=0.8, ls=":")
    panels[1].axhline(0.5, color="0.6", lw=0.8, ls=":")
    drawing.legend(panels[1], title="points: circuits; lines: theory", loc="lower left")
    panels[2].text(0.03, 0.06, "lines: 2 x rank", transform=panels[2].transAxes, fontsize="small")
    return drawing.finish(panels)


study = Study(
    name="pruning",
    question="How many connections can a circuit lose, and does it matter which?",
    source="Gerstner & Griebel 2003, 10.1007/s00607-003-0015-5; LeCun, Denker & Solla 1990",
    parameters=(
        Parameter.choice("kept", KEPT, "connections that stay"),
        Parameter.fraction(
            "pruned",
            (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9),
            "fraction of the connections",
            quick=(0.0, 0.3, 0.75),
            ends="[]",
        ),
        Parameter.count("n_units", 200, "units of the expansion", quick=60),
        Parameter.count("fan_in", 7, "inputs of each unit", maximum=24),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
