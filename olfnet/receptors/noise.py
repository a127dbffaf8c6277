"""Receptor noise: several trials of the same odors.

A noise model is a small record, called with rates and returning the standard deviation of each. To
add one, write such a class.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed

_Noise = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class GaussianNoise:
    """Noise of the same standard deviation at all rates.

    Parameters
    ----------
    sd : float
        Standard deviation over trials, in spikes/s.

    Raises
    ------
    ValueError
        If ``sd`` is negative.

    Examples
    --------
    >>> GaussianNoise(sd=2.0)(np.array([[0.0, 100.0]]))
    array([[2., 2.]])
    """

    sd: float = 10.0

    def __post_init__(self) -> None:
        checks.nonnegative("sd", self.sd)

    def __call__(self, rates: FloatArray) -> FloatArray:
        """Return the standard deviation of each rate, in spikes/s."""
        return np.full(rates.shape, float(self.sd))


@dataclass(frozen=True)
class SaturatingNoise:
    """Noise that grows with the rate and levels off: ``sd = max_sd tanh(slope * rate)``.

    Parameters
    ----------
    max_sd : float
        Standard deviation at high rates, in spikes/s.
    slope : float
        Slope at rate 0, relative to ``max_sd``, in s (per spike/s).

    Raises
    ------
    ValueError
        If ``max_sd`` is negative, ``slope`` is not positive, or rates are negative.

    References
    ----------
    Luo, Axel & Abbott 2010, PNAS 107:10713-10718, DOI 10.1073/pnas.1005635107 (for projection
    neurons).

    Examples
    --------
    >>> SaturatingNoise()(np.array([[0.0, 1000.0]]))
    array([[ 0., 10.]])
    """

    max_sd: float = 10.0
    slope: float = 0.025

    def __post_init__(self) -> None:
        checks.nonnegative("max_sd", self.max_sd)
        checks.positive("slope", self.slope)

    def __call__(self, rates: FloatArray) -> FloatArray:
        """Return the standard deviation of each rate, in spikes/s."""
        checks.within("rates", rates, 0, np.inf)
        return self.max_sd * np.tanh(self.slope * rates)


def noisy_trials(
    odors: ArrayLike,
    n_trials: int,
    *,
    noise: _Noise = GaussianNoise(),  # noqa: B008  (a frozen record)
    nonnegative: bool = False,
    rng: Seed = None,
) -> FloatArray:
    """Draw trials of each odor, with independent normal noise in every trial and receptor.

    Parameters
    ----------
    odors : array-like of shape (n_odors, n_receptors)
        Mean responses, in spikes/s.
    n_trials : int
        Number of presentations of each odor.
    noise : GaussianNoise or SaturatingNoise
        Any callable that turns rates into standard deviations of the same shape.
    nonnegative : bool
        Whether to clip the noisy rates at zero, as firing rates must be; clipped rates have a
        higher mean.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_trials, n_receptors)
        In spikes/s.

    Raises
    ------
    ValueError
        If ``odors`` are not finite, or negative where ``noise`` needs rates, or ``n_trials`` is
        below 1.

    Examples
    --------
    >>> noisy_trials([[20.0, 0.0]], 5, noise=SaturatingNoise(), rng=1).shape
    (1, 5, 2)
    """
    rng = np.random.default_rng(rng)
    means = checks.matrix("odors", odors)
    n_trials = checks.count("n_trials", n_trials)
    trials = means + noise(means) * rng.standard_normal((n_trials, *means.shape))
    return (np.clip(trials, 0, None) if nonnegative else trials).swapaxes(0, 1)
