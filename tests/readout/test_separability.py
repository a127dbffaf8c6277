"""Certified separability against enumeration, exact arithmetic and constructed cases."""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import csr_array

from olfnet import separate
from olfnet.readout import separate_many
from olfnet.readout._certify import exact, proofs
from olfnet.readout._certify.dichotomy import dichotomy
from olfnet.readout._certify.hinge import SquaredHinge
from olfnet.readout._certify.prefix import separable_prefix
from olfnet.theory import cover


def separable_by_enumeration(rows):
    """Whether some w has rows @ w > 0, from all candidate normals of integer rows (N = 2, 3).

    The rays that lie on N - 1 of the hyperplanes and axes and satisfy rows @ w >= 0 span the closed
    cone of solutions, so that their sum lies inside it if it has an inside.
    """
    rows = [tuple(int(v) for v in row) for row in rows]
    n = len(rows[0])
    axes = [tuple(int(i == j) for i in range(n)) for j in range(n)]
    rays = []
    for chosen in itertools.combinations(rows + axes, n - 1):
        if n == 2:
            ((a, b),) = chosen
            normal = (-b, a)
        else:
            (a, b, c), (d, e, f) = chosen
            normal = (b * f - c * e, c * d - a * f, a * e - b * d)
        for sign in (1, -1):
            ray = [sign * v for v in normal]
            if any(ray) and all(np.dot(row, ray) >= 0 for row in rows):
                rays.append(ray)
    inside = np.sum(rays, axis=0) if rays else np.zeros(n, dtype=int)
    return all(int(np.dot(row, inside)) > 0 for row in rows)


@pytest.mark.parametrize(("n_dims", "n_patterns"), [(2, 3), (2, 6), (2, 8), (3, 5), (3, 8)])
def test_all_dichotomies_match_enumeration_and_cover(n_dims, n_patterns):
    rng = np.random.default_rng(n_dims * 100 + n_patterns)
    patterns = rng.integers(-1000, 1001, size=(n_patterns, n_dims))
    count = 0
    for labels in itertools.product((-1, 1), repeat=n_patterns):
        answer = separate(patterns, labels)
        assert answer.verify(patterns, labels)
        assert answer.separable == separable_by_enumeration(np.multiply(patterns.T, labels).T)
        count += answer.separable
    assert count == cover.n_dichotomies(n_patterns, n_dims)


def test_points_on_a_line_have_fewer_dichotomies():
    """Negative control: without general position the count falls short of Cover's."""
    patterns = np.array([[1, 1], [2, 2], [-3, -3], [1, 0]])
    count = sum(
        separate(patterns, labels).separable for labels in itertools.product((-1, 1), repeat=4)
    )
    assert count == 4 < cover.n_dichotomies(4, 2)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("n_patterns", [1, 4, 8])
def test_small_integer_patterns_match_enumeration(bias, n_patterns):
    """Degenerate on purpose: entries -2..2 bring duplicates, opposites, zeros and common lines."""
    rng = np.random.default_rng(n_patterns)
    for _ in range(150):
        patterns = rng.integers(-2, 3, size=(n_patterns, 2))
        labels = rng.choice([-1, 1], size=n_patterns)
        rows = np.column_stack((patterns, np.ones(n_patterns, dtype=int))) if bias else patterns
        answer = separate(patterns, labels, bias=bias)
        assert answer.separable == separable_by_enumeration(rows * labels[:, None])
        assert answer.verify(patterns, labels)


@pytest.mark.parametrize("kind", ["codes", "rank", "duplicates", "on plane", "scales", "few"])
@pytest.mark.parametrize("bias", [False, True])
def test_degenerate_patterns_match_exact_arithmetic(kind, bias):
    rng = np.random.default_rng([bias, len(kind)])
    seen = set()
    for _ in range(40):
        patterns, labels = degenerate(kind, rng)
        answer = separate(patterns, labels, bias=bias)
        expected, certificate = exact.decide(dichotomy(patterns, labels, bias=bias))
        check = exact.separates if expected else exact.refutes
        assert check(dichotomy(patterns, labels, bias=bias), certificate)
        assert answer.separable == expected
        assert answer.verify(patterns, labels)
        seen.add(expected)
    assert seen == {False, True} or kind == "few"


def degenerate(kind, rng):
    """Patterns and labels of a kind that rounding or rank makes hard."""
    n_dims = int(rng.integers(3, 9))
    n_patterns = 2 if kind == "few" else int(rng.integers(n_dims - 1, 2 * n_dims + 3))
    patterns = rng.standard_normal((n_patterns, n_dims))
    labels = rng.choice([-1, 1], size=n_patterns)
    if kind == "codes":
        order = np.argsort(patterns, axis=1)
        patterns = (order < 2).astype(float)
    elif kind == "rank":
        patterns = rng.integers(-3, 4, (n_patterns, 2)) @ rng.integers(-3, 4, (2, n_dims))
    elif kind == "duplicates":
        patterns[-1] = patterns[0]
    elif kind == "on plane":
        teacher = rng.integers(-3, 4, n_dims).astype(float)
        patterns = rng.integers(-3, 4, (n_patterns, n_dims)).astype(float)
        labels = np.where(patterns @ teacher > 0, 1, -1)
        labels[0] *= rng.choice([-1, 1])
    elif kind == "scales":
        patterns = patterns * 10.0 ** rng.integers(-150, 151, (n_patterns, n_dims))
    return patterns, labels


@pytest.mark.parametrize("n_dims", [20, 100])
@pytest.mark.parametrize("load", [1.6, 2.0, 2.4])
def test_verified_answers_on_random_patterns(n_dims, load):
    """Verification is independent of the search, so a verified answer cannot be wrong."""
    rng = np.random.default_rng([n_dims, int(10 * load)])
    patterns = rng.standard_normal((int(load * n_dims), n_dims))
    for _ in range(20):
        labels = rng.choice([-1, 1], size=len(patterns))
        answer = separate(patterns, labels)
        assert answer.verify(patterns, labels)
        assert answer.exact is None
        flipped = np.where(np.arange(len(labels)) % 2, labels, -labels)
        assert not answer.verify(patterns, flipped)


def test_proof_of_a_barely_inseparable_case_stays_in_doubles():
    """At the break the multipliers are basic and U^T U is ill-conditioned: no exact arithmetic."""
    points = [8, 24, 4, 36]
    for seed in points:
        rng = np.random.default_rng(seed)
        patterns = rng.standard_normal((400, 100))
        labels = rng.choice([-1.0, 1.0], size=400)
        broken = separable_prefix(patterns, labels) + 1
        problem = dichotomy(patterns[:broken], labels[:broken])
        scaled = multipliers_of(problem)[:, None] * problem.rows
        gram = scaled.T @ scaled
        preconditioned = proofs._cancels_preconditioned
        assert preconditioned(scaled, np.abs(scaled.sum(axis=0)) + 1e-13, np.asfortranarray(gram))
        assert not preconditioned(scaled, np.full(100, 1e3), np.asfortranarray(gram))
        assert separate(patterns[:broken], labels[:broken]).exact is None


def multipliers_of(problem):
    """Multipliers of the squared hinge at its minimum."""
    found = [p.multipliers for p in SquaredHinge(problem.rows).descend()]
    return [m for m in found if m is not None][-1]


def test_tampered_certificates_are_rejected():
    rng = np.random.default_rng(3)
    patterns = rng.standard_normal((40, 20))
    answers = [separate(patterns, rng.choice([-1, 1], size=40)) for _ in range(1)]
    for seed in range(20):
        labels = np.random.default_rng(seed).choice([-1, 1], size=40)
        answers.append(answer := separate(patterns, labels))
        if answer.separable:
            bad = dataclasses.replace(answer, weights=-answer.weights)
            wrong = dataclasses.replace(answer, separable=False, multipliers=np.ones(40))
        else:
            bad = dataclasses.replace(answer, multipliers=np.roll(answer.multipliers, 1))
            negative = dataclasses.replace(answer, multipliers=-answer.multipliers)
            assert not negative.verify(patterns, labels)
            wrong = dataclasses.replace(answer, separable=True, weights=np.ones(20))
        assert not bad.verify(patterns, labels)
        assert not wrong.verify(patterns, labels)
    assert {a.separable for a in answers} == {False, True}


def test_weights_separate_and_multipliers_cancel():
    """The certificates mean what their names say."""
    rng = np.random.default_rng(11)
    patterns = rng.standard_normal((60, 30))
    for seed in range(20):
        labels = np.random.default_rng(seed).choice([-1, 1], size=60)
        answer = separate(patterns, labels, bias=True)
        if answer.separable:
            heights = labels * (patterns @ answer.weights + answer.bias)
            assert heights.min() > 0
            assert answer.margin == pytest.approx(heights.min() / np.linalg.norm(answer.weights))
        else:
            force = answer.multipliers * labels
            assert (answer.multipliers >= 0).all()
            assert np.abs(force @ patterns).max() < 1e-12 * answer.multipliers.sum()
            assert abs(force.sum()) < 1e-12 * answer.multipliers.sum()


def test_simple_cases():
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert not separate(square, [0, 1, 1, 0], bias=True).separable
    assert separate(square, [1, 1, 1, 1], bias=True).separable
    assert not separate(square, [1, 1, 1, 1]).separable  # the origin lies on every hyperplane
    assert separate([[2.0]], [-1]).separable
    assert not separate([[1.0, 2.0], [1.0, 2.0]], [True, False], bias=True).separable
    assert not separate([[1.0], [2.0], [3.0]], [1, -1, 1], bias=True).separable
    assert separate([[1.0], [2.0], [3.0]], [1, -1, -1], bias=True).separable


def test_sparse_and_labeled_patterns_are_taken():
    rng = np.random.default_rng(4)
    codes = (rng.random((60, 40)) < 0.1) * rng.random((60, 40)) + np.eye(60, 40)
    labels = rng.choice([-1, 1], size=60)
    expected = separate(codes, labels)
    for taken in (csr_array(codes), xr.DataArray(codes), codes.tolist()):
        answer = separate(taken, labels)
        assert answer.separable == expected.separable
        assert answer.verify(taken, labels)


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"nonnegative": True}])
@pytest.mark.parametrize("shape", [(40, 20), (9, 3), (6, 12)])
def test_many_dichotomies_equal_single_ones(options, shape):
    rng = np.random.default_rng(shape)
    patterns = rng.standard_normal(shape) * (1 if shape[0] > 9 else 10.0 ** rng.integers(-9, 9, 1))
    labels = rng.choice([0, 1], size=(30, shape[0]))
    for row, answer in zip(labels, separate_many(patterns, labels, **options), strict=True):
        assert answer.separable == separate(patterns, row, **options).separable
        assert answer.verify(patterns, row)


def test_thin_cone_needs_more_than_doubles():
    """Weights must have a ratio between neighbouring fractions p1/q1 < p2/q2 of 53 bits.

    With p2 q1 - p1 q2 = 1 the simplest ratio between them is (p1 + p2) / (q1 + q2), of 54 bits.
    """
    q1, p1 = 7372220045040681, 5277515302889677
    p2 = pow(q1, -1, p1)
    q2 = (p2 * q1 - 1) // p1
    patterns = [[float(q1), -float(p1)], [-float(q2), float(p2)]]
    assert [[int(v) for v in row] for row in patterns] == [[q1, -p1], [-q2, p2]]
    answer = separate(patterns, [1, 1])
    assert answer.separable
    assert answer.exact is not None
    assert answer.verify(patterns, [1, 1])
    assert not answer.verify(patterns, [1, -1])
    moved = dataclasses.replace(answer, exact=(Fraction(1), Fraction(0)))
    assert not moved.verify(patterns, [1, 1])


@pytest.mark.parametrize(
    ("patterns", "labels", "message"),
    [
        ([[1.0, np.nan]], [1], r"patterns must be finite, got nan at \(0, 1\)"),
        ([[1.0, np.inf]], [1], r"patterns must be finite, got inf at \(0, 1\)"),
        ([1.0, 2.0], [1, 1], r"patterns must be 2-D .* got shape \(2,\)"),
        (np.empty((0, 3)), [], r"patterns must be 2-D with at least one row .* \(0, 3\)"),
        ([["a", "b"]], [1], "patterns must be a table of numbers"),
        ([[1.0], [2.0]], [1], r"labels must have one entry per pattern, shape \(2,\), got \(1,\)"),
        ([[1.0], [2.0], [3.0]], [0, 1, 2], r"labels must take two values, got \[0, 1, 2\]"),
        ([[1.0], [2.0]], [1, np.nan], "labels must be finite numbers or booleans"),
        ([[1.0], [2.0]], ["a", "b"], "labels must be finite numbers or booleans"),
    ],
)
def test_bad_input_gets_one_sentence(patterns, labels, message):
    with pytest.raises(ValueError, match=message):
        separate(patterns, labels)


def test_bad_constraints_get_one_sentence():
    with pytest.raises(ValueError, match="margin must be non-negative, got -1"):
        separate([[1.0]], [1], margin=-1)
    with pytest.raises(ValueError, match="nonnegative must be True, False or one sign"):
        separate([[1.0]], [1], nonnegative=[2])
