"""Dense, residual and parallel layers, and networks of layers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, checked
from olfnet.theory.network._layer import (
    Fixed,
    Layer,
    Parameters,
    PullBack,
    Weighted,
    layers_of,
    require_same_shapes,
    samples,
)


@dataclass(frozen=True, eq=False)
class Dense(Weighted):
    """Every output is a weighted sum of all inputs, and a bias.

    Parameters
    ----------
    weights : array of shape (n_outputs, n_inputs)
    bias : array of shape (n_outputs,), or 0
    """

    weights: Any
    bias: Any = 0.0

    def __post_init__(self) -> None:
        self._keep(checks.matrix("weights", self.weights))

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
    """The same activation for every number."""

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
        object.__setattr__(self, "layers", layers_of("layers", self.layers))

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the outputs, shape (n_samples, ...)."""
        return self.linearized(samples("inputs", inputs))[0]

    def then(self, *layers: Layer) -> "Network":
        """Return this network followed by other layers or networks."""
        return Network((*self.layers, *layers))

    @property
    def parameters(self) -> Parameters:
        """Those of all layers, in their order."""
        return tuple(array for layer in self.layers for array in layer.parameters)

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return a network of the same shape."""
        require_same_shapes(self.parameters, parameters)
        rest = iter(parameters)
        layers = (
            layer.with_parameters([*islice(rest, len(layer.parameters))]) for layer in self.layers
        )
        return replace(self, layers=tuple(layers))

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Pull gradients back from the last layer to the first."""
        pulls = []
        for layer in self.layers:
            inputs, pull = layer.linearized(inputs)
            pulls.append(pull)

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            slopes: Parameters = ()
            for pull in reversed(pulls):
                gradient, by_parameters = pull(gradient)
                slopes = (*by_parameters, *slopes)
            return gradient, slopes

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


@dataclass(frozen=True, eq=False)
class Parallel:
    """Layers side by side, each with some columns of the inputs; their outputs add up.

    One-input networks side by side are an additive function.

    Parameters
    ----------
    parts : sequence of layers or networks
    columns : sequence of lists of int
        Inputs of each part.

    Raises
    ------
    ValueError
        If there are not as many lists of columns as parts, or a list holds anything but numbers of
        columns; on a call, if inputs have no such column, or outputs differ in shape.

    Examples
    --------
    >>> Parallel([Dense([[1.0]]), Dense([[10.0]])], [[0], [2]])([[1.0, 2.0, 3.0]])
    array([[31.]])
    """

    parts: Sequence[Layer]
    columns: Sequence[Sequence[int]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", layers_of("parts", self.parts))
        object.__setattr__(self, "columns", tuple(map(_columns, self.columns)))
        if len(self.parts) != len(self.columns) or not self.parts:
            raise ValueError(
                f"columns must be as many as parts, {len(self.parts)}, and at least one, got "
                f"{len(self.columns)}"
            )

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the outputs, shape (n_samples, ...)."""
        return self.linearized(samples("inputs", inputs))[0]

    @property
    def parameters(self) -> Parameters:
        """Those of all parts, in their order."""
        return Network(self.parts).parameters

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return the same parts with other parameters."""
        return replace(self, parts=Network(self.parts).with_parameters(parameters).layers)

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Add up the outputs of the parts."""
        last = max(map(max, self.columns))
        if inputs.ndim != 2 or last >= inputs.shape[1]:
            raise ValueError(
                f"inputs must be 2-D and have a column {last} for columns, got shape {inputs.shape}"
            )
        pairs = zip(self.parts, self.columns, strict=True)
        parts = [part.linearized(inputs[:, columns]) for part, columns in pairs]
        if len(shapes := {outputs.shape for outputs, _ in parts}) > 1:
            raise ValueError(f"parts must give outputs of one shape, got {sorted(shapes)}")

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            back, slopes = np.zeros_like(inputs), list[FloatArray]()
            for (_, pull), columns in zip(parts, self.columns, strict=True):
                by_inputs, by_parameters = pull(gradient)
                np.add.at(back.T, np.asarray(columns), by_inputs.T)
                slopes += by_parameters
            return back, tuple(slopes)

        return np.sum([outputs for outputs, _ in parts], axis=0), pull_back


def _columns(columns: Any) -> list[int]:
    """Return numbers of columns; negative ones would count from the end, True and False mask."""
    if np.ndim(columns) != 1 or not len(columns):
        raise ValueError(f"columns must be lists of at least one number each, got {columns!r}")
    if any(isinstance(column, bool | np.bool_) for column in columns):
        raise ValueError(f"columns must be integers, got {columns!r}")
    return [checks.count("columns", column, minimum=0) for column in columns]
