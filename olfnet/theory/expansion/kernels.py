"""The kernel of an expansion layer: mean products of the codes of two odors, over many units.

The drives u and v of a unit by two odors are standard normal numbers of correlation c, as random
normal weights make them, and the unit is active above a threshold T: as a step, or as a rectifier.
A linear readout depends on the odors through the mean product of their codes alone.  Without
threshold these are the arc-cosine kernels of order 0 and 1 (Cho & Saul 2009, Advances in Neural
Information Processing Systems 22).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import tails
from olfnet.theory.activations import Activation, ReLU, Step

# Points above the threshold in panels that halve towards it, down to 1e-8, since responses to
# nearly equal odors bend close to it.
_ENDS = np.concatenate([[0.0], 16 * 0.5 ** np.arange(31.0)[::-1]])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_HALF = np.diff(_ENDS)[:, None] / 2
_BEYOND = (_ENDS[:-1, None] + _HALF * (1 + _NODES)).ravel()
_LENGTHS = (_HALF * _WEIGHTS).ravel()


@dataclass(frozen=True, eq=False)
class Kernel:
    """Products of a unit's responses to two odors.

    Parameters
    ----------
    coding_level : array in (0, 1)
        f = H(T), broadcast with the correlations c in [-1, 1] between the drives of the two odors.
    activation : Step or ReLU
        The rates of rectifiers are in standard deviations of the drive.

    Raises
    ------
    ValueError
        If a number is out of range, or the activation another one.

    Examples
    --------
    >>> Kernel(0.1)([0.0, 0.5, 1.0]).round(4)
    array([0.01  , 0.0324, 0.1   ])
    """

    coding_level: Any
    activation: Activation = Step()

    def __post_init__(self) -> None:
        level = checks.within("coding_level", self.coding_level, 0, 1, "()")
        object.__setattr__(self, "coding_level", level)
        if type(self.activation) not in (Step, ReLU):
            raise ValueError(f"activation must be Step() or ReLU(), got {self.activation!r}")

    def __call__(self, correlation: ArrayLike) -> FloatArray:
        """Return the mean product, to 1e-14 of its value at c = 1.

        Of steps, the probability P11 that both drives exceed T, as in :func:`correlation`; of
        rectifiers, with q^2 = (1 - c) / (1 + c), (c + T^2) P11 - 2 T phi(T) H(q T) +
        sqrt(1 - c^2) exp(-T^2 / (1 + c)) / (2 pi) (Rosenbaum 1961, J. R. Stat. Soc. B 23:405).
        """
        return self._mean(*self._checked(correlation))

    def sd(self, correlation: ArrayLike) -> FloatArray:
        """Return the standard deviation of the product over units, to 1e-8.

        Of steps sqrt(P11 (1 - P11)); of rectifiers from the mean squared product, the integral of
        phi(u) (u - T)^2 s^2 E_2((T - c u) / s) over u > T with s^2 = 1 - c^2.
        """
        c, t = self._checked(correlation)
        return self._sd(c, t, self._mean(c, t))

    def units_needed(self, correlation: ArrayLike, accuracy: ArrayLike) -> FloatArray:
        """Return the number of units from which the kernel can be estimated.

        Parameters
        ----------
        correlation : array in [-1, 1]
        accuracy : array of positive numbers
            Standard deviation of the mean product over random expansions, relative to the kernel.

        Returns
        -------
        array
            (sd / (accuracy kernel))^2; of steps (1 / P11 - 1) / accuracy^2.

        Raises
        ------
        ValueError
            If no number of units is enough, as none responds to both odors.

        Examples
        --------
        >>> Kernel([0.5, 0.1, 0.05]).units_needed(0.0, accuracy=0.1).round()  # unrelated odors
        array([  300.,  9900., 39900.])
        """
        accuracy = checks.within("accuracy", accuracy, 0, np.inf, "()")
        c, t = self._checked(correlation)
        mean = self._mean(c, t)
        both = mean > 1e-12 * self._mean(np.ones_like(c), t)
        if not both.all():
            raise ValueError(
                "correlation must be so high that some units respond to both odors, "
                f"got {c[~both].flat[0]:g}"
            )
        return np.asarray((self._sd(c, t, mean) / (accuracy * mean)) ** 2)

    def _checked(self, correlation: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return correlations, and thresholds of the coding levels."""
        c, f = checks.broadcast(correlation=correlation, coding_level=self.coding_level)
        checks.within("correlation", c, -1, 1)
        return c, -scipy.special.ndtri(f)

    def _mean(self, c: FloatArray, t: FloatArray) -> FloatArray:
        both = tails.upper_tail(t) ** 2 + tails.joint_tail_excess(t, c)
        if isinstance(self.activation, Step):
            return np.asarray(np.maximum(both, 0.0))
        sum_ = np.maximum(1 + c, 1e-300)
        q = np.sqrt((1 - c) / sum_)
        edge = 2 * t * np.exp(tails.log_density(t)) * tails.upper_tail(q * t)
        density = np.sqrt((1 - c) * sum_) * np.exp(-(t**2) / sum_) / (2 * np.pi)
        return np.asarray(np.maximum((c + t**2) * both - edge + density, 0.0))

    def _sd(self, c: FloatArray, t: FloatArray, mean: FloatArray) -> FloatArray:
        if isinstance(self.activation, Step):
            return np.asarray(np.sqrt(mean * (1 - mean)))
        c, t = c[..., None], t[..., None]
        rest = np.maximum(np.sqrt((1 - c) * (1 + c)), 1e-8)
        u = t + _BEYOND
        second = rest**2 * np.exp(tails.log_excess((t - c * u) / rest, 2))
        square = np.sum(np.exp(tails.log_density(u)) * _BEYOND**2 * second * _LENGTHS, axis=-1)
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)))
