"""Thousands of instances against an exact simplex method that shares nothing with olfnet.

OLFNET_INSTANCES sets the number of random instances (degenerate ones: a tenth of it).
"""

import os
from fractions import Fraction

import numpy as np
import pytest

from olfnet import separate

N_RANDOM = int(os.environ.get("OLFNET_INSTANCES", "600"))


def separable_by_simplex(rows):
    """Phase one with Bland's rule: is there lambda >= 0, sum lambda = 1, with rows^T lambda = 0?

    If not, some w has rows @ w > 0 (Gordan).  All numbers are fractions.
    """
    rows = [[Fraction(float(v)) for v in row] for row in rows]
    equations = [[row[j] for row in rows] + [Fraction(0)] for j in range(len(rows[0]))]
    equations.append([Fraction(1)] * (len(rows) + 1))
    basis = [None] * len(equations)  # None: an artificial variable
    while True:
        # Reduced costs of the sum of artificial variables.
        cost = [
            sum(e[k] for e, b in zip(equations, basis, strict=True) if b is None)
            for k in range(len(rows) + 1)
        ]
        if cost[-1] == 0:
            return False
        entering = next((k for k in range(len(rows)) if cost[k] > 0 and k not in basis), None)
        if entering is None:
            return True
        ratios = [
            (e[-1] / e[entering], -1 if b is None else b, i)
            for i, (e, b) in enumerate(zip(equations, basis, strict=True))
            if e[entering] > 0
        ]
        leaving = min(ratios)[2]
        pivot = equations[leaving][entering]
        equations[leaving] = [v / pivot for v in equations[leaving]]
        for i, equation in enumerate(equations):
            if i != leaving and equation[entering]:
                factor = equation[entering]
                equations[i] = [
                    v - factor * p for v, p in zip(equation, equations[leaving], strict=True)
                ]
        basis[leaving] = entering


def random_instance(rng):
    n_dims = int(rng.integers(1, 9))
    n_patterns = int(rng.integers(1, 3 * n_dims + 2))
    return rng.standard_normal((n_patterns, n_dims)), rng.choice([-1, 1], size=n_patterns)


def duplicates(rng, patterns, labels):
    copies = rng.integers(len(patterns), size=2)
    return np.vstack((patterns, patterns[copies])), np.append(labels, rng.choice([-1, 1], size=2))


def collinear(rng, patterns, labels):
    return np.outer(rng.integers(-3, 4, len(patterns)), patterns[0]), labels


def low_rank(rng, patterns, labels):
    left = rng.integers(-2, 3, (len(patterns), 2))
    return left @ rng.integers(-2, 3, (2, patterns.shape[1])), labels


def integer_codes(rng, patterns, labels):
    k = max(1, patterns.shape[1] // 3)
    return (np.argsort(patterns, axis=1) < k).astype(int), labels


def on_a_hyperplane(rng, patterns, labels):
    patterns = rng.integers(-2, 3, patterns.shape)
    heights = patterns @ rng.integers(-2, 3, patterns.shape[1])
    return patterns, np.where(heights == 0, labels, np.sign(heights))


def rows_of_all_magnitudes(rng, patterns, labels):
    return patterns * 10.0 ** rng.integers(-150, 151, (len(patterns), 1)), labels


def columns_of_all_magnitudes(rng, patterns, labels):
    return patterns * 10.0 ** rng.integers(-150, 151, (1, patterns.shape[1])), labels


def mixed_scales(rng, patterns, labels):
    return patterns * 10.0 ** rng.integers(-150, 151, patterns.shape), labels


def beyond_the_range_of_squares(rng, patterns, labels):
    """Where Gram matrices overflow, rounding bounds must not believe them."""
    return patterns * 10.0 ** rng.integers(-290, 291, patterns.shape), labels


def nearly_opposite(rng, patterns, labels):
    """Pairs that differ from opposites in the last bit of one entry."""
    mirrored = -patterns
    mirrored[:, 0] = np.nextafter(mirrored[:, 0], rng.choice([-np.inf, np.inf], len(patterns)))
    return np.vstack((patterns, mirrored)), np.append(labels, labels)


DEGENERATE = [
    duplicates,
    collinear,
    low_rank,
    integer_codes,
    on_a_hyperplane,
    rows_of_all_magnitudes,
    columns_of_all_magnitudes,
    mixed_scales,
    beyond_the_range_of_squares,
    nearly_opposite,
]
# Most of these instances are separable.
SEPARABLE = [on_a_hyperplane, mixed_scales, beyond_the_range_of_squares]


def check(patterns, labels, bias):
    rows = np.column_stack((patterns, np.ones(len(patterns)))) if bias else np.asarray(patterns)
    answer = separate(patterns, labels, bias=bias)
    assert answer.separable == separable_by_simplex(labels[:, None] * rows)
    assert answer.verify(patterns, labels)
    return answer.separable


@pytest.mark.slow
@pytest.mark.parametrize("bias", [False, True])
def test_random_instances(bias):
    rng = np.random.default_rng([1, bias])
    answers = [check(*random_instance(rng), bias) for _ in range(N_RANDOM // 2)]
    assert 0.2 < np.mean(answers) < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("make", DEGENERATE)
def test_degenerate_instances(make, bias):
    rng = np.random.default_rng([2, bias])
    answers = [
        check(*make(rng, *random_instance(rng)), bias)
        for _ in range(max(20, N_RANDOM // 10 // len(DEGENERATE) // 2))
    ]
    assert True in answers
    assert False in answers or make in SEPARABLE
