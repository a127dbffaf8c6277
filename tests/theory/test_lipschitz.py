"""Lipschitz constants, certificates and attacks against exact fractions, 40 digits and grids."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from numpy.random import default_rng as rng

from olfnet.theory import network
from olfnet.theory.activations import (
    Erf,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Step,
    Tanh,
    Thresholded,
)
from olfnet.theory.lipschitz import (
    Ball,
    Enclosure,
    _norms,
    attacked_radius,
    bound,
    certify,
    certify_near,
    descend,
    enclosed,
    explicit_matrix,
    scatter,
    singular_values,
)
from olfnet.theory.lipschitz._decisions import differences
from olfnet.theory.lipschitz.certificates import _evaluation_error
from olfnet.theory.lipschitz.interval_bounds import _slopes_within
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, MeanPool, Network, Residual

EPS = np.finfo(float).eps
NORMS = pytest.mark.parametrize("norm", [2, np.inf])
PADDINGS = ("none", "zero", "circular")
CASES = pytest.mark.parametrize(
    ("padding", "stride", "dims"), list(itertools.product(PADDINGS, (1, 2, 3), (1, 2)))
)


def length(moves, norm):
    return np.linalg.norm(moves.reshape(len(moves), -1), norm, axis=1)


def convolution(padding, stride, dims, seed=1):
    kernels = rng(seed).standard_normal((4, 3, *(3, 2)[:dims]))
    return Convolution(kernels, rng(2).standard_normal(4), stride, padding), (3, *(7, 6)[:dims])


def responses(layer, shape):
    """Matrix of a layer by its outputs to each unit input: forward only, column by column."""
    n = math.prod(shape)
    rest = layer.linearized(np.zeros((1, *shape)))[0].reshape(1, -1)
    return (layer.linearized(np.eye(n).reshape(n, *shape))[0].reshape(n, -1) - rest).T


def planar(seed, activation=ReLU()):  # noqa: B008  (a frozen record)
    """A classifier of points in the plane, with three classes."""
    return network.dense([2, 12, 8, 3], activation, bias_variance=1.0, rng=seed)


def image_network(seed, activation=LeakyReLU(0.1)):  # noqa: B008  (a frozen record)
    random = rng(seed)
    body = Convolution(0.3 * random.standard_normal((3, 3, 3)), padding="circular")
    return Network(
        [
            Convolution(random.standard_normal((3, 1, 3)), 0.1, 2, "zero"),
            Activate(activation),
            Residual([body, Activate(activation)]),
            Flatten(),
            Dense(random.standard_normal((4, 15)), 0.2),
        ]
    )


def linear(n_classes, seed=0):
    random = rng(seed)
    weights = random.standard_normal((n_classes, 6))
    return Network([Dense(weights, random.standard_normal(n_classes))])


MAKERS = pytest.mark.parametrize(("make", "shape"), [(planar, (2,)), (image_network, (1, 9))])


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (6, 2)])
def test_spectral_norms_are_above_40_digits(shape):
    below = 0
    for seed in range(15):
        matrix = rng(seed).standard_normal(shape)
        with mpmath.workdps(40):
            exact = mpmath.matrix(matrix.tolist())
            exact = mpmath.sqrt(max(mpmath.eigsy(exact.T * exact, eigvals_only=True)))
        assert exact <= _norms.spectral_norm(matrix) <= exact * (1 + 1e-12)
        below += np.linalg.norm(matrix, 2) < exact
    assert below or shape == (1, 1)  # control: LAPACK's own value is too small at times


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_spectral_norm_of_known_matrices(scale):
    """|u||v| of an outer product, and the largest of a diagonal."""
    u, v = rng(1).standard_normal(40), rng(2).standard_normal(30)
    known = np.linalg.norm(u) * np.linalg.norm(v)
    assert _norms.spectral_norm(scale * np.outer(u, v)) / scale == pytest.approx(known, rel=1e-10)
    stack = scale * np.array([np.diag([1.0, 2.0]), np.diag([-3.0, 0.5])])
    assert 3 <= _norms.spectral_norm(1j * stack) / scale * (1 + EPS) <= 3 + 1e-12
    assert _norms.spectral_norm(np.zeros((2, 3))) == 0


def test_maximum_norms_are_the_least_double_above_exact_sums():
    below = 0
    for seed in range(40):
        weights = rng(seed).standard_normal((3, 50))
        sums = [sum(map(Fraction, np.abs(row).tolist())) for row in weights]
        norm = bound(Dense(weights), np.inf)
        assert Fraction(math.nextafter(norm, 0)) < max(sums) <= Fraction(norm)
        below += Fraction(float(np.abs(weights).sum(axis=1).max())) < max(sums)
    assert below  # control: a plain sum is too small at times


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_rows_are_bounded_above(scale):
    rows = scale * rng(3).standard_normal((20, 7))
    rows[0] = 0
    bounds = _norms.row_bounds(rows, 2), _norms.row_bounds(rows, np.inf)
    for row, euclid, absolute in zip(rows, *bounds, strict=True):
        terms = [Fraction(x) for x in row.tolist()]
        assert sum(x * x for x in terms) <= Fraction(euclid) ** 2
        assert sum(map(abs, terms)) <= Fraction(absolute)
        assert euclid == pytest.approx(scale * np.linalg.norm(row / scale), rel=1e-14)


@CASES
def test_matrices_and_singular_values_are_those_of_responses(padding, stride, dims):
    layer, shape = convolution(padding, stride, dims)
    matrix = explicit_matrix(layer, shape)
    np.testing.assert_allclose(matrix, responses(layer, shape), atol=20 * EPS)
    assert not np.allclose(matrix, responses(convolution(padding, stride, dims, 3)[0], shape))
    shape = (3, *(6, 6)[:dims])  # strides 1, 2 and 3 divide it
    exact = np.linalg.svd(responses(layer, shape), compute_uv=False)
    np.testing.assert_allclose(singular_values(layer, shape), exact, atol=1e-13 * exact[0])
    if padding == "zero" and stride == 1:  # control
        circular = Convolution(layer.kernels, padding="circular")
        assert not np.allclose(singular_values(circular, shape), exact, rtol=1e-3)


@CASES
def test_bounds_of_convolutions(padding, stride, dims):
    """Exact in the max norm; in the 2-norm exact on circles that the stride divides, else above."""
    layer, shape = convolution(padding, stride, dims)
    for grid in (shape[1:], (6, 6)[:dims]):
        shape = (3, *grid)
        matrix = responses(layer, shape)
        exact = {2: np.linalg.norm(matrix, 2), np.inf: np.linalg.norm(matrix, np.inf)}
        assert bound(layer, np.inf, shape) == pytest.approx(exact[np.inf], rel=40 * EPS)
        tight = padding == "circular" and not any(n % stride for n in shape[1:])
        given, free = bound(layer, 2, shape), bound(layer)
        assert exact[2] * (1 - 4 * EPS) <= given <= free
        assert given <= exact[2] * (1 + 1e-11 if tight else 2.5)
        assert bound(layer, np.inf) == bound(layer, np.inf, shape)


def test_pooling_and_flattening():
    exact = np.linalg.norm(responses(MeanPool(), (3, 5, 5)), 2)
    assert bound(MeanPool(), 2, (3, 5, 5)) == pytest.approx(exact, rel=4 * EPS)
    assert exact == pytest.approx(1 / 5)
    assert bound(MeanPool()) == bound(MeanPool(), np.inf, (3, 5, 5)) == 1
    assert bound(Flatten()) == bound(Activate(Identity())) == 1


@pytest.mark.parametrize(
    "activation",
    [ReLU(), LeakyReLU(0.3), LeakyReLU(-2.0), Tanh(), Sigmoid(), Erf(), Thresholded(Tanh(), 1.0)],
)
def test_steepest_slopes(activation):
    z = np.linspace(-6, 6, 100_001)
    slopes, steepest = np.abs(np.diff(activation(z)) / np.diff(z)), bound(Activate(activation))
    assert slopes.max() <= steepest * (1 + 1e-11)  # 1e-16 / 1e-4 of rounding
    assert slopes.max() > 0.999 * steepest


def exact_distance(net, inputs, norm):
    """Distance to the nearest plane between the class of a linear classifier and another one."""
    weights, bias = net.parameters
    if len(weights) == 1:
        weights, bias = np.vstack((-weights, weights)) / 2, np.append(-bias, bias) / 2
    distances = []
    for row in inputs @ weights.T + bias:
        c = row.argmax()
        rest = np.delete(np.arange(len(row)), c)
        norms = np.linalg.norm(weights[c] - weights[rest], 2 if norm == 2 else 1, axis=1)
        distances.append(np.min((row[c] - row[rest]) / norms))
    return np.array(distances)


@NORMS
@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_linear_classifiers_are_certified_to_the_border(n_classes, norm):
    """Certified, exact and attacked distance agree; with the other norm they do not."""
    net, inputs = linear(n_classes), rng(1).standard_normal((30, 6))
    exact = exact_distance(net, inputs, norm)
    for method in (certify, certify_near):
        radius = method(net, inputs, norm=norm).radius
        np.testing.assert_allclose(radius, exact, rtol=1e-9, atol=1e-12)
        assert (radius <= exact * (1 + 1e-14)).all()
    attacked = attacked_radius(net, inputs, norm=norm, rng=2)
    assert (attacked >= exact * (1 - 1e-9)).all()
    np.testing.assert_allclose(attacked, exact, rtol=2e-3)
    assert not np.allclose(exact_distance(net, inputs, 2 if norm == np.inf else np.inf), exact, 0.1)


@NORMS
@pytest.mark.parametrize("activation", [ReLU(), Tanh()], ids=repr)
def test_no_point_of_a_grid_breaks_a_certificate(norm, activation):
    """A grid of 90 000 points around each; the pitch, .02, limits how near it can come."""
    side, ratios = np.linspace(-3, 3, 301), []
    moves = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    for seed in range(6):
        net, center = planar(seed, activation), rng(seed + 9).standard_normal((1, 2))
        changed = moves[net(center + moves).argmax(axis=1) != net(center).argmax()]
        nearest = length(changed, norm).min() if len(changed) else np.inf
        wide, near = (m(net, center, norm=norm).radius[0] for m in (certify, certify_near))
        attacked = attacked_radius(net, center, norm=norm, rng=seed)[0]
        assert 0 < wide < near < nearest
        assert near <= attacked <= 1.02 * nearest
        ratios.append(near / nearest)
    assert max(ratios) > 0.5  # not far below
    assert min(ratios) < 1 / 1.2  # control: radii larger by a fifth would not all hold


def test_inputs_are_not_attacked_below_their_least_number():
    """The nearest border lies at negative rates; with none allowed, it is further away."""
    net, inputs = Network([Dense([[1.0, 0.2]])]), np.array([[0.5, 0.05]])
    free, bounded = (attacked_radius(net, inputs, lower=x, rng=0)[0] for x in (-np.inf, 0.0))
    assert free == pytest.approx(0.51 / np.hypot(1, 0.2), rel=1e-3)
    assert bounded == pytest.approx(np.hypot(0.5, 0.05), rel=1e-3)
    assert descend(net, inputs, 3.0, lower=0.0, rng=1).points.min() >= 0


def test_ties_and_constant_outputs():
    net = Network([Dense(np.eye(2))])
    for method in (certify, certify_near):
        assert (method(net, [[1.0, 1.0], [2.0, 1.0]]).radius > 0).tolist() == [False, True]
    assert attacked_radius(net, [[1.0, 1.0]], rng=0)[0] == pytest.approx(0, abs=1e-6)
    flat = Network([Dense(np.zeros((2, 3)), [1.0, 0.0])])
    assert attacked_radius(flat, np.ones((2, 3)), rng=0).tolist() == [np.inf, np.inf]
    assert certify(flat, np.ones((1, 3))).radius.tolist() == [np.inf]
    assert certify_near(flat, np.ones((1, 3))).radius.tolist() == [2.0**40]


def test_a_dead_network_is_certified_as_far_as_it_stays_dead():
    """Two rectifiers become active at a distance of 5, and take the lead 1/9 later."""
    units = Dense([[1.0], [-1.0]], [-6.0, -4.0]), Activate(ReLU())
    net = Network([*units, Dense([[-9.0, -9.0]], [1.0])])
    assert certify_near(net, [[1.0]], n_halvings=30).radius[0] == pytest.approx(5, rel=1e-6)
    assert attacked_radius(net, [[1.0]], rng=0)[0] == pytest.approx(5 + 1 / 9, rel=1e-3)


def test_pooling_and_residual_blocks_can_be_certified():
    net = Network([MeanPool(), Dense([[2.0], [1.0]])])  # mean 1, slope 1/2 along four equal moves
    assert certify_near(net, np.ones((1, 1, 4))).radius[0] == pytest.approx(2, rel=1e-9)
    inputs = rng(4).standard_normal((3, 1, 9))
    wide, near = (method(image_network(3), inputs).radius for method in (certify, certify_near))
    assert ((wide > 0) & (wide < near)).all()


@NORMS
def test_thresholds_certify_as_biases_do(norm):
    first, bias, last = rng(1).standard_normal((12, 3)), rng(2).random(12), rng(3).random((4, 12))
    unit = Thresholded(Thresholded(ReLU(), 0.5), 0.1)
    nets = (
        Network([Dense(first, b), Activate(activation), Dense(last)])
        for b, activation in ((bias, unit), (bias - 0.6, ReLU()), (bias, ReLU()))
    )
    certificates = [[m(net, rng(4).standard_normal((20, 3)), norm=norm).radius
                     for m in (certify, certify_near)] for net in nets]  # fmt: skip
    np.testing.assert_allclose(*certificates[:2], rtol=1e-9, atol=1e-12)
    assert not np.allclose(certificates[0], certificates[2], rtol=1e-3)


def slopes_at(net, points):
    """Derivatives of outputs with respect to inputs, shape (n_points, n_outputs, n_inputs)."""
    n_outputs = net(points[:1]).size
    pull_back = net.linearized(np.repeat(points, n_outputs, axis=0))[1]
    slopes = pull_back(np.tile(np.eye(n_outputs), (len(points), 1)))[0]
    return slopes.reshape(len(points), n_outputs, -1)


@NORMS
@pytest.mark.parametrize(
    "activation", [ReLU(), Tanh(), Sigmoid(), Erf(), Thresholded(Tanh(), 0.4)], ids=repr
)
@MAKERS
def test_outputs_and_slopes_stay_enclosed(make, shape, activation, norm):
    """At 100 points of a ball, and at its corners; outside of the ball they do not."""
    net, random = make(5, activation), rng(6)
    center, rounding = random.standard_normal(shape), 1e-13  # of the slopes computed here
    for radius in (0.01, 0.3):
        around = enclosed(net, Enclosure.of_input(center), Ball(radius, norm))
        draw = random.standard_normal if norm == 2 else lambda size: random.choice([-1, 1], size)
        moves = draw((100, *shape))
        sizes = radius * np.sqrt(random.random(100)) / length(moves, norm)
        moves = sizes.reshape(-1, *(1,) * len(shape)) * moves
        errors = np.abs(net(center + moves) - around.value)
        assert (errors <= around.half_width(Ball(radius, norm))).all()
        slopes = slopes_at(net, center + moves)
        assert (np.abs(slopes - around.slope) <= around.slope_error + rounding).all()
        point = point_enclosure(net, center)
        assert point.slope_error.max() < 1e-12
        np.testing.assert_allclose(point.slope, slopes_at(net, center[None])[0], atol=1e-13)
    if isinstance(activation, Tanh):  # control: slopes at the center do not hold around it
        assert (np.abs(slopes - point.slope) > point.slope_error + rounding).any()


def point_enclosure(layer, sample):
    return enclosed(layer, Enclosure.of_input(sample), Ball(0.0))


def exact_outputs(net, sample):
    """Outputs of dense layers and rectifiers as fractions."""
    x = [Fraction(v) for v in sample.tolist()]
    for layer in net.layers:
        if isinstance(layer, Dense):
            rows = zip(layer.weights.tolist(), layer.bias.tolist(), strict=True)
            x = [sum(Fraction(w) * v for w, v in zip(row, x, strict=True)) + Fraction(b)
                 for row, b in rows]  # fmt: skip
        else:
            x = [max(v, Fraction(0)) for v in x]
    return x


def test_rounding_of_outputs_is_bounded():
    worst = 0.0
    for seed in range(8):
        net = network.dense([5, 30, 30, 3], ReLU(), bias_variance=1.0, rng=seed)
        sample = 100 * rng(seed).standard_normal(5)
        for layers in (net, differences(net, int(net(sample[None]).argmax()))):
            around, error = point_enclosure(layers, sample), _evaluation_error(layers, sample)
            exact = exact_outputs(layers, sample)
            off = [abs(Fraction(v) - e) for v, e in zip(around.value.tolist(), exact, strict=True)]
            assert all(o <= Fraction(e) for o, e in zip(off, around.error.tolist(), strict=True))
            assert max(off) <= Fraction(error)
            assert error < 1e-8 * np.abs(around.value).max()
            worst = max(worst, float(max(off)) / error)
    assert worst > 5e-5  # there is rounding to be bounded


def test_rounding_at_a_threshold_is_bounded():
    """x - t is off by half a unit in the last place, which a leaky rectifier hands on."""
    worst, layer = 0.0, Activate(Thresholded(LeakyReLU(0.5), 0.1))
    for sample in 1e3 * rng(0).standard_normal((50, 1)):
        rest = Fraction(float(sample[0])) - Fraction(0.1)
        exact = rest * (1 if rest > 0 else Fraction(1, 2))
        off = abs(Fraction(float(layer.linearized(sample[None])[0][0, 0])) - exact)
        assert off <= Fraction(float(point_enclosure(layer, sample).error[0]))
        assert off <= Fraction(_evaluation_error(layer, sample))
        worst = max(worst, float(off))
    assert worst > 0


def test_slopes_in_tails():
    """Against mpmath, where slopes of the input round."""
    z = np.array([1.7, 6.02, 11.9, 20.3])
    for point, least, most in zip(z, *_slopes_within(Erf(), z, z), strict=True):
        slope = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(mpmath.mpf(float(point)) ** 2))
        assert least <= slope <= most < least * (1 + 1e-11)
    low, high = _slopes_within(ReLU(), np.array([-2, -0.1, 0.1]), np.array([-0.1, 0.1, 1]))
    assert (low.tolist(), high.tolist()) == ([0, 0, 1], [0, 1, 1])


def test_doubtful_slopes_carry_earlier_errors_on():
    """A number that is off by 1, times a slope between -2 and 2, is off by 2."""
    off = Enclosure(np.zeros(1), np.ones(1), np.ones((1, 1)), np.zeros((1, 1)))
    sums = off.weighted(np.zeros((1, 1)), np.zeros(1), doubt=np.full((1, 1), 2.0))
    assert sums.error[0] == pytest.approx(2)


ONES, IMAGE = np.ones((2, 6)), Convolution(np.ones((1, 2, 2, 2)), padding="circular")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bound(IMAGE, 2, (1, 6)), r"2 channels and 2 dimensions, got \(1, 6\)"),
        (lambda: bound(Activate(Step())), "activation must be one whose steepest slope is known"),
        (lambda: bound(object()), "layer must be of a kind whose bound is known, got object"),
        (lambda: bound(Dense([[1.0]]), 1), "norm must be one of 2, inf, got 1"),
        (lambda: _norms.spectral_norm([[np.inf]]), "matrices must be finite, got inf"),
        (lambda: explicit_matrix(Flatten(), (2, 0)), "shape must be at least 1, got 0"),
        (lambda: singular_values(IMAGE, (1, 7)), "shape must have 2 channels and 2 dimensions"),
        (lambda: certify(Network([Activate(ReLU())]), ONES), "must end with a dense layer, got Ac"),
        (lambda: certify_near(Network([]), ONES), "must end with a dense layer, got NoneType"),
        (lambda: certify(linear(2), ONES, norm=1), "norm must be one of"),
        (lambda: certify_near(linear(2), ONES, norm=1), "norm must be one of"),
        (lambda: certify_near(linear(2), ONES, n_halvings=0), "n_halvings must be at least 1"),
        (lambda: Ball(-1.0), "radius must be non-negative, got -1"),
        (lambda: point_enclosure(Activate(Step()), np.ones(2)), "slope is known, got Step"),
        (lambda: point_enclosure(object(), np.ones(2)), "kind that can be enclosed, got object"),
        (lambda: descend(linear(2), ONES, -1.0), "radius must be finite and at least 0, got -1"),
        (lambda: descend(linear(2), ONES, np.ones(3)), r"radius must have 2 entries, got .* \(3,"),
        (lambda: descend(linear(2), ONES, 1.0, lower=2.0), "at least lower=2, got 1"),
        (lambda: descend(linear(2), ONES, 1.0, lower=np.nan), "lower must be a number, got nan"),
        (lambda: descend(linear(2), ONES, 1.0, rank=[1] * 3), "one integer or 2, got"),
        (lambda: descend(linear(2), ONES, 1.0, rank=0.5), "rank must be one integer or 2, got .*"),
        (lambda: scatter(linear(2), [["x"] * 6], 1.0), "inputs must be numbers, got"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
