"""Odor codes of a measured wiring, beside those of random wirings with the same statistics.

The mushroom bodies of a larva respond to surrogate odors with the statistics of a measured panel,
and so do null models that keep less and less of their wiring.  Which projection neuron belongs to
which receptor was not recorded with the wiring, so receptors are assigned at random, anew in each
repeat.  Measured and random wirings of a repeat receive the same odors: differences are paired.
"""

from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.capacity import dimension
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.expansion.connectome import load_connectome, weights
from olfnet.expansion.connectome.null_models import AnyPairs, SameClaws, SameDegrees, ShuffledInputs
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import HebbianReadout
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.receptors.noise import SaturatingNoise, noisy_trials

NULLS = {  # named after what they keep: the claws of units, the usage of inputs
    "both": SameDegrees,
    "usage": ShuffledInputs,
    "claws": SameClaws,
    "neither": AnyPairs,
}
MEASURES = {
    "dimension": "participation ratio of the active units, as if of all odors",
    "capacity": "most odors whose random labels are separable, mean of some sequences",
    "generalization": "fraction of new noisy trials that a Hebbian readout gets right",
}
WEIGHINGS = {"connections": "equal", "synapses": "counted"}  # and their names in the figure
N_ODORS, N_SEQUENCES, N_LEARNED, N_LABELINGS, N_TRIALS = 2000, 10, 20, 20, 4
FALSE_DISCOVERIES = 0.05  # fraction of them among the differences that are called significant


@dataclass(frozen=True, eq=False)
class Animal:
    """A circuit whose projection neurons each receive input from one receptor."""

    circuit: Circuit
    receptors: np.ndarray
    noise: float

    def trials(self, n_odors: int, rng: np.random.Generator, *, n_trials: int = 1) -> np.ndarray:
        """Codes of noisy trials of new odors, shape (n_odors, n_trials, n_units)."""
        odor_rng, noise_rng = rng.spawn(2)
        odors = DivisiveNormalization()(fly_odors(n_odors, rng=odor_rng))
        noise = SaturatingNoise(max_sd=self.noise)
        trials = noisy_trials(
            odors[:, self.receptors], n_trials, noise=noise, nonnegative=True, rng=noise_rng
        )
        rows = trials.reshape(n_odors * n_trials, -1)
        return rate.respond(self.circuit, rows).rates.reshape(n_odors, n_trials, -1)

    def codes(self, n_odors: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of new odors without noise, shape (n_odors, n_units)."""
        return Animal(self.circuit, self.receptors, 0.0).trials(n_odors, rng)[:, 0]

    def scores(self, seed: int) -> list[float]:
        """Return all measures of the circuit; the same seed means the same odors and labels."""
        odor_rng, sequence_rng, label_rng = np.random.default_rng(seed).spawn(3)
        active = self.codes(N_ODORS, odor_rng) > 0
        most = 3 * active.shape[1]
        points = olfnet.breaking_points(
            self.codes, max_patterns=most, n_trials=N_SEQUENCES, rng=sequence_rng
        )
        recall = olfnet.measure_recall(
            partial(self.trials, n_trials=1 + N_TRIALS),
            n_patterns=N_LEARNED,
            n_trials=N_LABELINGS,
            rule=HebbianReadout(),
            n_learned=1,
            rng=label_rng,
        )
        dims = dimension(active.astype(float), corrected=True)
        return [dims, float(np.mean(points)), float(recall.recalled.mean())]


def measure(
    *,
    connectome: str,
    weighing: str,
    coding_level: float,
    noise: float,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:
    """Assign receptors, redraw the wiring by each null model, and measure all of them."""
    seed = int(rng.integers(2**63))
    wiring = weights(load_connectome(connectome), counted=weighing == "synapses")
    n_receptors = fly_odors().shape[1]
    receptors = rng.permutation(np.arange(wiring.shape[1]) % n_receptors)
    wirings = [wiring, *(null(wiring).draw(rng=rng) for null in NULLS.values())]
    circuits = [Circuit(one, sparsify.TopK(coding_level)) for one in wirings]
    scores = [Animal(circuit, receptors, noise).scores(seed) for circuit in circuits]
    return results.labeled_each(MEASURES, np.transpose(scores), wiring=("measured", *NULLS))


@dataclass(frozen=True, eq=False)
class Difference:
    """Measured minus random wiring, in pairs, in per cent of the null model's mean."""

    circuit: str
    null: str
    measure: str
    samples: np.ndarray

    @property
    def p_value(self) -> float:
        """Probability of such a mean difference, of any sign, if there is none (paired t test)."""
        if len(self.samples) < 2 or np.ptp(self.samples) == 0:
            return 1.0
        return float(scipy.stats.ttest_1samp(self.samples, 0.0).pvalue)


def differences(dataset: xr.Dataset) -> list[Difference]:
    """All comparisons of the study, for its first coding level and noise."""
    found = []
    for connectome, weighing in product(dataset["connectome"].values, dataset["weighing"].values):
        done = results.finished(dataset, connectome=connectome, weighing=weighing)
        if done.sizes["repeat"] == 0:
            continue
        circuit = f"{connectome.removeprefix('eichler_2017_')}, {WEIGHINGS[weighing]}"
        for null, name in product(NULLS, MEASURES):
            random = done[name].sel(wiring=null).values
            samples = 100 * (done[name].sel(wiring="measured").values - random) / random.mean()
            found.append(Difference(circuit, null, name, samples))
    return found


def significant(found: list[Difference]) -> list[bool]:
    """Return which differences remain significant with few false discoveries among them."""
    p_values = [difference.p_value for difference in found]
    corrected = scipy.stats.false_discovery_control(p_values, method="by") if found else []
    return [bool(p_value < FALSE_DISCOVERIES) for p_value in corrected]


def table(dataset: xr.Dataset) -> Table:
    """Differences with their intervals; a star where they are significant."""
    cells: dict[tuple[str, str], list[str]] = {}
    found = differences(dataset)
    for difference, star in zip(found, significant(found), strict=True):
        text = results.mean_text(difference.samples, "+.1f", ".1f") + ("*" if star else " ")
        cells.setdefault((difference.circuit, difference.null), []).append(text)
    rows = []
    for (circuit, null), texts in cells.items():
        rows += [(circuit, null, *texts)] + [None] * (null == list(NULLS)[-1])
    return results.table(
        "Measured minus random wiring, % (95 % intervals)",
        ("wiring", "kept", *MEASURES),
        rows,
        left=["wiring", "kept"],
        caption=f"* significant: {FALSE_DISCOVERIES:.0%} false discoveries (Benjamini-Yekutieli)",
    )


def draw_circuit(axes: Axes, marked: list[tuple[Difference, bool]], nth: int, shift: float) -> None:
    """Draw the differences of one circuit, with open markers where they are not significant."""
    drawing.errorbars(axes, [], [], [], nth, label=marked[0][0].circuit)
    for difference, filled in marked:
        position = list(NULLS).index(difference.null) + shift
        mfc = drawing.COLORS[nth % 7] if filled else "white"
        drawing.points(axes, {position: difference.samples}, nth, mfc=mfc)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw how much the measured wiring differs from each null model, a panel for each measure.

    Differences that remain significant among all comparisons have filled markers.
    """
    panels = drawing.panels(1, len(MEASURES), (9.6, 3.6))
    found = differences(dataset)
    marked = list(zip(found, significant(found), strict=True))
    circuits = list(dict.fromkeys(difference.circuit for difference in found))
    for axes, name in zip(panels, MEASURES, strict=True):
        axes.axhline(0, color="0.6", lw=0.8)
        for nth, circuit in enumerate(circuits):
            own = [pair for pair in marked if (pair[0].circuit, pair[0].measure) == (circuit, name)]
            draw_circuit(axes, own, nth, 0.14 * (nth - (len(circuits) - 1) / 2))
        axes.set_xticks(range(len(NULLS)), list(NULLS))
        axes.set(xlabel="what the random wiring keeps")
        axes.set_title(name, fontsize="medium")
    panels[0].set_ylabel("measured - random wiring (%)")
    drawn = drawing.finish(panels)
    if found:
        drawn.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=4,
            frameon=False,
            title="filled: significant among all comparisons",
            title_fontsize="small",
        )
    return drawn


study = Study(
    name="measured_wiring",
    question="Does a measured wiring code odors better or worse than random wirings like it?",
    source="Eichler et al. 2017, 10.1038/nature23455",
    parameters=(
        Parameter(
            "connectome",
            ("eichler_2017_left", "eichler_2017_right"),
            "measured wiring: a name, or the path of a table",
            quick="eichler_2017_left",
            check=lambda name, value: load_connectome(value),
        ),
        Parameter.choice("weighing", WEIGHINGS, "units of equal weight: connections or synapses"),
        Parameter.fraction("coding_level", 0.1, "fraction of active units"),
        Parameter(
            "noise",
            10.0,
            "of projection neurons at high rates",
            "spikes/s",
            check=checks.nonnegative,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=60,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
