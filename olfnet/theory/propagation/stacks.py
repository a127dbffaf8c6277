"""Stacks of equal layers: how signals and gradients grow or fade with depth, in theory and drawn.

A layer maps x to phi(W x + b); with a residual connection (He et al. 2016, arXiv 1512.03385) to
x + phi(W x + b), so that gradients pass around it as well as through it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory._gaussian import means
from olfnet.theory.activations import Activation
from olfnet.theory.network import Activate, Dense, Network, PullBack, Residual
from olfnet.theory.propagation.maps import gradient_map, mean_square


class Profile(NamedTuple):
    """Signals and gradients at the inputs and behind each layer.

    Attributes
    ----------
    signal : array of shape (depth + 1, ...)
        Mean square of the activities.
    gradient : array of shape (depth + 1, ...)
        Root mean square, over units, of the gradient of an output, relative to its value behind
        the last layer.
    """

    signal: FloatArray
    gradient: FloatArray


def chain_gradient(factor: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Return a^L: what is left of a gradient behind a chain of equal factors.

    Parameters
    ----------
    factor : array
        a, weight times slope, of each layer.
    depth : array of integers of at least 0
        L, broadcast with it.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If a number is not legal.

    Examples
    --------
    >>> chain_gradient(0.25, [5, 10, 20])  # sigmoids at their steepest
    array([9.76562500e-04, 9.53674316e-07, 9.09494702e-13])
    """
    a, depth = checks.broadcast(factor=factor, depth=depth)
    if not (legal := (depth >= 0) & (depth == np.floor(depth)) & np.isfinite(depth)).all():
        raise ValueError(f"depth must be integers of at least 0, got {depth[~legal].flat[0]:g}")
    checks.require_finite("factor", a)
    return np.asarray(a**depth)[()]


def profile(
    activation: Activation,
    depth: int,
    weight_variance: ArrayLike,
    bias_variance: ArrayLike = 0.0,
    *,
    signal: ArrayLike = 1.0,
    residual: bool = False,
) -> Profile:
    """Follow signals forth and gradients back through a stack of infinitely wide layers.

    Parameters
    ----------
    activation : Activation
    depth : int
        Number of layers.
    weight_variance, bias_variance : arrays of numbers of at least 0
        w and b, broadcast.
    signal : array of numbers of at least 0
        Mean square of the inputs, whose mean is 0.
    residual : bool
        Whether layers add to their inputs.

    Returns
    -------
    Profile
        Mean squares p of signals follow p' = E phi(sqrt(q) z)^2 with q = w p + b, those of
        gradients are multiplied by chi = w E phi'(sqrt(q) z)^2.  With residual connections p' = p +
        E phi^2 + 2 m E phi, where m is the sum of all earlier E phi, and gradients are
        multiplied by 1 + chi, never less than 1 (Yang & Schoenholz 2017, arXiv 1712.08969).

    Raises
    ------
    ValueError
        If a number is not legal.

    Notes
    -----
    Networks of N units differ by the order of 1 / N.  With residual connections around activations
    that are not odd, this part grows from layer to layer: 10 layers of ReLU with w = 1.5 have mean
    square gradients larger by about 100 / N.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> profile(Tanh(), 20, 0.5).gradient[0].round(5)
    np.float64(0.00062)
    >>> profile(Tanh(), 20, 0.5, residual=True).gradient[0].round(1)
    np.float64(4.9)
    """
    depth, residual = checks.count("depth", depth), checks.flag("residual", residual)
    p, w, b = checks.at_least(
        0, signal=signal, weight_variance=weight_variance, bias_variance=bias_variance
    )
    signals, factors, shift = [p], [], np.zeros_like(p)
    for _ in range(depth):
        q = w * p + b
        factors.append(residual + gradient_map(activation, q, w))
        added = mean_square(activation, q)
        if residual:
            first = means.mean(activation, np.sqrt(q), activation.kinks)
            added, shift = p + added + 2 * shift * first, shift + first
        p = added
        signals.append(p)
    backward = np.cumprod([np.ones_like(p), *factors[::-1]], axis=0)[::-1]
    return Profile(np.array(signals), np.sqrt(backward))


def stack(
    activation: Activation,
    n_units: int,
    depth: int,
    *,
    weight_variance: float,
    bias_variance: float = 0.0,
    residual: bool = False,
    rng: Seed = None,
) -> Network:
    """Draw a network of equal layers, each of them ``Dense`` and ``Activate`` or a block of both.

    Parameters
    ----------
    activation : Activation
    n_units, depth : int
        Units of each layer, and number of layers.
    weight_variance, bias_variance : float
        Weights are normal with variance ``weight_variance / n_units``, biases with
        ``bias_variance``.
    residual : bool
        Whether layers add to their inputs.
    rng : seed or Generator

    Returns
    -------
    Network
        With ``depth`` layers.

    Raises
    ------
    ValueError
        If a number is not legal.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> len(stack(Tanh(), 10, 3, weight_variance=1.0, rng=0).layers)
    3
    """
    rng = np.random.default_rng(rng)
    n_units, depth = checks.count("n_units", n_units), checks.count("depth", depth)
    residual = checks.flag("residual", residual)
    weight_sd = (checks.nonnegative("weight_variance", weight_variance) / n_units) ** 0.5
    bias_sd = checks.nonnegative("bias_variance", bias_variance) ** 0.5
    kind = Residual if residual else Network
    layers = []
    for _ in range(depth):
        weights = weight_sd * rng.standard_normal((n_units, n_units))
        layers.append(
            kind([Dense(weights, bias_sd * rng.standard_normal(n_units)), Activate(activation)])
        )
    return Network(layers)


def states(network: Network, inputs: ArrayLike) -> FloatArray:
    """Return the inputs and the outputs of every layer, shape (depth + 1, n_samples, n_units).

    Parameters
    ----------
    network : Network
        Whose layers all have as many units.
    inputs : array of shape (n_samples, n_units)
    """
    return np.array(_forward(network, checks.matrix("inputs", inputs))[0])


def gradients(network: Network, inputs: ArrayLike, by_outputs: ArrayLike) -> FloatArray:
    """Return gradients by the inputs and by the outputs of every layer.

    Parameters
    ----------
    network : Network
        Whose layers all have as many units.
    inputs, by_outputs : arrays of shape (n_samples, n_units)
        What goes in, and the gradient by what comes out.

    Returns
    -------
    array of shape (depth + 1, n_samples, n_units)

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    signal, gradient = checks.matrix("inputs", inputs), checks.matrix("by_outputs", by_outputs)
    if signal.shape != gradient.shape:
        raise ValueError(
            f"by_outputs must have the shape of inputs, {signal.shape}, got {gradient.shape}"
        )
    found = [gradient]
    for pull in reversed(_forward(network, signal)[1]):
        found.append(pull(found[-1])[0])
    return np.array(found[::-1])


def _forward(network: Network, inputs: FloatArray) -> tuple[list[FloatArray], list[PullBack]]:
    """Return inputs and outputs of all layers, and what pulls gradients back through each."""
    passed, pulls = [inputs], list[PullBack]()
    for layer in network.layers:
        outputs, pull = layer.linearized(passed[-1])
        passed.append(outputs)
        pulls.append(pull)
    if len({one.shape for one in passed}) > 1:
        widths = [one.shape[1] for one in passed]
        raise ValueError(f"network must have layers of as many units as inputs, got {widths}")
    return passed, pulls


def sampled_profile(
    activation: Activation,
    depth: int,
    weight_variance: float,
    bias_variance: float = 0.0,
    *,
    n_units: int,
    signal: float = 1.0,
    residual: bool = False,
    n_samples: int = 10,
    rng: Seed = None,
) -> Profile:
    """Measure signals and gradients in one random network: what ``profile`` predicts.

    Parameters
    ----------
    activation, depth, weight_variance, bias_variance, signal, residual
        As there, of one network.
    n_units : int
        Of each layer.
    n_samples : int
        Normal inputs and gradients by the outputs, over which is averaged.
    rng : seed or Generator

    Returns
    -------
    Profile

    Raises
    ------
    ValueError
        If a number is not legal.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> found = sampled_profile(ReLU(), 5, 2.0, n_units=200, rng=0)
    >>> found.signal.shape, found.gradient[-1]
    ((6,), np.float64(1.0))
    """
    weight_rng, input_rng, output_rng = np.random.default_rng(rng).spawn(3)
    network = stack(
        activation,
        n_units,
        depth,
        weight_variance=weight_variance,
        bias_variance=bias_variance,
        residual=residual,
        rng=weight_rng,
    )
    shape = checks.count("n_samples", n_samples), n_units
    inputs = checks.nonnegative("signal", signal) ** 0.5 * input_rng.standard_normal(shape)
    signals = np.mean(states(network, inputs) ** 2, axis=(1, 2))
    slopes = np.mean(gradients(network, inputs, output_rng.standard_normal(shape)) ** 2, (1, 2))
    return Profile(signals, np.sqrt(slopes / slopes[-1]))
