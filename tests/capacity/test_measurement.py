"""Measured capacity against Cover's exact law, linear programs and theory, with controls."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import olfnet
from olfnet.capacity import spheres
from olfnet.readout import HebbianReadout
from olfnet.theory import cover, gardner


def gaussian(n_dims):
    return lambda n_patterns, rng: rng.standard_normal((n_patterns, n_dims))


def correlated(n_dims, rank):
    """Patterns in a subspace: not in general position."""
    return lambda n, rng: rng.standard_normal((n, rank)) @ np.eye(rank, n_dims)


def binary(n_patterns, rng):
    return (rng.random((n_patterns, 25)) < 0.5).astype(float)


def clouds(n_points, n_features, sd=0.5):
    def draw(n, rng):
        centers = rng.standard_normal((n, 1, n_features))
        return centers + sd * rng.standard_normal((n, n_points, n_features))

    return draw


def ellipsoids(n_features, radius, dimension):
    return lambda n, rng: spheres(n, n_features, radius=radius, dimension=dimension, rng=rng)


def law_p_value(points, n_dims, max_patterns):
    """Chi-square test of breaking points against the negative binomial, cells of >= 8 expected."""
    probability = cover.breaking_point_pmf(np.arange(1, max_patterns), n_dims)
    probability = np.append(probability, 1 - probability.sum())
    expected = probability * len(points)
    cell = np.minimum((np.cumsum(expected) - expected / 2) // 12, len(points) // 12 - 1).astype(int)
    observed = np.bincount(points, minlength=max_patterns + 1)[1:]
    targets, counts = np.bincount(cell, expected), np.bincount(cell, observed)
    keep = targets > 0
    return scipy.stats.chisquare(counts[keep], targets[keep]).pvalue


@pytest.mark.parametrize(
    ("draw", "bias", "n_dims", "wrong"),
    [
        (gaussian(20), False, 20, 18),
        (gaussian(19), True, 20, 19),
        (correlated(20, 18), False, 18, 20),
    ],
    ids=["gaussian", "bias", "subspace"],
)
def test_breaking_points_follow_their_law(draw, bias, n_dims, wrong):
    """The law of another number of dimensions is refused: the control."""
    points = olfnet.breaking_points(draw, max_patterns=80, n_trials=300, bias=bias, rng=7)
    assert abs(points.mean() - 2 * n_dims) < 4 * np.sqrt(2 * n_dims / 300)
    assert law_p_value(points, n_dims, 80) > 1e-3
    assert law_p_value(points, wrong, 80) < 1e-4


@pytest.mark.parametrize("nested", [True, False])
def test_cover_lies_inside_the_intervals(nested):
    loads = np.array([1.2, 1.6, 1.8, 2.0, 2.2, 2.4, 2.8])
    options = {"n_patterns": (loads * 20).astype(int), "n_trials": 100, "nested": nested}
    curve = olfnet.measure_capacity(gaussian(20), **options, rng=20)
    low, high = curve.interval(confidence=0.999)
    theory = cover.separable_fraction(curve.n_patterns, 20)
    assert ((low <= theory) & (theory <= high)).all()
    assert curve.n_dims == 20
    bottom, top = curve.capacity_interval(confidence=0.999)
    assert bottom <= 2 <= top
    assert bottom <= curve.capacity <= top


def test_breaking_point_equals_the_plain_search():
    """Bracketing and free extension against deciding every prefix in turn."""
    points = olfnet.breaking_points(gaussian(6), max_patterns=30, n_trials=20, rng=5)
    for trial, point in zip(np.random.default_rng(5).spawn(20), points, strict=True):
        pattern_rng, label_rng = trial.spawn(2)
        patterns = pattern_rng.standard_normal((30, 6))
        labels = label_rng.choice([-1.0, 1.0], size=30)
        broken = (
            n for n in range(1, 31) if not olfnet.separate(patterns[:n], labels[:n]).separable
        )
        assert point == next(broken, 31) - 1


def test_one_pattern_over_and_over_breaks_at_its_second_label():
    """The first label is repeated P* times: geometric with success 1/2."""
    points = olfnet.breaking_points(
        lambda n, rng: np.ones((n, 3)), max_patterns=50, n_trials=200, bias=True, rng=1
    )
    counts = np.bincount(np.minimum(points, 6), minlength=7)[1:]
    expected = 200 * np.array([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 32])
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


def test_margins_and_signs_lower_the_capacity():
    """Finite-size statements that hold exactly: half of Cover's for signs, less for a margin."""
    plain, signs, margin = (
        olfnet.breaking_points(gaussian(20), max_patterns=90, n_trials=60, rng=2, **options)
        for options in ({}, {"nonnegative": True}, {"margin": 0.5})
    )
    assert (signs <= plain).all()
    assert (margin <= plain).all()
    sizes = [10, 20, 30, 60]
    curve = olfnet.measure_capacity(gaussian(20), n_patterns=sizes, n_trials=60, rng=2, margin=0.5)
    assert (curve.n_separable == (np.minimum(margin, 60)[:, None] >= sizes).sum(0)).all()
    assert "margin 0.5" in curve.definition
    robust = olfnet.measure_capacity(
        binary, n_patterns=[5], n_trials=2, nonnegative=True, robustness=0.1
    )
    assert "non-negative weights, a fixed threshold and robustness 0.1" in robust.definition
    assert robust.to_xarray().attrs["robustness"] == 0.1
    # Non-negative weights: P* >= P iff a random orthant meets the cone; about N of them do.
    assert abs(signs.mean() - 20) < 5 * signs.std() / np.sqrt(60)
    assert 0.5 < margin.mean() / 20 < 1.3


@pytest.mark.parametrize("robustness", [0.05, 0.2])
def test_robust_readouts_are_those_of_a_linear_program(robustness):
    """On either side of a breaking point, by HiGHS with the threshold fixed at 1.

    Distances must exceed the robustness: codes of 0 and 1 often just reach it.
    """
    points = olfnet.breaking_points(
        binary, max_patterns=60, n_trials=12, nonnegative=True, robustness=robustness, rng=0
    )
    for trial, point in zip(np.random.default_rng(0).spawn(12), points, strict=True):
        pattern_rng, label_rng = trial.spawn(2)
        patterns, labels = binary(60, pattern_rng), label_rng.choice([-1.0, 1.0], size=60)
        for n, distance, status in ((point, robustness, 0), (point + 1, robustness + 1e-6, 2)):
            program = scipy.optimize.linprog(
                np.zeros(25),
                A_ub=-labels[:n, None] * patterns[:n],
                b_ub=-labels[:n] - distance,
                bounds=(0, None),
            )
            assert program.status == status


def test_rare_labels_are_stored_more_easily():
    options = {"n_patterns": range(10, 400, 10), "n_trials": 40, "bias": True, "rng": 1}
    even = olfnet.measure_capacity(gaussian(30), **options)
    rare = olfnet.measure_capacity(gaussian(30), **options, label_fraction=0.1)
    low, high = rare.capacity_interval(0.999)
    assert low <= gardner.capacity(label_fraction=0.1) <= high
    assert even.capacity_interval(0.999)[1] < low
    assert "with 0.1 positive labels" in rare.definition
    assert "positive" not in even.definition
    assert rare.to_xarray().attrs["label_fraction"] == 0.1
    options = {"max_patterns": 99, "n_trials": 3, "bias": True, "label_fraction": 1.0, "rng": 1}
    assert (olfnet.breaking_points(gaussian(30), **options) == 99).all()


KINDS = {
    "labelings are separable": gaussian(12),
    "of clouds of 4 points are separable": clouds(4, 12),
    "of ellipsoids of dimension 2 are separable": ellipsoids(12, 0.5, 2),
}


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("words", KINDS)
def test_curves_name_the_patterns_and_their_rank(words, nested):
    options = {"n_patterns": [2, 60], "n_trials": 5, "nested": nested, "rng": 1}
    curve = olfnet.measure_capacity(KINDS[words], **options)
    assert words in curve.definition
    assert words in curve.to_xarray().attrs["definition"]
    assert curve.n_separable.tolist() == [5, 0]
    assert curve.n_dims == 12
    assert olfnet.measure_capacity(KINDS[words], **options, bias=True).n_dims == 13


@pytest.mark.parametrize(
    ("draw", "options", "n_dims"),
    [
        (gaussian(50), {"n_patterns": [10, 20], "n_trials": 2}, 50),  # all independent
        (gaussian(50), {"n_patterns": [10, 20], "n_trials": 4}, 50),
        (correlated(50, 30), {"n_patterns": [10, 20], "n_trials": 4}, 30),
        (gaussian(20), {"n_patterns": [20], "n_trials": 3, "bias": True}, 21),
        (
            lambda n, rng: rng.standard_normal((n, 6)) * 10.0 ** rng.uniform(-90, 90, (n, 1)),
            {"n_patterns": [6, 12], "n_trials": 2},
            6,
        ),
    ],
)
def test_dimensions_do_not_depend_on_few_patterns_or_on_scale(draw, options, n_dims):
    assert olfnet.measure_capacity(draw, **options, rng=0).n_dims == n_dims


@pytest.mark.parametrize("n_patterns", [[10, 20], [100, 200]], ids=["few", "many"])
@pytest.mark.parametrize("verb", ["measure_capacity", "not nested", "breaking_points", "recall"])
def test_patterns_are_drawn_once_for_each_trial(verb, n_patterns):
    calls = []

    def draw(n, rng):
        calls.append(n)
        return rng.standard_normal((n, 50))

    options = {"n_patterns": n_patterns, "n_trials": 3, "rng": 0}
    if verb == "breaking_points":
        olfnet.breaking_points(draw, max_patterns=n_patterns[-1], n_trials=3, rng=0)
    elif verb == "recall":
        olfnet.measure_recall(draw, **options, rule=HebbianReadout())
    else:
        olfnet.measure_capacity(draw, **options, nested=verb != "not nested")
    assert calls == 3 * (n_patterns if verb == "not nested" else n_patterns[-1:])


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("draw", [gaussian(30), clouds(2, 30)], ids=["points", "clouds"])
def test_same_seed_same_curve_for_any_number_of_workers(draw, nested):
    def curve(n_workers, seed):
        options = {"n_patterns": [20, 60, 80], "n_trials": 4, "n_workers": n_workers, "rng": seed}
        return olfnet.measure_capacity(draw, **options, nested=nested).to_xarray()

    assert curve(1, 4).identical(curve(2, 4))
    assert nested is False or not curve(1, 4).identical(curve(1, 5))


def test_clouds_count_as_a_whole():
    """By decisions about whole clouds, one by one; lists of lists of lists are clouds, too."""
    draw = clouds(3, 10)
    options = {"max_patterns": 20, "n_trials": 1, "rng": 8}
    (point,) = olfnet.breaking_points(draw, **options)
    pattern_rng, label_rng = np.random.default_rng(8).spawn(1)[0].spawn(2)
    points = draw(20, pattern_rng).reshape(60, 10)
    labels = np.repeat(label_rng.choice([-1.0, 1.0], size=20), 3)
    whole = [olfnet.separate(points[: 3 * n], labels[: 3 * n]).separable for n in range(1, 21)]
    assert point == whole.index(False) > 3
    assert olfnet.breaking_points(lambda n, rng: draw(n, rng).tolist(), **options) == [point]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draw": np.eye(3)}, "draw must be callable"),
        ({"draw": lambda n, rng: np.ones((n - 1, 3))}, "draw must return 5 patterns, got 4"),
        ({"draw": lambda n, rng: ellipsoids(4, 1, 1)(8, rng)}, "draw must return 5 .* got 8"),
        ({"draw": lambda n, rng: np.full((n, 3), np.nan)}, "must be finite, got nan"),
        ({"draw": lambda n, rng: np.full((n, 2, 3), np.inf)}, "must be finite, got inf"),
        ({"draw": lambda n, rng: [[0.0] * (k + 1) for k in range(n)]}, "must be a table of num"),
        ({"draw": lambda n, rng: np.zeros((n, 3))}, "must return patterns that are not all zero"),
        ({"n_patterns": [0]}, "n_patterns must be at least 1, got 0"),
        ({"n_patterns": []}, "n_patterns must hold at least one number, got none"),
        ({"n_patterns": [2.5]}, r"n_patterns must be integers, got \[2.5\]"),
        ({"n_trials": 0}, "n_trials must be at least 1, got 0"),
        ({"n_workers": 0}, "n_workers must be at least 1, got 0"),
        ({"nested": "no"}, "nested must be True or False, got 'no'"),
        ({"nonnegative": [1, 0, 1]}, r"nonnegative must be True or False, got \(1, 0, 1\)"),
        ({"label_fraction": 1.5}, r"label_fraction must be in \[0, 1\], got 1.5"),
        ({"robustness": 0.1}, "robustness must come with non-negative weights"),
    ],
)
def test_bad_input_gets_one_sentence(change, message):
    options = {"draw": gaussian(3), "n_patterns": [5], "n_trials": 2, "rng": 0} | change
    with pytest.raises(ValueError, match=message):
        olfnet.measure_capacity(options.pop("draw"), **options)


def test_a_legacy_random_state_is_refused():
    legacy = np.random.RandomState(1)  # noqa: NPY002
    # Older NumPy refuses it by itself.
    with pytest.raises((ValueError, TypeError), match="RandomState"):
        olfnet.measure_capacity(gaussian(3), n_patterns=[4], n_trials=2, rng=legacy)
