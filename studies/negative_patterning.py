"""Ask how many problems of negative patterning one linear readout can solve at once.

In each problem two odors are rewarded, but neither their mixture nor air: exclusive or.  Receptors
add up what odors do to them, so that no readout of their rates solves even one problem, which is
proven for every set.  The divisive normalization of the antennal lobe is enough for a few problems,
since it is not linear, and an expansion solves the more the more units it has.

Cover's theorem says what general position allows if labels are random, and the same codes with
random labels show how far it applies.  Problems of patterning may be easier, for two reasons: two
thirds of the labels are rewards (Gardner's capacity), and mixtures have something in common, as
have single odors.
"""

from functools import cache

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.capacity.curves import proportion
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
    """Return what 110 measured odors add to the rates of receptors, in whole spikes/s.

    Inhibition is left out: rates that are clipped at zero would not add up.
    """
    changes = olfnet.load_panel("hallem_carlson_2006")
    return changes.clip(min=0).assign_attrs(changes.attrs)


def exciting(n_odors: int, rng: np.random.Generator) -> np.ndarray:
    """Invent odors that excite at least one receptor, in whole spikes/s.

    Whole rates add up without rounding, so that proofs are about odors, not about digits.  Mixed
    with an odor that excites nothing, another odor would stay the same.
    """
    rates = np.rint(surrogate(excitation(), 2 * n_odors, rng=rng)).clip(0)
    return rates[rates.any(axis=1)][:n_odors]


def most(n_dims: int) -> int:
    """As many problems as nobody solves: 8 standard deviations of Cover's law above its mean."""
    return int(np.ceil((2 * n_dims + 8 * np.sqrt(2 * n_dims)) / 3))


def solved(patterns: np.ndarray, labels: np.ndarray) -> int:
    """Count the problems of a sequence that one readout solves at once, each answer proven."""
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
    found = {
        "receptors": solved(patterns, labels),
        "neurons": solved(neurons, labels),
        "expanded": solved(codes, labels),
        "random": solved(codes, label_rng.choice([-1.0, 1.0], len(labels))),
    }
    return {
        name: xr.DataArray(n, attrs={"meaning": f"problems solved at once: {READOUTS[name]}"})
        for name, n in found.items()
    }


def chosen(dataset: xr.Dataset, lobe: str, name: str) -> dict[int, np.ndarray]:
    """Finished repeats of the first circuit, by number of units."""
    return results.along(dataset, name, "n_units", lobe=lobe)


def predicted(n_units: int) -> float:
    """Mean number of problems with random labels, a bias being one more dimension.

    The sum of the chances that 1, 2, 3... problems are solved.
    """
    n_patterns = 3 * np.arange(1, most(n_units + 1) + 1) + 1
    return float(cover.separable_fraction(n_patterns, n_units + 1).sum())


def table(dataset: xr.Dataset) -> Table:
    """Problems solved at once by each readout, and by Cover's theorem for random labels."""
    rows = Table(title="Problems of negative patterning solved at once, with 95 % intervals")
    for column in ("lobe", "units", *READOUTS, "Cover"):
        rows.add_column(column, justify="left" if column == "lobe" else "right", no_wrap=True)
    for lobe in dataset["lobe"].values:
        found = {name: chosen(dataset, lobe, name) for name in READOUTS}
        for n_units in found["expanded"]:
            cells = []
            for samples in found.values():
                mean, reach = drawing.mean_and_reach(samples[n_units])
                cells.append(f"{mean:.1f} ±{reach:.1f}")
            rows.add_row(str(lobe), str(n_units), *cells, f"{predicted(n_units):.1f}")
        rows.add_section()
    return rows


def draw_fractions(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the fraction of circuits that solve so many problems, for each number of units."""
    for nth, (n_units, samples) in enumerate(chosen(dataset, LOBES[0], "expanded").items()):
        style = {"color": drawing.COLORS[nth % 7]}
        n_problems = np.arange(1, most(n_units + 1) + 1)
        line = cover.separable_fraction(3 * n_problems + 1, n_units + 1)
        axes.plot(n_problems[n_problems > 3], line[n_problems > 3], lw=1.2, **style)
        # One sequence gives one sample of the whole curve, so that neighbors go together.
        few = np.unique(np.rint(np.linspace(0.4, 1.5, 12) * predicted(n_units)).astype(int))
        counts = np.array([np.count_nonzero(samples >= n) for n in few])
        low, high = np.transpose([proportion(int(k), len(samples), 0.95) for k in counts])
        fraction = counts / len(samples)
        axes.errorbar(
            few, fraction, np.abs([low - fraction, high - fraction]), ls="", ms=4, lw=1,
            marker=drawing.MARKERS[nth % 7], label=f"{n_units} units", **style,
        )  # fmt: skip
    axes.set(xscale="log", xlabel="problems", ylabel="fraction of circuits that solve all")
    axes.set_xlim(left=1)  # room for the legend


def draw_means(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the number of problems solved against the number of units, for every readout."""
    shown = [(LOBES[0], name, label) for name, label in READOUTS.items()]
    shown.insert(3, (LOBES[1], "expanded", "expanded code, no antennal lobe"))
    for nth, (lobe, name, label) in enumerate(shown):
        found = chosen(dataset, lobe, name)
        if found:
            mean, reach = np.transpose([drawing.mean_and_reach(one) for one in found.values()])
            axes.errorbar(
                list(found), mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1,
                color=drawing.COLORS[nth], mfc="white" if name == "random" else None, label=label,
            )  # fmt: skip
    sizes = [int(n) for n in dataset["n_units"].values]
    if len(sizes) > 1:
        line = np.unique(np.rint(np.geomspace(min(sizes), max(sizes), 60)).astype(int))
        axes.plot(line, [predicted(n) for n in line], lw=1.2, color="0.3", label="Cover")
        limit = gardner.capacity(label_fraction=2 / 3) * line / 3
        axes.plot(line, limit, lw=1.2, ls="--", color="0.3", label="Gardner, 2/3 rewarded")
    axes.set(xlabel="units of the expansion", ylabel="problems solved at once")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw fractions against problems, and problems against units."""
    drawn = Figure(figsize=(9.8, 3.5), layout="constrained")
    left, right = drawn.subplots(1, 2)
    draw_fractions(left, dataset)
    draw_means(right, dataset)
    drawing.legend(left, loc="center left", title="lines: Cover", title_fontsize="small")
    drawing.legend(right, loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawing.finish((left, right))
    return drawn


study = Study(
    name="negative_patterning",
    question="How many problems of negative patterning can one readout solve at once?",
    source="Whitlow & Wagner 1972, Psychon. Sci. 27:299; Cover 1965, 10.1109/PGEC.1965.264137; "
    "Gardner 1988, J. Phys. A 21:257",
    parameters=(
        Parameter(
            "lobe",
            LOBES,
            "normalization in the antennal lobe",
            check=lambda name, value: checks.one_of(name, value, known=LOBES),
        ),
        Parameter(
            "n_units", (25, 50, 100, 200), "units of the expansion", quick=(15, 30),
            check=checks.count,
        ),
        Parameter("coding_level", 0.2, "share of units that respond", check=checks.fraction),
        Parameter("fan_in", 6, "inputs of each unit", check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=60,
    quick_repeats=3,
)  # fmt: skip

if __name__ == "__main__":
    main(study)
