"""Claims about depth (R29, S3): parity by trees, normal forms, shallow nets; one neuron's XOR."""

from collections.abc import Callable
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np

from olfnet import random_expansion, separate
from olfnet.checks import FloatArray
from olfnet.expansion import rate
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.receptors import DivisiveNormalization, negative_patterning, odors
from olfnet.theory import approximation, cover, parity
from olfnet.theory.network import Network

Rng = np.random.Generator
Function = Callable[[FloatArray], FloatArray]
MINSKY = "Minsky & Papert 1969, Perceptrons, theorem 3.1"
WEGENER = "Wegener 1987, The Complexity of Boolean Functions, chapter 2"
N_TREE, N_FORM, N_TERMS, N_ORDER = 12, 10, 7, 5
claim = partial(Claim, systems=("S3",), source=MINSKY)


def majority(bits: FloatArray) -> FloatArray:
    """Return 1 where more than half of the bits are ones."""
    return np.asarray((2 * bits.sum(axis=1) > bits.shape[1]).astype(float))


def n_terms(network: Network) -> int:
    """Count the gates of a normal form, without the one that joins them."""
    return approximation.n_units(network, min_inputs=2) - 1


def size(
    build: Callable[[int], Network], count: Callable[[Network], int], n_bits: int, *_: Any
) -> Measured:
    """Count the units of a network; infinite unless it gives the parity of all inputs."""
    table, network = parity.truth_table(n_bits), build(n_bits)
    exact = np.array_equal(network(table)[:, 0], parity.parity(table))
    return Measured.number(count(network) if exact else np.inf)


def fewest_terms(function: Function, *_: Any) -> Measured:
    """At least how many terms a normal form of N_TERMS bits needs, from all 3^n of them.

    Terms may accept no input that the function denies; the one that accepts most sets the bound.
    """
    table = parity.truth_table(N_TERMS)
    wanted = function(table) == 1
    largest = 0
    for term in product((0.0, 1.0, np.nan), repeat=N_TERMS):
        accepted = ((table == term) | np.isnan(term)).all(axis=1)
        if not accepted[~wanted].any():
            largest = max(largest, int(accepted.sum()))
    return Measured.number(np.ceil(wanted.sum() / largest))


def order(function: Function, *_: Any) -> Measured:
    """Least number of bits that must be multiplied for a perceptron to give a function.

    Every refusal and every solution is proven.
    """
    table = parity.truth_table(N_ORDER)
    features, labels = np.ones((len(table), 1)), 2 * function(table) - 1
    for degree in range(1, N_ORDER + 1):
        groups = combinations(range(N_ORDER), degree)
        more = [table[:, list(group)].prod(axis=1) for group in groups]
        features = np.column_stack((features, *more))
        answer = separate(features, labels)
        if not answer.verify(features, labels):
            return Measured.number(np.nan)
        if answer.separable:
            return Measured.number(degree)
    return Measured.number(np.inf)


def one_neuron(bias: bool, *_: Any) -> Measured:
    """Count the functions of two bits that one threshold neuron computes, each with a proof."""
    table, functions = parity.truth_table(2), list(product((-1.0, 1.0), repeat=4))
    answers = [separate(table, labels, bias=bias) for labels in functions]
    proven = all(one.verify(table, y) for one, y in zip(answers, functions, strict=True))
    return Measured.number(sum(one.separable for one in answers) if proven else np.nan)


def refused(function: Function, *_: Any) -> Measured:
    """1 if multipliers prove that no neuron gives a function of two bits, else 0."""
    table = parity.truth_table(2)
    answer = separate(table, 2 * function(table) - 1, bias=True)
    proven = answer.multipliers is not None and answer.verify(table, 2 * function(table) - 1)
    return Measured.number(proven)


def solved(n_units: int, n: int, rng: Rng) -> Measured:
    """Share of n sets of 4 problems that a readout solves, of receptors if there are no units.

    Each is to tell two odors from their mixture and from air; whole rates add up without rounding.
    """
    found = 0
    for stream in rng.spawn(n):
        smells, wiring = stream.spawn(2)
        rates = np.rint(odors.exponential(8, 24, rng=smells))
        patterns, labels = negative_patterning.problems(rates)
        if n_units:
            circuit = random_expansion(
                n_inputs=24, n_units=n_units, fan_in=6, coding_level=0.1, rng=wiring
            )
            patterns = rate.respond(circuit, DivisiveNormalization()(patterns)).rates
        answer = separate(patterns, labels, bias=True)
        found += answer.separable and answer.verify(patterns, labels)
    return Measured.fraction(found, n)


TREE = partial(size, parity.xor_tree, partial(approximation.n_units, min_inputs=2))
FORM = partial(size, parity.normal_form, n_terms)
SUMS = partial(size, parity.bit_sum, approximation.n_units)
CLAIMS = (
    claim(
        "R29.tree",
        f"Gates of a tree that gives the parity of all inputs of {N_TREE} bits",
        r"3 (n - 1)",
        3.0 * (N_TREE - 1),
        partial(TREE, N_TREE),
        partial(FORM, N_TREE - 2),
        source="Three gates for each XOR",
        remark="The control is a normal form, of two bits less.",
    ),
    claim(
        "R29.normal_form",
        f"Terms of a normal form that gives the parity of all inputs of {N_FORM} bits",
        r"2^{n-1}",
        2.0 ** (N_FORM - 1),
        partial(FORM, N_FORM),
        partial(TREE, N_FORM),
        source=WEGENER,
        remark="The control is a tree.",
    ),
    claim(
        "R29.shallow",
        f"Shallow needs exponentially many units: terms without which no normal form gives the "
        f"parity of {N_TERMS} bits",
        r"2^{n-1}",
        2.0 ** (N_TERMS - 1),
        partial(fewest_terms, parity.parity),
        partial(SUMS, N_TERMS),
        source=WEGENER,
        status=Status.QUALIFIED,
        remark="True of terms, and of products of bounded order (R29.order), but not of shallow "
        f"networks as such: {N_TERMS} rectifiers that hear the sum of all bits are exact as well. "
        "They are the control.",
    ),
    claim(
        "R29.bit_sum",
        "Rectifiers in one layer that give the parity of all inputs of 16 bits",
        r"n",
        16.0,
        partial(SUMS, 16),
        partial(TREE, 16),
        source="A sawtooth of the number of ones",
        remark="The other side of R29.shallow. The control is a tree.",
    ),
    claim(
        "R29.order",
        f"How many of {N_ORDER} bits a perceptron must multiply to give their parity",
        r"n",
        float(N_ORDER),
        partial(order, parity.parity),
        partial(order, majority),
        remark="Less is refused by certificates. The control is the majority, of order 1.",
    ),
    claim(
        "S3.one_neuron",
        "One neuron computes all functions of two bits but XOR and its opposite",
        r"C(4, 3) = 14",
        float(cover.n_dichotomies(4, 3)),
        partial(one_neuron, True),
        partial(one_neuron, False),
        source="Cover 1965, 10.1109/PGEC.1965.264137",
        remark="Each with a certificate. The control has no threshold.",
    ),
    claim(
        "S8.xor",
        "XOR by one neuron is impossible: multipliers prove it",
        r"\sum_i \lambda_i y_i (x_i, 1) = 0, \quad \lambda \ge 0",
        1.0,
        partial(refused, parity.parity),
        partial(refused, majority),
        systems=("S8", "S3"),
        remark="1 stands for a proof that was verified. The control is AND, the majority of two.",
    ),
    claim(
        "S3.receptors",
        "No linear readout of receptors tells two odors from their mixture and from air, even once "
        "in 4 such problems: share of sets that are solved",
        r"A + B = AB + air",
        0.0,
        partial(solved, 0),
        partial(solved, 200),
        source="Whitlow & Wagner 1972, Psychon. Sci. 27:299",
        n_samples=400,
        n_quick=40,
        remark="Refused by certificates; 24 receptors whose rates add up. The control reads 200 "
        "units of an expansion.",
    ),
    claim(
        "S3.expanded",
        "Behind an expansion to 200 units a linear readout solves most such sets",
        r"share > .9",
        0.9,
        partial(solved, 200),
        partial(solved, 0),
        source="Whitlow & Wagner 1972, Psychon. Sci. 27:299",
        status=Status.ORDERING,
        n_samples=400,
        n_quick=100,
        remark="Top-k, f = .1, behind divisive normalization. The control reads receptors.",
    ),
)
"""All claims about depth."""
