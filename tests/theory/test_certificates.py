"""Certified radii against exact distances, dense grids and attacks; enclosures against samples."""

from functools import cache

import numpy as np
import pytest

from olfnet.theory import lipschitz, network
from olfnet.theory.activations import Erf, LeakyReLU, ReLU, Sigmoid, Step, Tanh, Thresholded
from olfnet.theory.lipschitz import (
    Ball,
    Enclosure,
    against,
    attacked_radius,
    certified_radius,
    descend,
    enclosed,
    scatter,
)
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, Network, Residual

DUAL = {2: 2, np.inf: 1}
ACTIVATIONS = [
    ReLU(), LeakyReLU(0.2), Tanh(), Sigmoid(), Erf(), Thresholded(Tanh(), 0.4),
]  # fmt: skip


def length(moves, norm):
    return np.linalg.norm(moves.reshape(len(moves), -1), norm, axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


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
    return Network(
        [Dense(random.standard_normal((n_classes, 6)), random.standard_normal(n_classes))]
    )


def exact_distance(net, inputs, norm):
    """Distance to the nearest plane between the class of a linear classifier and another one."""
    weights, bias = net.parameters
    if len(weights) == 1:
        weights, bias = np.vstack((-weights, weights)) / 2, np.append(-bias, bias) / 2
    outputs, found = inputs @ weights.T + bias, []
    for row in outputs:
        c = row.argmax()
        rest = np.delete(np.arange(len(row)), c)
        norms = np.linalg.norm(weights[c] - weights[rest], DUAL[norm], axis=1)
        found.append(np.min((row[c] - row[rest]) / norms))
    return np.array(found)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_linear_classifiers_are_certified_to_the_border(n_classes, norm):
    """Certified, exact and attacked distance agree; with the other norm they do not."""
    net, inputs = linear(n_classes), rng(1).standard_normal((30, 6))
    exact = exact_distance(net, inputs, norm)
    for certify in (lipschitz.certify, lipschitz.certify_near):
        found = certify(net, inputs, norm=norm)
        np.testing.assert_allclose(found.radius, exact, rtol=1e-9, atol=1e-12)
        assert (found.radius <= exact * (1 + 1e-14)).all()
    attacked = attacked_radius(net, inputs, norm=norm, rng=2)
    assert (attacked >= exact * (1 - 1e-9)).all()
    np.testing.assert_allclose(attacked, exact, rtol=2e-3)
    other = exact_distance(net, inputs, 2 if norm == np.inf else np.inf)
    assert not np.allclose(other, exact, rtol=0.1)


def plane_center(seed):
    return rng(seed + 9).standard_normal((1, 2))


@cache
def changes(seed, activation):
    """Moves on a fine grid around a point of the plane that change its class."""
    net, center, side = planar(seed, activation), plane_center(seed), np.linspace(-3, 3, 401)
    moves = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return moves[net(center + moves).argmax(axis=1) != net(center).argmax()]


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("activation", [ReLU(), Tanh()], ids=repr)
def test_no_point_of_a_grid_breaks_a_certificate(norm, activation):
    """A grid of 160 000 points around each; the pitch, .015, limits how near it can come."""
    reached = []
    for seed in range(6):
        net, center = planar(seed, activation), plane_center(seed)
        wide, near = (
            certify(net, center, norm=norm).radius[0]
            for certify in (lipschitz.certify, lipschitz.certify_near)
        )
        found = changes(seed, activation)
        true = length(found, norm).min() if len(found) else np.inf
        attacked = attacked_radius(net, center, norm=norm, rng=seed)[0]
        assert 0 < wide < near < true
        assert near <= attacked <= 1.02 * true
        reached.append(near / true)
    assert max(reached) > 0.7  # not far below
    assert min(reached) < 1 / 1.2  # control: radii larger by a fifth would not all hold


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("make", [planar, image_network])
def test_attacks_fail_inside_and_succeed_not_far_outside(make, norm):
    shape = (2,) if make is planar else (1, 9)
    net, inputs = make(3), rng(4).standard_normal((25, *shape))
    near = lipschitz.certify_near(net, inputs, norm=norm).radius
    assert (near >= lipschitz.certify(net, inputs, norm=norm).radius).all()
    again = np.repeat(np.arange(25), 20)
    inside = 0.999999 * near[again]
    for attack in (
        descend(net, inputs[again], inside, norm=norm, rng=5),
        scatter(net, inputs[again], inside, norm=norm, n_directions=20, rng=6),
    ):
        assert not attack.succeeded.any()
        far = length(attack.points - inputs[again], norm)
        assert (far <= inside * (1 + 1e-12) + 1e-15).all()
        assert far.max() > 0.9 * inside.max()
    outside = descend(net, inputs[again], 4 * near[again], norm=norm, rng=7)  # control
    ratio = near[:15] / attacked_radius(net, inputs[:15], norm=norm, rng=8)
    assert (0.1 if make is planar else 0.5) < np.median(ratio) < ratio.max() <= 1
    assert outside.succeeded.any()


def slopes_at(net, points):
    """Slopes of all outputs by all inputs at each point, shape (n_points, n_outputs, n_inputs)."""
    n_outputs = net(points[:1]).size
    pull_back = net.linearized(np.repeat(points, n_outputs, axis=0))[1]
    slopes = pull_back(np.tile(np.eye(n_outputs), (len(points), 1)))[0]
    return slopes.reshape(len(points), n_outputs, -1)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
@pytest.mark.parametrize("make", [planar, image_network])
def test_outputs_and_slopes_stay_enclosed(make, activation, norm):
    """At 100 points of a ball, and at its corners; outside of the ball they do not."""
    shape = (2,) if make is planar else (1, 9)
    net, random = make(5, activation), rng(6)
    center = random.standard_normal(shape)
    for radius in (0.01, 0.3):
        around = enclosed(net, Enclosure.of_input(center), Ball(radius, norm))
        ways = random.choice([-1.0, 1.0], (100, *shape)) if norm != 2 else None
        ways = random.standard_normal((100, *shape)) if ways is None else ways
        sizes = radius * np.sqrt(random.random(100)) / length(ways, norm)
        moves = sizes.reshape(-1, *(1,) * len(shape)) * ways
        off = np.abs(net(center + moves) - around.value)
        assert (off <= around.reach(Ball(radius, norm))).all()
        slopes = slopes_at(net, center + moves)
        rounding = 1e-13  # of the slopes computed here
        assert (np.abs(slopes - around.slope) <= around.spread + rounding).all()
        point = enclosed(net, Enclosure.of_input(center), Ball(0.0, norm))
        assert point.spread.max() < 1e-12
        np.testing.assert_allclose(point.slope, slopes_at(net, center[None])[0], atol=1e-13)
    if isinstance(activation, Tanh):  # control: slopes at the center do not hold around it
        assert (np.abs(slopes - point.slope) > point.spread + rounding).any()


def test_differences_of_outputs():
    net, inputs = planar(1), rng(2).standard_normal((9, 2))
    outputs = net(inputs)
    np.testing.assert_allclose(against(net, 1)(inputs), outputs[:, [1]] - outputs[:, [0, 2]])
    single = linear(1)
    points = rng(3).standard_normal((5, 6))
    np.testing.assert_allclose(against(single, 0)(points), -single(points))
    np.testing.assert_allclose(against(single, 1)(points), single(points))


def test_a_tie_is_certified_for_no_distance():
    net = Network([Dense(np.eye(2))])
    for certify in (lipschitz.certify, lipschitz.certify_near):
        np.testing.assert_array_equal(certify(net, [[1.0, 1.0], [2.0, 1.0]]).radius > 0,
                                      [False, True])  # fmt: skip
    assert attacked_radius(net, [[1.0, 1.0]], rng=0)[0] == pytest.approx(0, abs=1e-6)


def test_a_dead_network_is_certified_as_far_as_it_stays_dead():
    """Two rectifiers wake up at a distance of 5, and take the lead 1/9 later."""
    units = Dense([[1.0], [-1.0]], [-6.0, -4.0]), Activate(ReLU())
    net = Network([*units, Dense([[-9.0, -9.0]], [1.0])])
    radius = lipschitz.certify_near(net, [[1.0]], n_halvings=30).radius[0]
    assert radius == pytest.approx(5, rel=1e-6)
    assert attacked_radius(net, [[1.0]], rng=0)[0] == pytest.approx(5 + 1 / 9, rel=1e-3)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_thresholds_certify_as_biases_do(norm):
    """A threshold of 0.6 is a bias of -0.6, which is certified without any knowledge of it."""
    random = rng(1)
    first, bias, last = random.standard_normal((12, 3)), rng(2).random(12), rng(3).random((4, 12))
    unit = Thresholded(Thresholded(ReLU(), 0.5), 0.1)
    net = Network([Dense(first, bias), Activate(unit), Dense(last)])
    same = Network([Dense(first, bias - 0.6), Activate(ReLU()), Dense(last)])
    other = Network([Dense(first, bias), Activate(ReLU()), Dense(last)])
    inputs = random.standard_normal((20, 3))
    for certify in (lipschitz.certify, lipschitz.certify_near):
        found, wanted, control = (
            certify(one, inputs, norm=norm).radius for one in (net, same, other)
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        assert not np.allclose(found, control, rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: certified_radius([1.0, 2.0], [1.0]), r"bounds must have the shape of margins"),
        (lambda: certified_radius([np.nan], [1.0]), "margins must be finite"),
        (lambda: certified_radius([1.0], [-1.0]), "bounds must be non-negative, got -1"),
        (lambda: against(Network([Activate(ReLU())]), 0), "network must end with a dense layer"),
        (lambda: against(Network([]), 0), "network must end with a dense layer, got NoneType"),
        (lambda: Ball(-1.0), "radius must be non-negative, got -1"),
        (lambda: Ball(1.0, 3), "norm must be one of 2, inf, got 3"),
        (
            lambda: lipschitz.certify_near(linear(2), np.ones((1, 6)), norm=1),
            "norm must be one of",
        ),
        (
            lambda: lipschitz.certify_near(linear(2), np.ones((1, 6)), n_halvings=0),
            "n_halvings must",
        ),
        (
            lambda: enclosed(Activate(Step()), Enclosure.of_input(np.ones(2)), Ball(1.0)),
            "activation must be one whose steepest slope is known, got Step",
        ),
        (
            lambda: enclosed(object(), Enclosure.of_input(np.ones(2)), Ball(1.0)),
            "layer must be of a kind that can be enclosed, got object",
        ),
        (lambda: descend(linear(2), np.ones((2, 6)), -1.0), "radius must be finite and at least"),
        (lambda: descend(linear(2), np.ones((2, 6)), "x"), "radius must be numbers, got 'x'"),
        (lambda: descend(linear(2), np.ones((2, 6)), np.ones(3)), "radius must be one number or 2"),
        (lambda: descend(linear(2), np.ones((2, 6)), 1.0, lower=2.0), "at least lower=2, got 1"),
        (lambda: descend(linear(2), np.ones((2, 6)), 1.0, n_steps=0), "n_steps must be at least"),
        (lambda: scatter(linear(2), np.ones((2, 6)), 1.0, n_directions=0), "n_directions must be"),
        (lambda: descend(linear(2), np.full((2, 6), np.nan), 1.0), "inputs must be finite"),
        (lambda: descend(linear(2), np.ones((0, 6)), 1.0), "inputs must hold at least one sample"),
        (lambda: scatter(linear(2), [["x"] * 6], 1.0), "inputs must be numbers, got"),
        (lambda: descend(linear(2), np.ones((2, 6)), 1.0, lower=np.nan), "lower must be a number"),
        (lambda: descend(linear(2), np.ones((2, 6)), 1.0, rank=[1] * 3), "one integer or 2, got"),
        (lambda: descend(linear(2), np.ones((2, 6)), 1.0, rank=0.5), "rank must be one integer or"),
        (lambda: attacked_radius(linear(2), np.ones((2, 6)), start=0), "start must be positive"),
    ],
)
def test_bad_requests(call, words):
    with pytest.raises(ValueError, match=words):
        call()
