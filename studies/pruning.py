"""Ask how many connections a circuit can lose, and whether it matters which.

Synapses of log-normal strength connect projection neurons to units, each with a threshold of its
own that is set anew after pruning.  A readout that has learned labels of the intact circuit's codes
is asked about those of the pruned one; the capacity is that of a readout that learns anew, until
two odors of the same code end it.  Theory takes drives as Gaussian and inputs as uncorrelated: a
unit that keeps a share s of its drive's variance has a drive that correlates with the old one by
sqrt(s).
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.expansion import Circuit, pruning, rate, sparsify
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import PseudoinverseReadout
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import expansion

KEPT = ("important", "random")
LEVEL, SPREAD, LOAD, N_CALIBRATION = 0.1, 1.0, 0.5, 1000


def born(n_units: int, fan_in: int, rng: np.random.Generator) -> Circuit:
    """Draw a circuit with synapses of log-normal strength."""
    weights = FixedFanIn(fan_in).draw(n_units, fly_odors().shape[1], rng=rng)
    weights.data *= np.exp(SPREAD * rng.standard_normal(weights.nnz))
    return Circuit(weights, sparsify.UnitThresholds(LEVEL))


def shares(circuit: Circuit, odors: np.ndarray) -> np.ndarray:
    """Return each connection's share in its unit's importance, shape (n_units, n_inputs)."""
    found = pruning.importance(circuit, odors).toarray()
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300)


def codes(circuit: Circuit, odors: np.ndarray) -> np.ndarray:
    """Which units respond, as numbers, shape (n_odors, n_units)."""
    return rate.respond(circuit, odors).active.astype(float)


def measure(
    *, kept: str, pruned: float, n_units: int, fan_in: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Prune one circuit, and hold its codes against those of the intact one."""
    odor_rng, wiring_rng, label_rng, prune_rng, trial_rng = rng.spawn(5)
    odors = DivisiveNormalization()(fly_odors(N_CALIBRATION, rng=odor_rng))
    intact = born(n_units, fan_in, wiring_rng)
    matters = shares(intact, odors)
    left = pruning.pruned(
        intact, pruned, importance=matters if kept == "important" else None, rng=prune_rng
    )
    variance_kept = np.sum(matters * (left.weights.toarray() != 0), axis=1)
    by_chance = expansion.correlation(np.sqrt(np.minimum(variance_kept, 1)), LEVEL)
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
    return {
        name: xr.DataArray(value, attrs={"meaning": meaning})
        for name, value, meaning in (
            ("recalled", np.mean(readout.predict(after) == labels), "labels right, not relearned"),
            ("overlap", np.sum(before * after) / np.sum(before), "active units that stay active"),
            ("predicted", np.mean(LEVEL + (1 - LEVEL) * by_chance), "the same, by theory"),
            ("capacity", prefix / n_units, "separable associations for each unit, relearned"),
            ("rank", rank / n_units, "dimensions of the codes for each unit"),
        )
    }


def chosen(dataset: xr.Dataset, kept: str, name: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fractions pruned, and what finished repeats of the first circuit found at each."""
    found = results.along(dataset, name, "pruned", kept=kept)
    return np.array(list(found)), list(found.values())


def table(dataset: xr.Dataset) -> Table:
    """Tell what is left of codes, memory and capacity."""
    rows = Table(
        title="Circuits without some of their connections (95 % intervals)",
        caption="bound: twice the rank for each unit",
    )
    for column in ("kept", "pruned", "overlap", "theory", "recalled", "capacity", "bound"):
        rows.add_column(column, justify="left" if column == "kept" else "right", no_wrap=True)
    for kept in dataset["kept"].values:
        found = {
            name: chosen(dataset, kept, name)[1]
            for name in ("overlap", "predicted", "recalled", "capacity", "rank")
        }
        for nth, pruned in enumerate(chosen(dataset, kept, "overlap")[0]):
            cells = []
            for name in ("overlap", "recalled", "capacity"):
                mean, reach = drawing.mean_and_reach(found[name][nth])
                cells.append(f"{mean:.2f} ±{reach:.2f}")
            theory, rank = (found[name][nth].mean() for name in ("predicted", "rank"))
            rows.add_row(
                str(kept), f"{pruned:.0%}", cells[0], f"{theory:.2f}", *cells[1:], f"{2 * rank:.2f}"
            )
        rows.add_section()
    return rows


def figure(dataset: xr.Dataset) -> Figure:
    """Draw codes, memory and capacity against the fraction pruned, theory as lines."""
    drawn = Figure(figsize=(9.6, 3.1), layout="constrained")
    panels = drawn.subplots(1, 3)
    drawings = (
        ("overlap", "predicted", 1.0, "active units that stay active"),
        ("recalled", None, 1.0, "labels recalled without relearning"),
        ("capacity", "rank", 2.0, "capacity for each unit, relearned"),
    )
    for axes, (name, theory, factor, words) in zip(panels, drawings, strict=True):
        for nth, kept in enumerate(dataset["kept"].values):
            at, samples = chosen(dataset, kept, name)
            if not len(at):
                continue
            color = drawing.COLORS[nth]
            if theory:
                line = [factor * values.mean() for values in chosen(dataset, kept, theory)[1]]
                axes.plot(100 * at, line, lw=1.2, color=color)
            mean, reach = np.transpose([drawing.mean_and_reach(values) for values in samples])
            label = "least important pruned" if kept == "important" else "pruned at random"
            axes.errorbar(
                100 * at, mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1, color=color,
                label=label,
            )  # fmt: skip
        axes.set(xlabel="connections pruned (%)", ylabel=words)
        axes.set_ylim(bottom=0)
    panels[0].axhline(LEVEL, color="0.6", lw=0.8, ls=":")
    panels[1].axhline(0.5, color="0.6", lw=0.8, ls=":")
    drawing.legend(
        panels[1],
        title="points: circuits; lines: theory",
        title_fontsize="small",
        loc="lower left",
    )
    panels[2].text(0.03, 0.06, "lines: 2 x rank", transform=panels[2].transAxes, fontsize="small")
    drawing.finish(panels)
    return drawn


study = Study(
    name="pruning",
    question="How many connections can a circuit lose, and does it matter which?",
    source="Gerstner & Griebel 2003, 10.1007/s00607-003-0015-5; LeCun, Denker & Solla 1990",
    parameters=(
        Parameter("kept", KEPT, "connections that stay", check=partial(checks.one_of, known=KEPT)),
        Parameter(
            "pruned",
            (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9),
            "fraction of the connections",
            quick=(0.0, 0.3, 0.75),
            check=partial(checks.fraction, ends="[]"),
        ),
        Parameter("n_units", 200, "units of the expansion", quick=60, check=checks.count),
        Parameter("fan_in", 7, "inputs of each unit", check=partial(checks.count, maximum=24)),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
