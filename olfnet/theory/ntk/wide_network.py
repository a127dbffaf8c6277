"""Kernels of infinitely wide networks: at initialization (NNGP) and during learning (NTK).

Let x be an input, L the number of hidden layers, n_l the width of layer l, and h_L+1 the output of

    h_1 = sqrt(sw / n_0) W_1 x + sqrt(sb) b_1,
    h_l+1 = sqrt(sw / n_l) W_l+1 phi(h_l) + sqrt(sb) b_l+1,

with all W and b standard normal at first, sw the ``weight_variance`` and sb the ``bias_variance``.
This is the NTK parametrization (Jacot, Gabriel & Hongler 2018, arXiv 1806.07572): learning changes
W and b, and the factors stay; :func:`scaled` brings other networks into this form.  In infinite
networks the initial outputs are normal with covariance K_L+1 (Neal 1996), and their gradients have
the product T_L+1:

    K_1 = sw x.y / n_0 + sb,   K_l+1 = sw E phi(u) phi(v) + sb,
    T_1 = K_1,                 T_l+1 = K_l+1 + sw E phi'(u) phi'(v) T_l,

where (u, v) are normal with the covariances K_l of x and y.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory import network
from olfnet.theory.activations import Activation, ReLU, checked
from olfnet.theory.network import Network
from olfnet.theory.ntk._dual_activations import Drives, Dual, dual
from olfnet.theory.ntk.tangent_features import scaled

# Pairs computed together, a quarter of a megabyte: their temporaries stay in the cache.
_N_PAIRS = 2**15
_LARGEST = 1e100


class Kernels(NamedTuple):
    """Covariance of the initial outputs, and product of their gradients."""

    nngp: FloatArray
    ntk: FloatArray


@dataclass(frozen=True)
class WideNetwork:
    """A network of dense layers in the limit of infinite width, or drawn with any width.

    Parameters
    ----------
    depth : int
        Hidden layers; 0 for a linear model.
    activation : Activation
    weight_variance, bias_variance : float
        sw and sb; layers have no biases where sb is 0.

    Raises
    ------
    ValueError
        If ``depth`` or ``bias_variance`` is negative, or ``weight_variance`` not positive.

    Examples
    --------
    Two inputs at 60 degrees, each of which drives the units of the first layer with variance 1:

    >>> inputs = [[1.0, 0.0], [0.5, 0.75**0.5]]
    >>> WideNetwork(1).ntk(inputs).round(6)
    array([[2.      , 0.942331],
           [0.942331, 2.      ]])
    """

    depth: int
    activation: Activation = ReLU()  # noqa: RUF009  (a frozen record)
    weight_variance: float = 2.0
    bias_variance: float = 0.0

    def __post_init__(self) -> None:
        checks.count("depth", self.depth, minimum=0)
        checked(self.activation)
        checks.positive("weight_variance", self.weight_variance)
        checks.nonnegative("bias_variance", self.bias_variance)

    def nngp(self, inputs: ArrayLike, others: ArrayLike | None = None) -> FloatArray:
        """Return the covariance of the initial outputs; see :meth:`kernels`."""
        return self.kernels(inputs, others).nngp

    def ntk(self, inputs: ArrayLike, others: ArrayLike | None = None) -> FloatArray:
        """Return the neural tangent kernel; see :meth:`kernels`."""
        return self.kernels(inputs, others).ntk

    def kernels(self, inputs: ArrayLike, others: ArrayLike | None = None) -> Kernels:
        """Return both kernels of all pairs of inputs.

        Parameters
        ----------
        inputs : array of shape (n_samples, n_inputs)
        others : array of shape (n_others, n_inputs), optional
            ``inputs`` by default.

        Returns
        -------
        Kernels
            Two arrays of shape (n_samples, n_others), to 1e-12 relative.  At angles below 1e-5
            the rounding of the inputs' products matters for kinked activations; angles below 8e-8
            count as 0.  The diagonal does not go by angles.

        Raises
        ------
        ValueError
            If inputs are not finite or of different length, or the series of an activation without
            closed form does not converge.
        """
        left = checks.matrix("inputs", inputs)
        right = left if others is None else checks.matrix("others", others)
        if left.shape[1] != right.shape[1]:
            raise ValueError(
                f"others must have {left.shape[1]} columns like inputs, got {right.shape[1]}"
            )
        _require_squares("inputs", left)
        _require_squares("others", right)
        means = dual(self.activation)
        left_drives, diagonal = self._forward(means, left)
        right_drives = left_drives if others is None else self._forward(means, right)[0]
        kernels = Kernels(*(np.empty((len(left), len(right))) for _ in range(2)))
        for rows, columns in _blocks(len(left), len(right), others is None):
            covariance = self._mixed(left[rows] @ right[columns].T / left.shape[1])
            if others is None:
                np.fill_diagonal(covariance, 0.0)  # filled in later; series are slow at 1
            tangent = covariance.copy()
            for mine, yours in zip(left_drives, right_drives, strict=True):
                outputs, slopes = means.products(mine[rows], yours[columns], covariance)
                covariance = self._mixed(outputs)
                tangent *= slopes
                tangent *= self.weight_variance
                tangent += covariance
            for whole, part in zip(kernels, (covariance, tangent), strict=True):
                whole[rows, columns] = part
        if others is None:
            for whole, single in zip(kernels, diagonal, strict=True):
                _mirror(whole)
                np.fill_diagonal(whole, single)
        return kernels

    def _mixed(self, products: FloatArray) -> FloatArray:
        """Multiply by the weight variance and add the bias variance, in place."""
        products *= self.weight_variance
        products += self.bias_variance
        return products

    def _forward(
        self, means: Dual, inputs: FloatArray
    ) -> tuple[list[Drives], tuple[FloatArray, FloatArray]]:
        """Return the drives of each hidden layer, and the diagonals of both kernels."""
        layers = []
        variance = self._mixed(np.mean(inputs**2, axis=1))
        tangent = variance
        for _ in range(self.depth):
            layers.append(means.drives(variance))
            variance = self._mixed(layers[-1].outputs.copy())
            tangent = variance + self.weight_variance * layers[-1].slopes * tangent
        return layers, (variance, tangent)

    def draw(self, n_inputs: int, width: int, *, n_outputs: int = 1, rng: Seed = None) -> Network:
        """Draw a network of finite width in the NTK parametrization.

        Parameters
        ----------
        n_inputs, width, n_outputs : int
            ``width`` units in each hidden layer.
        rng : seed or Generator

        Returns
        -------
        Network
            For ``network.train`` and :func:`empirical`.

        Examples
        --------
        >>> WideNetwork(2).draw(50, 300, rng=1)(np.ones((4, 50))).shape
        (4, 1)
        """
        widths = [n_inputs, *[width] * self.depth, n_outputs]
        variances = {"weight_variance": self.weight_variance, "bias_variance": self.bias_variance}
        return scaled(network.dense(widths, self.activation, **variances, rng=rng), **variances)


def _require_squares(name: str, inputs: FloatArray) -> None:
    """Raise where squares of inputs would overflow."""
    if (largest := np.abs(inputs).max()) > _LARGEST:
        raise ValueError(f"{name} must be at most {_LARGEST:g} in size, got {largest:g}")


def _blocks(n_rows: int, n_columns: int, symmetric: bool) -> Iterator[tuple[slice, slice]]:
    """Cut a matrix, or its upper half, into pieces that fit into the cache."""
    start = 0
    while start < n_rows:
        left = n_columns - start if symmetric else n_columns
        stop = start + max(1, _N_PAIRS // left)
        yield slice(start, stop), slice(start if symmetric else 0, None)
        start = stop


def _mirror(matrix: FloatArray, size: int = 256) -> None:
    """Copy the upper half of a matrix to the lower one, in blocks."""
    for start in range(0, len(matrix), size):
        end = start + size
        corner = matrix[start:end, start:end]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        matrix[end:, start:end] = matrix[start:end, end:].T
