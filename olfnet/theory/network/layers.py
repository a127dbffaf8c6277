"""Layers of a network, each of which knows how to pull a gradient back through itself.

A layer is an immutable record of arrays.  ``linearized(inputs)`` returns its outputs and a function
that turns a gradient by the outputs into one by the inputs and one by each parameter, which is all
that backpropagation needs (Rumelhart, Hinton & Williams 1986, Nature 323:533).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, checked

Parameters = tuple[FloatArray, ...]
PullBack = Callable[[FloatArray], tuple[FloatArray, Parameters]]


class Layer(Protocol):
    """Anything that maps samples to samples and can be differentiated."""

    @property
    def parameters(self) -> Parameters:
        """Arrays that learning may change."""
        ...

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return the same layer with other parameters."""
        ...

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Return outputs, and what pulls a gradient by them back to inputs and parameters."""
        ...


def kept(array: FloatArray) -> FloatArray:
    """Copy what a record holds, such that nothing can change it behind its back."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def require_alike(old: Sequence[FloatArray], new: Sequence[FloatArray]) -> None:
    """Raise unless parameters are as many, and of the same shapes, as those before."""
    wanted, found = ([np.shape(array) for array in arrays] for arrays in (old, new))
    if found != wanted:
        raise ValueError(f"parameters must have the shapes {wanted}, got {found}")


class Fixed:
    """A layer that has nothing to learn."""

    @property
    def parameters(self) -> Parameters:
        """None."""
        return ()

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return the same layer."""
        require_alike((), parameters)
        return self


@dataclass(frozen=True, eq=False)
class Dense:
    """Every output is a weighted sum of all inputs, and a bias.

    Parameters
    ----------
    weights : array of shape (n_outputs, n_inputs)
    bias : array of shape (n_outputs,), or 0
    """

    weights: Any
    bias: Any = 0.0

    def __post_init__(self) -> None:
        weights = checks.matrix("weights", self.weights)
        bias = np.zeros(len(weights)) if np.ndim(self.bias) == 0 else self.bias
        bias = checks.vector("bias", bias)
        if len(bias) != len(weights):
            raise ValueError(f"bias must have {len(weights)} entries, got {len(bias)}")
        object.__setattr__(self, "weights", kept(weights))
        object.__setattr__(self, "bias", kept(bias))

    @property
    def parameters(self) -> Parameters:
        """Weights and bias."""
        return self.weights, np.asarray(self.bias)

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return a layer with other weights and another bias."""
        require_alike(self.parameters, parameters)
        return replace(self, weights=parameters[0], bias=parameters[1])

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_samples, n_inputs) to (n_samples, n_outputs)."""
        n_inputs = self.weights.shape[1]
        if inputs.ndim != 2 or inputs.shape[1] != n_inputs:
            raise ValueError(f"inputs must have {n_inputs} columns, got shape {inputs.shape}")

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            return gradient @ self.weights, (gradient.T @ inputs, gradient.sum(axis=0))

        return inputs @ self.weights.T + self.bias, pull_back


@dataclass(frozen=True)
class Activate(Fixed):
    """Pass every number through the same activation."""

    activation: Activation

    def __post_init__(self) -> None:
        checked(self.activation)

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Keep the shape."""
        slope = self.activation.derivative(inputs)
        return self.activation(inputs), lambda gradient: (gradient * slope, ())


@dataclass(frozen=True)
class Flatten(Fixed):
    """Turn channels and grid into one list of features."""

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_samples, ...) to (n_samples, n_features)."""
        flat = inputs.reshape(len(inputs), -1)
        return flat, lambda gradient: (gradient.reshape(inputs.shape), ())


@dataclass(frozen=True, eq=False)
class Network:
    """Layers, one after the other; itself a layer.

    Parameters
    ----------
    layers : sequence of layers

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> bend = Network([Dense([[1.0], [-1.0]]), Activate(ReLU()), Dense([[1.0, 1.0]])])
    >>> bend([[-2.0], [3.0]])
    array([[2.],
           [3.]])
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", listed("layers", self.layers))

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the outputs, shape (n_samples, ...)."""
        return self.linearized(samples("inputs", inputs))[0]

    def then(self, *layers: Layer) -> "Network":
        """Return a network that goes on with other layers or networks."""
        return Network((*self.layers, *layers))

    @property
    def parameters(self) -> Parameters:
        """Those of all layers, in their order."""
        return tuple(array for layer in self.layers for array in layer.parameters)

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return a network of the same shape."""
        require_alike(self.parameters, parameters)
        left = list(parameters)
        layers = []
        for layer in self.layers:
            n = len(layer.parameters)
            layers.append(layer.with_parameters(left[:n]))
            left = left[n:]
        return replace(self, layers=tuple(layers))

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Pull gradients back from the last layer to the first."""
        pulls = []
        for layer in self.layers:
            inputs, pull = layer.linearized(inputs)
            pulls.append(pull)

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            found: list[Parameters] = []
            for pull in reversed(pulls):
                gradient, by_parameters = pull(gradient)
                found.append(by_parameters)
            return gradient, tuple(array for part in reversed(found) for array in part)

        return inputs, pull_back


@dataclass(frozen=True, eq=False)
class Residual(Network):
    """A residual block (He et al. 2016, arXiv 1512.03385): inputs plus what layers make of it.

    Examples
    --------
    >>> Residual([Dense([[1.0]])])([[2.0]])
    array([[4.]])
    """

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Keep the shape; gradients pass around the layers as well as through them."""
        change, pull = super().linearized(inputs)
        if change.shape != inputs.shape:
            raise ValueError(
                f"the layers of a residual block must keep the shape {inputs.shape}, got "
                f"{change.shape}"
            )

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            through, by_parameters = pull(gradient)
            return gradient + through, by_parameters

        return inputs + change, pull_back


def samples(name: str, values: ArrayLike) -> FloatArray:
    """Return finite numbers of shape (n_samples, ...), of at least one sample."""
    (found,) = checks.broadcast(**{name: values})
    if found.ndim == 0 or found.size == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {found.shape}")
    checks.require_finite(name, found)
    return found


def listed(name: str, layers: Any) -> tuple[Layer, ...]:
    """Return layers, if they are; anything else would fail once it is used."""
    found = tuple(layers) if hasattr(layers, "__iter__") else (None,)
    if any(isinstance(one, type) or not hasattr(one, "linearized") for one in found):
        raise ValueError(f"{name} must be a list of layers such as Dense, got {layers!r}")
    return found
