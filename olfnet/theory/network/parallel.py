"""Layers side by side: functions of some inputs each, added up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network.layers import Layer, Network, Parameters, PullBack, listed, samples


@dataclass(frozen=True, eq=False)
class Parallel:
    """Layers side by side, each of which sees some columns of the inputs; outputs add up.

    One-input networks side by side are an additive function.

    Parameters
    ----------
    parts : sequence of layers or networks
    columns : sequence of lists of int
        What each part sees.

    Raises
    ------
    ValueError
        If there are not as many lists of columns as parts, or a list holds anything but numbers of
        columns; on a call, if inputs have no such column, or outputs differ in shape.

    Examples
    --------
    >>> from olfnet.theory.network.layers import Dense
    >>> Parallel([Dense([[1.0]]), Dense([[10.0]])], [[0], [2]])([[1.0, 2.0, 3.0]])
    array([[31.]])
    """

    parts: Sequence[Layer]
    columns: Sequence[Sequence[int]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", listed("parts", self.parts))
        object.__setattr__(self, "columns", tuple(map(_numbered, self.columns)))
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
        """Add up what the parts make of their columns."""
        last = max(max(seen) for seen in self.columns)
        if inputs.ndim != 2 or last >= inputs.shape[1]:
            raise ValueError(
                f"inputs must be 2-D and have a column {last} for columns, got shape {inputs.shape}"
            )
        pairs = zip(self.parts, self.columns, strict=True)
        parts = [part.linearized(inputs[:, seen]) for part, seen in pairs]
        if len(shapes := {outputs.shape for outputs, _ in parts}) > 1:
            raise ValueError(f"parts must give outputs of one shape, got {sorted(shapes)}")

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            back, found = np.zeros_like(inputs), list[FloatArray]()
            for (_, pull), seen in zip(parts, self.columns, strict=True):
                by_inputs, by_parameters = pull(gradient)
                np.add.at(back.T, np.asarray(seen), by_inputs.T)
                found += by_parameters
            return back, tuple(found)

        return np.sum([outputs for outputs, _ in parts], axis=0), pull_back


def _numbered(seen: Any) -> list[int]:
    """Return numbers of columns; negative ones would count from the end, True and False mask."""
    if np.ndim(seen) != 1 or not len(seen):
        raise ValueError(f"columns must be lists of at least one number each, got {seen!r}")
    if any(isinstance(one, bool | np.bool_) for one in seen):
        raise ValueError(f"columns must be integers, got {seen!r}")
    return [checks.count("columns", one, minimum=0) for one in seen]
