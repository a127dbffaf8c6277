"""Random wirings: what each promises about the number and choice of inputs, at the .001 level."""

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


def claw_counts(weights, n_counts):
    return np.bincount(np.diff(weights.indptr), minlength=n_counts)


def set_counts(weights, fan_in):
    """Count how often each set of inputs was drawn, in the order of ``combinations``."""
    drawn = [tuple(row) for row in weights.indices.reshape(-1, fan_in).tolist()]
    return [drawn.count(inputs) for inputs in combinations(range(weights.shape[1]), fan_in)]


def successive(usage, fan_in):
    """Enumerate all orders in which claws may fill, by the definition of successive sampling."""
    chance = dict.fromkeys(combinations(range(len(usage)), fan_in), 0.0)
    for order in permutations(range(len(usage)), fan_in):
        free, probability = sum(usage), 1.0
        for j in order:
            probability *= usage[j] / free
            free -= usage[j]
        chance[tuple(sorted(order))] += probability
    return list(chance.values())


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_contract(member):
    weights = member.draw(200, 8, rng=1)
    assert weights.format == "csr"
    assert weights.shape == (200, 8)
    assert weights.dtype == np.float64
    inputs = np.split(weights.indices, weights.indptr[1:-1])
    assert all((np.diff(row) > 0).all() for row in inputs), "sorted, no input twice"
    again, other = (member.draw(200, 8, rng=np.random.default_rng(seed)) for seed in (1, 2))
    for part in ("data", "indices", "indptr"):
        assert getattr(weights, part).tobytes() == getattr(again, part).tobytes()
    assert (weights != other).nnz > 0


def test_every_member_is_under_contract():
    defined = {c for c in vars(wiring).values() if hasattr(c, "__dataclass_fields__")}
    assert defined == {type(member) for member in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS[:-1], ids=repr)
def test_block_size_does_not_change_the_wiring(member, monkeypatch):
    whole = member.draw(50, 8, rng=3)
    monkeypatch.setattr(wiring, "_BLOCK_SIZE", 24)
    assert (whole != member.draw(50, 8, rng=3)).nnz == 0


@pytest.mark.parametrize("fan_in", [1, 7, 12])
def test_fixed_fan_in_is_exact(fan_in):
    assert (np.diff(FixedFanIn(fan_in).draw(300, 12, rng=0).indptr) == fan_in).all()


def test_fixed_fan_in_makes_every_set_equally_likely():
    counts = set_counts(FixedFanIn(2).draw(6000, 5, rng=4), 2)
    assert p_value(counts, np.full(10, 0.1)) > 0.001
    biased = set_counts(BiasedFanIn(2, [1, 1, 1, 1, 1.3]).draw(6000, 5, rng=4), 2)
    assert p_value(biased, np.full(10, 0.1)) < 0.001


def test_binomial_wiring_makes_every_matrix_row_as_likely_as_independent_synapses():
    weights = BinomialFanIn(0.9).draw(8000, 3, rng=5)
    rows = weights.toarray().astype(int) @ [4, 2, 1]
    n_synapses = np.array([0, 1, 1, 2, 1, 2, 2, 3])
    counts = np.bincount(rows, minlength=8)
    assert p_value(counts, 0.3**n_synapses * 0.7 ** (3 - n_synapses)) > 0.001
    assert p_value(counts, 0.33**n_synapses * 0.67 ** (3 - n_synapses)) < 0.001


def chance_of(matrix, claw_chances):
    """Probability of a matrix whose units grow claws by these chances and wire them evenly."""
    n_inputs = matrix.shape[1]
    return np.prod([claw_chances[k] / comb(n_inputs, k) for k in matrix.sum(axis=1)])


@pytest.mark.parametrize(
    ("member", "claw_chances"),
    [
        (FixedFanIn(2), [0, 0, 1, 0]),
        (BinomialFanIn(1.2), stats.binom.pmf(range(4), 3, 0.4)),
        (ClawDistribution([0.1, 0.5, 0.4]), [0.1, 0.5, 0.4, 0]),
    ],
    ids=repr,
)
def test_all_matrices_have_the_chances_that_claws_give_them(member, claw_chances):
    """All 64 matrices of 2 units and 3 inputs, as one draw in blocks of two units each."""
    drawn = member.draw(2 * 6000, 3, rng=12).toarray().astype(int).reshape(6000, 6)
    every = np.array(list(product([0, 1], repeat=6)))
    chances = np.array([chance_of(one.reshape(2, 3), claw_chances) for one in every])
    assert chances.sum() == pytest.approx(1)
    counts = np.bincount(drawn @ 2 ** np.arange(6)[::-1], minlength=64)
    assert not counts[chances == 0].any()
    possible = chances > 0
    assert p_value(counts[possible], chances[possible]) > 0.001
    # Control: the first input one and a half times as popular.
    tilted = chances[possible] * 1.5 ** every[possible][:, [0, 3]].sum(axis=1)
    assert p_value(counts[possible], tilted / tilted.sum()) < 0.001


def test_binomial_claw_counts():
    counts = claw_counts(BinomialFanIn(2.5).draw(5000, 8, rng=6), 9)
    assert p_value(counts, stats.binom.pmf(np.arange(9), 8, 2.5 / 8)) > 0.001
    poisson = stats.poisson.pmf(np.arange(9), 2.5)
    assert p_value(counts, poisson / poisson.sum()) < 0.001


@pytest.mark.parametrize("member", [EVEN[2], BIASED[1]], ids=repr)
def test_claw_histogram(member):
    counts = claw_counts(member.draw(5000, 8, rng=7), 5)
    assert counts[2] == 0
    possible = np.flatnonzero(CLAWS)
    assert p_value(counts[possible], np.array(CLAWS)[possible]) > 0.001
    assert p_value(counts[possible], [0.1, 0.2, 0.36, 0.34]) < 0.001


def test_single_claws_follow_usage():
    counts = np.bincount(BiasedFanIn(1, USAGE).draw(8000, 4, rng=8).indices)
    assert p_value(counts, np.array(USAGE) / 10) > 0.001
    assert p_value(counts, np.array([3.7, 3.0, 2.0, 1.3]) / 10) < 0.001


@pytest.mark.parametrize("fan_in", [2, 3])
def test_biased_claws_are_successive_samples(fan_in):
    counts = set_counts(BiasedFanIn(fan_in, USAGE).draw(8000, 4, rng=9), fan_in)
    assert p_value(counts, successive(USAGE, fan_in)) > 0.001
    # The rival scheme, independent claws conditioned on being distinct, is another distribution.
    rejective = [np.prod([USAGE[j] for j in inputs]) for inputs in combinations(range(4), fan_in)]
    assert p_value(counts, np.array(rejective) / sum(rejective)) < 0.001


def test_unused_inputs_are_never_chosen():
    weights = BiasedFanIn(2, [1, 0, 5, 0, 2]).draw(500, 5, rng=10)
    assert weights.sum(axis=0)[[1, 3]].tolist() == [0, 0]
    assert (np.diff(weights.indptr) == 2).all()


def test_units_without_claws():
    assert ClawDistribution([1.0]).draw(5, 3, rng=0).nnz == 0


def test_dense_weights_are_gaussian():
    weights = DenseGaussian().draw(800, 25, rng=11)
    assert weights.nnz == 20000
    assert stats.kstest(weights.data * 5, "norm").pvalue > 0.001
    assert stats.kstest(weights.data * 5.5, "norm").pvalue < 0.001


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FixedFanIn(0), "fan_in must be at least 1, got 0"),
        (lambda: FixedFanIn(2.5), "fan_in must be an integer, got 2.5"),
        (lambda: FixedFanIn(9).draw(3, 8), "fan_in must be at most n_inputs=8, got 9"),
        (lambda: FixedFanIn(2).draw(0, 8), "n_units must be at least 1, got 0"),
        (lambda: FixedFanIn(2).draw(3, 0), "n_inputs must be at least 1, got 0"),
        (lambda: DenseGaussian().draw(3, 0), "n_inputs must be at least 1, got 0"),
        (lambda: BinomialFanIn(0), "mean_fan_in must be positive, got 0"),
        (lambda: BinomialFanIn(9).draw(3, 8), "mean_fan_in must be at most n_inputs=8, got 9"),
        (lambda: ClawDistribution([0.5, 0.4]), "probabilities must sum to 1, got 0.9"),
        (lambda: ClawDistribution([1.5, -0.5]), "probabilities must be non-negative, got .* -0.5"),
        (lambda: ClawDistribution([[1.0]]), r"probabilities must be 1-D .* got shape \(1, 1\)"),
        (
            lambda: ClawDistribution(CLAWS).draw(3, 3),
            "claw counts must be at most n_inputs=3",
        ),
        (lambda: BiasedFanIn(0, USAGE), "fan_in must be at least 1, got 0"),
        (lambda: BiasedFanIn(1, [0, 0]), "usage must be above 0 for at least one input"),
        (lambda: BiasedFanIn(1, [1, np.nan]), "usage must be finite, got nan"),
        (lambda: BiasedFanIn(1, USAGE).draw(3, 5), "usage must have n_inputs=5 entries, got 4"),
        (lambda: BiasedFanIn(5, USAGE).draw(3, 4), "fan_in must be at most n_inputs=4, got 5"),
        (lambda: BiasedFanIn(2, [1, 0]).draw(3, 2), "fan_in must be at most the 1 inputs of usage"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
