"""Trials scatter about the odors as their noise model says."""

import math

import numpy as np
import pytest
from scipy import stats

from olfnet.receptors.noise import GaussianNoise, SaturatingNoise, noisy_trials

LEVEL = 0.001  # of each test; its control must fall below a thousandth of it
RATES = np.tile([[0.0, 5.0, 30.0, 200.0]], (3, 1))


@pytest.mark.parametrize(
    ("noise", "sd"),
    [
        (GaussianNoise(sd=4.0), np.full_like(RATES, 4.0)),
        (GaussianNoise(sd=0.0), np.zeros_like(RATES)),
        (SaturatingNoise(), 10 * np.tanh(0.025 * RATES)),
        (SaturatingNoise(max_sd=3.0, slope=0.1), 3 * np.tanh(0.1 * RATES)),
    ],
)
def test_noisy_trials(noise, sd):
    trials = noisy_trials(RATES, 2000, noise=noise, rng=1)
    assert trials.shape == (3, 2000, 4)
    clipped = noisy_trials(RATES, 2000, noise=noise, nonnegative=True, rng=1)
    np.testing.assert_array_equal(clipped, np.maximum(trials, 0))
    errors = trials.swapaxes(0, 1) - RATES
    assert (errors[:, sd == 0] == 0).all()
    if not sd.any():
        return
    deviations = errors[:, sd > 0] / sd[sd > 0]
    assert stats.kstest(deviations.ravel(), "norm").pvalue > LEVEL
    assert stats.kstest(1.1 * deviations.ravel(), "norm").pvalue < LEVEL / 1000
    correlations = np.corrcoef(deviations.T)[np.triu_indices(deviations.shape[1], 1)]
    bound = stats.norm.isf(LEVEL / (2 * len(correlations))) / math.sqrt(2000)
    assert np.abs(correlations).max() < bound


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noisy_trials([[1.0]], 0), "n_trials must be at least 1"),
        (lambda: noisy_trials([1.0], 1), "odors must be 2-D"),
        (lambda: noisy_trials([[np.inf]], 1), "odors must be finite, got inf"),
        (
            lambda: noisy_trials([[-1.0]], 1, noise=SaturatingNoise()),
            r"rates must be in \[0, inf\], got -1",
        ),
        (lambda: GaussianNoise(sd=-1), "sd must be non-negative, got -1"),
        (lambda: SaturatingNoise(max_sd=-1), "max_sd must be non-negative, got -1"),
        (lambda: SaturatingNoise(slope=0), "slope must be positive, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
