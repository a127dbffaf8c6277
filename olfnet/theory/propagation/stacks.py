"""Stacks of equal layers: signals and gradients against depth, in theory and in drawn networks.

A layer maps x to phi(W x + b); with a residual connection (He et al. 2016, arXiv 1512.03385) to
x + phi(W x + b), so that gradients pass around it as well as through it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory._gaussian import means
from olfnet.theory.network import Activate, Dense, Network, PullBack, Residual
from olfnet.theory.propagation.random_layer import RandomLayer


class Profile(NamedTuple):
    """Signals and gradients at the inputs and after each layer.

    Attributes
    ----------
    signal : array of shape (depth + 1, ...)
        Mean square of the activities.
    gradient : array of shape (depth + 1, ...)
        Root mean square, over units, of the gradient of an output, relative to its value after
        the last layer.
    """

    signal: FloatArray
    gradient: FloatArray


def profile(
    layer: RandomLayer, depth: int, *, signal: ArrayLike = 1.0, residual: bool = False
) -> Profile:
    """Compute signals and gradients in a stack of infinitely wide layers.

    Parameters
    ----------
    layer : RandomLayer
    depth : int
        Number of layers.
    signal : array of numbers of at least 0
        Mean square of the inputs, whose mean is 0; broadcast with the variances of the layer.
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
        If ``depth`` is below 1, ``signal`` negative or ``residual`` no bool.

    Notes
    -----
    Networks of N units differ by the order of 1 / N.  With residual connections around activations
    that are not odd, this part grows from layer to layer: 10 layers of ReLU with w = 1.5 have mean
    square gradients larger by about 100 / N.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> layer = RandomLayer(Tanh(), weight_variance=0.5)
    >>> profile(layer, 20).gradient[0].round(5)
    np.float64(0.00062)
    >>> profile(layer, 20, residual=True).gradient[0].round(1)
    np.float64(4.9)
    """
    depth, residual = checks.count("depth", depth), checks.flag("residual", residual)
    (p,) = checks.at_least(0, signal=signal)
    w, b = layer.weight_variance, layer.bias_variance
    p, _ = checks.broadcast(signal=p, weight_variance=w)
    activation = layer.activation
    signals, factors, shift = [p], [], np.zeros_like(p)
    for _ in range(depth):
        q = w * p + b
        factors.append(residual + layer.chi(q))
        sd = np.sqrt(q)
        added = means.mean(lambda z: activation(z) ** 2, sd, activation.kinks)
        if residual:
            first = means.mean(activation, sd, activation.kinks)
            added, shift = p + added + 2 * shift * first, shift + first
        p = added
        signals.append(p)
    backward = np.cumprod([np.ones_like(p), *factors[::-1]], axis=0)[::-1]
    return Profile(np.array(signals), np.sqrt(backward))


def stack(
    layer: RandomLayer, n_units: int, depth: int, *, residual: bool = False, rng: Seed = None
) -> Network:
    """Draw a network of equal layers, each of them ``Dense`` and ``Activate`` or a block of both.

    Parameters
    ----------
    layer : RandomLayer
        With single variances.
    n_units, depth : int
        Units of each layer, and number of layers.
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
        If a count is below 1, ``residual`` no bool, or the layer has arrays of variances.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> len(stack(RandomLayer(Tanh(), 1.0), 10, 3, rng=0).layers)
    3
    """
    rng = np.random.default_rng(rng)
    n_units, depth = checks.count("n_units", n_units), checks.count("depth", depth)
    residual = checks.flag("residual", residual)
    weight_sd = (checks.finite("weight_variance", layer.weight_variance) / n_units) ** 0.5
    bias_sd = checks.finite("bias_variance", layer.bias_variance) ** 0.5
    kind = Residual if residual else Network
    layers = []
    for _ in range(depth):
        weights = weight_sd * rng.standard_normal((n_units, n_units))
        bias = bias_sd * rng.standard_normal(n_units)
        layers.append(kind([Dense(weights, bias), Activate(layer.activation)]))
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
    """Return gradients with respect to the inputs and to the outputs of every layer.

    Parameters
    ----------
    network : Network
        Whose layers all have as many units.
    inputs, by_outputs : arrays of shape (n_samples, n_units)
        Inputs, and the gradient with respect to the outputs.

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
    backward = [gradient]
    for pull_back in reversed(_forward(network, signal)[1]):
        backward.append(pull_back(backward[-1])[0])
    return np.array(backward[::-1])


def _forward(network: Network, inputs: FloatArray) -> tuple[list[FloatArray], list[PullBack]]:
    """Return inputs and outputs of all layers, and the pull-back of each."""
    activities, pull_backs = [inputs], list[PullBack]()
    for layer in network.layers:
        outputs, pull_back = layer.linearized(activities[-1])
        activities.append(outputs)
        pull_backs.append(pull_back)
    if len({activity.shape for activity in activities}) > 1:
        widths = [activity.shape[1] for activity in activities]
        raise ValueError(f"network must have layers of as many units as inputs, got {widths}")
    return activities, pull_backs


def sampled_profile(
    layer: RandomLayer,
    depth: int,
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
    layer, depth, signal, residual
        As of ``profile``, with single numbers.
    n_units : int
        Of each layer.
    n_samples : int
        Number of normal inputs, and of gradients with respect to the outputs, to average over.
    rng : seed or Generator

    Returns
    -------
    Profile

    Raises
    ------
    ValueError
        If a count is below 1, ``signal`` negative, or the layer has arrays of variances.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> measured = sampled_profile(RandomLayer(ReLU(), 2.0), 5, n_units=200, rng=0)
    >>> measured.signal.shape, measured.gradient[-1]
    ((6,), np.float64(1.0))
    """
    weight_rng, input_rng, output_rng = np.random.default_rng(rng).spawn(3)
    network = stack(layer, n_units, depth, residual=residual, rng=weight_rng)
    shape = checks.count("n_samples", n_samples), n_units
    inputs = checks.nonnegative("signal", signal) ** 0.5 * input_rng.standard_normal(shape)
    signals = np.mean(states(network, inputs) ** 2, axis=(1, 2))
    slopes = np.mean(gradients(network, inputs, output_rng.standard_normal(shape)) ** 2, (1, 2))
    return Profile(signals, np.sqrt(slopes / slopes[-1]))


def correlated_inputs(
    correlations: ArrayLike, n_inputs: int, n_units: int, *, rng: Seed = None
) -> FloatArray:
    """Draw inputs of mean square 1 with exact mutual correlations, a block for each correlation.

    Parameters
    ----------
    correlations : array of numbers in [0, 1]
    n_inputs : int
        Of each block, below ``n_units``.
    n_units : int
    rng : seed or Generator

    Returns
    -------
    array of shape (n_correlations * n_inputs, n_units)
        Blocks share their orthogonal directions.

    Raises
    ------
    ValueError
        If a correlation is not in [0, 1], a count is below 1, or there are too few units.

    Examples
    --------
    >>> inputs = correlated_inputs([0.3], 2, 10, rng=0)
    >>> (inputs @ inputs.T / 10).round(3)
    array([[1. , 0.3],
           [0.3, 1. ]])
    """
    correlations = checks.within("correlations", np.atleast_1d(correlations), 0, 1)
    n_inputs = checks.count("n_inputs", n_inputs)
    n_units = checks.count("n_units", n_units, minimum=n_inputs + 1)
    normal = np.random.default_rng(rng).standard_normal((n_units, n_inputs + 1))
    basis = np.linalg.qr(normal)[0].T * n_units**0.5
    return np.concatenate([c**0.5 * basis[0] + (1 - c) ** 0.5 * basis[1:] for c in correlations])


def drive_correlation(
    activities: ArrayLike, weight_variance: float = 1.0, bias_variance: float = 0.0
) -> float:
    """Return the mean correlation of the drives that activities cause in a wide random layer.

    Parameters
    ----------
    activities : array of shape (n_samples, n_units)
        Of which at least two samples.
    weight_variance, bias_variance : float
        Of the layer, as of `RandomLayer`; by default the correlation of the activities.

    Examples
    --------
    >>> drive_correlation(correlated_inputs([0.3], 5, 10, rng=0), bias_variance=1.0)
    0.65
    """
    activities = checks.matrix("activities", activities)
    shared = weight_variance * activities @ activities.T / activities.shape[1] + bias_variance
    sd = np.sqrt(np.diag(shared))
    pairs = np.triu_indices(len(shared), 1)
    return float(np.mean((shared / sd / sd[:, None])[pairs]))
