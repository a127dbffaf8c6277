"""Claims about depth (R29, S3): parity by trees, normal forms, shallow nets; one neuron's XOR."""

from collections.abc import Callable
from functools import partial
from itertools import combinations, product

import numpy as np

from olfnet import random_expansion, separate
from olfnet.checks import FloatArray
from olfnet.expansion import rate
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.receptors import DivisiveNormalization, negative_patterning, odors
from olfnet.theory import approximation, cover, parity

Rng = np.random.Generator
Function = Callable[[FloatArray], FloatArray]
WEGENER = "Wegener 1987, The Complexity of Boolean Functions, chapter 2"
MINSKY = "Minsky & Papert 1969, Perceptrons, theorem 3.1"
N_TERMS, N_ORDER = 7, 5
claim = partial(claims.claim, systems=["S3"], source=MINSKY)


def n_units(kind: str, n_bits: int) -> float:
    """Units of a network that gives the parity of all inputs, infinite if it does not.

    Of trees and normal forms only those with two inputs or more, of the latter but the last.
    """
    build = {"tree": parity.xor_tree, "form": parity.normal_form, "sums": parity.bit_sum}[kind]
    table, network = parity.truth_table(n_bits), build(n_bits)
    if not np.array_equal(network(table)[:, 0], parity.parity(table)):
        return np.inf
    return approximation.n_units(network, min_inputs=1 if kind == "sums" else 2) - (kind == "form")


@claim(
    "R29.tree",
    3.0 * 11,
    "3 (n - 1)",
    statement="Gates of a tree that gives the parity of all inputs of 12 bits",
    remark="The control is a normal form, of two bits less.",
    control={"kind": "form", "n_bits": 10},
    cases=[{"kind": "tree", "n_bits": 12}],
    source="Three gates for each XOR",
)
@claim(
    "R29.normal_form",
    2.0**9,
    "2^{n-1}",
    statement="Terms of a normal form that gives the parity of all inputs of 10 bits",
    remark="The control is a tree.",
    control={"kind": "tree"},
    cases=[{"kind": "form", "n_bits": 10}],
    source=WEGENER,
)
@claim(
    "R29.bit_sum",
    16.0,
    control={"kind": "tree"},
    cases=[{"kind": "sums", "n_bits": 16}],
    source="A sawtooth of the number of ones",
)
def size(kind: str, n_bits: int) -> float:
    """Rectifiers in one layer that give the parity of all inputs of 16 bits. $n$

    The other side of R29.shallow. The control is a tree.
    """
    return n_units(kind, n_bits)


@claim(
    "R29.shallow",
    2.0 ** (N_TERMS - 1),
    control={"function": None},
    source=WEGENER,
    status=Status.QUALIFIED,
)
def fewest_terms(function: Function | None = parity.parity) -> float:
    r"""Shallow needs exponentially many units: terms without which no normal form gives the parity
    of {N_TERMS} bits. $2^{n-1}$

    True of terms, and of products of bounded order (R29.order), but not of shallow networks as
    such: {N_TERMS} rectifiers that receive the sum of all bits are exact as well.  They are the
    control.
    """
    if function is None:
        return n_units("sums", N_TERMS)
    table = parity.truth_table(N_TERMS)
    true, largest = function(table) == 1, 0
    # Terms may accept no input that the function denies; the one that accepts most sets the bound.
    for term in product((0.0, 1.0, np.nan), repeat=N_TERMS):
        accepted = ((table == term) | np.isnan(term)).all(axis=1)
        if not accepted[~true].any():
            largest = max(largest, int(accepted.sum()))
    return float(np.ceil(true.sum() / largest))


def majority(bits: FloatArray) -> FloatArray:
    """Return 1 where more than half of the bits are ones."""
    return np.asarray((2 * bits.sum(axis=1) > bits.shape[1]).astype(float))


@claim("R29.order", float(N_ORDER), control={"function": majority})
def order(function: Function = parity.parity) -> float:
    """Number of {N_ORDER} bits that a perceptron must multiply to give their parity. $n$

    Less is refused by certificates. The control is the majority, of order 1.
    """
    table = parity.truth_table(N_ORDER)
    features, labels = np.ones((len(table), 1)), 2 * function(table) - 1
    for degree in range(1, N_ORDER + 1):
        groups = combinations(range(N_ORDER), degree)
        more = [table[:, list(group)].prod(axis=1) for group in groups]
        features = np.column_stack((features, *more))
        separation = separate(features, labels)
        if not separation.verify(features, labels):
            return np.nan
        if separation.separable:
            return degree
    return np.inf


@claim(
    "S3.one_neuron",
    float(cover.n_dichotomies(4, 3)),
    control={"bias": False},
    source="Cover 1965, 10.1109/PGEC.1965.264137",
)
def one_neuron(bias: bool = True) -> float:
    """One neuron computes all functions of two bits but XOR and its opposite. $C(4, 3) = 14$

    Each with a certificate. The control has no threshold.
    """
    table, functions = parity.truth_table(2), list(product((-1.0, 1.0), repeat=4))
    separations = [separate(table, labels, bias=bias) for labels in functions]
    proven = all(s.verify(table, y) for s, y in zip(separations, functions, strict=True))
    return sum(s.separable for s in separations) if proven else np.nan


@claim("S8.xor", 1.0, control={"function": majority}, systems=["S8", "S3"])
def refused(function: Function = parity.parity) -> float:
    r"""XOR by one neuron is impossible: multipliers prove it.
    $\sum_i \lambda_i y_i (x_i, 1) = 0, \quad \lambda \ge 0$

    1 stands for a proof that was verified. The control is AND, the majority of two.
    """
    table = parity.truth_table(2)
    separation = separate(table, 2 * function(table) - 1, bias=True)
    return separation.multipliers is not None and separation.verify(table, 2 * function(table) - 1)


of_mixtures = partial(claim, source="Whitlow & Wagner 1972, Psychon. Sci. 27:299")


@of_mixtures(
    "S3.receptors",
    0.0,
    "A + B = AB + air",
    statement="No linear readout of receptors separates two odors from their mixture and from air, "
    "even once in 4 such problems: fraction of sets that are solved",
    remark="Refused by certificates; 24 receptors whose rates add up. The control reads 200 units "
    "of an expansion.",
    control={"n_units": 200},
    cases=[{"n_units": 0}],
    samples=(400, 40),
)
@of_mixtures("S3.expanded", 0.9, control={"n_units": 0}, samples=(400, 100), status=Status.ORDERING)
def solved(n: int, rng: Rng, n_units: int = 200) -> Measured:
    """Behind an expansion to 200 units a linear readout solves most such sets. $fraction > .9$

    Top-k, f = .1, behind divisive normalization. The control reads receptors.
    """
    n_solved = 0
    for stream in rng.spawn(n):
        odor_rng, wiring = stream.spawn(2)
        rates = np.rint(odors.exponential(8, 24, rng=odor_rng))  # which add up without rounding
        patterns, labels = negative_patterning.problems(rates)
        if n_units:
            circuit = random_expansion(
                n_inputs=24, n_units=n_units, fan_in=6, coding_level=0.1, rng=wiring
            )
            patterns = rate.respond(circuit, DivisiveNormalization()(patterns)).rates
        separation = separate(patterns, labels, bias=True)
        n_solved += separation.separable and separation.verify(patterns, labels)
    return Measured.fraction(n_solved, n)
