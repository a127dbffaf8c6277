"""Lipschitz bounds against matrices built from responses, exact fractions and 40 digits."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from olfnet.theory import lipschitz, network
from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Step, Tanh
from olfnet.theory.lipschitz import (
    bound,
    explicit_matrix,
    fourier_blocks,
    matrix_bound,
    row_bounds,
    singular_values,
    spectral_norm,
    steepest,
)
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, MeanPool, Network, Residual

EPS = np.finfo(float).eps
PADDINGS = ("none", "zero", "circular")
CASES = [(padding, stride, dims) for padding in PADDINGS for stride in (1, 2, 3) for dims in (1, 2)]


def rng(seed=0):
    return np.random.default_rng(seed)


def convolution(padding, stride, dims, seed=1):
    kernels = rng(seed).standard_normal((4, 3, *(3, 2)[:dims]))
    return Convolution(kernels, rng(2).standard_normal(4), stride, padding), (3, *(7, 6)[:dims])


def answered(layer, shape):
    """Matrix of a layer by what it makes of each unit input: forward only, column by column."""
    n = math.prod(shape)
    rest = layer.linearized(np.zeros((1, *shape)))[0].reshape(1, -1)
    return (layer.linearized(np.eye(n).reshape(n, *shape))[0].reshape(n, -1) - rest).T


def digits(matrix):
    """Largest singular value to 40 digits."""
    with mpmath.workdps(40):
        real = mpmath.matrix(matrix.tolist())
        return mpmath.sqrt(max(mpmath.eigsy(real.T * real, eigvals_only=True)))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (6, 2)])
def test_spectral_norms_are_above_40_digits(shape):
    below = 0
    for seed in range(15):
        matrix = rng(seed).standard_normal(shape)
        exact = digits(matrix)
        assert exact <= spectral_norm(matrix) <= exact * (1 + 1e-12)
        below += np.linalg.norm(matrix, 2) < exact
    assert below or shape == (1, 1)  # control: LAPACK's own value is too small at times


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_spectral_norm_of_known_matrices(scale):
    """|u||v| of an outer product; the largest of a diagonal; whatever the scale."""
    u, v = rng(1).standard_normal(40), rng(2).standard_normal(30)
    known = np.linalg.norm(u) * np.linalg.norm(v)
    assert spectral_norm(scale * np.outer(u, v)) / scale == pytest.approx(known, rel=1e-10)
    stack = scale * np.array([np.diag([1.0, 2.0]), np.diag([-3.0, 0.5])])
    assert 3 <= spectral_norm(1j * stack) / scale * (1 + EPS) <= 3 + 1e-12
    assert spectral_norm(np.zeros((2, 3))) == 0


def test_maximum_norms_are_the_least_double_above_exact_sums():
    below = 0
    for seed in range(40):
        weights = rng(seed).standard_normal((3, 50))
        sums = [sum(map(Fraction, np.abs(row).tolist())) for row in weights]
        found = matrix_bound(weights, np.inf)
        assert Fraction(math.nextafter(found, 0)) < max(sums) <= Fraction(found)
        below += Fraction(float(np.abs(weights).sum(axis=1).max())) < max(sums)
    assert below  # control: a plain sum is too small at times


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_rows_are_bounded_above(scale):
    rows = scale * rng(3).standard_normal((20, 7))
    rows[0] = 0
    for row, euclid, absolute in zip(rows, row_bounds(rows), row_bounds(rows, np.inf), strict=True):
        terms = [Fraction(x) for x in row.tolist()]
        assert sum(x * x for x in terms) <= Fraction(euclid) ** 2
        assert sum(map(abs, terms)) <= Fraction(absolute)
        assert euclid == pytest.approx(scale * np.linalg.norm(row / scale), rel=1e-14)


@pytest.mark.parametrize(("padding", "stride", "dims"), CASES)
def test_explicit_matrices_are_the_answers_to_unit_inputs(padding, stride, dims):
    layer, shape = convolution(padding, stride, dims)
    matrix = explicit_matrix(layer, shape)
    np.testing.assert_allclose(matrix, answered(layer, shape), atol=20 * EPS)
    other, _ = convolution(padding, stride, dims, seed=3)
    assert not np.allclose(matrix, answered(other, shape))


@pytest.mark.parametrize(("padding", "stride", "dims"), CASES)
def test_singular_values_are_those_of_the_matrix(padding, stride, dims):
    layer, shape = convolution(padding, stride, dims)
    shape = (3, *(6, 6)[:dims])  # strides 1, 2 and 3 divide it
    wanted = np.linalg.svd(answered(layer, shape), compute_uv=False)
    found = singular_values(layer, shape)
    np.testing.assert_allclose(found, wanted, atol=1e-13 * wanted[0])
    if padding == "circular":
        blocks = fourier_blocks(layer.kernels, shape[1:], stride)
        assert blocks.shape[0] == math.prod(n // stride for n in shape[1:])
    if padding == "zero" and stride == 1:  # control
        circular = Convolution(layer.kernels, padding="circular")
        assert not np.allclose(singular_values(circular, shape), wanted, rtol=1e-3)


def test_blocks_are_those_of_a_fast_fourier_transform():
    kernels = rng(4).standard_normal((4, 3, 3, 2))
    padded = np.zeros((4, 3, 8, 5))
    padded[:, :, :3, :2] = kernels
    blocks = np.fft.fft2(padded).conj().transpose(2, 3, 0, 1).reshape(-1, 4, 3)
    found = fourier_blocks(kernels, (8, 5))
    assert np.linalg.norm(found - blocks, axis=(1, 2)).max() < lipschitz.blocks_error(kernels)
    assert lipschitz.blocks_error(kernels) < 1e-12


@pytest.mark.parametrize(("padding", "stride", "dims"), CASES)
def test_bounds_of_convolutions(padding, stride, dims):
    """Exact in the max norm; in the 2-norm exact on circles that the stride divides, else above."""
    for seed in range(3):
        layer, shape = convolution(padding, stride, dims, seed)
        for grid in (shape[1:], (6, 6)[:dims]):
            shape = (3, *grid)
            matrix = answered(layer, shape)
            exact = {2: np.linalg.norm(matrix, 2), np.inf: np.linalg.norm(matrix, np.inf)}
            assert bound(layer, np.inf, shape) == pytest.approx(exact[np.inf], rel=40 * EPS)
            tight = padding == "circular" and not any(n % stride for n in shape[1:])
            given, free = bound(layer, 2, shape), bound(layer)
            assert exact[2] * (1 - 4 * EPS) <= given <= free
            assert given <= exact[2] * (1 + 1e-11 if tight else 2.5)
            assert bound(layer, np.inf) == bound(layer, np.inf, shape)


def test_a_sum_of_weights_is_no_bound_in_the_2_norm():
    """Nine equal channels stretch by sqrt(9) times as much as one."""
    one = np.ones((1, 1, 3)) / 3
    nine = Convolution(np.repeat(one, 9, axis=0), padding="circular")
    assert bound(nine, np.inf) == pytest.approx(1, abs=4 * EPS)
    assert bound(nine, 2, (1, 8)) == pytest.approx(3, rel=1e-12)


def test_small_grids_only_make_convolutions_smaller():
    """Windows that wrap onto themselves, or never fit, stay below the bound."""
    layer = Convolution(rng(5).standard_normal((2, 2, 5)), padding="circular")
    zero = Convolution(layer.kernels, padding="zero")
    for one, n in itertools.product((layer, zero), (1, 2, 3, 4)):
        matrix = answered(one, (2, n))
        for norm in (2, np.inf):
            exact = np.linalg.norm(matrix, norm)
            assert exact * (1 - 8 * EPS) <= bound(one, norm, (2, n)) <= bound(one, norm)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_residual_blocks_stretch_by_at_most_one_more(norm):
    for seed in range(30):
        body = network.dense([5, 8, 5], Tanh(), weight_variance=0.05, rng=seed)
        block, inner = Residual(body.layers), bound(body, norm)
        exact = np.linalg.norm(np.eye(5) + explicit_matrix(body, (5,)), norm)
        assert exact <= bound(block, norm) == pytest.approx(1 + inner, rel=4 * EPS)
        assert exact > inner  # control: without the 1, the bound is broken
    aligned = Residual([Dense(0.5 * np.eye(5))])
    assert bound(aligned, norm) == pytest.approx(1.5, rel=1e-12)
    assert np.linalg.norm(answered(aligned, (5,)), norm) == 1.5


@pytest.mark.parametrize("norm", [2, np.inf])
def test_stacks_stay_below_the_product(norm):
    for seed in range(20):
        net = network.dense([4, 6, 5, 3], ReLU(), weight_variance=4.0, rng=seed)
        matrices = [layer.weights for layer in net.layers[::2]]
        product = math.prod(np.linalg.norm(one, norm) for one in matrices)
        assert bound(net, norm) == pytest.approx(product, rel=1e-11)
        linear = matrices[2] @ matrices[1] @ matrices[0]
        assert np.linalg.norm(linear, norm) <= bound(net, norm)
    assert bound(net, norm) / bound(net.layers[4], norm) < bound(net, norm)


def mixed(seed, stride=1):
    """Convolutions, a residual block, pooling and a dense layer, on a grid of 6 x 4."""
    random = rng(seed)
    body = Convolution(0.3 * random.standard_normal((4, 4, 3, 3)), padding="zero")
    return Network(
        [
            Convolution(random.standard_normal((4, 2, 3, 3)), 0.1, stride, "circular"),
            Activate(LeakyReLU(0.1)),
            Residual([body, Activate(Tanh())]),
            MeanPool(),
            Flatten(),
            Dense(random.standard_normal((3, 4)), 0.2),
        ]
    )


@pytest.mark.parametrize("norm", [2, np.inf])
def test_no_pair_of_inputs_is_stretched_by_more(norm):
    """Steps along the steepest direction of the slopes, for a network of every kind of layer."""
    shape, largest = (2, 6, 4), 0.0
    for seed in range(6):
        net, random = mixed(seed), rng(seed + 50)
        constant = bound(net, norm, shape)
        assert constant <= bound(net, norm) * (1 + 1e-12)
        first = random.standard_normal((200, *shape))
        outputs, pull_back = net.linearized(first)
        way = pull_back(np.eye(3)[random.integers(3, size=200)])[0].reshape(200, -1)
        way = way if norm == 2 else np.sign(way)
        second = first + 1e-3 * way.reshape(first.shape)
        apart = (second - first).reshape(200, -1)
        stretch = np.linalg.norm(net(second) - outputs, norm, axis=1)
        stretch /= np.linalg.norm(apart, norm, axis=1)
        assert stretch.max() <= constant
        largest = max(largest, stretch.max() / constant)
    assert largest > (0.1 if norm == 2 else 0.02)  # the bound is not empty


def test_pooling_and_flattening():
    assert bound(MeanPool(), 2, (3, 5, 5)) == pytest.approx(1 / 5, rel=4 * EPS)
    pooled = np.linalg.norm(answered(MeanPool(), (3, 5, 5)), 2)
    assert pooled == pytest.approx(bound(MeanPool(), 2, (3, 5, 5)), rel=1e-14)
    assert bound(MeanPool()) == bound(MeanPool(), np.inf, (3, 5, 5)) == 1
    assert bound(Flatten()) == bound(Activate(Identity())) == 1


@pytest.mark.parametrize(
    "activation", [Identity(), ReLU(), LeakyReLU(0.3), LeakyReLU(-2.0), Tanh(), Sigmoid(), Erf()]
)
def test_steepest_slopes(activation):
    z = np.linspace(-6, 6, 100_001)
    slopes = np.abs(np.diff(activation(z)) / np.diff(z))
    assert slopes.max() <= steepest(activation) * (1 + 1e-11)  # 1e-16 / 1e-4 of rounding
    assert slopes.max() > 0.999 * steepest(activation)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: bound(Convolution(np.ones((1, 1, 2, 2)), padding="zero"), 2, (1, 6)),
            r"shape must have 1 channels and 2 dimensions, got \(1, 6\)",
        ),
        (
            lambda: bound(Convolution(np.ones((1, 2, 2))), 2, (3, 6)),
            r"shape must have 2 channels and 1 dimensions, got \(3, 6\)",
        ),
        (lambda: bound(Activate(Step())), "activation must be one whose steepest slope is known"),
        (lambda: bound(object()), "layer must be of a kind whose bound is known, got object"),
        (lambda: bound(Dense([[1.0]]), 1), "norm must be one of 2, inf, got 1"),
        (lambda: bound(Flatten(), 3), "norm must be one of 2, inf, got 3"),
        (lambda: matrix_bound([[1.0, np.nan]], np.inf), "weights must be finite, got nan"),
        (lambda: spectral_norm([[np.nan]]), "matrices must be finite, got nan"),
        (lambda: fourier_blocks(np.ones((1, 1, 3)), (7,), 2), "that stride=2 divides, got .7."),
        (lambda: fourier_blocks(np.ones((1, 1, 3)), (7, 7)), "grid must have 1 dimensions"),
        (lambda: explicit_matrix(Flatten(), (2, 0)), "shape must be at least 1, got 0"),
        (
            lambda: singular_values(Convolution(np.ones((1, 2, 3)), padding="circular"), (1, 7)),
            "shape must have 2 channels and 1 dimensions",
        ),
    ],
)
def test_bad_requests(call, words):
    with pytest.raises(ValueError, match=words):
        call()
