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
        (SaturatingNoise(), 10 * np.tanh(0.025 * RATES)),
        (SaturatingNoise(max_sd=3.0, slope=0.1), 3 * np.tanh(0.1 * RATES)),
    ],
)
def test_noisy_trials(noise, sd):
    trials = noisy_trials(RATES, 5000, noise=noise, rng=1)
    assert trials.shape == (3, 5000, 4)
    errors = trials.swapaxes(0, 1) - RATES
    deviations = errors[:, sd > 0] / sd[sd > 0]
    assert (errors[:, sd == 0] == 0).all()
    assert stats.kstest(deviations.ravel(), "norm").pvalue > LEVEL
    assert stats.kstest(1.1 * deviations.ravel(), "norm").pvalue < LEVEL / 1000
    correlations = np.corrcoef(deviations.T)[np.triu_indices(deviations.shape[1], 1)]
    bound = stats.norm.isf(LEVEL / (2 * len(correlations))) / math.sqrt(5000)
    assert np.abs(correlations).max() < bound


def test_noisy_rates_may_be_clipped():
    free, clipped = (
        noisy_trials(RATES, 1000, nonnegative=choice, rng=1) for choice in (False, True)
    )
    assert free.min() < 0
    np.testing.assert_array_equal(clipped, np.maximum(free, 0))


def test_no_noise_no_difference():
    rates = np.arange(12.0).reshape(3, 4)
    trials = noisy_trials(rates, 2, noise=GaussianNoise(sd=0.0), rng=1)
    np.testing.assert_array_equal(trials, np.stack([rates, rates], axis=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noisy_trials([[1.0]], 0), "n_trials must be at least 1"),
        (lambda: noisy_trials([1.0], 1), "odors must be 2-D"),
        (lambda: noisy_trials([[np.inf]], 1), "odors must be finite, got inf"),
        (
            lambda: noisy_trials([[-1.0]], 1, noise=SaturatingNoise()),
            "rates must be non-negative, got a smallest entry of -1",
        ),
        (lambda: GaussianNoise(sd=-1), "sd must be non-negative, got -1"),
        (lambda: SaturatingNoise(max_sd=-1), "max_sd must be non-negative, got -1"),
        (lambda: SaturatingNoise(slope=0), "slope must be positive, got 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
