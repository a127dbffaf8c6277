"""Random wirings: numbers and choice of inputs against enumeration, at the .001 level."""

import inspect
from itertools import combinations, permutations, product
from math import comb

import numpy as np
import pytest
from scipy import stats

from olfnet.expansion import wiring
from olfnet.expansion.wiring import (
    BiasedFanIn,
    BinomialFanIn,
    ClawDistribution,
    DenseGaussian,
    FixedFanIn,
)

CLAWS = [0.1, 0.2, 0.0, 0.4, 0.3]
USAGE = [4.0, 3.0, 2.0, 1.0]
EVEN = [FixedFanIn(3), BinomialFanIn(2.5), ClawDistribution(CLAWS)]
BIASED = [BiasedFanIn(2, USAGE + USAGE), BiasedFanIn(EVEN[2], USAGE + USAGE)]
MEMBERS = [*EVEN, *BIASED, DenseGaussian()]


def p_value(observed, probabilities):
    observed, probabilities = np.asarray(observed), np.asarray(probabilities)
    return stats.chisquare(observed, observed.sum() * probabilities).pvalue


def set_counts(weights, fan_in):
    """Count how often each set of inputs was drawn, in the order of ``combinations``."""
    drawn = [tuple(row) for row in weights.indices.reshape(-1, fan_in).tolist()]
    return [drawn.count(inputs) for inputs in combinations(range(weights.shape[1]), fan_in)]


def successive(usage, fan_in):
    """Enumerate all orders in which claws may be filled, by the definition of the sampling."""
    probabilities = dict.fromkeys(combinations(range(len(usage)), fan_in), 0.0)
    for order in permutations(range(len(usage)), fan_in):
        free, probability = sum(usage), 1.0
        for j in order:
            probability *= usage[j] / free
            free -= usage[j]
        probabilities[tuple(sorted(order))] += probability
    return list(probabilities.values())


def test_every_member_is_under_contract():
    classes = {c for c in vars(wiring).values() if hasattr(c, "__dataclass_fields__")}
    assert {c for c in classes if not inspect.isabstract(c)} == {type(m) for m in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_contract(member, monkeypatch):
    weights = member.draw(200, 8, rng=1)
    assert (weights.format, weights.shape, weights.dtype) == ("csr", (200, 8), np.float64)
    inputs = np.split(weights.indices, weights.indptr[1:-1])
    assert all((np.diff(row) > 0).all() for row in inputs), "sorted, all different"
    assert (weights != member.draw(200, 8, rng=2)).nnz > 0
    monkeypatch.setattr(wiring, "_BLOCK_SIZE", 24)  # does not change the wiring
    again = member.draw(200, 8, rng=np.random.default_rng(1))
    for part in ("data", "indices", "indptr"):
        assert getattr(weights, part).tobytes() == getattr(again, part).tobytes()


@pytest.mark.parametrize("fan_in", [1, 7, 12])
def test_fixed_fan_in_is_exact(fan_in):
    assert (np.diff(FixedFanIn(fan_in).draw(300, 12, rng=0).indptr) == fan_in).all()


@pytest.mark.parametrize(
    ("member", "claws"),
    [
        (FixedFanIn(2), [0, 0, 1, 0]),
        (BinomialFanIn(1.2), stats.binom.pmf(range(4), 3, 0.4)),
        (ClawDistribution([0.1, 0.5, 0.4]), [0.1, 0.5, 0.4, 0]),
    ],
    ids=repr,
)
def test_all_matrices_have_their_probability(member, claws):
    """All 64 matrices of 2 units and 3 inputs, from one draw of 2 x 6000 units."""
    drawn = member.draw(2 * 6000, 3, rng=12).toarray().astype(int).reshape(6000, 6)
    matrices = np.array(list(product([0, 1], repeat=6)))
    n_claws = matrices.reshape(-1, 2, 3).sum(axis=2)
    probabilities = np.array([np.prod([claws[k] / comb(3, k) for k in row]) for row in n_claws])
    assert probabilities.sum() == pytest.approx(1)
    counts = np.bincount(drawn @ 2 ** np.arange(6)[::-1], minlength=64)
    possible = probabilities > 0
    assert not counts[~possible].any()
    assert p_value(counts[possible], probabilities[possible]) > 0.001
    # Control: the first input is used one and a half times as much.
    other = probabilities[possible] * 1.5 ** matrices[possible][:, [0, 3]].sum(axis=1)
    assert p_value(counts[possible], other / other.sum()) < 0.001


@pytest.mark.parametrize("member", [EVEN[2], BIASED[1]], ids=repr)
def test_claw_histogram(member):
    counts = np.bincount(np.diff(member.draw(5000, 8, rng=7).indptr), minlength=5)
    assert counts[2] == 0
    possible = np.flatnonzero(CLAWS)
    assert p_value(counts[possible], np.array(CLAWS)[possible]) > 0.001
    assert p_value(counts[possible], [0.1, 0.2, 0.36, 0.34]) < 0.001
    assert ClawDistribution([1.0]).draw(5, 3, rng=0).nnz == 0


@pytest.mark.parametrize("fan_in", [1, 2, 3])
def test_biased_claws_are_successive_samples(fan_in):
    counts = set_counts(BiasedFanIn(fan_in, USAGE).draw(8000, 4, rng=9), fan_in)
    assert p_value(counts, successive(USAGE, fan_in)) > 0.001
    # The alternative, independent claws conditioned on being distinct, is another distribution.
    rejective = [np.prod([USAGE[j] for j in inputs]) for inputs in combinations(range(4), fan_in)]
    assert fan_in == 1 or p_value(counts, np.array(rejective) / sum(rejective)) < 0.001
    even = set_counts(FixedFanIn(fan_in).draw(8000, 4, rng=4), fan_in)
    assert (
        p_value(even, successive([1.0] * 4, fan_in)) > 0.001 > p_value(counts, even / np.sum(even))
    )


def test_unused_inputs_are_never_chosen():
    weights = BiasedFanIn(2, [1, 0, 5, 0, 2]).draw(500, 5, rng=10)
    assert weights.sum(axis=0)[[1, 3]].tolist() == [0, 0]
    assert (np.diff(weights.indptr) == 2).all()


def test_dense_weights_are_gaussian():
    weights = DenseGaussian().draw(800, 25, rng=11)
    assert weights.nnz == 20000
    assert stats.kstest(weights.data * 5, "norm").pvalue > 0.001
    assert stats.kstest(weights.data * 5.5, "norm").pvalue < 0.001


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FixedFanIn(0), "fan_in must be at least 1, got 0"),
        (lambda: FixedFanIn(9).draw(3, 8), "fan_in must be at most n_inputs=8, got 9"),
        (lambda: FixedFanIn(2).draw(0, 8), "n_units must be at least 1, got 0"),
        (lambda: FixedFanIn(2).draw(3, 0), "n_inputs must be at least 1, got 0"),
        (lambda: DenseGaussian().draw(3, 0), "n_inputs must be at least 1, got 0"),
        (lambda: BinomialFanIn(0), "mean_fan_in must be positive, got 0"),
        (lambda: BinomialFanIn(9).draw(3, 8), "mean_fan_in must be at most n_inputs=8, got 9"),
        (lambda: ClawDistribution([0.5, 0.4]), "probabilities must sum to 1, got 0.9"),
        (lambda: ClawDistribution([1.5, -0.5]), "probabilities must be non-negative, got .* -0.5"),
        (lambda: ClawDistribution(CLAWS).draw(3, 3), "claw counts must be at most n_inputs=3"),
        (lambda: BiasedFanIn(0, USAGE), "fan_in must be at least 1, got 0"),
        (lambda: BiasedFanIn(1, [0, 0]), "usage must be above 0 for at least one input"),
        (lambda: BiasedFanIn(1, [1, np.nan]), "usage must be finite, got nan"),
        (lambda: BiasedFanIn(1, USAGE).draw(3, 5), "usage must have n_inputs=5 entries, got 4"),
        (lambda: BiasedFanIn(2, [1, 0]).draw(3, 2), "fan_in must be at most the 1 inputs of usage"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
