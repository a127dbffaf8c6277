"""Claims about single neurons (R23, S1): moments of their output, small biases, thresholds."""

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.stats

from olfnet.checks import FloatArray
from olfnet.expansion.sparsify import GlobalThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab.claims import Claim, Measured
from olfnet.theory.activations import ReLU
from olfnet.theory.moments import Density, moments, summed, threshold

Rng = np.random.Generator
RECTIFIED = "Moments of the rectified normal distribution; the list of references has the numbers"
DERIVATIVES = "Derivatives of E relu(z + b) by b: P(z > -b) and p(-b)"
# Of variance 1; the last is the lopsided control.
NORMAL, UNIFORM = scipy.stats.norm(), scipy.stats.uniform(-(3**0.5), 2 * 3**0.5)
LAPLACE, LOPSIDED = scipy.stats.laplace(scale=0.5**0.5), scipy.stats.expon(-1.0)
BIAS = 0.1
N_INPUTS, N_UNITS, LEVEL = 24, 200, 0.1
RATES = scipy.stats.norm(40, 10)  # spikes/s
claim = partial(Claim, systems=("S1",), source=RECTIFIED, n_samples=2_000_000, n_quick=100_000)


def rectified(inputs: Density, n: int, rng: Rng) -> FloatArray:
    """Draw outputs of a rectifier."""
    return ReLU()(inputs.rvs(n, random_state=rng))


def mean_output(inputs: Density, n: int, rng: Rng) -> Measured:
    """Mean of these outputs."""
    return Measured.mean(rectified(inputs, n, rng))


def mean_square(inputs: Density, n: int, rng: Rng) -> Measured:
    """Mean square of these outputs."""
    return Measured.mean(rectified(inputs, n, rng) ** 2)


def variance(inputs: Density, n: int, rng: Rng) -> Measured:
    """Variance of these outputs."""
    return Measured.variance(rectified(inputs, n, rng))


def slope(inputs: Density, n: int, rng: Rng) -> Measured:
    """Return what a small bias adds to the mean output, for each unit of bias."""
    z = inputs.rvs(n, random_state=rng)
    return Measured.mean((ReLU()(z + BIAS) - ReLU()(z - BIAS)) / (2 * BIAS))


def curvature(inputs: Density, n: int, rng: Rng) -> Measured:
    """Second difference of the mean output by the bias."""
    z = inputs.rvs(n, random_state=rng)
    return Measured.mean((ReLU()(z + BIAS) - 2 * ReLU()(z) + ReLU()(z - BIAS)) / BIAS**2)


def drives(fan_in: int, n_odors: int, rng: Rng) -> FloatArray:
    """Drives of units that add up random inputs, for normal rates of independent glomeruli."""
    weights = FixedFanIn(fan_in).draw(N_UNITS, N_INPUTS, rng=rng)
    return np.asarray((weights @ RATES.rvs((N_INPUTS, n_odors), random_state=rng)).T)


def level(fan_in: int, n: int, rng: Rng) -> Measured:
    """Coding level at the threshold of theory for 7 inputs; odors share no noise."""
    at = threshold(LEVEL, summed(RATES, 7))
    return Measured.mean((drives(fan_in, n, rng) > at).mean(axis=1))


def sparse_rate(fan_in: int, n: int, rng: Rng) -> Measured:
    """Mean rate behind a global threshold that is calibrated on other odors; 20 wirings."""
    found = []
    for stream in rng.spawn(20):
        both = drives(fan_in, 2 * n // 20, stream)
        learned, tested = np.array_split(both, 2)
        found.append(GlobalThreshold(LEVEL).calibrated(learned)(tested).rates.toarray().mean())
    return Measured.mean(found)


def moment(
    word: str,
    measure: Callable[[Density, int, Rng], Measured],
    mean: float,
    sd: float,
    predicted: float,
) -> Claim:
    """One moment of rectified normal inputs; the control has Laplacian inputs as wide."""
    other = scipy.stats.laplace(mean, sd / 2**0.5)
    return claim(
        f"R23.{word}",
        f"A rectifier with inputs N({mean:g}, {sd:g}^2): {word.partition('_')[0]} of its output",
        r"\mu \Phi(\mu/s) + s \phi(\mu/s), \quad (\mu^2 + s^2) \Phi(\mu/s) + \mu s \phi(\mu/s)",
        predicted,
        partial(measure, scipy.stats.norm(mean, sd)),
        partial(measure, other),
        remark="The control has Laplacian inputs of the same mean and variance.",
    )


def small_bias(word: str, inputs: Density, allowance: float) -> Claim:
    """Slope of the mean output by the bias; the control has lopsided inputs."""
    return claim(
        f"R23.slope_{word}",
        f"A small bias adds half of itself to the mean output of a rectifier, {word} inputs",
        r"E\,relu(z + b) = E\,relu(z) + b/2 + p(0) b^2/2",
        0.5,
        partial(slope, inputs),
        partial(slope, LOPSIDED),
        source=DERIVATIVES,
        allowance=allowance,
        remark=f"From +-{BIAS:g}, where the quadratic term cancels; exponential inputs as control.",
    )


def bend(word: str, inputs: Density, other: Density, allowance: float) -> Claim:
    """Quadratic term, which is the density at 0; the control has another density."""
    return claim(
        f"R23.curvature_{word}",
        f"Beyond that, the square of the bias counts with half the density at 0, {word} inputs",
        r"\partial_b^2 E\,relu(z + b) = p(0)",
        float(inputs.pdf(0)),
        partial(curvature, inputs),
        partial(curvature, other),
        source=DERIVATIVES,
        allowance=allowance,
        remark=f"The allowance is what theory says of differences of +-{BIAS:g} instead of none.",
    )


def _finite(inputs: Density) -> float:
    """By how much the second difference falls short of the density at 0."""
    below, middle, above = moments(ReLU(), inputs, [-BIAS, 0.0, BIAS]).mean
    return float(inputs.pdf(0) - (above - 2 * middle + below) / BIAS**2)


AT = float(threshold(LEVEL, summed(RATES, 7)))
STANDARD, SHIFTED = moments(ReLU(), NORMAL), moments(ReLU(), scipy.stats.norm(-1, 2))
CLAIMS = (
    moment("mean", mean_output, 0, 1, float(STANDARD.mean)),
    moment("variance", variance, 0, 1, float(STANDARD.variance)),
    moment("mean_shifted", mean_output, -1, 2, float(SHIFTED.mean)),
    moment("square_shifted", mean_square, -1, 2, float(SHIFTED.second)),
    small_bias("normal", NORMAL, 0.0),
    small_bias("uniform", UNIFORM, 0.0),
    small_bias("Laplacian", LAPLACE, 0.0),
    bend("normal", NORMAL, UNIFORM, _finite(NORMAL)),
    bend("Laplacian", LAPLACE, NORMAL, _finite(LAPLACE)),
    claim(
        "S1.coding_level",
        "The upper quantile of the summed drive is the threshold of a coding level, 7 inputs",
        r"\theta = K \mu + \sqrt{K} \sigma H^{-1}(f)",
        LEVEL,
        partial(level, 7),
        partial(level, 8),
        source="Quantile of a normal sum",
        n_samples=20_000,
        n_quick=2000,
        remark="Normal rates of 40 +- 10 Hz, 24 glomeruli, 200 units.",
    ),
    claim(
        "S1.rate",
        "Mean rate (Hz) behind a threshold that the sparsifier has found for itself, 7 inputs",
        r"E\,relu(d - \theta) = \sqrt{K} \sigma (\phi(t) - t H(t)), \quad t = H^{-1}(f)",
        float(moments(ReLU(), summed(RATES, 7), -AT).mean),
        partial(sparse_rate, 7),
        partial(sparse_rate, 15),
        source="Moments of the rectified normal distribution",
        n_samples=100_000,
        n_quick=20_000,
        remark="Calibrated on as many odors as it is tested on.",
    ),
)
"""All claims about neurons."""
