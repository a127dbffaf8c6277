"""Certified separability against an exact simplex method, closed forms and other solvers."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize

from olfnet import separate
from olfnet.readout import separable_prefix, separate_many
from olfnet.theory import cover


def separable_by_simplex(rows, constrained=()):
    """Whether some w has rows @ w > 0, and w_j >= 0 for constrained j; it shares no code.

    If not, there are lambda, mu >= 0 with sum lambda = 1 and rows^T lambda + mu = 0 (Gordan): phase
    one of the simplex method, with Bland's rule, in fractions.
    """
    rows = [[Fraction(float(v)) for v in row] + [Fraction(1)] for row in rows]
    n_columns = len(rows[0])
    rows += [[Fraction(int(i == j)) for i in range(n_columns)] for j in constrained]
    equations = [[row[j] for row in rows] + [Fraction(0)] for j in range(n_columns)]
    equations[-1][-1] = Fraction(1)
    basis = [None] * n_columns  # None: an artificial variable
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
        leaving = min(
            (e[-1] / e[entering], -1 if b is None else b, i)
            for i, (e, b) in enumerate(zip(equations, basis, strict=True))
            if e[entering] > 0
        )[2]
        equations[leaving] = [v / equations[leaving][entering] for v in equations[leaving]]
        for i, equation in enumerate(equations):
            if i != leaving and (factor := equation[entering]):
                pairs = zip(equation, equations[leaving], strict=True)
                equations[i] = [v - factor * p for v, p in pairs]
        basis[leaving] = entering


def random_patterns(rng):
    n_dims = int(rng.integers(1, 8))
    n_patterns = int(rng.integers(1, 3 * n_dims + 2))
    return rng.standard_normal((n_patterns, n_dims)), rng.choice([-1, 1], size=n_patterns)


def duplicates(rng, patterns, labels):
    copies = rng.integers(len(patterns), size=2)
    return np.vstack((patterns, patterns[copies])), np.append(labels, rng.choice([-1, 1], size=2))


def low_rank(rng, patterns, labels):
    left = rng.integers(-2, 3, (len(patterns), 2))
    return left @ rng.integers(-2, 3, (2, patterns.shape[1])), labels


def integer_codes(rng, patterns, labels):
    k = max(1, patterns.shape[1] // 3)
    return (np.argsort(patterns, axis=1) < k).astype(int), labels


def sparse_codes(rng, patterns, labels):
    return np.abs(patterns) * (rng.random(patterns.shape) < 0.2) + np.eye(*patterns.shape), labels


def on_a_hyperplane(rng, patterns, labels):
    patterns = rng.integers(-2, 3, patterns.shape)
    heights = patterns @ rng.integers(-2, 3, patterns.shape[1])
    return patterns, np.where(heights == 0, labels, np.sign(heights))


def columns_of_all_magnitudes(rng, patterns, labels):
    return patterns * 10.0 ** rng.integers(-150, 151, (1, patterns.shape[1])), labels


def beyond_the_range_of_squares(rng, patterns, labels):
    """Where Gram matrices overflow, rounding bounds must not believe them."""
    patterns, labels = patterns[:8, :4], labels[:8]  # exact arithmetic is slow here
    return patterns * 10.0 ** rng.integers(-290, 291, patterns.shape), labels


def nearly_opposite(rng, patterns, labels):
    """Pairs that differ from opposites in the last bit of one entry."""
    mirrored = -patterns
    mirrored[:, 0] = np.nextafter(mirrored[:, 0], rng.choice([-np.inf, np.inf], len(patterns)))
    return np.vstack((patterns, mirrored)), np.append(labels, labels)


KINDS = {
    "random": lambda rng, patterns, labels: (patterns, labels),
    "duplicates": duplicates,
    "low rank": low_rank,
    "integer codes": integer_codes,
    "sparse codes": sparse_codes,
    "on a hyperplane": on_a_hyperplane,
    "columns of all magnitudes": columns_of_all_magnitudes,
    "beyond the range of squares": beyond_the_range_of_squares,
    "nearly opposite": nearly_opposite,
}
# Most of these instances have the same answer.
ONE_SIDED = ("on a hyperplane", "beyond the range of squares", "nearly opposite")


@pytest.mark.parametrize("constraint", ["free", "bias", "nonnegative", "signs"])
@pytest.mark.parametrize("kind", KINDS)
def test_decisions_are_those_of_exact_simplex(kind, constraint):
    rng, separable = np.random.default_rng(list(map(ord, kind + constraint))), set()
    for _ in range(15):
        patterns, labels = KINDS[kind](rng, *random_patterns(rng))
        rows, signs = np.asarray(patterns, dtype=float), np.zeros(patterns.shape[1], dtype=int)
        options = {}
        if constraint == "bias":
            rows, options = np.column_stack((rows, np.ones(len(rows)))), {"bias": True}
        elif constraint != "free":
            choices = [1] if constraint == "nonnegative" else [-1, 0, 1]
            signs = rng.choice(choices, size=len(signs))
            options = {"nonnegative": True if constraint == "nonnegative" else signs}
            rows = rows * np.where(signs < 0, -1, 1)
        result = separate(patterns, labels, **options)
        assert result.separable == separable_by_simplex(
            labels[:, None] * rows, np.flatnonzero(signs)
        )
        assert result.verify(patterns, labels)
        assert not result.separable or (result.weights * signs >= 0).all()
        separable.add(result.separable)
    if constraint in ("free", "bias") and kind not in ONE_SIDED:
        assert separable == {False, True}


@pytest.mark.parametrize(("n_dims", "n_patterns"), [(2, 6), (3, 5), (3, 7)])
def test_dichotomies_are_as_many_as_cover_counts(n_dims, n_patterns):
    patterns = np.random.default_rng(n_patterns).integers(-1000, 1001, size=(n_patterns, n_dims))
    labelings = list(itertools.product((-1, 1), repeat=n_patterns))
    assert sum(separate(patterns, labels).separable for labels in labelings) == cover.n_dichotomies(
        n_patterns, n_dims
    )


def test_points_on_a_line_have_fewer_dichotomies():
    """Negative control: without general position the count falls short of Cover's."""
    patterns = np.array([[1, 1], [2, 2], [-3, -3], [1, 0]])
    labelings = itertools.product((-1, 1), repeat=4)
    count = sum(separate(patterns, labels).separable for labels in labelings)
    assert count == 4 < cover.n_dichotomies(4, 2)


def largest_margin(patterns, labels, bias):
    """Maximum margin by nearest points of convex hulls (NNLS), without olfnet."""
    rows = np.asarray(labels)[:, None] * np.asarray(patterns, dtype=float)
    heavy = 1e4 * np.abs(rows).max()
    columns = [rows.T, heavy * np.ones((1, len(rows)))]
    if bias:  # both classes get the same total weight
        columns.append(heavy * np.asarray(labels, dtype=float)[None, :])
    target = np.zeros(sum(len(c) for c in columns))
    target[rows.shape[1]] = heavy
    weights, _ = scipy.optimize.nnls(np.vstack(columns), target)
    return np.linalg.norm(rows.T @ weights) / weights.sum()


@pytest.mark.parametrize("bias", [False, True])
def test_largest_margin_is_the_border(bias):
    rng, n_borders = np.random.default_rng(bias), 0
    for _ in range(12):
        patterns = rng.standard_normal((12, 8))
        labels = np.append(rng.choice([-1, 1], size=10), [1, -1])
        if (border := largest_margin(patterns, labels, bias)) < 1e-3:
            continue
        n_borders += 1
        for factor in (0.999, 1.001):
            result = separate(patterns, labels, bias=bias, margin=factor * border)
            assert result.separable == (factor < 1)
            assert result.verify(patterns, labels)
            assert not result.separable or result.margin >= factor * border * (1 - 1e-12)
    assert n_borders > 3


@pytest.mark.parametrize(
    ("patterns", "labels", "options", "separable"),
    [
        ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], {"bias": True}, False),
        ([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1, 1], {"bias": True}, True),
        # The origin lies on every hyperplane.
        ([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1, 1], {}, False),
        ([[2.0]], [-1], {}, True),
        ([[1.0, 2.0], [1.0, 2.0]], [True, False], {"bias": True}, False),
        ([[-1.0, -1.0]], [1], {"nonnegative": True}, False),
        # Distance 5 of the point (3, 4) is reached; the next double above 5 is not.
        ([[3, 4]], [1], {"margin": 5}, True),
        ([[3, 4]], [1], {"margin": np.nextafter(5, 6)}, False),
        ([[3, 4], [0, 0]], [1, -1], {"bias": True, "margin": 2.5}, True),
        ([[3, 4], [0, 0]], [1, -1], {"bias": True, "margin": np.nextafter(2.5, 3)}, False),
        # One class with a bias has any margin.
        ([[1, 2], [3, 4]], [-1, -1], {"bias": True, "margin": 1e308}, True),
        ([[1, 2], [3, 4]], [1, 1], {"bias": True, "margin": 1e6, "nonnegative": [-1, 1]}, True),
        # Margins, and numbers, whose squares leave the range of doubles.
        ([[2e-170], [5e-170]], [1, -1], {"margin": 1.0}, False),
        ([[1e-150], [2e-150]], [1, -1], {"bias": True, "margin": 1e5}, False),
        ([[1e-150], [2e-150]], [1, -1], {"bias": True, "margin": 1e-151}, True),
        ([[0, 0], [0, 1], [1, 1]], [0, 0, 1], {"bias": True, "margin": 1e155}, False),
        ([[1e-90, 0], [0, 1e80]], [1, 1], {"margin": 5e-91}, True),
        ([[2.0**1000], [2.0**-74]], [1, 1], {"margin": 2.0**-74 * (1 + 1e-10)}, False),
        ([[1e-300]], [1], {"margin": 1e10}, False),
        # Labels are compared as they are, which doubles cannot do.
        ([[1.0], [1.0]], [2**53, 2**53 + 1], {}, False),
        ([[1.0], [-1.0]], np.array([1, -1], dtype=object), {}, True),
    ],
)
def test_cases_that_can_be_told_by_hand(patterns, labels, options, separable):
    result = separate(patterns, labels, **options)
    assert result.separable == separable
    assert result.verify(patterns, labels)
    assert not separable or result.margin >= options.get("margin", 0)


@pytest.mark.parametrize("load", [1.6, 2.0, 2.4])
@pytest.mark.parametrize("options", [{}, {"bias": True}, {"nonnegative": True}])
def test_certificates_mean_what_they_say_and_forged_ones_are_refused(load, options):
    """Near capacity, with rounding: verification is independent of the search."""
    rng, separable = np.random.default_rng(int(10 * load)), []
    n_patterns = int(50 * load * (0.5 if "nonnegative" in options else 1))
    patterns = rng.standard_normal((n_patterns, 50))
    for _ in range(12):
        labels = rng.choice([-1, 1], size=n_patterns)
        result = separate(patterns, labels, **options)
        assert result.verify(patterns, labels)
        assert result.exact is None
        assert not result.verify(patterns, np.where(np.arange(n_patterns) % 2, labels, -labels))
        if result.separable:
            heights = labels * (patterns @ result.weights + result.bias)
            assert heights.min() > 0
            assert result.margin == pytest.approx(heights.min() / np.linalg.norm(result.weights))
            forged = [
                {"weights": -result.weights},
                {"separable": False, "multipliers": np.ones(n_patterns)},
            ]
        else:
            force = result.multipliers * labels
            assert (result.multipliers >= 0).all()
            pull = force @ patterns
            pull = np.maximum(pull, 0) if "nonnegative" in options else np.abs(pull)
            assert pull.max() < 1e-12 * result.multipliers.sum()
            assert "bias" not in options or abs(force.sum()) < 1e-12 * result.multipliers.sum()
            forged = [
                {"multipliers": np.roll(result.multipliers, 1)},
                {"multipliers": -result.multipliers},
                {"multipliers": result.multipliers[:-1]},
                {"multipliers": result.multipliers * np.nan},
                {"separable": True, "weights": np.ones(50)},
            ]
        for change in forged:
            assert not dataclasses.replace(result, **change).verify(patterns, labels)
        separable.append(result.separable)
    assert load != 2.0 or set(separable) == {False, True}


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_margin_of_extreme_sizes_is_finite(size):
    rng = np.random.default_rng(3)
    patterns, labels = rng.standard_normal((10, 10)), rng.choice([-1, 1], size=10)
    result = separate(size * patterns, labels, bias=True)
    heights = labels * (size * patterns @ result.weights + result.bias)
    largest = np.abs(result.weights).max()
    expected = (heights / largest).min() / np.linalg.norm(result.weights / largest)
    assert math.isclose(result.margin, expected, rel_tol=1e-9)


def test_constraints_belong_to_the_result():
    """Multipliers against non-negative weights prove nothing about free ones."""
    signs = np.array([1, -1])
    result = separate([[1.0, -1.0]], [1], nonnegative=signs)
    signs[:] = -1
    assert result.constraints.nonnegative == (1, -1)
    assert result.verify([[1.0, -1.0]], [1])
    refuted = separate([[-1.0, -1.0]], [1], nonnegative=True)
    free = dataclasses.replace(refuted.constraints, nonnegative=False)
    assert not dataclasses.replace(refuted, constraints=free).verify([[-1.0, -1.0]], [1])


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"nonnegative": True}])
@pytest.mark.parametrize("shape", [(40, 20), (9, 3), (6, 12)])
def test_many_dichotomies_equal_single_ones(options, shape):
    rng = np.random.default_rng(shape)
    patterns = rng.standard_normal(shape) * (1 if shape[0] > 9 else 10.0 ** rng.integers(-9, 9, 1))
    labels = rng.choice([0, 1], size=(15, shape[0]))
    for row, result in zip(labels, separate_many(patterns, labels, **options), strict=True):
        assert result.separable == separate(patterns, row, **options).separable
        assert result.verify(patterns, row)
    assert separate_many(patterns, np.empty((0, shape[0]))) == []


def test_thin_cone_needs_more_than_doubles():
    """Weights must have a ratio between neighbouring fractions p1/q1 < p2/q2 of 53 bits.

    With p2 q1 - p1 q2 = 1 the simplest ratio between them is (p1 + p2) / (q1 + q2), of 54 bits.
    """
    q1, p1 = 7372220045040681, 5277515302889677
    p2 = pow(q1, -1, p1)
    q2 = (p2 * q1 - 1) // p1
    patterns = [[float(q1), -float(p1)], [-float(q2), float(p2)]]
    assert [[int(v) for v in row] for row in patterns] == [[q1, -p1], [-q2, p2]]
    result = separate(patterns, [1, 1])
    assert result.separable
    assert result.exact is not None
    assert result.verify(patterns, [1, 1])
    assert not result.verify(patterns, [1, -1])
    for forged in ((Fraction(1), Fraction(0)), None):
        assert not dataclasses.replace(result, exact=forged).verify(patterns, [1, 1])


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"nonnegative": True}, {"margin": 0.2}])
@pytest.mark.parametrize("n_copies", [1, 3])
def test_longest_prefix_is_that_of_one_by_one(options, n_copies):
    rng = np.random.default_rng(n_copies)
    for n_dims in (1, 2, 5, 12):
        for _ in range(4):
            patterns = np.repeat(rng.standard_normal((4 * n_dims, n_dims)), n_copies, axis=0)
            labels = rng.choice([-1, 1], size=len(patterns))
            n = separable_prefix(patterns, labels, **options)
            assert n == 0 or separate(patterns[:n], labels[:n], **options).separable
            n += 1
            assert n > len(labels) or not separate(patterns[:n], labels[:n], **options).separable


def test_longest_prefix_of_collinear_patterns():
    rng = np.random.default_rng(8)
    for _ in range(60):
        line = np.round(rng.standard_normal(2), 1)
        patterns = np.outer(np.round(rng.standard_normal(6), 1), line)
        labels = rng.choice([-1, 1], size=6)
        single = [separate(patterns[:n], labels[:n]).separable for n in range(1, 7)]
        assert separable_prefix(patterns, labels) == (single + [False]).index(False)


@pytest.mark.parametrize(
    ("patterns", "labels", "options", "message"),
    [
        ([[1.0]], [1], {"margin": -1}, "margin must be non-negative, got -1"),
        ([[1.0]], [1], {"bias": 2}, "bias must be True or False, got 2"),
        ([[1.0]], [1], {"nonnegative": [2]}, "nonnegative must be True, False or one sign"),
        ([[1.0]], [1], {"nonnegative": "yes"}, "nonnegative must be True, False or one sign"),
        ([[1.0]], [1], {"nonnegative": [1, 1]}, r"nonnegative must be .* shape \(1,\), got"),
        ([[1.0, np.nan]], [1], {}, r"patterns must be finite, got nan at \(0, 1\)"),
        ([1.0, 2.0], [1, 1], {}, r"patterns must be 2-D .* got shape \(2,\)"),
        ([["a", "b"]], [1], {}, "patterns must be a table of numbers"),
        (
            [[1.0], [2.0]],
            [1],
            {},
            r"labels must have .* shape \(2,\), got \(1,\)",
        ),
        ([[1.0], [2.0], [3.0]], [0, 1, 2], {}, r"labels must take two values, got \[0, 1, 2\]"),
        ([[1.0], [2.0]], [1, np.nan], {}, "labels must be finite numbers or booleans"),
        ([[1.0], [2.0]], ["a", "b"], {}, "labels must be finite numbers or booleans"),
        ([[1.0], [2.0]], np.array([1, None]), {}, "labels must be finite numbers or booleans"),
        ([[1.0], [2.0]], [[1], [1, 2]], {}, "labels must be a list of numbers"),
        ([[1.0], [2.0]], np.ma.masked_equal([1, 2], 2), {}, "labels must not have masked entries"),
    ],
)
def test_bad_input_gets_one_sentence(patterns, labels, options, message):
    with pytest.raises(ValueError, match=message):
        separate(patterns, labels, **options)
