"""Networks so wide that they are kernels: at birth (NNGP) and while they learn (NTK).

Let x be an input, L the number of hidden layers, n_l the width of layer l, and h_L+1 the output of

    h_1 = sqrt(sw / n_0) W_1 x + sqrt(sb) b_1,
    h_l+1 = sqrt(sw / n_l) W_l+1 phi(h_l) + sqrt(sb) b_l+1,

with all W and b standard normal at birth, sw the ``weight_variance`` and sb the ``bias_variance``.
This is the NTK parametrization (Jacot, Gabriel & Hongler 2018, arXiv 1806.07572): learning changes
W and b, and the factors stay.  ``olfnet.theory.tangents``, whose names are at hand here, too, tells
how other networks are brought into this form.  In infinite networks the outputs at birth are normal
with covariance K_L+1 (Neal 1996), and their gradients have the product T_L+1:

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
from olfnet.theory.ntk import dual_activations
from olfnet.theory.ntk.kernel_regression import KernelFlow, one_step
from olfnet.theory.ntk.tangent_features import Scaled, empirical, scaled, tangents

__all__ = [
    "KernelFlow",
    "Kernels",
    "Scaled",
    "WideNetwork",
    "empirical",
    "one_step",
    "scaled",
    "tangents",
]

# Pairs looked at together, a quarter of a megabyte: their temporaries stay in the cache.
_N_PAIRS = 2**15
_LARGEST = 1e100


class Kernels(NamedTuple):
    """Covariance of the outputs at birth, and product of their gradients."""

    nngp: FloatArray
    ntk: FloatArray


@dataclass(frozen=True)
class WideNetwork:
    """A network of dense layers in the limit of infinite width; or of any width, once drawn.

    Parameters
    ----------
    depth : int
        Hidden layers; 0 for a linear model.
    activation : Activation
    weight_variance, bias_variance : float
        sw and sb: how large sums of inputs and biases are; a layer without bias for 0.

    Raises
    ------
    ValueError
        If a number is not legal.

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
        """Return the covariance of the outputs at birth; see :meth:`kernels`."""
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
            Two arrays of shape (n_samples, n_others), good to 1e-12 relative.  Closer than 1e-5 of
            an angle, kinked activations show the rounding of the inputs' products; angles below
            8e-8 count as none.  The diagonal does not go by angles.

        Raises
        ------
        ValueError
            If inputs are not finite or of different length, or an activation without a closed
            form is too steep for the series of `olfnet.theory.ntk`.
        """
        left = checks.matrix("inputs", inputs)
        right = left if others is None else checks.matrix("others", others)
        if left.shape[1] != right.shape[1]:
            raise ValueError(
                f"others must have {left.shape[1]} columns like inputs, got {right.shape[1]}"
            )
        _require_squares("inputs", left)
        _require_squares("others", right)
        dual = dual_activations.dual(self.activation)
        on_left, diagonal = self._climb(dual, left)
        on_right = on_left if others is None else self._climb(dual, right)[0]
        found = Kernels(*(np.empty((len(left), len(right))) for _ in range(2)))
        for rows, columns in _blocks(len(left), len(right), others is None):
            covariance = self._mixed(left[rows] @ right[columns].T / left.shape[1])
            if others is None:
                np.fill_diagonal(covariance, 0.0)  # filled in later; series are slow at the end
            tangent = covariance.copy()
            for mine, yours in zip(on_left, on_right, strict=True):
                outputs, slopes = dual.products(mine[rows], yours[columns], covariance)
                covariance = self._mixed(outputs)
                tangent *= slopes
                tangent *= self.weight_variance
                tangent += covariance
            for whole, part in zip(found, (covariance, tangent), strict=True):
                whole[rows, columns] = part
        if others is None:
            for whole, single in zip(found, diagonal, strict=True):
                _mirror(whole)
                np.fill_diagonal(whole, single)
        return found

    def _mixed(self, products: FloatArray) -> FloatArray:
        """Sum up over random weights, and add the bias."""
        products *= self.weight_variance
        products += self.bias_variance
        return products

    def _climb(
        self, dual: dual_activations.Dual, inputs: FloatArray
    ) -> tuple[list[dual_activations.Drives], tuple[FloatArray, FloatArray]]:
        """Drives of each hidden layer, and the diagonals of both kernels."""
        layers = []
        variance = self._mixed(np.mean(inputs**2, axis=1))
        tangent = variance
        for _ in range(self.depth):
            layers.append(dual.drives(variance))
            variance = self._mixed(layers[-1].outputs.copy())
            tangent = variance + self.weight_variance * layers[-1].slopes * tangent
        return layers, (variance, tangent)

    def draw(self, n_inputs: int, width: int, *, n_outputs: int = 1, rng: Seed = None) -> Network:
        """Draw a network of this kind, in the NTK parametrization.

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
        variances = {
            "weight_variance": self.weight_variance,
            "bias_variance": self.bias_variance,
        }
        return scaled(network.dense(widths, self.activation, **variances, rng=rng), **variances)


def _require_squares(name: str, inputs: FloatArray) -> None:
    """Raise where squares of inputs, which kernels are made of, overflow."""
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
