"""Entropy of a code against the gain of a competition, which acts as temperature in attention.

Divisive normalization gives each glomerulus a fraction of the total response; its exponent is the
inverse temperature of a softmax of log rates, which would freeze onto one glomerulus if projection
neurons did not saturate.  Kenyon cells with feedback inhibition (APL) compute a sparsemax, whose
temperature falls with the gain.  Theory takes log rates and drives for normal, with the measured
mean and standard deviation.
"""

from functools import cache, partial

import numpy as np
import scipy.stats
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion.sparsify import FeedbackInhibition, FixedFeedback, GlobalThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import attention

EXPONENTS = np.array([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16])
GAINS = np.array([0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000])
# Lateral inhibition far above any rate leaves no neuron near saturation.
LOBES = {"divisive normalization": 10.63, "without saturation": 1e14}
MANY = 5  # active units, from which theory is shown
LEAST = 1.0  # spikes/s; a rate below it counts as this in means of logarithms


def entropies(rates: np.ndarray) -> np.ndarray:
    """Return the entropy of each odor's response fractions in nats; 0 where nothing responds."""
    total = rates.sum(axis=1)
    entropy = np.zeros(len(rates))
    entropy[total > 0] = attention.entropy(rates[total > 0] / total[total > 0, None])
    return entropy


def measure(
    *, uninhibited: float, fan_in: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Entropy of the glomerular code at each exponent, and of the code of units at each gain."""
    lobes = [
        [entropies(DivisiveNormalization(m=m, exponent=float(n))(fly_odors())) for n in EXPONENTS]
        for m in LOBES.values()
    ]
    inputs = DivisiveNormalization()(fly_odors())
    drive = inputs @ FixedFanIn(fan_in).draw(n_units, inputs.shape[1], rng=rng).toarray().T
    threshold = GlobalThreshold(uninhibited).calibrated(drive).threshold
    units = [entropies(FixedFeedback(float(g), threshold)(drive).rates.toarray()) for g in GAINS]
    fly = FeedbackInhibition(uninhibited / 2).calibrated(drive).gain
    meaning = "entropy of the fractions of the response"
    glomeruli = {"lobe": LOBES, "exponent": EXPONENTS, "odor": None}
    return {
        "glomeruli": results.labeled(lobes, meaning, "nats", **glomeruli),
        "units": results.labeled(units, meaning, "nats", gain=GAINS, odor=None),
        "fly": results.labeled(fly, "gain at which half of the units fall silent"),
    }


@cache
def log_rates() -> tuple[float, float]:
    """Mean logarithm of receptor rates, and its standard deviation within an odor."""
    logs = np.log(np.maximum(fly_odors(), LEAST))
    return float(logs.mean()), float(np.sqrt(logs.var(axis=1, ddof=1).mean()))


def softmax_theory(exponents: np.ndarray) -> np.ndarray:
    """Entropy of glomeruli that do not saturate."""
    return attention.NormalScores(fly_odors().shape[1], exponents * log_rates()[1]).mean_entropy()


def lobe_theory(exponents: np.ndarray) -> np.ndarray:
    """Entropy of glomeruli that saturate, with the half-maximum of the mean odor."""
    lobe, (mean, sd) = DivisiveNormalization(), log_rates()
    inhibition = np.log(lobe.m / 190 * fly_odors().sum(axis=1)).mean()
    half = np.logaddexp(exponents * np.log(lobe.sigma), exponents * inhibition)
    n_glomeruli = fly_odors().shape[1]
    return attention.saturating_entropy(n_glomeruli, exponents * sd, half - exponents * mean)


def unit_theory(dataset: xr.Dataset, gains: np.ndarray) -> np.ndarray:
    """Entropy of units with normal drives; nan where few are active, for which it does not hold."""
    threshold = scipy.stats.norm.isf(float(dataset["uninhibited"].values[0]))
    feedback, n_units = attention.Feedback(gains, threshold), int(dataset["n_units"].values[0])
    return np.where(n_units * feedback.active > MANY, feedback.entropy(n_units), np.nan)


def over_odors(dataset: xr.Dataset, name: str, dim: str, **at: str) -> dict[float, np.ndarray]:
    """Entropy of each odor, mean of the first circuit's repeats, at each gain."""
    samples = results.along(dataset, name, dim, **at)
    return {gain: repeats.mean(axis=0) for gain, repeats in samples.items()}


def table(dataset: xr.Dataset) -> Table:
    """Entropy of both codes, in theory and measured."""
    saturating, free = (over_odors(dataset, "glomeruli", "exponent", lobe=kind) for kind in LOBES)
    rows = []
    for code, samples, theory in (
        ("glomeruli", saturating, lobe_theory),
        ("glomeruli, no saturation", free, softmax_theory),
        ("units, feedback", over_odors(dataset, "units", "gain"), partial(unit_theory, dataset)),
    ):
        for gain, entropy in samples.items():
            expected = f"{float(theory(np.array([gain]))[0]):.3f}".replace("nan", "")
            rows.append((code, f"{gain:g}", expected, results.mean_text(entropy, ".3f")))
        rows.append(None)
    title, columns = "Entropy of the code (nats), mean over 110 odors", ("gain", "theory")
    return results.table(title, ("code", *columns, "measured"), rows, left=["code"])


def mark(axes: Axes, gain: float, words: str, side: str) -> None:
    """Draw a vertical line at a gain, with words on its left or right."""
    axes.axvline(gain, color="0.6", lw=0.8, ls=":")
    axes.annotate(
        words, (gain, 0.99), (3 if side == "left" else -3, 0), ha=side, va="top",
        xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        fontsize="x-small", color="0.3",
    )  # fmt: skip


def draw_glomeruli(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw entropy against exponent, with and without saturation."""
    fine = np.geomspace(EXPONENTS[0], EXPONENTS[-1], 20)
    theories = (
        (lobe_theory, "divisive normalization"),
        (softmax_theory, "without saturation: softmax"),
    )
    for nth, (kind, (theory, label)) in enumerate(zip(LOBES, theories, strict=True)):
        axes.plot(fine, theory(fine), lw=1.2, color=drawing.COLORS[nth])
        samples = over_odors(dataset, "glomeruli", "exponent", lobe=kind)
        drawing.points(axes, samples, nth, label=label)
    n_glomeruli = fly_odors().shape[1]
    mark(axes, DivisiveNormalization().exponent, "fly", "right")
    freezing = attention.NormalScores(n_glomeruli).freezing_point / log_rates()[1]
    mark(axes, float(freezing), "freezing", "left")
    drawing.log_ticks(axes, (0.25, 0.5, 1, 2, 4, 8, 16))
    axes.set(xlabel="exponent of normalization", ylim=(0, 3.6))
    axes.set_title(f"{n_glomeruli} glomeruli", fontsize="medium")


def draw_units(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw entropy against gain of the feedback."""
    fine = np.geomspace(GAINS[0], GAINS[-1], 60)
    axes.plot(fine, unit_theory(dataset, fine), lw=1.2, color=drawing.COLORS[2])
    label = "feedback inhibition: sparsemax"
    drawing.points(axes, over_odors(dataset, "units", "gain"), 2, label=label)
    n_units, uninhibited = int(dataset["n_units"][0]), float(dataset["uninhibited"][0])
    mark(axes, float(results.finished(dataset)["fly"].mean()), "half of the units", "left")
    lone = attention.lone_gain(n_units, scipy.stats.norm.isf(uninhibited))
    mark(axes, float(lone), "one unit", "right")
    axes.set(xlabel="gain of feedback (APL)", xscale="log", ylim=(0, 6.5))
    axes.set_title(f"{n_units} Kenyon cells", fontsize="medium")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the entropy of both codes against their gains."""
    panels = drawing.panels(1, 2, (7.4, 3.3))
    if results.finished(dataset).sizes["repeat"]:
        draw_glomeruli(panels[0], dataset)
        draw_units(panels[1], dataset)
    for axes in panels:
        axes.set_ylabel("entropy of the code (nats)")
        drawing.legend(axes, loc="lower left")
    return drawing.finish(panels)


study = Study(
    name="attention_gain",
    question="How does the gain of a competition set the entropy of the code?",
    source="Vaswani et al. 2017, arXiv 1706.03762; Olsen, Bhandawat & Wilson 2010, "
    "10.1016/j.neuron.2010.04.009",
    parameters=(
        Parameter.fraction("uninhibited", 0.2, "fraction of responses without feedback"),
        Parameter.count("fan_in", 7, "inputs of each unit", maximum=24),
        Parameter.count("n_units", 2000, "units of the expansion", quick=500),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=10,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
