"""Generators draw from the distributions they name, each against an independent witness."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from olfnet.receptors import odors

LEVEL = 0.001  # of each test; its control must fall below a thousandth of it
GENERATORS = {
    "gaussian": odors.gaussian,
    "binary": odors.binary,
    "exponential": odors.exponential,
    "lognormal": odors.lognormal,
    "mixtures": odors.mixtures,
    "clusters": odors.clusters,
}


def accepts(p_value):
    return p_value > LEVEL


def rejects(p_value):
    return p_value < LEVEL / 1000


@pytest.fixture(params=GENERATORS.values(), ids=GENERATORS)
def generator(request):
    return request.param


class TestContract:
    """What holds of every generator."""

    @pytest.mark.parametrize("shape", [(1, 1), (3, 50), (50, 3)])
    def test_shape(self, generator, shape):
        panel = generator(*shape, rng=1)
        assert type(panel) is np.ndarray
        assert panel.shape == shape
        assert panel.dtype == np.float64
        assert np.isfinite(panel).all()

    def test_a_seed_is_a_panel(self, generator):
        first, again, other = (generator(20, 10, rng=seed) for seed in (1, 1, 2))
        assert (first == again).all()
        assert (first != other).any()

    def test_a_generator_moves_on(self, generator):
        rng = np.random.default_rng(1)
        first, second = generator(20, 10, rng=rng), generator(20, 10, rng=rng)
        assert (first == generator(20, 10, rng=1)).all()
        assert (first != second).any()

    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            ((0, 5), "n_odors must be at least 1, got 0"),
            ((5, -1), "n_receptors must be at least 1, got -1"),
            ((5.0, 5), "n_odors must be an integer, got 5.0"),
        ],
    )
    def test_bad_shapes_are_refused(self, generator, shape, message):
        with pytest.raises(ValueError, match=message):
            generator(*shape)


@pytest.mark.parametrize("axis", [0, 1], ids=["odors", "receptors"])
@pytest.mark.parametrize("name", [name for name in GENERATORS if name != "mixtures"])
def test_independence(name, axis):
    """The largest of all correlations, by Fisher's z and Bonferroni."""
    shape = (200, 2000) if axis == 0 else (2000, 200)
    singletons = {"n_clusters": shape[0]} if name == "clusters" else {}
    panel = np.moveaxis(GENERATORS[name](*shape, rng=3, **singletons), axis, 0)
    pairs = np.triu_indices(200, 1)
    bound = stats.norm.isf(LEVEL / (2 * len(pairs[0]))) / math.sqrt(2000 - 3)
    assert np.abs(np.corrcoef(panel)[pairs]).max() < bound
    panel[1] += panel[0]
    assert np.abs(np.corrcoef(panel)[pairs]).max() > bound


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: odors.gaussian(2, 2, sd=0), "sd must be positive, got 0"),
        (lambda: odors.gaussian(2, 2, mean=np.nan), "mean must be finite, got nan"),
        (
            lambda: odors.binary(2, 2, coding_level=1.5),
            r"coding_level must be in \(0, 1\], got 1.5",
        ),
        (lambda: odors.exponential(2, 2, mean=-1), "mean must be positive, got -1"),
        (lambda: odors.lognormal(2, 2, concentration=0), "concentration must be positive and"),
        (lambda: odors.lognormal(2, 2, concentration="high"), "concentration must be numbers"),
        (lambda: odors.lognormal(2, 2, concentration=1j), "concentration must be numbers, got 1j"),
        (lambda: odors.lognormal(2, 2, concentration=[1, np.inf]), "positive and finite, got inf"),
        (lambda: odors.lognormal(2, 2, concentration=[1, 2, 3]), r"one per odor \(2\), got shape"),
        (lambda: odors.lognormal(2, 2, sigma=0), "sigma must be positive"),
        (lambda: odors.lognormal(2, 2, hill=-1), "hill must be positive"),
        (lambda: odors.lognormal(2, 2, max_rate=0), "max_rate must be positive"),
        (lambda: odors.concentration_series(2, 2, concentrations=[]), "must be a list of numbers"),
        (lambda: odors.concentration_series(2, 2, concentrations=1.0), "must be a list of numbers"),
        (lambda: odors.mixtures(2, 2, n_components=0), "n_components must be at least 1"),
        (lambda: odors.mixtures(2, 2, evenness=0), "evenness must be positive"),
        (lambda: odors.mixtures(2, 2, components=[[1.0]]), "components must have 2 columns, got 1"),
        (lambda: odors.mixtures(2, 1, components=[[1.0]]), "n_components must be at most 1, got 2"),
        (lambda: odors.mixtures(2, 1, components=[[np.nan]]), "components must be finite, got nan"),
        (lambda: odors.clusters(2, 2, n_clusters=0), "n_clusters must be at least 1"),
        (lambda: odors.clusters(2, 2, cluster_size=1.1), r"cluster_size must be in \[0, 1\], got"),
    ],
)
def test_bad_parameters_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_gaussian():
    entries = odors.gaussian(100, 200, mean=3.0, sd=2.0, rng=1).ravel()
    assert accepts(stats.kstest(entries, stats.norm(3.0, 2.0).cdf).pvalue)
    assert rejects(stats.kstest(entries, stats.norm(3.0, 2.2).cdf).pvalue)


def test_binary_activates_a_binomial_number_of_receptors():
    active = odors.binary(5000, 20, coding_level=0.3, rng=1)
    assert set(np.unique(active)) == {0.0, 1.0}
    observed = np.bincount(active.sum(axis=1).astype(int), minlength=21)
    for coding_level, holds in ((0.3, accepts), (0.32, rejects)):
        expected = 5000 * stats.binom.pmf(np.arange(21), 20, coding_level)
        common = expected > 5
        assert holds(
            stats.chisquare(
                [*observed[common], observed[~common].sum()],
                [*expected[common], expected[~common].sum()],
            ).pvalue
        )


def test_exponential():
    entries = odors.exponential(100, 200, mean=25.0, rng=1).ravel()
    assert accepts(stats.kstest(entries, "expon", (0, 25.0)).pvalue)
    assert rejects(stats.kstest(entries, "expon", (0, 27.5)).pvalue)


def test_exponential_odors_have_one_mean():
    """The mean over 400 receptors is a gamma variable, the same for every odor."""
    means = odors.exponential(2000, 400, mean=25.0, rng=2).mean(axis=1)
    assert accepts(stats.kstest(means, "gamma", (400, 0, 25.0 / 400)).pvalue)
    scattered = means * np.random.default_rng(3).uniform(0.8, 1.2, 2000)
    assert rejects(stats.kstest(scattered, "gamma", (400, 0, 25.0 / 400)).pvalue)


def test_lognormal_rates_have_normal_logits():
    """logit(rate / max_rate) = hill (log concentration + sigma z)."""
    setting = {"concentration": 3.0, "sigma": 1.5, "hill": 1.3, "max_rate": 200.0}
    rates = odors.lognormal(100, 200, rng=1, **setting).ravel()
    assert 0 < rates.min() < rates.max() < 200
    law = (1.3 * math.log(3), 1.3 * 1.5)
    assert accepts(stats.kstest(logit(rates / 200), stats.norm(*law).cdf).pvalue)
    assert rejects(stats.kstest(logit(rates / 200), stats.norm(0, law[1]).cdf).pvalue)


def test_lognormal_takes_a_concentration_per_odor():
    doses = np.geomspace(0.01, 100, 40)
    panel = odors.lognormal(40, 30, concentration=doses, rng=1)
    for i in (0, 17, 39):
        np.testing.assert_array_equal(
            panel[i], odors.lognormal(40, 30, concentration=doses[i], rng=1)[i]
        )


def test_lognormal_is_the_hill_equation():
    log_affinity = logit(odors.lognormal(4, 3, rng=1) / 300)
    rates = odors.lognormal(4, 3, concentration=7.0, hill=2.0, max_rate=50.0, rng=1)
    x = (7.0 * np.exp(log_affinity)) ** 2
    np.testing.assert_allclose(rates, 50 * x / (1 + x), rtol=1e-10)


def test_lognormal_saturates_without_overflow():
    rates = odors.lognormal(50, 50, concentration=1e300, sigma=500.0, hill=20.0, rng=1)
    assert ((rates >= 0) & (rates <= 300)).all()


def test_concentration_series_is_one_panel_at_many_concentrations():
    doses = [0.1, 1.0, 10.0]
    series = odors.concentration_series(20, 10, concentrations=doses, sigma=1.0, rng=1)
    for dose, panel in zip(doses, series.swapaxes(0, 1), strict=True):
        np.testing.assert_array_equal(
            panel, odors.lognormal(20, 10, concentration=dose, sigma=1.0, rng=1)
        )
    assert series.shape == (20, 3, 10)
    assert (np.diff(series, axis=1) > 0).all()
    strangers = odors.lognormal(20, 10, concentration=1.0, sigma=1.0, rng=2)
    assert not (strangers > series[:, 0]).all()


def test_mixtures_take_distinct_components_alike():
    """From a stock of unit vectors one reads off what went in."""
    equal = {"components": np.eye(12), "evenness": math.inf}
    panel = odors.mixtures(6000, 12, n_components=3, rng=1, **equal)
    assert ((panel > 0).sum(axis=1) == 3).all()
    np.testing.assert_allclose(panel[panel > 0], 1 / 3)
    pairs = ((panel > 0).T @ (panel > 0).astype(int))[np.triu_indices(12, 1)]
    # Given its neighbors a pair is not independent of them; overlap makes the statistic smaller.
    assert accepts(stats.chisquare(pairs).pvalue)
    pairs[0] *= 2
    assert rejects(stats.chisquare(pairs).pvalue)


def test_mixtures_are_as_alike_as_the_components_they_share():
    """Equal parts of two: correlation 1, 1/2 or 0 when two, one or no components are shared."""
    stock = odors.exponential(6, 40_000, rng=1)
    setting = {"n_components": 2, "evenness": math.inf, "rng": 2}
    which = odors.mixtures(30, 6, components=np.eye(6), **setting) > 0
    shared = which.astype(int) @ which.T
    assert set(np.unique(shared)) == {0, 1, 2}
    found = np.corrcoef(odors.mixtures(30, 40_000, components=stock, **setting))
    # A correlation of exponential variables has a standard error below 2 / sqrt(n).
    bound = stats.norm.isf(LEVEL / (2 * found.size)) * 2 / math.sqrt(40_000)
    assert np.abs(found - shared / 2).max() < bound < np.abs(found - shared / 3).max()


def test_mixtures_are_means_of_the_users_own_odors():
    stock = np.random.default_rng(1).exponential(size=(5, 8))
    equal = {"components": stock, "evenness": math.inf}
    everything = odors.mixtures(3, 8, n_components=5, rng=1, **equal)
    np.testing.assert_allclose(everything, np.tile(stock.mean(axis=0), (3, 1)))
    single = odors.mixtures(50, 8, n_components=1, rng=1, **equal)
    assert {tuple(row) for row in single} == {tuple(row) for row in stock}


@pytest.mark.parametrize("evenness", [0.4, 1.0, 5.0])
def test_mixtures_have_dirichlet_proportions(evenness):
    panel = odors.mixtures(
        20_000, 3, n_components=3, components=np.eye(3), evenness=evenness, rng=1
    )
    np.testing.assert_allclose(panel.sum(axis=1), 1)
    for factor, holds in ((1.0, accepts), (1.2, rejects)):
        law = (factor * evenness, 2 * factor * evenness)
        assert holds(stats.kstest(panel[:, 0], "beta", law).pvalue)


def test_mixtures_of_default_components_are_exponential_one_by_one():
    single = odors.mixtures(1, 20_000, n_components=1, rng=1).ravel()
    assert accepts(stats.kstest(single, "expon", (0, 40.0)).pvalue)
    blend = odors.mixtures(1, 20_000, n_components=4, evenness=math.inf, rng=1).ravel()
    assert accepts(stats.kstest(blend, "gamma", (4, 0, 10.0)).pvalue)
    assert rejects(stats.kstest(blend, "expon", (0, 40.0)).pvalue)


@pytest.mark.parametrize("cluster_size", [0.1, 0.5, 1.0])
def test_cluster_members_flip_half_the_cluster_size(cluster_size):
    n_clusters, seed = 7, 1
    panel = odors.clusters(70, 500, n_clusters=n_clusters, cluster_size=cluster_size, rng=seed)
    prototypes = odors.clusters(7, 500, n_clusters=n_clusters, cluster_size=0, rng=seed)
    assert set(np.unique(panel)) == {-1.0, 1.0}
    own = prototypes[np.arange(70) % n_clusters]
    flips = (panel != own).sum()
    assert accepts(stats.binomtest(flips, panel.size, cluster_size / 2).pvalue)
    assert rejects(stats.binomtest(flips, panel.size, cluster_size / 2 - 0.04).pvalue)
    if cluster_size < 1:
        others = (panel != np.roll(own, 1, axis=0)).sum()
        assert rejects(stats.binomtest(others, panel.size, cluster_size / 2).pvalue)


def test_two_members_of_a_cluster_overlap_twice_reduced():
    """Both flip on their own, so their entries agree with probability (1 + (1 - size)^2) / 2."""
    panel = odors.clusters(2, 100_000, n_clusters=1, cluster_size=0.3, rng=1)
    agreements = int((panel[0] == panel[1]).sum())
    assert accepts(stats.binomtest(agreements, 100_000, (1 + 0.7**2) / 2).pvalue)
    assert rejects(stats.binomtest(agreements, 100_000, (1 + 0.7) / 2).pvalue)


def test_clusters_may_stay_empty():
    few = odors.clusters(3, 40, n_clusters=10, rng=1)
    np.testing.assert_array_equal(few[:, :5], odors.clusters(3, 40, n_clusters=10, rng=1)[:, :5])
