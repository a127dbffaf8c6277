"""Convolution: the same small kernels at every point of a grid."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network._layer import Fixed, Parameters, PullBack, Weighted


@dataclass(frozen=True, eq=False)
class Convolution(Weighted):
    """The same small kernels at every point of a grid, in any number of spatial dimensions.

    Parameters
    ----------
    kernels : array of shape (n_outputs, n_channels, *window)
    bias : array of shape (n_outputs,), or 0
    stride : int
        Distance of neighboring outputs on the grid.
    padding : {"none", "zero", "circular"}
        Inputs beyond the edge; without any, the grid shrinks by window - 1.
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
        checks.count("stride", self.stride)
        checks.one_of("padding", self.padding, known=("none", "zero", "circular"))
        self._keep(kernels)

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
            outer = (0, *space)
            kernels = np.tensordot(gradient, windows, (outer, outer))
            back = np.zeros_like(padded)
            for offset in product(*map(range, self.window)):
                part = np.tensordot(
                    gradient, self.kernels[(slice(None), slice(None), *offset)], (1, 0)
                )
                ends = [
                    slice(o, o + self.stride * n, self.stride)
                    for o, n in zip(offset, gradient.shape[2:], strict=True)
                ]
                back[(slice(None), slice(None), *ends)] += np.moveaxis(part, -1, 1)
            by_inputs = self._unpadded(back, inputs.shape[2:])
            return by_inputs, (kernels, gradient.sum(axis=outer))

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
            else:  # inputs beyond one edge are those at the other one
                origins = (np.arange(gradient.shape[axis]) - before) % n
                folded = np.zeros((*gradient.shape[:axis], n, *gradient.shape[axis + 1 :]))
                np.add.at(np.moveaxis(folded, axis, 0), origins, np.moveaxis(gradient, axis, 0))
                gradient = folded
        return gradient


@dataclass(frozen=True)
class MeanPool(Fixed):
    """Mean of each channel over the whole grid, which no shift of the inputs changes."""

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_samples, n_channels, *grid) to (n_samples, n_channels)."""
        if inputs.ndim < 3:
            raise ValueError(f"inputs must have channels and a grid, got shape {inputs.shape}")
        space = tuple(range(2, inputs.ndim))
        n_points = int(np.prod(inputs.shape[2:]))

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            return np.broadcast_to(np.expand_dims(gradient / n_points, space), inputs.shape), ()

        return inputs.mean(axis=space), pull_back
