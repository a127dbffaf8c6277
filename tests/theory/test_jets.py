"""Derivatives of networks by their input, against JAX and complex steps."""

import numpy as np
import pytest

from olfnet.theory import pinn
from olfnet.theory.activations import Erf, Identity, LeakyReLU, Sigmoid, Tanh
from olfnet.theory.network import Activate, Dense, Network, Residual, dense
from olfnet.theory.pinn import flat


def rng(seed=0):
    return np.random.default_rng(seed)


def network(activation=None, *widths, seed=1):
    """A network drawn at random, with one input and one output."""
    widths = widths or (12,)
    return dense([1, *widths, 1], activation or Tanh(), bias_variance=1.0, rng=seed)


def residual_network(activation):
    random = rng(2)
    block = [Dense(0.5 * random.standard_normal((6, 6)), 0.1), Activate(activation)]
    first, last = network(activation, 6).layers[:2], Dense(random.standard_normal((1, 6)))
    return Network([*first, Residual(block), last])


@pytest.fixture(scope="module")
def jax():
    module = pytest.importorskip("jax")
    module.config.update("jax_enable_x64", True)
    return module


def in_jax(jax, squash, parameters, x):
    """The residual network above, of a single number."""
    (w1, b1, w2, b2, w3, b3), tensor = parameters, jax.numpy.asarray(x)
    hidden = squash(w1[:, 0] * tensor + b1)
    hidden = hidden + squash(w2 @ hidden + b2)
    return (w3 @ hidden + b3)[0]


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_jets_and_their_gradients_are_those_of_jax(jax, name):
    activation = {"tanh": Tanh(), "erf": Erf()}[name]
    squash = {"tanh": jax.numpy.tanh, "erf": jax.scipy.special.erf}[name]
    net, places = residual_network(activation), np.linspace(-1, 2, 5)
    weights = rng(3).random((3, 5))

    @jax.jit
    def orders(parameters):
        def value(x):
            return in_jax(jax, squash, parameters, x)

        slope = jax.grad(value)
        return jax.numpy.stack([jax.vmap(f)(places) for f in (value, slope, jax.grad(slope))])

    found, pull = pinn.linearized(net, places)
    np.testing.assert_allclose(found, orders(net.parameters), rtol=1e-11, atol=1e-12)
    wanted = jax.jit(jax.grad(lambda p: (weights * orders(p)).sum()))(net.parameters)
    for one, other in zip(pull(weights), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-11)
    off = pull(weights * [[1.0], [1.0], [1.001]])  # the curvature's part is seen
    assert np.abs(flat(off) - flat(wanted)).max() > 1e-6


def test_slopes_are_those_of_complex_steps():
    """Imaginary steps of 1e-30 have no error but rounding; curvatures by those of slopes."""
    net = network(Tanh(), 9, 7)
    w1, b1, w2, b2, w3, b3 = net.parameters
    x = np.linspace(-1, 1, 11)

    def value_and_slope(z):
        first = np.tanh(z[:, None] * w1[:, 0] + b1)
        second = np.tanh(first @ w2.T + b2)
        slope = (1 - second**2) * (((1 - first**2) * w1[:, 0]) @ w2.T)
        return (second @ w3.T + b3)[:, 0], (slope @ w3.T)[:, 0]

    steps = [part.imag / 1e-30 for part in value_and_slope(x + 1e-30j)]
    np.testing.assert_allclose(pinn.jets(net, x)[1:], steps, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Erf(), Identity(), LeakyReLU(0.2)])
def test_derivatives_of_activations(activation):
    """Each is the central difference of the one before, to 1e-10 / 6 times the third next."""
    z = np.array([-3.0, -1.2, -0.1, 0.3, 2.0, 5.0])
    up, down = (pinn.derivatives(activation, z + by) for by in (1e-5, -1e-5))
    found = pinn.derivatives(activation, z)
    np.testing.assert_allclose((up - down)[:3] / 2e-5, found[1:], atol=1e-8)
    far = pinn.derivatives(activation, np.array([-1e5, 1e5]))
    assert np.isfinite(far).all()
