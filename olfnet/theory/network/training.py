"""Losses, gradients by backpropagation, and gradient descent with momentum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.activations import Activation
from olfnet.theory.network._layer import Layer, Parameters, samples
from olfnet.theory.network.layers import Activate, Dense, Network


class Loss(Protocol):
    """A loss that learning minimizes."""

    def __call__(self, outputs: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its gradient with respect to the outputs."""
        ...


@dataclass(frozen=True)
class SquaredLoss:
    """Half the squared distance, averaged over samples."""

    def __call__(self, outputs: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its gradient with respect to the outputs."""
        error = (outputs - targets) / len(outputs)
        return float(np.sum(error * (outputs - targets))) / 2, error


@dataclass(frozen=True)
class LogisticLoss:
    """log(1 + exp(-y f)) of labels y = -1 or 1, averaged over samples.

    Raises
    ------
    ValueError
        If a label is another number: those of 0 would have no effect.
    """

    def __call__(self, outputs: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its gradient with respect to the outputs."""
        if (other := np.abs(targets) != 1).any():
            raise ValueError(f"targets must be labels -1 or 1, got {targets[other][0]:g}")
        margins = targets * outputs
        slope = -targets * scipy.special.expit(-margins) / len(outputs)
        return float(-scipy.special.log_expit(margins).sum()) / len(outputs), slope


def dense(
    widths: Sequence[int],
    activation: Activation,
    *,
    weight_variance: ArrayLike = 2.0,
    bias_variance: ArrayLike = 0.0,
    rng: Seed = None,
) -> Network:
    """Draw a network of dense layers, with an activation between any two of them.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden units of each layer, outputs.
    activation : Activation
    weight_variance, bias_variance : float, or array with a number for each layer
        Weights are normal with variance ``weight_variance / n_inputs`` of their layer (2: He et
        al. 2015, arXiv 1502.01852; 2 n_inputs / (n_inputs + n_outputs): Glorot & Bengio 2010),
        biases with ``bias_variance``.
    rng : seed or Generator

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there are fewer than two widths, one below 1, or a variance is negative.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> dense([3, 10, 1], Tanh(), weight_variance=1.0, rng=1)(np.zeros((5, 3))).shape
    (5, 1)
    """
    rng = np.random.default_rng(rng)
    widths = np.ravel(checks.counts("widths", widths)).tolist()
    if len(widths) < 2:
        raise ValueError(f"widths must hold those of inputs and outputs, got {len(widths)}")
    sds = []
    for name, given in (("weight_variance", weight_variance), ("bias_variance", bias_variance)):
        variances = checks.for_each(name, given, len(widths) - 1)
        sds.append(np.sqrt(checks.vector(name, variances, nonnegative=True)))
    layers: list[Layer] = []
    for n_inputs, n_outputs, weight_sd, bias_sd in zip(widths[:-1], widths[1:], *sds, strict=True):
        weights = weight_sd / n_inputs**0.5 * rng.standard_normal((n_outputs, n_inputs))
        bias = bias_sd * rng.standard_normal(n_outputs)
        layers += [Dense(weights, bias), Activate(activation)]
    return Network(layers[:-1])


def gradient(
    network: Network, inputs: ArrayLike, targets: ArrayLike, loss: Loss
) -> tuple[float, Parameters]:
    """Return the loss and its gradient with respect to each parameter, by backpropagation.

    Parameters
    ----------
    network : Network
    inputs : array of shape (n_samples, ...)
    targets : array of the outputs' shape
    loss : Loss

    Returns
    -------
    tuple of float and arrays

    Raises
    ------
    ValueError
        If targets do not have the shape of the outputs, or anything is not finite.
    """
    inputs, targets = samples("inputs", inputs), samples("targets", targets)
    return _gradient(network, inputs, targets, loss)


def _gradient(
    network: Network, inputs: FloatArray, targets: FloatArray, loss: Loss
) -> tuple[float, Parameters]:
    outputs, pull_back = network.linearized(inputs)
    if targets.shape != outputs.shape:
        raise ValueError(
            f"targets must have the shape of the outputs, {outputs.shape}, got {targets.shape}"
        )
    if isinstance(loss, type) or not callable(loss):
        raise ValueError(f"loss must be one such as SquaredLoss(), got {loss!r}")
    value, by_outputs = loss(outputs, targets)
    return value, pull_back(by_outputs)[1]


@dataclass(frozen=True, eq=False)
class Training:
    """A trained network and its losses.

    Attributes
    ----------
    network : Network
        After the last step.
    losses : array of shape (n_steps + 1,)
        Before each step and after the last one, of the samples of that step.
    """

    network: Network
    losses: FloatArray


def train(
    network: Network,
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    loss: Loss = SquaredLoss(),  # noqa: B008  (a frozen record)
    learning_rate: float = 0.1,
    momentum: float = 0.0,
    n_steps: int = 1000,
    batch_size: int | None = None,
    rng: Seed = None,
) -> Training:
    """Train a network by gradient descent with momentum (Polyak 1964).

    Parameters
    ----------
    network : Network
    inputs : array of shape (n_samples, ...)
    targets : array of the outputs' shape
    loss : Loss
    learning_rate : float
    momentum : float in [0, 1)
        Fraction of the last step that is added to the next one.
    n_steps : int
    batch_size : int, optional
        Samples drawn for each step, without replacement; all of them by default.
    rng : seed or Generator
        Draws the batches.

    Returns
    -------
    Training

    Raises
    ------
    ValueError
        If shapes do not fit, or a rate, a count or the momentum is out of range.
    FloatingPointError
        If the loss diverges: the learning rate is too large.

    Examples
    --------
    >>> line = Network([Dense([[0.0]])])
    >>> learned = train(line, [[1.0], [2.0]], [[3.0], [5.0]], learning_rate=0.5, n_steps=200)
    >>> [array.round(3).tolist() for array in learned.network.parameters]
    [[[2.0]], [1.0]]
    """
    rng = np.random.default_rng(rng)
    inputs, targets = samples("inputs", inputs), samples("targets", targets)
    if len(inputs) != len(targets):
        raise ValueError(f"targets must be as many as inputs, {len(inputs)}, got {len(targets)}")
    if batch_size is not None:
        batch_size = checks.count("batch_size", batch_size, maximum=len(inputs))

    def batch_gradient(network: Network) -> tuple[float, Parameters]:
        batch = rng.choice(len(inputs), batch_size, replace=False) if batch_size else slice(None)
        return _gradient(network, inputs[batch], targets[batch], loss)

    return descend(network, batch_gradient, learning_rate, n_steps, momentum)


def descend(
    network: Network,
    gradient: Callable[[Network], tuple[float, Parameters]],
    learning_rate: float,
    n_steps: int,
    momentum: float = 0.0,
) -> Training:
    """Train a network by gradient descent with momentum on any loss.

    Parameters
    ----------
    network : Network
    gradient : callable (network) -> tuple of float and arrays
        The loss of a network, and its gradient with respect to each parameter.
    learning_rate, n_steps, momentum
        As of :func:`train`.

    Returns
    -------
    Training

    Raises
    ------
    ValueError
        If the rate, the momentum or the number of steps is out of range.
    FloatingPointError
        If the loss diverges: the learning rate is too large.
    """
    learning_rate = checks.positive("learning_rate", learning_rate)
    if not 0 <= checks.finite("momentum", momentum) < 1:
        raise ValueError(f"momentum must be in [0, 1), got {momentum:g}")
    n_steps = checks.count("n_steps", n_steps)
    velocity = [np.zeros_like(array) for array in network.parameters]
    losses = np.empty(n_steps + 1)
    for step in range(n_steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            losses[step], slopes = gradient(network)
        if not np.isfinite(losses[step]):
            raise FloatingPointError(
                f"the loss grew beyond all bounds in step {step}; learning_rate must be smaller, "
                f"got {learning_rate:g}"
            )
        if step < n_steps:
            pairs = zip(velocity, slopes, strict=True)
            velocity = [momentum * v - learning_rate * slope for v, slope in pairs]
            moved = zip(network.parameters, velocity, strict=True)
            network = network.with_parameters([array + v for array, v in moved])
    return Training(network, losses)
