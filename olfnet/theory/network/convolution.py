"""Convolution: the same small kernels at every place of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network.layers import Fixed, Parameters, PullBack, kept, require_alike


@dataclass(frozen=True, eq=False)
class Convolution:
    """The same small kernels at every place of a grid, in any number of spatial dimensions.

    Parameters
    ----------
    kernels : array of shape (n_outputs, n_channels, *window)
    bias : array of shape (n_outputs,), or 0
    stride : int
        Every how many places an output is taken.
    padding : {"none", "zero", "circular"}
        What is seen beyond the edge; without any, the grid shrinks by window - 1.
    """

    kernels: Any
    bias: Any = 0.0
    stride: int = 1
    padding: str = "none"

    def __post_init__(self) -> None:
        (kernels,) = checks.broadcast(kernels=self.kernels)
        if kernels.ndim < 3 or 0 in kernels.shape:
            raise ValueError(
                f"kernels must have the shape (n_outputs, n_channels, *window), got {kernels.shape}"
            )
        checks.require_finite("kernels", kernels)
        bias = np.zeros(len(kernels)) if np.ndim(self.bias) == 0 else self.bias
        bias = checks.vector("bias", bias)
        if len(bias) != len(kernels):
            raise ValueError(f"bias must have {len(kernels)} entries, got {len(bias)}")
        checks.count("stride", self.stride)
        checks.one_of("padding", self.padding, known=("none", "zero", "circular"))
        object.__setattr__(self, "kernels", kept(kernels))
        object.__setattr__(self, "bias", kept(bias))

    @property
    def parameters(self) -> Parameters:
        """Kernels and bias."""
        return self.kernels, np.asarray(self.bias)

    def with_parameters(self, parameters: Sequence[FloatArray]) -> Self:
        """Return a layer with other kernels and another bias."""
        require_alike(self.parameters, parameters)
        return replace(self, kernels=parameters[0], bias=parameters[1])

    @property
    def window(self) -> tuple[int, ...]:
        """Size of a kernel in each spatial dimension."""
        return tuple(self.kernels.shape[2:])

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_samples, n_channels, *grid) to (n_samples, n_outputs, *new_grid)."""
        n_dims, n_channels = self.kernels.ndim - 2, self.kernels.shape[1]
        if inputs.ndim != n_dims + 2 or inputs.shape[1] != n_channels:
            raise ValueError(
                f"inputs must have {n_channels} channels on a grid of {n_dims} dimension(s), got "
                f"shape {inputs.shape}"
            )
        padded: Any = self._padded(inputs)
        if any(n < w for n, w in zip(padded.shape[2:], self.window, strict=True)):
            raise ValueError(f"inputs must be as wide as {self.window}, got shape {inputs.shape}")
        space = tuple(range(2, inputs.ndim))
        steps = (slice(None),) * 2 + (slice(None, None, self.stride),) * len(space)
        windows: Any = sliding_window_view(padded, self.window, space)[steps]  # type: ignore[call-overload]
        inside = tuple(range(inputs.ndim, windows.ndim))
        sums = np.tensordot(windows, self.kernels, ((1, *inside), (1, *space)))
        outputs = np.moveaxis(sums, -1, 1) + np.reshape(self.bias, (-1, *(1,) * len(space)))

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            places = (0, *space)
            kernels = np.tensordot(gradient, windows, (places, places))
            spread = np.zeros_like(padded)
            for offset in product(*map(range, self.window)):
                part = np.tensordot(
                    gradient, self.kernels[(slice(None), slice(None), *offset)], (1, 0)
                )
                ends = [
                    slice(o, o + self.stride * n, self.stride)
                    for o, n in zip(offset, gradient.shape[2:], strict=True)
                ]
                spread[(slice(None), slice(None), *ends)] += np.moveaxis(part, -1, 1)
            back = self._unpadded(spread, inputs.shape[2:])
            return back, (kernels, gradient.sum(axis=places))

        return outputs, pull_back

    def _margins(self) -> list[tuple[int, int]]:
        return [(0, 0), (0, 0), *(((w - 1) // 2, w // 2) for w in self.window)]

    def _padded(self, inputs: FloatArray) -> FloatArray:
        if self.padding == "none":
            return inputs
        mode = {"zero": "constant", "circular": "wrap"}[self.padding]
        return np.pad(inputs, self._margins(), mode=mode)  # type: ignore[call-overload, no-any-return]

    def _unpadded(self, gradient: FloatArray, grid: tuple[int, ...]) -> FloatArray:
        if self.padding == "none":
            return gradient
        for axis, (n, (before, _)) in enumerate(zip(grid, self._margins()[2:], strict=True), 2):
            if self.padding == "zero":
                gradient = np.take(gradient, np.arange(before, before + n), axis=axis)
            else:  # what was seen beyond the edge stands at the other one
                places = (np.arange(gradient.shape[axis]) - before) % n
                folded = np.zeros((*gradient.shape[:axis], n, *gradient.shape[axis + 1 :]))
                np.add.at(np.moveaxis(folded, axis, 0), places, np.moveaxis(gradient, axis, 0))
                gradient = folded
        return gradient


@dataclass(frozen=True)
class MeanPool(Fixed):
    """Mean of each channel over the whole grid: what does not care for the place."""

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_samples, n_channels, *grid) to (n_samples, n_channels)."""
        if inputs.ndim < 3:
            raise ValueError(f"inputs must have channels and a grid, got shape {inputs.shape}")
        space = tuple(range(2, inputs.ndim))
        n_places = int(np.prod(inputs.shape[2:]))

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            spread = np.expand_dims(gradient / n_places, space)
            return np.broadcast_to(spread, inputs.shape), ()

        return inputs.mean(axis=space), pull_back
