"""Negative-patterning problems that one linear readout solves at once.

In each problem two odors are rewarded, but neither their mixture nor air: exclusive or.  Receptor
rates of a mixture are the sum of those of its odors, so that no readout of them solves even one
problem, which is proven for every set.  The divisive normalization of the antennal lobe is enough
for a few problems, since it is not linear, and an expansion solves more the more units it has.

Cover's theorem gives the number for general position and random labels, and the same codes with
random labels show how far it applies.  Patterning problems may be easier, for two reasons: two
thirds of the labels are rewards (Gardner's capacity), and the codes of mixtures are correlated, as
are those of single odors.
"""

from functools import cache

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.readout import separable_prefix
from olfnet.receptors import DivisiveNormalization, negative_patterning, surrogate
from olfnet.theory import cover, gardner

LOBES = ("divisive", "none")
READOUTS = {
    "receptors": "receptors",
    "neurons": "projection neurons",
    "expanded": "expanded code",
    "random": "expanded code, random labels",
}


@cache
def excitation() -> xr.DataArray:
    """Return the excitation of receptors by 110 measured odors, in whole spikes/s.

    Inhibition is left out: rates that are clipped at zero would not add up.
    """
    changes = olfnet.load_panel("hallem_carlson_2006")
    return changes.clip(min=0).assign_attrs(changes.attrs)


def exciting(n_odors: int, rng: np.random.Generator) -> np.ndarray:
    """Draw surrogate odors that excite at least one receptor, in whole spikes/s.

    Whole rates add up without rounding, so that proofs are about odors, not about digits.  Mixed
    with an odor that excites nothing, another odor would stay the same.
    """
    rates = np.rint(surrogate(excitation(), 2 * n_odors, rng=rng)).clip(0)
    return rates[rates.any(axis=1)][:n_odors]


def most(n_dims: int) -> int:
    """Upper limit of the problems solved: 8 standard deviations of Cover's law above its mean."""
    return int(np.ceil((2 * n_dims + 8 * np.sqrt(2 * n_dims)) / 3))


def solved(patterns: np.ndarray, labels: np.ndarray) -> int:
    """Count the problems of a sequence that one readout solves at once; certified."""
    return max(separable_prefix(patterns, labels, bias=True) - 1, 0) // 3


def measure(
    *, lobe: str, n_units: int, coding_level: float, fan_in: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Let readouts of receptors, projection neurons and units solve one sequence of problems."""
    odor_rng, wiring_rng, label_rng = rng.spawn(3)
    n_receptors = excitation().sizes["receptor"]
    n_problems = most(max(n_units, n_receptors) + 1)
    patterns, labels = negative_patterning.problems(exciting(2 * n_problems, odor_rng))
    neurons = DivisiveNormalization()(patterns) if lobe == LOBES[0] else patterns
    circuit = olfnet.random_expansion(
        n_inputs=n_receptors,
        n_units=n_units,
        fan_in=fan_in,
        coding_level=coding_level,
        rng=wiring_rng,
    )
    codes = rate.respond(circuit, neurons).rates
    counts = (
        solved(patterns, labels),
        solved(neurons, labels),
        solved(codes, labels),
        solved(codes, label_rng.choice([-1.0, 1.0], len(labels))),
    )
    meanings = {name: f"problems solved at once: {words}" for name, words in READOUTS.items()}
    return results.labeled_each(meanings, counts)


def predicted(n_units: int) -> float:
    """Mean number of problems with random labels, a bias being one more dimension.

    The sum of the probabilities that 1, 2, 3... problems are solved.
    """
    n_patterns = 3 * np.arange(1, most(n_units + 1) + 1) + 1
    return float(cover.separable_fraction(n_patterns, n_units + 1).sum())


def table(dataset: xr.Dataset) -> Table:
    """Problems solved at once by each readout, and by Cover's theorem for random labels."""
    rows = []
    for lobe in dataset["lobe"].values:
        samples = {name: results.along(dataset, name, "n_units", lobe=lobe) for name in READOUTS}
        for n_units in samples["expanded"]:
            cells = [results.mean_text(counts[n_units], ".1f") for counts in samples.values()]
            rows.append((lobe, n_units, *cells, f"{predicted(n_units):.1f}"))
        rows.append(None)
    title = "Problems of negative patterning solved at once, with 95 % intervals"
    return results.table(title, ("lobe", "units", *READOUTS, "Cover"), rows, left=["lobe"])


def draw_fractions(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the fraction of circuits that solve so many problems, for each number of units."""
    samples = results.along(dataset, "expanded", "n_units", lobe=LOBES[0])
    for nth, (n_units, solved) in enumerate(samples.items()):
        n_problems = np.arange(4, most(n_units + 1) + 1)
        line = cover.separable_fraction(3 * n_problems + 1, n_units + 1)
        axes.plot(n_problems, line, lw=1.2, color=drawing.COLORS[nth % 7])
        # One sequence gives one sample of the whole curve, so that neighbors are correlated.
        few = np.unique(np.rint(np.linspace(0.4, 1.5, 12) * predicted(n_units)).astype(int))
        counts = np.array([np.count_nonzero(solved >= n) for n in few])
        tests = [scipy.stats.binomtest(int(k), len(solved)) for k in counts]
        low, high = np.transpose([[*test.proportion_ci()] for test in tests])
        fraction = counts / len(solved)
        errors = np.abs([low - fraction, high - fraction])
        drawing.errorbars(axes, few, fraction, errors, nth, label=f"{n_units} units")
    axes.set(xscale="log", xlabel="problems", ylabel="fraction of circuits that solve all")
    axes.set_xlim(left=1)  # room for the legend


def draw_means(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the number of problems solved against the number of units, for every readout."""
    shown = [(LOBES[0], name, label) for name, label in READOUTS.items()]
    shown.insert(3, (LOBES[1], "expanded", "expanded code, no antennal lobe"))
    for nth, (lobe, name, label) in enumerate(shown):
        samples = results.along(dataset, name, "n_units", lobe=lobe)
        mfc = "white" if name == "random" else None
        drawing.points(axes, samples, nth, mfc=mfc, label=label)
    sizes = [int(n) for n in dataset["n_units"].values]
    if len(sizes) > 1:
        n_units = np.unique(np.rint(np.geomspace(min(sizes), max(sizes), 60)).astype(int))
        axes.plot(n_units, [predicted(n) for n in n_units], lw=1.2, color="0.3", label="Cover")
        limit = gardner.capacity(label_fraction=2 / 3) * n_units / 3
        axes.plot(n_units, limit, lw=1.2, ls="--", color="0.3", label="Gardner, 2/3 rewarded")
    axes.set(xlabel="units of the expansion", ylabel="problems solved at once")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw fractions against problems, and problems against units."""
    panels = drawing.panels(1, 2, (9.8, 3.5))
    draw_fractions(panels[0], dataset)
    draw_means(panels[1], dataset)
    drawing.legend(panels[0], loc="center left", title="lines: Cover")
    drawing.legend(panels[1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawing.finish(panels)


study = Study(
    name="negative_patterning",
    question="How many problems of negative patterning can one readout solve at once?",
    source="Whitlow & Wagner 1972, Psychon. Sci. 27:299; Cover 1965, 10.1109/PGEC.1965.264137; "
    "Gardner 1988, J. Phys. A 21:257",
    parameters=(
        Parameter.choice("lobe", LOBES, "normalization in the antennal lobe"),
        Parameter.count("n_units", (25, 50, 100, 200), "units of the expansion", quick=(15, 30)),
        Parameter.fraction("coding_level", 0.2, "fraction of units that respond"),
        Parameter.count("fan_in", 6, "inputs of each unit"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=60,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
