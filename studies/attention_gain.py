"""Ask how the gain of a competition sets the spread of a code, as temperature does in attention.

Glomeruli that divide by the total have shares of the response; their exponent is the inverse
temperature of a softmax of log rates, which would freeze onto one glomerulus if projection neurons
did not saturate.  Kenyon cells that feed back on themselves through the APL have shares of a
sparsemax, the colder the larger the gain.  Theory takes log rates and drives for normal, with mean
and spread of those measured.
"""

from functools import cache, partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.expansion.sparsify import FeedbackInhibition, FixedFeedback, GlobalThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import attention

EXPONENTS = np.array([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16])
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16)
GAINS = np.array([0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000])
# Lateral inhibition far above any rate leaves no neuron near saturation.
LOBES = {"divisive normalization": 10.63, "without saturation": 1e14}
MANY = 5  # active units, from which theory is shown
LEAST = 1.0  # spikes/s; a rate below it counts as this in means of logarithms


def entropies(rates: np.ndarray) -> np.ndarray:
    """Entropy of each odor's shares in nats; 0 where nothing responds."""
    total = rates.sum(axis=1)
    found = np.zeros(len(rates))
    found[total > 0] = attention.entropy(rates[total > 0] / total[total > 0, None])
    return found


def measure(
    *, uninhibited: float, fan_in: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Entropy of the glomerular code at each exponent, and of the code of units at each gain."""
    lobes = [
        [entropies(DivisiveNormalization(m=m, exponent=float(n))(fly_odors()))
         for n in EXPONENTS]
        for m in LOBES.values()
    ]  # fmt: skip
    inputs = DivisiveNormalization()(fly_odors())
    drive = inputs @ FixedFanIn(fan_in).draw(n_units, inputs.shape[1], rng=rng).toarray().T
    threshold = GlobalThreshold(uninhibited).calibrated(drive).threshold
    units = [entropies(FixedFeedback(float(g), threshold)(drive).rates.toarray()) for g in GAINS]
    fly = FeedbackInhibition(uninhibited / 2).calibrated(drive).gain
    nats = {"units": "nats", "meaning": "entropy of the shares of the response"}
    names = {"lobe": list(LOBES), "exponent": EXPONENTS, "gain": GAINS}
    return {
        "glomeruli": xr.DataArray(
            lobes, {n: names[n] for n in ("lobe", "exponent")}, ("lobe", "exponent", "odor"),
            attrs=nats,
        ),
        "units": xr.DataArray(units, {"gain": GAINS}, ("gain", "odor"), attrs=nats),
        "fly": xr.DataArray(fly, attrs={"meaning": "gain at which half of the units fall silent"}),
    }  # fmt: skip


@cache
def log_rates() -> tuple[float, float]:
    """Mean logarithm of receptor rates, and its standard deviation within an odor."""
    logs = np.log(np.maximum(fly_odors(), LEAST))
    return float(logs.mean()), float(np.sqrt(logs.var(axis=1, ddof=1).mean()))


def softmax_theory(exponents: np.ndarray) -> np.ndarray:
    """Entropy of glomeruli that do not saturate."""
    return attention.NormalScores(fly_odors().shape[1], exponents * log_rates()[1]).mean_entropy()


def lobe_theory(exponents: np.ndarray) -> np.ndarray:
    """Entropy of glomeruli that do, half of their rate reached at that of the mean odor."""
    lobe, (mean, sd) = DivisiveNormalization(), log_rates()
    inhibition = np.log(lobe.m / 190 * fly_odors().sum(axis=1)).mean()
    half = np.logaddexp(exponents * np.log(lobe.sigma), exponents * inhibition)
    n_glomeruli = fly_odors().shape[1]
    return attention.saturating_entropy(n_glomeruli, exponents * sd, half - exponents * mean)


def over_odors(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Mean of the first circuit's repeats, shape (n_odors, ...)."""
    values = results.finished(dataset)[name].transpose("repeat", "odor", ...).values
    return values.mean(axis=0) if len(values) else values[:0].sum(axis=0)[:0]


def unit_theory(dataset: xr.Dataset, gains: np.ndarray) -> np.ndarray:
    """Entropy of units with normal drives."""
    threshold = scipy.stats.norm.isf(float(dataset["uninhibited"].values[0]))
    return attention.Feedback(gains, threshold).entropy(int(dataset["n_units"].values[0]))


def active_theory(dataset: xr.Dataset, gains: np.ndarray) -> np.ndarray:
    """Mean number of active units: where it is small, a theory of many is no good."""
    threshold = scipy.stats.norm.isf(float(dataset["uninhibited"].values[0]))
    share = attention.Feedback(gains, threshold).active
    return int(dataset["n_units"].values[0]) * share


def table(dataset: xr.Dataset) -> Table:
    """Entropy of both codes, by theory and measured."""
    rows = Table(title="Entropy of the code (nats), mean over 110 odors")
    for column in ("code", "gain", "theory", "measured"):
        rows.add_column(column, justify="left" if column == "code" else "right", no_wrap=True)
    glomeruli, units = over_odors(dataset, "glomeruli"), over_odors(dataset, "units")
    parts = []
    if len(units):
        enough = active_theory(dataset, GAINS) > MANY
        many_units = np.where(enough, unit_theory(dataset, GAINS), np.nan)
        parts = [
            ("glomeruli", EXPONENTS, lobe_theory(EXPONENTS), glomeruli[:, 0]),
            ("glomeruli, no saturation", EXPONENTS, softmax_theory(EXPONENTS), glomeruli[:, 1]),
            ("units, feedback", GAINS, many_units, units),
        ]
    for code, gains, theory, measured in parts:
        for row in zip(gains, theory, *drawing.mean_and_reach(measured), strict=True):
            gain, line, mean, reach = row
            rows.add_row(
                code, f"{gain:g}", f"{line:.3f}".replace("nan", ""), f"{mean:.3f} ±{reach:.3f}"
            )
        rows.add_section()
    return rows


def draw(axes: Axes, gains: np.ndarray, samples: np.ndarray, nth: int, label: str) -> None:
    """Draw means over odors with their intervals."""
    mean, reach = drawing.mean_and_reach(samples)
    axes.errorbar(
        gains, mean, reach, ls="", marker=drawing.MARKERS[nth], ms=4, lw=1,
        color=drawing.COLORS[nth], label=label,
    )  # fmt: skip


def mark(axes: Axes, place: float, words: str, side: str) -> None:
    """Draw a place on the axis of gains, with words on its left or right."""
    axes.axvline(place, color="0.6", lw=0.8, ls=":")
    axes.annotate(
        words, (place, 0.99), (3 if side == "left" else -3, 0), ha=side, va="top",
        xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        fontsize="x-small", color="0.3",
    )  # fmt: skip


def draw_glomeruli(axes: Axes, samples: np.ndarray) -> None:
    """Draw entropy against exponent, with and without saturation."""
    fine = np.geomspace(EXPONENTS[0], EXPONENTS[-1], 20)
    for nth, (theory, label) in enumerate(
        ((lobe_theory, "divisive normalization"), (softmax_theory, "without saturation: softmax"))
    ):
        axes.plot(fine, theory(fine), lw=1.2, color=drawing.COLORS[nth])
        draw(axes, EXPONENTS, samples[:, nth], nth, label)
    n_glomeruli = fly_odors().shape[1]
    mark(axes, DivisiveNormalization().exponent, "fly", "right")
    freezing = attention.NormalScores(n_glomeruli).freezing_point / log_rates()[1]
    mark(axes, float(freezing), "freezing", "left")
    axes.set(xlabel="exponent of normalization", xscale="log", ylim=(0, 3.6))
    axes.set_xticks(TICKS, [f"{n:g}" for n in TICKS])
    axes.minorticks_off()
    axes.set_title(f"{n_glomeruli} glomeruli", fontsize="medium")


def draw_units(axes: Axes, dataset: xr.Dataset, samples: np.ndarray) -> None:
    """Draw entropy against gain of the feedback."""
    fine = np.geomspace(GAINS[0], GAINS[-1], 60)
    fine = fine[active_theory(dataset, fine) > MANY]
    axes.plot(fine, unit_theory(dataset, fine), lw=1.2, color=drawing.COLORS[2])
    draw(axes, GAINS, samples, 2, "feedback inhibition: sparsemax")
    n_units, uninhibited = (int(dataset["n_units"][0]), float(dataset["uninhibited"][0]))
    fly = dataset["fly"].isel(uninhibited=0, fan_in=0, n_units=0).mean()
    lone = attention.lone_gain(n_units, scipy.stats.norm.isf(uninhibited))
    mark(axes, float(fly), "half of the units", "left")
    mark(axes, float(lone), "one unit", "right")
    axes.set(xlabel="gain of feedback (APL)", xscale="log", ylim=(0, 6.5))
    axes.set_title(f"{n_units} Kenyon cells", fontsize="medium")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the entropy of both codes against their gains."""
    drawn = Figure(figsize=(7.4, 3.3), layout="constrained")
    panels = drawn.subplots(1, 2)
    glomeruli, units = over_odors(dataset, "glomeruli"), over_odors(dataset, "units")
    if len(units):
        draw_glomeruli(panels[0], glomeruli)
        draw_units(panels[1], dataset, units)
        for axes in panels:
            axes.set(ylabel="entropy of the code (nats)")
            drawing.legend(axes, loc="lower left")
    drawing.finish(panels)
    return drawn


study = Study(
    name="attention_gain",
    question="How does the gain of a competition set the spread of the code?",
    source="Vaswani et al. 2017, arXiv 1706.03762; Olsen, Bhandawat & Wilson 2010, "
    "10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter(
            "uninhibited",
            0.2,
            "share of responses without feedback",
            check=checks.fraction,
        ),
        Parameter("fan_in", 7, "inputs of each unit", check=partial(checks.count, maximum=24)),
        Parameter("n_units", 2000, "units of the expansion", quick=500, check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=10,
    quick_repeats=2,
)

if __name__ == "__main__":
    study.main()
