"""Convolutions and their gradients against JAX."""

import numpy as np
import pytest

from olfnet.theory.activations import Tanh
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    LogisticLoss,
    MeanPool,
    Network,
    gradient,
)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("padding", ["none", "zero", "circular"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_gradients_are_those_of_jax(padding, stride):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    random = rng(6)
    kernels, bias = random.standard_normal((4, 2, 3, 2)), random.standard_normal(4)
    weights = random.standard_normal((1, 4))
    inputs = random.standard_normal((6, 2, 8, 7))
    labels = random.choice([-1.0, 1.0], (6, 1))

    def loss_of(kernels, bias, weights):
        modes = {"zero": "constant", "circular": "wrap"}
        seen = inputs
        if padding != "none":
            margins = ((0, 0), (0, 0), (1, 1), (0, 1))
            seen = jax.numpy.pad(seen, margins, mode=modes[padding])
        maps = jax.lax.conv(seen, kernels, (stride, stride), "VALID")
        active = jax.numpy.tanh(maps + bias[:, None, None])
        pooled = active.mean(axis=(2, 3))
        return jax.numpy.logaddexp(0, -labels * (pooled @ weights.T)).mean()

    wanted = jax.grad(loss_of, argnums=(0, 1, 2))(kernels, bias, weights)
    convolution = Convolution(kernels, bias, stride, padding)
    net = Network([convolution, Activate(Tanh()), MeanPool(), Dense(weights)])
    value, slopes = gradient(net, inputs, labels, LogisticLoss())
    assert value == pytest.approx(float(loss_of(kernels, bias, weights)), rel=1e-13)
    np.testing.assert_allclose(slopes[0], wanted[0], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slopes[1], wanted[1], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slopes[2], wanted[2], rtol=1e-10, atol=1e-14)
    assert not np.allclose(slopes[0][:, ::-1], wanted[0])
