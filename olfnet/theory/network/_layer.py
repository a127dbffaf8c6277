"""The protocol of layers, and what its members share.

A layer is an immutable record of arrays.  ``linearized(inputs)`` returns its outputs and its
vector-Jacobian product (backpropagation: Rumelhart, Hinton & Williams 1986, Nature 323:533).
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray

Parameters = tuple[FloatArray, ...]
# From a gradient with respect to outputs to those with respect to inputs and parameters.
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
        """Return outputs, and the vector-Jacobian product."""
        ...


class Fixed:
    """A layer without parameters."""

    @property
    def parameters(self) -> Parameters:
        """None."""
        return ()

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return the same layer."""
        require_same_shapes((), parameters)
        return self


class Weighted:
    """A layer with an array, whose first axis is that of the outputs, and a bias.

    Subclasses are frozen dataclasses of which these are the first two fields.
    """

    bias: Any

    @property
    def parameters(self) -> Parameters:
        """The array and the bias."""
        return getattr(self, self._names[0]), self.bias

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return the same layer with another array and bias."""
        require_same_shapes(self.parameters, parameters)
        changes = dict(zip(self._names, parameters, strict=True))
        return replace(self, **changes)  # type: ignore[type-var]

    @property
    def _names(self) -> list[str]:
        return [field.name for field in fields(self)[:2]]  # type: ignore[arg-type]

    def _keep(self, array: FloatArray) -> None:
        """Hold read-only copies of the array and of the bias, 0 by default."""
        bias = np.zeros(len(array)) if np.ndim(self.bias) == 0 else self.bias
        bias = checks.vector("bias", bias, length=len(array))
        for name, values in zip(self._names, (array, bias), strict=True):
            copy = np.array(values)
            copy.flags.writeable = False
            object.__setattr__(self, name, copy)


def require_same_shapes(old: Sequence[FloatArray], new: Sequence[FloatArray]) -> None:
    """Raise unless parameters have the number and the shapes of those before."""
    old_shapes, new_shapes = ([np.shape(array) for array in arrays] for arrays in (old, new))
    if new_shapes != old_shapes:
        raise ValueError(f"parameters must have the shapes {old_shapes}, got {new_shapes}")


def samples(name: str, values: ArrayLike) -> FloatArray:
    """Return finite numbers of shape (n_samples, ...), of at least one sample."""
    (array,) = checks.broadcast(**{name: values})
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {array.shape}")
    checks.require_finite(name, array)
    return array


def layers_of(name: str, layers: Any) -> tuple[Layer, ...]:
    """Return a sequence of layers as a tuple, or raise."""
    members = tuple(layers) if hasattr(layers, "__iter__") else (None,)
    if any(isinstance(m, type) or not hasattr(m, "linearized") for m in members):
        raise ValueError(f"{name} must be a list of layers such as Dense, got {layers!r}")
    return members
