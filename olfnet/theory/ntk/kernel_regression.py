"""Learning of a network that is linear in its parameters, from its kernel.

Wide networks are nearly linear during learning (Lee et al. 2019, arXiv 1902.06720).  The loss is
``network.SquaredLoss``, half the squared error averaged over samples.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


def one_step(
    kernel: ArrayLike, outputs: ArrayLike, targets: ArrayLike, learning_rate: float
) -> FloatArray:
    """Return the changes of outputs in one step of gradient descent.

    Parameters
    ----------
    kernel : array of shape (n_points, n_samples)
        Between the inputs of these outputs and the samples that are learned.
    outputs, targets : arrays of shape (n_samples,)
        Outputs for the samples before the step, and their targets.
    learning_rate : float

    Returns
    -------
    array of shape (n_points,)
        learning_rate / n_samples * kernel @ (targets - outputs): exact for a model that is linear
        in its parameters, and to first order in the learning rate for any network with its
        empirical kernel.

    Raises
    ------
    ValueError
        If shapes do not fit or ``learning_rate`` is not positive.

    Examples
    --------
    >>> one_step([[1.0], [0.5]], [0.0], [2.0], learning_rate=0.1)
    array([0.2, 0.1])
    """
    kernel = checks.matrix("kernel", kernel)
    targets = checks.vector("targets", targets, length=kernel.shape[1])
    errors = targets - checks.vector("outputs", outputs, length=len(targets))
    step = checks.positive("learning_rate", learning_rate) / len(errors)
    return np.asarray(step * (kernel @ errors))


@dataclass(frozen=True, eq=False)
class KernelFlow:
    """Learning of a kernel model by gradient flow or gradient descent.

    Modes of the kernel are learned one by one: an error along an eigenvector of eigenvalue l falls
    as exp(-l t / n_samples), or as (1 - learning_rate l / n_samples)^steps (Jacot, Gabriel &
    Hongler 2018, arXiv 1806.07572).  Initial outputs of networks drawn at random are 0 on average,
    and so their mean outputs are those of ``initial = 0``.

    Parameters
    ----------
    kernel : array of shape (n_samples, n_samples)
        Symmetric, without negative eigenvalues.
    targets : array of shape (n_samples,)
    initial : array of shape (n_samples,), or 0
        Outputs before learning.
    learning_rate : float, optional
        Of gradient descent, whose times are multiples of it; gradient flow by default.

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is not symmetric or has a negative eigenvalue, or the
        learning rate is negative.

    Examples
    --------
    >>> flow = KernelFlow([[2.0, 1.0], [1.0, 2.0]], [1.0, 0.0])
    >>> flow.learned([1.0, 3.0]).round(3)
    array([[0.585, 0.192],
           [0.883, 0.106]])
    """

    kernel: Any
    targets: Any
    initial: Any = 0.0
    learning_rate: float = 0.0

    def __post_init__(self) -> None:
        kernel = checks.matrix("kernel", self.kernel)
        targets = checks.vector("targets", self.targets)
        n = len(targets)
        initial = checks.for_each("initial", self.initial, n)
        if kernel.shape != (n, n) or not np.allclose(kernel, kernel.T, rtol=1e-10, atol=0):
            raise ValueError(f"kernel must be symmetric, {n} by {n}, got shape {kernel.shape}")
        checks.nonnegative("learning_rate", self.learning_rate)
        for name, value in (("kernel", kernel), ("targets", targets), ("initial", initial)):
            object.__setattr__(self, name, value)
        values = self._modes[0]
        if values[0] < -1e-9 * abs(values[-1]):
            raise ValueError(f"kernel must have no negative eigenvalue, got {values[0]:g}")

    @cached_property
    def _modes(self) -> tuple[FloatArray, FloatArray]:
        values, vectors = np.linalg.eigh(self.kernel)
        return values, vectors

    @property
    def rates(self) -> FloatArray:
        """Learning rate of each mode, slowest first; steps must be below 2 / the last one."""
        return np.maximum(self._modes[0], 0.0) / len(self.targets)

    def learned(self, times: ArrayLike) -> FloatArray:
        """Return the outputs for the samples, shape (n_times, n_samples)."""
        vectors = self._modes[1]
        left = self._left(times) * (vectors.T @ (self.initial - self.targets))
        return np.asarray(self.targets + left @ vectors.T)

    def loss(self, times: ArrayLike) -> FloatArray:
        """Return the loss at each time, shape (n_times,)."""
        return np.asarray(np.mean((self.learned(times) - self.targets) ** 2, axis=1) / 2)

    def predicted(self, cross: ArrayLike, times: ArrayLike, initial: ArrayLike = 0.0) -> FloatArray:
        """Return the outputs for other inputs.

        Parameters
        ----------
        cross : array of shape (n_points, n_samples)
            Kernel between these inputs and the samples.
        times : array of shape (n_times,)
        initial : array of shape (n_points,), or 0
            Outputs for these inputs before learning.

        Returns
        -------
        array of shape (n_times, n_points)
            initial - cross kernel^-1 (1 - exp(-kernel t / n_samples)) (initial - targets).
        """
        cross = checks.matrix("cross", cross, n_columns=len(self.targets))
        initial = checks.for_each("initial", initial, len(cross))
        vectors, rates = self._modes[1], self.rates
        # (1 - left) / rate, which is the time itself for modes that are never learned.
        slow = rates <= 1e-14 * rates[-1]
        learned = np.where(slow, np.reshape(times, (-1, 1)), 1 - self._left(times))
        learned = learned / np.where(slow, 1.0, rates) / len(self.targets)
        coefficients = learned * (vectors.T @ (self.targets - self.initial))
        return np.asarray(initial + coefficients @ (cross @ vectors).T)

    def _left(self, times: ArrayLike) -> FloatArray:
        """Fraction of each mode's error that is left, shape (n_times, n_samples)."""
        times = checks.vector("times", times, nonnegative=True)
        if not self.learning_rate:
            return np.asarray(np.exp(-np.multiply.outer(times, self.rates)))
        steps = times / self.learning_rate
        if not np.allclose(steps, np.rint(steps), rtol=0, atol=1e-6):
            raise ValueError(
                f"times must be multiples of learning_rate={self.learning_rate:g}, "
                f"got {times[np.argmax(np.abs(steps - np.rint(steps)))]:g}"
            )
        with np.errstate(over="ignore"):
            left = (1 - self.learning_rate * self.rates) ** np.rint(steps)[:, None]
        if not np.isfinite(left).all():
            raise ValueError(
                f"learning_rate must be below {2 / self.rates[-1]:g}, twice the inverse of the "
                f"largest rate, for so many steps, got {self.learning_rate:g}"
            )
        return np.asarray(left)
