"""Surrogate odors have the panel's marginals and correlations; controls are told apart."""

import numpy as np
import pytest
from scipy import stats

from olfnet import load_panel
from olfnet.receptors import absolute_rates, fly_odors, surrogate, surrogates

N_ODORS = 20_000
LEVEL = 0.001  # of each test, shared by the receptors or pairs it looks at (Bonferroni)


@pytest.fixture(scope="module", params=["changes", "absolute rates"])
def panel(request):
    changes = load_panel("hallem_carlson_2006")
    return (changes if request.param == "changes" else absolute_rates(changes)).to_numpy()


@pytest.fixture(scope="module")
def drawn(panel):
    return surrogate(panel, N_ODORS, rng=1)


@pytest.fixture(scope="module")
def control(panel):
    """Gaussian odors with the panel's mean and covariance."""
    rng = np.random.default_rng(2)
    return rng.multivariate_normal(panel.mean(axis=0), np.cov(panel.T), N_ODORS)


def z_bound(n_tests):
    return stats.norm.isf(LEVEL / (2 * n_tests))


def test_means_and_standard_deviations(panel, drawn):
    """Within the standard errors, that of the SD being sd sqrt((kurtosis - 1) / 4 n)."""
    sd, bound = panel.std(axis=0), z_bound(panel.shape[1])
    z_scores = np.abs(drawn.mean(axis=0) - panel.mean(axis=0)) / (sd / np.sqrt(N_ODORS))
    assert z_scores.max() < bound < 0.1 * np.sqrt(N_ODORS)  # a tenth of an SD would be seen
    error = sd * np.sqrt((stats.kurtosis(panel, fisher=False) - 1) / (4 * N_ODORS))
    tolerance = bound * error + sd / (16 * np.sqrt(2 * len(panel)))  # and the stated loss
    assert (np.abs(drawn.std(axis=0) - sd) < tolerance).all()
    assert (np.abs(1.25 * drawn.std(axis=0) - sd) > tolerance).all()


def test_marginals(panel, drawn, control):
    """Interpolation moves distribution functions by half a step; the rest is DKW's bound."""
    found, other = (
        [stats.ks_2samp(a, b) for a, b in zip(rates.T, panel.T, strict=True)]
        for rates in (drawn, control)
    )
    level = LEVEL / panel.shape[1]
    assert min(x.pvalue for x in found) > level > min(x.pvalue for x in other)
    dkw = np.sqrt(np.log(2 * panel.shape[1] / LEVEL) / (2 * N_ODORS))
    bound = 0.5 / len(panel) + dkw
    assert max(x.statistic for x in found) < bound < min(x.statistic for x in other)


def test_correlations(panel, drawn):
    """Far inside the standard error 1/sqrt(110) of the measured correlations."""
    pairs = np.triu_indices(panel.shape[1], 1)
    batches = np.stack([np.corrcoef(part.T)[pairs] for part in np.split(drawn, 20)])
    sampling = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    measured = np.corrcoef(panel.T)[pairs]
    tolerance = 0.25 / np.sqrt(len(panel)) + stats.t.isf(LEVEL / (2 * len(measured)), 19) * sampling

    def largest_excess(rates):
        return (np.abs(np.corrcoef(rates.T)[pairs] - measured) - tolerance).max()

    assert largest_excess(drawn) < 0
    # Controls: independent receptors, and a copula given the rates' correlations uncorrected.
    rng = np.random.default_rng(3)
    assert largest_excess(rng.permuted(drawn, axis=0)) > 0
    normal = rng.multivariate_normal(np.zeros(panel.shape[1]), np.corrcoef(panel.T), N_ODORS)
    levels = zip(panel.T, stats.norm.cdf(normal).T, strict=True)
    uncorrected = np.stack([surrogates._quantiles(*pair) for pair in levels], axis=1)
    assert largest_excess(uncorrected) > 0


def test_correlations_of_any_two_receptors_are_exact(panel):
    """Without the 22 others every correlation can be met."""
    correlation = np.corrcoef(panel.T)
    np.fill_diagonal(correlation, 0)
    for index in (correlation.argmax(), correlation.argmin()):
        pair = list(np.unravel_index(index, correlation.shape))
        batches = surrogate(panel[:, pair], 50_000, rng=4).reshape(50, -1, 2)
        measured = [np.corrcoef(batch.T)[0, 1] for batch in batches]
        assert stats.ttest_1samp(measured, correlation[tuple(pair)]).pvalue > LEVEL
        assert stats.ttest_1samp(measured, 0.95 * correlation[tuple(pair)]).pvalue < LEVEL


@pytest.mark.parametrize("target", [-0.9, -0.3, 0.0, 0.5, 0.9])
def test_latent_correlation_of_two_way_rates(target):
    """Two medians cut at 0: correlation (2/pi) arcsin(latent), Sheppard 1899."""
    n = 4000
    same = round(n * (1 + target) / 4)
    first = np.repeat([0.0, 1.0], n // 2)
    second = np.repeat([0.0, 1.0, 0.0, 1.0], [same, n // 2 - same, n // 2 - same, same])
    latent = surrogates._latent_correlations(np.column_stack([first, second]))[0, 1]
    assert latent == pytest.approx(np.sin(np.pi * target / 2), abs=2e-3)
    assert target == 0 or abs(latent - target) > 0.01


def test_quantiles_by_hand():
    sample = np.array([0.0, 4.0, 4.0, 5.0])  # sd 1.92, so the gap of 4 is entered by .48 at most
    levels = np.array([0.0, 0.125, 0.2, 0.3, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0])
    wide = np.std(sample) / 4
    by_hand = [0, 0, 0.3 * wide, 4 - 0.3 * wide, 4, 4, 4, 5 - wide / 2, 5, 5]
    np.testing.assert_allclose(surrogates._quantiles(sample, levels), by_hand, rtol=1e-12)


def test_unusual_panels():
    constant = surrogate([[1.0, 2.0], [1.0, 5.0]], 50, rng=7)
    assert (constant[:, 0] == 1).all()
    equal = np.random.default_rng(8).exponential(size=(40, 1)) * np.ones((1, 60))
    drawn = surrogate(equal, 200, rng=9)
    np.testing.assert_allclose(drawn, drawn[:, :1] * np.ones((1, 60)), atol=1e-5)
    few = np.random.default_rng(10).exponential(size=(5, 60))
    assert np.isfinite(surrogate(few, 1, rng=11)).all()


def test_fly_odors_are_the_measured_rates_or_surrogates_of_them():
    measured = absolute_rates(load_panel("hallem_carlson_2006"))
    np.testing.assert_array_equal(fly_odors(), measured.values)
    np.testing.assert_array_equal(fly_odors(7, rng=3), surrogate(measured, 7, rng=3))
    assert (fly_odors(7, rng=3) != fly_odors(7, rng=4)).any()
    fly_odors()[:] = 0  # a copy
    assert fly_odors().max() > 200


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: surrogate([[1.0, 2.0]], 5), "panel must hold at least 2 odors, got 1"),
        (lambda: surrogate([[1, np.nan], [1, 2]], 5), r"panel must be finite, got nan at \(0, 1\)"),
        (lambda: surrogate([1.0, 2.0], 5), "panel must be 2-D"),
        (lambda: surrogate([[1.0], [2.0]], 2.5), "n_odors must be an integer, got 2.5"),
        (lambda: fly_odors(0), "n_odors must be at least 1, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
