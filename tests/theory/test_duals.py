"""Gaussian means of products: closed forms, series and double integrals tell the same."""

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.special
import scipy.stats

from olfnet.theory import expansion, ntk
from olfnet.theory._gaussian import hermite
from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Step, Tanh
from olfnet.theory.moments import moments

EVERY = [Identity(), ReLU(), LeakyReLU(0.2), Step(), Erf(), Tanh(), Sigmoid()]
LEFT, RIGHT = np.array([0.3, 1.0, 2.0]), np.array([0.7, 1.5])
CORRELATION = np.array([[0.6, -0.8], [0.1, 0.0], [-0.3, 0.9]])
COVARIANCE = CORRELATION * np.sqrt(np.multiply.outer(LEFT, RIGHT))


@dataclass(frozen=True)
class Plain:
    """The same activation under a name for which no closed form is known."""

    other: object
    shift: float = 0.0

    @property
    def kinks(self):
        return tuple(kink + self.shift for kink in self.other.kinks)

    def __call__(self, inputs):
        return self.other(np.asarray(inputs) - self.shift)

    def derivative(self, inputs):
        return self.other.derivative(np.asarray(inputs) - self.shift)


def integral(function, left, right, correlation):
    """Mean of f(u) f(v) over the four quadrants, in each of which f is smooth."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    z, lengths = 4.5 * (1 + nodes), 4.5 * weights
    z, lengths = np.concatenate([-z, z]), np.concatenate([lengths, lengths])
    x, y = z[:, None], z
    rest = 1 - correlation**2
    density = np.exp(-(x**2 - 2 * correlation * x * y + y**2) / (2 * rest))
    density /= 2 * np.pi * np.sqrt(rest)
    return (lengths * function(left**0.5 * z)) @ density @ (lengths * function(right**0.5 * z))


@pytest.mark.parametrize("activation", EVERY)
def test_products_are_double_integrals(activation):
    """Normal numbers are cut off at 9: what is left out is below 1e-17."""
    outputs, slopes = ntk.products(activation, LEFT, RIGHT, COVARIANCE)
    for row, column in np.ndindex(outputs.shape):
        pair = LEFT[row], RIGHT[column], CORRELATION[row, column]
        wanted = integral(activation, *pair)
        assert outputs[row, column] == pytest.approx(wanted, abs=1e-11)
        assert slopes[row, column] == pytest.approx(
            integral(activation.derivative, *pair), abs=1e-11
        )
        other = integral(activation, *pair[:2], pair[2] * 0.9 - 0.01)
        assert abs(other - wanted) > 1e-4


@pytest.mark.parametrize("activation", [Identity(), Erf(), ReLU(), LeakyReLU(0.2)])
def test_closed_forms_are_the_series(activation):
    """To 1e-12, which the series promises."""
    known = ntk.products(activation, LEFT, RIGHT, COVARIANCE)
    series = ntk.products(Plain(activation), LEFT, RIGHT, COVARIANCE)
    for one, other in zip(known, series, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=5e-12)
    wrong = ntk.products(Plain(activation), LEFT, RIGHT, 0.9 * COVARIANCE)
    assert np.abs(wrong.outputs - known.outputs).max() > 1e-3


@pytest.mark.parametrize("threshold", [1.0, -0.5])
def test_kinks_away_from_zero(threshold):
    """A rectifier behind a threshold is the kernel of an expansion."""
    c = np.array([[0.5, -0.3]])
    found = ntk.products(Plain(ReLU(), threshold), [1.0], [1.0, 1.0], c)
    level = scipy.special.ndtr(-threshold)
    wanted = expansion.kernel(c, level, ReLU())
    np.testing.assert_allclose(found.outputs, wanted, rtol=0, atol=2e-12)
    both = expansion.kernel(c, level, Step())
    np.testing.assert_allclose(found.slopes, both, rtol=0, atol=2e-12)


def test_different_spreads_have_kinks_at_different_places():
    bent = Plain(ReLU(), 0.4)
    together = ntk.products(bent, [0.3, 2.0], [0.7], [[0.2], [-0.5]]).outputs[:, 0]
    for found, left, covariance in zip(together, (0.3, 2.0), (0.2, -0.5), strict=True):
        alone = ntk.products(bent, [left], [0.7], [[covariance]]).outputs[0, 0]
        assert found == pytest.approx(alone, abs=1e-11)
    assert abs(together[1] - alone) < 1e-11 < abs(together[0] - alone)


@pytest.mark.parametrize("activation", EVERY)
def test_squares_are_the_ends_of_products(activation):
    known = ntk.dual(activation)
    drives = known.drives(LEFT)
    ends = known.products(drives, drives, np.sqrt(np.multiply.outer(LEFT, LEFT)))
    np.testing.assert_allclose(np.diag(ends.outputs), drives.outputs, rtol=1e-11)
    np.testing.assert_allclose(np.diag(ends.slopes), drives.slopes, rtol=1e-11)


def test_nearly_equal_inputs_keep_their_digits():
    """E relu'(u) relu'(v) = 1/2 - angle / (2 pi), here from the chord of the angle."""
    c = 1 - 2.0**-52 * np.array([[20.0, 1e3, 1e8]])
    found = ntk.products(ReLU(), [1.0], np.ones(3), c).slopes
    angle = 2 * np.arcsin(np.sqrt((1 - c) / 2))
    np.testing.assert_allclose(0.5 - found, angle / (2 * np.pi), rtol=1e-8)
    same = ntk.products(ReLU(), [1.0], np.ones(3), 1 + 2.0**-52 * np.array([[-5.0, 0.0, 5.0]]))
    assert same.slopes.tolist() == [[0.5, 0.5, 0.5]]


@pytest.mark.parametrize("activation", [*EVERY, Plain(Tanh(), 0.3)])
def test_silent_inputs(activation):
    """No drive at all: the other one's mean output times that at 0, and nothing undefined."""
    found = ntk.products(activation, [0.0, 1.0], [1.0], [[0.0], [0.0]])
    assert np.isfinite(found).all()
    mean = moments(activation, scipy.stats.norm()).mean
    assert found.outputs[0, 0] == pytest.approx(float(activation(0.0) * mean), abs=1e-12)
    assert found.outputs[1, 0] == pytest.approx(mean**2, abs=1e-12)


def test_series_of_a_polynomial_is_exact():
    spread = np.array([0.5, 2.0])
    found = hermite.series(lambda z: z**3 - z, spread)
    third = spread**3 * np.sqrt(6)
    np.testing.assert_allclose(found.coefficients[3], third, rtol=1e-13)
    np.testing.assert_allclose(found.coefficients[1], 3 * spread**3 - spread, rtol=1e-12)
    assert np.abs(found.coefficients[[0, 2, 4, 5, 20]]).max() < 1e-12


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([-1.0], [1.0], [[0.0]]), "left must be non-negative"),
        (([1.0], [np.nan], [[0.0]]), "right must be finite"),
        (([1.0], [1.0], [[0.0, 0.0]]), r"covariance must have the shape \(1, 1\), got \(1, 2\)"),
        (([1.0], [4.0], [[2.1]]), "covariance must not be larger .* allow, 2, got 2.1"),
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        ntk.products(ReLU(), *arguments)


def test_classes_are_no_activations():
    with pytest.raises(ValueError, match=r"activation must be one such as ReLU\(\), got <class"):
        ntk.products(Tanh, [1.0], [1.0], [[0.5]])


def test_a_series_that_does_not_converge_says_so():
    with pytest.raises(ValueError, match="must be smoother, or its inputs smaller or less alike"):
        ntk.products(Plain(ReLU()), [1.0], [1.0], [[0.9999]])
    with pytest.raises(ValueError, match="2048 terms of its series to be enough"):
        ntk.products(Tanh(), [1e6], [1e6], [[0.9999e6]])
