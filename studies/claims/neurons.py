"""Claims about single neurons (R23, S1): moments of their output, small biases, thresholds."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats

from olfnet.checks import FloatArray
from olfnet.expansion.sparsify import GlobalThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import claims
from olfnet.lab.claims import Measured
from olfnet.theory.activations import ReLU
from olfnet.theory.moments import Density, moments, summed, threshold

Rng = np.random.Generator
RECTIFIED = "Moments of the rectified normal distribution; the list of references has the numbers"
DERIVATIVES = "Derivatives of E relu(z + b) with respect to b: P(z > -b) and p(-b)"
# Of variance 1; the last is the skewed control.
NORMAL, UNIFORM = scipy.stats.norm(), scipy.stats.uniform(-(3**0.5), 2 * 3**0.5)
LAPLACE, SKEWED = scipy.stats.laplace(scale=0.5**0.5), scipy.stats.expon(-1.0)
RELU, BIAS = ReLU(), 0.1
LEVEL, RATES = 0.1, scipy.stats.norm(40, 10)  # spikes/s
THRESHOLD = float(threshold(LEVEL, summed(RATES, 7)))
claim = partial(claims.claim, systems=["S1"], source=RECTIFIED, samples=(2_000_000, 100_000))


def rectified(mean: float, sd: float) -> Any:
    """Theory of rectified normal inputs."""
    return moments(RELU, scipy.stats.norm(mean, sd))


def mean_square(outputs: FloatArray) -> Measured:
    """Mean square of independent samples."""
    return Measured.mean(outputs**2)


@claim(
    "R23.{word}",
    lambda theory: theory,
    control=lambda mean, sd: {"inputs": scipy.stats.laplace(mean, sd / 2**0.5)},
    cases={
        "word, name, mean, sd, theory, estimate": (
            ("mean", "mean", 0, 1, rectified(0, 1).mean, Measured.mean),
            ("variance", "variance", 0, 1, rectified(0, 1).variance, Measured.variance),
            ("mean_shifted", "mean", -1, 2, rectified(-1, 2).mean, Measured.mean),
            ("square_shifted", "mean square", -1, 2, rectified(-1, 2).second, mean_square),
        )
    },
)
def moment(
    n: int,
    rng: Rng,
    mean: float,
    sd: float,
    estimate: Callable[[FloatArray], Measured],
    inputs: Density | None = None,
) -> Measured:
    r"""A rectifier with inputs N({mean:g}, {sd:g}^2): {name} of its output.
    $\mu \Phi(\mu/s) + s \phi(\mu/s), \quad (\mu^2 + s^2) \Phi(\mu/s) + \mu s \phi(\mu/s)$

    The control has Laplacian inputs of the same mean and variance.
    """
    inputs = inputs or scipy.stats.norm(mean, sd)
    return estimate(RELU(inputs.rvs(n, random_state=rng)))


@claim(
    "R23.slope_{word}",
    0.5,
    control={"inputs": SKEWED},
    cases={"word, inputs": (("normal", NORMAL), ("uniform", UNIFORM), ("Laplacian", LAPLACE))},
    source=DERIVATIVES,
)
def slope(n: int, rng: Rng, inputs: Density) -> FloatArray:
    r"""A small bias adds half of itself to the mean output of a rectifier, {word} inputs.
    $E\,relu(z + b) = E\,relu(z) + b/2 + p(0) b^2/2$

    From +-{BIAS:g}, where the quadratic term cancels; exponential inputs as control.
    """
    z = inputs.rvs(n, random_state=rng)
    return (RELU(z + BIAS) - RELU(z - BIAS)) / (2 * BIAS)


def finite_difference(inputs: Density) -> float:
    """Density at 0 less the second difference of the mean output."""
    below, middle, above = moments(RELU, inputs, [-BIAS, 0.0, BIAS]).mean
    return float(inputs.pdf(0) - (above - 2 * middle + below) / BIAS**2)


@claim(
    "R23.curvature_{word}",
    lambda inputs: inputs.pdf(0),
    control=lambda other: {"inputs": other},
    cases={"word, inputs, other": (("normal", NORMAL, UNIFORM), ("Laplacian", LAPLACE, NORMAL))},
    source=DERIVATIVES,
    allowance=finite_difference,
)
def curvature(n: int, rng: Rng, inputs: Density) -> FloatArray:
    r"""Beyond that, the square of the bias counts with half the density at 0, {word} inputs.
    $\partial_b^2 E\,relu(z + b) = p(0)$

    The allowance is what theory says of differences of +-{BIAS:g} instead of none.
    """
    z = inputs.rvs(n, random_state=rng)
    return (RELU(z + BIAS) - 2 * RELU(z) + RELU(z - BIAS)) / BIAS**2


def drives(fan_in: int, n_odors: int, rng: Rng) -> FloatArray:
    """Summed rates of random inputs to 200 units, for normal rates of 24 independent glomeruli."""
    weights = FixedFanIn(fan_in).draw(200, 24, rng=rng)
    return np.asarray((weights @ RATES.rvs((24, n_odors), random_state=rng)).T)


@claim(
    "S1.coding_level",
    LEVEL,
    control={"fan_in": 8},
    samples=(20_000, 2000),
    source="Quantile of a normal sum",
)
def coding_level(n: int, rng: Rng, fan_in: int = 7) -> FloatArray:
    r"""The upper quantile of the summed drive is the threshold of a coding level, 7 inputs.
    $\theta = K \mu + \sqrt{K} \sigma H^{-1}(f)$

    Normal rates of 40 +- 10 Hz, 24 glomeruli, 200 units.
    """
    return (drives(fan_in, n, rng) > THRESHOLD).mean(axis=1)


@claim(
    "S1.rate",
    lambda: moments(RELU, summed(RATES, 7), -THRESHOLD).mean,
    control={"fan_in": 15},
    samples=(100_000, 20_000),
    source="Moments of the rectified normal distribution",
)
def rate(n: int, rng: Rng, fan_in: int = 7) -> list[float]:
    r"""Mean rate (Hz) behind a threshold that the sparsifier has set itself, 7 inputs.
    $E\,relu(d - \theta) = \sqrt{K} \sigma (\phi(t) - t H(t)), \quad t = H^{-1}(f)$

    Calibrated on as many odors as it is tested on, for each of 20 wirings.
    """
    rates = []
    for stream in rng.spawn(20):
        learned, tested = np.array_split(drives(fan_in, 2 * n // 20, stream), 2)
        rates.append(GlobalThreshold(LEVEL).calibrated(learned)(tested).rates.toarray().mean())
    return rates
