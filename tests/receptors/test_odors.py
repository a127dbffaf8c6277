"""Generators draw from the distributions they name, each against an independent witness."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from olfnet.receptors import odors

LEVEL = 0.001  # of each test; its control must fall below a thousandth of it
GENERATORS = {
    name: getattr(odors, name)
    for name in ("gaussian", "binary", "exponential", "lognormal", "mixtures", "clusters")
}
family = pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)


def accepts(p_value):
    return p_value > LEVEL


def rejects(p_value):
    return p_value < LEVEL / 1000


@family
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (50, 3)])
def test_contract(generator, shape):
    """A seed is a panel, and a generator of random numbers moves on."""
    rng = np.random.default_rng(1)
    panel, following, other = (generator(*shape, rng=source) for source in (rng, rng, 2))
    assert type(panel) is np.ndarray
    assert (panel.shape, panel.dtype) == (shape, np.float64)
    assert np.isfinite(panel).all()
    assert (panel == generator(*shape, rng=1)).all()
    assert shape == (1, 1) or ((panel != following).any() and (panel != other).any())


@family
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 5), "n_odors must be at least 1, got 0"),
        ((5, -1), "n_receptors must be at least 1, got -1"),
        ((5.0, 5), "n_odors must be an integer, got 5.0"),
    ],
)
def test_bad_shapes(generator, shape, message):
    with pytest.raises(ValueError, match=message):
        generator(*shape)


@pytest.mark.parametrize("axis", [0, 1], ids=["odors", "receptors"])
@pytest.mark.parametrize("name", [name for name in GENERATORS if name != "mixtures"])
def test_independence(name, axis):
    """The largest of all correlations, by Fisher's z and Bonferroni."""
    shape = (100, 1000) if axis == 0 else (1000, 100)
    singletons = {"n_clusters": shape[0]} if name == "clusters" else {}
    panel = np.moveaxis(GENERATORS[name](*shape, rng=3, **singletons), axis, 0)
    pairs = np.triu_indices(100, 1)
    bound = stats.norm.isf(LEVEL / (2 * len(pairs[0]))) / math.sqrt(1000 - 3)
    assert np.abs(np.corrcoef(panel)[pairs]).max() < bound
    panel[1] += panel[0]
    assert np.abs(np.corrcoef(panel)[pairs]).max() > bound


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: odors.gaussian(2, 2, sd=0), "sd must be positive, got 0"),
        (lambda: odors.gaussian(2, 2, mean=np.nan), "mean must be finite, got nan"),
        (lambda: odors.binary(2, 2, coding_level=2), r"coding_level must be in \(0, 1\], got 2"),
        (lambda: odors.exponential(2, 2, mean=-1), "mean must be positive, got -1"),
        (
            lambda: odors.lognormal(2, 2, concentration=0),
            r"concentration must be in \(0, inf\), got",
        ),
        (lambda: odors.lognormal(2, 2, concentration="high"), "concentration must be numbers"),
        (lambda: odors.lognormal(2, 2, concentration=[1, np.inf]), "must be finite, got inf"),
        (lambda: odors.lognormal(2, 2, concentration=[1, 2, 3]), "must have 2 entries, got shape"),
        (lambda: odors.lognormal(2, 2, sigma=0), "sigma must be positive"),
        (lambda: odors.lognormal(2, 2, hill=-1), "hill must be positive"),
        (lambda: odors.lognormal(2, 2, max_rate=0), "max_rate must be positive"),
        (lambda: odors.concentration_series(2, 2, concentrations=[]), "concentrations must be 1-D"),
        (lambda: odors.mixtures(2, 2, n_components=0), "n_components must be at least 1"),
        (lambda: odors.mixtures(2, 2, evenness=0), "evenness must be positive"),
        (lambda: odors.mixtures(2, 2, components=[[1.0]]), "components must have 2 columns, got 1"),
        (lambda: odors.mixtures(2, 1, components=[[1.0]]), "n_components must be at most 1, got 2"),
        (lambda: odors.mixtures(2, 1, components=[[np.nan]]), "components must be finite, got nan"),
        (lambda: odors.clusters(2, 2, n_clusters=0), "n_clusters must be at least 1"),
        (lambda: odors.clusters(2, 2, cluster_size=1.1), r"cluster_size must be in \[0, 1\], got"),
    ],
)
def test_bad_parameters(call, message):
    with pytest.raises(ValueError, match=message):
        call()


LOGNORMAL = {"concentration": 3.0, "sigma": 1.5, "hill": 1.3, "max_rate": 200.0}


@pytest.mark.parametrize(
    ("entries", "law", "control"),
    [
        (odors.gaussian(100, 200, mean=3.0, sd=2.0, rng=1), (3.0, 2.0), (3.0, 2.2)),
        (odors.exponential(100, 200, mean=25.0, rng=1), (0, 25.0), (0, 27.5)),
        # logit(rate / max_rate) = hill (log concentration + sigma z)
        (
            logit(odors.lognormal(100, 200, rng=1, **LOGNORMAL) / 200),
            (1.3 * math.log(3), 1.95),
            (0, 1.95),
        ),
    ],
    ids=["gaussian", "exponential", "lognormal"],
)
def test_distribution(entries, law, control, request):
    family = stats.expon if "exponential" in request.node.name else stats.norm
    assert accepts(stats.kstest(entries.ravel(), family(*law).cdf).pvalue)
    assert rejects(stats.kstest(entries.ravel(), family(*control).cdf).pvalue)


def test_binary_activates_a_binomial_number_of_receptors():
    active = odors.binary(5000, 20, coding_level=0.3, rng=1)
    assert set(np.unique(active)) == {0.0, 1.0}
    observed = np.bincount(active.sum(axis=1).astype(int), minlength=21)
    for coding_level, holds in ((0.3, accepts), (0.32, rejects)):
        expected = 5000 * stats.binom.pmf(np.arange(21), 20, coding_level)
        common = expected > 5
        counts, means = ([*x[common], x[~common].sum()] for x in (observed, expected))
        assert holds(stats.chisquare(counts, means).pvalue)


def test_lognormal_is_the_hill_equation_without_overflow():
    log_affinity = logit(odors.lognormal(4, 3, rng=1) / 300)
    rates = odors.lognormal(4, 3, concentration=7.0, hill=2.0, max_rate=50.0, rng=1)
    x = (7.0 * np.exp(log_affinity)) ** 2
    np.testing.assert_allclose(rates, 50 * x / (1 + x), rtol=1e-10)
    rates = odors.lognormal(50, 50, concentration=1e300, sigma=500.0, hill=20.0, rng=1)
    assert ((rates >= 0) & (rates <= 300)).all()


def test_concentrations_of_each_odor_and_series_are_one_panel_at_each_dose():
    doses = np.array([0.1, 1.0, 10.0])
    series = odors.concentration_series(3, 10, concentrations=doses, sigma=1.0, rng=1)
    panels = [odors.lognormal(3, 10, concentration=dose, sigma=1.0, rng=1) for dose in doses]
    np.testing.assert_array_equal(series, np.stack(panels, axis=1))
    assert (np.diff(series, axis=1) > 0).all()
    diagonal = odors.lognormal(3, 10, concentration=doses, sigma=1.0, rng=1)
    np.testing.assert_array_equal(diagonal, series[np.arange(3), np.arange(3)])


def test_mixtures_take_distinct_components_with_equal_probability():
    """Mixtures of unit vectors show what they were made of."""
    equal = {"components": np.eye(12), "evenness": math.inf}
    panel = odors.mixtures(6000, 12, n_components=3, rng=1, **equal)
    assert ((panel > 0).sum(axis=1) == 3).all()
    np.testing.assert_allclose(panel[panel > 0], 1 / 3)
    pairs = ((panel > 0).T @ (panel > 0).astype(int))[np.triu_indices(12, 1)]
    # Given its neighbors a pair is not independent of them; overlap makes the statistic smaller.
    assert accepts(stats.chisquare(pairs).pvalue)
    pairs[0] *= 2
    assert rejects(stats.chisquare(pairs).pvalue)


def test_mixtures_are_means_of_the_components():
    stock = np.random.default_rng(1).exponential(size=(5, 8))
    equal = {"components": stock, "evenness": math.inf, "rng": 1}
    everything = odors.mixtures(3, 8, n_components=5, **equal)
    np.testing.assert_allclose(everything, np.tile(stock.mean(axis=0), (3, 1)))
    single = odors.mixtures(50, 8, n_components=1, **equal)
    assert {tuple(row) for row in single} == {tuple(row) for row in stock}


@pytest.mark.parametrize("evenness", [0.4, 1.0, 5.0])
def test_mixtures_have_dirichlet_proportions(evenness):
    panel = odors.mixtures(9000, 3, n_components=3, components=np.eye(3), evenness=evenness, rng=1)
    np.testing.assert_allclose(panel.sum(axis=1), 1)
    for factor, holds in ((1.0, accepts), (1.2, rejects)):
        law = (factor * evenness, 2 * factor * evenness)
        assert holds(stats.kstest(panel[:, 0], "beta", law).pvalue)


def test_mixtures_of_default_components_are_exponential_one_by_one():
    single = odors.mixtures(1, 20_000, n_components=1, rng=1).ravel()
    assert accepts(stats.kstest(single, "expon", (0, 40.0)).pvalue)
    mixture = odors.mixtures(1, 20_000, n_components=4, evenness=math.inf, rng=1).ravel()
    assert accepts(stats.kstest(mixture, "gamma", (4, 0, 10.0)).pvalue)
    assert rejects(stats.kstest(mixture, "expon", (0, 40.0)).pvalue)


@pytest.mark.parametrize("size", [0.1, 0.5, 1.0])
def test_cluster_members_flip_half_the_cluster_size(size):
    """Each on its own: two members agree with probability (1 + (1 - size)^2) / 2."""
    panel = odors.clusters(70, 500, n_clusters=7, cluster_size=size, rng=1)
    prototypes = odors.clusters(7, 500, n_clusters=7, cluster_size=0, rng=1)
    assert set(np.unique(panel)) == {-1.0, 1.0}
    own = prototypes[np.arange(70) % 7]
    n_flips, n_agreements = (panel != own).sum(), (panel[:7] == panel[7:14]).sum()
    assert accepts(stats.binomtest(n_flips, panel.size, size / 2).pvalue)
    assert rejects(stats.binomtest(n_flips, panel.size, size / 2 - 0.04).pvalue)
    assert accepts(stats.binomtest(n_agreements, 3500, (1 + (1 - size) ** 2) / 2).pvalue)
    others = (panel != np.roll(own, 1, axis=0)).sum()
    assert size == 1 or rejects(stats.binomtest(others, panel.size, size / 2).pvalue)
