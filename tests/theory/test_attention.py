"""Attention weights against quadrature for few keys, sampling for many, and exact relations."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from scipy.integrate import quad

from olfnet.theory import attention
from olfnet.theory.attention import mean_concentration, mean_entropy, mean_largest, random_energy

MEANS = {
    "entropy": (mean_entropy, attention.entropy),
    "concentration": (mean_concentration, attention.concentration),
    "largest": (mean_largest, lambda weights: weights.max(axis=-1)),
}
SPREADS = [0.01, 0.3, 0.999, 1.0, 3.0, 30.0]


def two_keys(statistic, sd):
    """Mean over the difference of two scores, which alone matters; even in it."""
    spread = 2**0.5 * sd

    def value(x):
        share = scipy.special.expit(x)
        return float(statistic(np.array([share, 1 - share])) * scipy.stats.norm.pdf(x, 0, spread))

    edges = [0, min(1, spread), *np.linspace(min(2, 2 * spread), 9 * spread, 5)]
    return 2 * sum(
        quad(value, *ends, epsabs=1e-13, limit=200)[0]
        for ends in zip(edges[:-1], edges[1:], strict=True)
    )


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("sd", SPREADS)
def test_two_keys_are_an_integral(name, sd):
    """Adaptive quadrature of a one-dimensional integral, to the stated 1e-9."""
    mean, statistic = MEANS[name]
    assert mean(2, sd) == pytest.approx(two_keys(statistic, sd), abs=1e-9)
    assert mean(2, sd) != pytest.approx(two_keys(statistic, 1.001 * sd), abs=1e-9)


@pytest.mark.parametrize("name", ["entropy", "concentration"])
def test_three_keys_by_hermite_quadrature(name):
    mean, statistic = MEANS[name]
    nodes, shares = np.polynomial.hermite_e.hermegauss(60)
    scores = np.stack(np.meshgrid(nodes, nodes, nodes), axis=-1) * 0.7
    shares = shares / shares.sum()
    values = statistic(scipy.special.softmax(scores, axis=-1))
    assert np.einsum("abc,a,b,c", values, shares, shares, shares) == pytest.approx(
        mean(3, 0.7), abs=1e-9
    )


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("sd", [0.5, 1.0, 4.0, 20.0])
def test_many_keys_by_sampling(name, sd):
    """10,000 draws of 128 scores; 4 standard errors; a fifth more spread is told from it."""
    mean, statistic = MEANS[name]
    scores = np.random.default_rng(0).standard_normal((10_000, 128))
    found = statistic(scipy.special.softmax(sd * scores, axis=1))
    reach = 4 * found.std() / 100
    assert found.mean() == pytest.approx(mean(128, sd), abs=reach)
    assert (
        abs(statistic(scipy.special.softmax(1.2 * sd * scores, axis=1)).mean() - mean(128, sd))
        > reach
    )


@pytest.mark.parametrize("n_keys", [2, 128, 10**6])
@pytest.mark.parametrize("sd", [0.2, 1.0, 3.0, 10.0])
def test_entropy_falls_as_squares_demand(n_keys, sd):
    """By parts, H = F - s^2 (1 - Y) and dF/ds = s (1 - Y), so that dH/ds = s^2 dY/ds - s (1 - Y).

    Central differences of step h = 1e-3 s err by h^2 times third derivatives: 1e-6 of the scale.
    """
    h = 1e-3 * sd
    entropies, squares = (
        mean(n_keys, [sd - h, sd, sd + h]) for mean in (mean_entropy, mean_concentration)
    )
    slope, bend = ((f[2] - f[0]) / (2 * h) for f in (entropies, squares))
    wanted = sd**2 * bend - sd * (1 - squares[1])
    assert slope == pytest.approx(wanted, abs=1e-5 * (1 + sd))
    assert abs(slope + sd * (1 - squares[1])) > 1e-5 * (1 + sd) or sd**2 * bend < 1e-4


def test_steps_are_fine_enough(monkeypatch):
    """Half the steps change nothing beyond 1e-9, for one to a billion keys."""
    cases = [(1, 1e-4), (1, 50.0), (24, 0.9), (24, 1.1), (1e9, 0.5), (1e9, 4.0), (1e9, 40.0)]
    before = [[mean(*case) for mean, _ in MEANS.values()] for case in cases]
    monkeypatch.setattr(random_energy, "_STEP", random_energy._STEP / 2)
    monkeypatch.setattr(random_energy, "_FINENESS", random_energy._FINENESS * 2)
    monkeypatch.setattr(random_energy, "_NODES", np.polynomial.legendre.leggauss(20)[0])
    monkeypatch.setattr(random_energy, "_WEIGHTS", np.polynomial.legendre.leggauss(20)[1])
    after = [[mean(*case) for mean, _ in MEANS.values()] for case in cases]
    np.testing.assert_allclose(before, after, rtol=0, atol=1e-9)
    np.testing.assert_allclose(before[:2], [[0, 1, 1]] * 2, atol=1e-9)


def test_warm_limits_are_reached_with_many_keys():
    """Corrections of order 1/n: what is left after them falls as the square of 1/n."""
    for exact, limit in (
        (mean_entropy, attention.warm_entropy),
        (mean_concentration, attention.warm_concentration),
    ):
        n_keys = np.array([1e3, 1e4, 1e5])
        scale = 1.0 if exact is mean_entropy else exact(n_keys, 1.0)
        first = np.abs(exact(n_keys, 1.0) - limit(n_keys, 1.0)) / scale
        second = np.abs(exact(n_keys, 1.0) - limit(n_keys, 1.0, corrected=True)) / scale
        np.testing.assert_allclose(first[:-1] / first[1:], 10, rtol=0.1)
        np.testing.assert_allclose(second[:-1] / second[1:], 100, rtol=0.3)


def test_published_numbers_are_limits():
    """R27: 4.352 and .0212 are ln n - 1/2 and e/n at n = 128, not the means at 128 keys.

    The entropy at 128 keys is .0136 higher for scores of exact variance 1 and higher still in any
    finite number of dimensions, so that no dimension gives 4.352.
    """
    assert attention.warm_entropy(128, 1.0).round(3) == 4.352
    assert attention.warm_concentration(128, 1.0).round(4) == 0.0212
    assert mean_entropy(128, 1.0) == pytest.approx(4.3656, abs=5e-5)
    assert attention.warm_entropy(128, 1.0, corrected=True) == pytest.approx(4.3656, abs=1.1e-3)
    by_dims = [attention.over_queries(mean_entropy, 128, d) for d in (1, 2, 4, 16, 64, 4096)]
    assert (np.diff(by_dims) < 0).all()
    assert by_dims[-1] > mean_entropy(128, 1.0) > 4.365
    squares = [attention.over_queries(mean_concentration, 128, d) for d in (8, 11, 16, 4096)]
    assert (np.diff(squares) < 0).all()
    assert squares[1] == pytest.approx(0.0212, abs=5e-5)  # at 11 dimensions by chance
    assert squares[-1] == pytest.approx(0.0202, abs=5e-5)


@pytest.mark.parametrize(
    ("n_dims", "exact", "published", "scatter"),
    [(16, 0.5306, 0.536, 0.23), (64, 0.7677, 0.763, 0.21), (1024, 0.9433, 0.945, 0.12)],
)
def test_published_largest_weights_are_samples(n_dims, exact, published, scatter):
    """R27: each lies within two standard errors of a thousand draws, and not within rounding."""
    found = attention.over_queries(mean_largest, 128, n_dims, scale=1.0)
    assert found == pytest.approx(exact, abs=6e-5)
    assert abs(found - published) < 2 * scatter / 1000**0.5
    assert abs(found - published) > 1e-3
    drawn = attention.draw_weights(150, 128, n_dims, scale=1.0, rng=4).max(axis=1)
    assert drawn.std() == pytest.approx(scatter, rel=0.3)


def test_warm_limits_fail_beyond_freezing():
    """Twice the freezing point: the limit would be below zero, squares above one."""
    sd = 2 * attention.freezing_point(128)
    assert attention.warm_entropy(128, sd) < 0 < mean_entropy(128, sd)
    assert attention.warm_concentration(128, sd) > 1 > mean_concentration(128, sd)
    assert attention.warm_concentration(128, 40.0, corrected=True) == -np.inf
    assert attention.warm_entropy(128, 40.0, corrected=True) == np.inf


def test_widest_scores():
    """Two keys tie at a density of 1 / (2 sd sqrt(pi)); a logit's entropy integrates to pi^2 / 3.

    What is left out falls as 1 / sd^3.
    """
    sd = np.array([1e3, 9e4, 1.1e5, 1e6, 1e12])
    found = mean_entropy(2, sd)
    np.testing.assert_allclose(found, np.pi**1.5 / 6 / sd, rtol=2e-5)
    assert (np.diff(mean_entropy(128, sd) * sd) / mean_entropy(128, sd[1:]) / sd[1:] < 2e-3).all()
    np.testing.assert_allclose(mean_concentration(2, 1e12), 1, atol=1e-9)
    assert attention.warm_entropy(128, 1e200, corrected=True) == np.inf
    assert attention.frozen_concentration(128, 1e-320) == 0


def test_freezing_sharpens_with_the_number_of_keys():
    """Squares at 1.5 times the freezing point go to 1/3, at .4 times to none."""
    n_keys = np.array([1e2, 1e4, 1e8])
    above = mean_concentration(n_keys, 1.5 * attention.freezing_point(n_keys))
    below = mean_concentration(n_keys, 0.4 * attention.freezing_point(n_keys))
    limits = attention.frozen_concentration(n_keys, 1.5 * attention.freezing_point(n_keys))
    np.testing.assert_allclose(limits, 1 / 3)
    assert (np.diff(np.abs(above - limits)) < 0).all()
    assert (np.diff(below) < 0).all()
    assert below[-1] < 1e-3
    assert attention.frozen_concentration(128, 0.0) == 0


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize(("n_dims", "scale"), [(1, 1.0), (2, None), (64, 1.0)])
def test_mean_over_queries(name, n_dims, scale):
    """Against 400 midpoints of the distribution of lengths, which err by less than 1e-3."""
    mean = MEANS[name][0]
    levels = (np.arange(400) + 0.5) / 400
    sd = scipy.stats.chi(n_dims).ppf(levels) * (n_dims**-0.5 if scale is None else scale)
    grid = np.linspace(sd[0], sd[-1], 20)  # smooth in sd: interpolated to 1e-4
    values = scipy.interpolate.CubicSpline(grid, mean(32, grid))(sd)
    found = attention.over_queries(mean, 32, n_dims, scale=scale)
    assert found == pytest.approx(values.mean(), abs=2e-3)
    other = attention.over_queries(mean, 32, n_dims + 1, scale=(scale or n_dims**-0.5) * 1.2)
    assert abs(other - values.mean()) > 2e-3


def test_products_of_vectors_freeze_without_scaling():
    """400 queries of 64 dimensions with 128 keys each; 4 standard errors."""
    for scale in (None, 1.0):
        drawn = attention.draw_weights(400, 128, 64, scale=scale, rng=1)
        for mean, statistic in MEANS.values():
            found = statistic(drawn)
            reach = 4 * found.std() / 400**0.5
            wanted = attention.over_queries(mean, 128, 64, scale=scale)
            assert found.mean() == pytest.approx(wanted, abs=reach)
            other = attention.over_queries(mean, 128, 64, scale=1.0 if scale is None else None)
            assert abs(found.mean() - other) > reach
    assert attention.score_variance(64, scale=1.0) == 64


def test_the_mean_weight_is_one_by_n():
    drawn = attention.draw_weights(4000, 8, 16, scale=1.0, rng=2)
    reach = 4 * drawn.std(axis=0) / 4000**0.5
    assert (np.abs(drawn.mean(axis=0) - 1 / 8) < reach).all()
    np.testing.assert_allclose(drawn.sum(axis=1), 1, rtol=1e-12)


def test_weights_are_those_of_the_formula():
    rng = np.random.default_rng(3)
    queries, keys = rng.standard_normal((3, 5)), rng.standard_normal((4, 5))
    for scale in (None, 2.0):
        powers = np.exp((queries @ keys.T) * (5**-0.5 if scale is None else scale))
        wanted = powers / powers.sum(axis=1, keepdims=True)
        found = attention.weights(queries, keys, scale=scale)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert np.isfinite(attention.weights([[1e4]], [[1e4], [-1e4]])).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attention.weights([[1.0]], [[1.0, 2.0]]), "keys must have as many dim.* 1, got 2"),
        (lambda: attention.weights([[np.nan]], [[1.0]]), "queries must be finite"),
        (lambda: attention.weights([[1.0]], [[1.0]], scale=np.inf), "scale must be finite"),
        (lambda: attention.draw_weights(0, 1, 1), "n_draws must be at least 1, got 0"),
        (lambda: attention.draw_weights(1, 1.5, 1), "n_keys must be an integer"),
        (lambda: attention.weights([[1e200]], [[-1e200]]), "products .* must be finite, got -inf"),
        (lambda: attention.mean_entropy([2, 1e30], 1.0), "n_keys must be at most 1e.09, got 1e.30"),
        (lambda: attention.mean_largest(2e9, 1.0), "n_keys must be at most 1e.09, got 2e.09"),
        (lambda: attention.entropy([0.5, 0.6]), "rows that add up to 1, got 1.1"),
        (
            lambda: attention.entropy([1.5, -0.5]),
            "weights must be rows of non-neg.* got -0.5",
        ),
        (lambda: attention.concentration([np.nan, 1.0]), "weights must be finite, got nan"),
        (lambda: attention.concentration(1.0), "weights must be rows"),
        (lambda: attention.mean_entropy(0, 1.0), "n_keys must be finite and at least 1, got 0"),
        (lambda: attention.mean_entropy(np.inf, 1.0), "n_keys must be finite and at least 1"),
        (lambda: attention.mean_concentration(3, -1.0), "sd must be finite and at least 0, got -1"),
        (lambda: attention.mean_largest(3, [1.0, np.nan]), "sd must be finite and at .* got nan"),
        (lambda: attention.mean_largest([1, 2], [1, 2, 3]), "shapes that fit"),
        (lambda: attention.warm_entropy(0.5, 1.0), "n_keys must be finite and at least 1"),
        (lambda: attention.over_queries(mean_entropy, 3, 0), "n_dims must be at least 1, got 0"),
        (lambda: attention.score_variance(0), "n_dims must be at least 1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
