"""How a network learns that is linear in its parameters, told by its kernel alone.

A network moves little enough in learning to be called linear if it is wide (Lee et al. 2019, arXiv
1902.06720).  The loss is ``network.SquaredLoss``, half the squared error in the mean over samples.
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
    """Return by how much one step of gradient descent changes the answers to other inputs.

    Parameters
    ----------
    kernel : array of shape (n_points, n_samples)
        Between the points that are asked for and the samples that are learned.
    outputs, targets : arrays of shape (n_samples,)
        What the network says of the samples, and what it should say.
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
        If shapes do not fit or a number is not legal.

    Examples
    --------
    >>> one_step([[1.0], [0.5]], [0.0], [2.0], learning_rate=0.1)
    array([0.2, 0.1])
    """
    kernel = checks.matrix("kernel", kernel)
    targets, outputs = checks.vector("targets", targets), checks.vector("outputs", outputs)
    if len(outputs) != len(targets):
        raise ValueError(f"outputs must have {len(targets)} entries, got {len(outputs)}")
    errors = targets - outputs
    if kernel.shape[1] != len(errors):
        raise ValueError(
            f"kernel must have a column for each of {len(errors)} samples, got {kernel.shape[1]}"
        )
    step = checks.positive("learning_rate", learning_rate) / len(errors)
    return np.asarray(step * (kernel @ errors))


@dataclass(frozen=True, eq=False)
class KernelFlow:
    """Learning by gradient flow, or by gradient descent, as a kernel sees it.

    Modes of the kernel are learned one by one: an error along an eigenvector of eigenvalue l falls
    as exp(-l t / n_samples), or as (1 - learning_rate l / n_samples)^steps (Jacot, Gabriel &
    Hongler 2018, arXiv 1806.07572).  Over networks drawn at random the initial outputs are 0 in the
    mean, and so the mean outputs are those of ``initial = 0``.

    Parameters
    ----------
    kernel : array of shape (n_samples, n_samples)
        Symmetric, without negative eigenvalues.
    targets : array of shape (n_samples,)
    initial : array of shape (n_samples,), or 0
        Outputs before learning.
    learning_rate : float, optional
        Of gradient descent, whose times are whole numbers of steps times it; flow without it.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not legal, or the kernel is no kernel.

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
        kernel, targets = (
            checks.matrix("kernel", self.kernel),
            checks.vector("targets", self.targets),
        )
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
        """How fast each mode is learned, slowest first; steps must be below 2 / the last one."""
        return np.maximum(self._modes[0], 0.0) / len(self.targets)

    def learned(self, times: ArrayLike) -> FloatArray:
        """Return the outputs for the samples that are learned, shape (n_times, n_samples)."""
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
        cross = checks.matrix("cross", cross)
        if cross.shape[1] != len(self.targets):
            raise ValueError(
                f"cross must have a column for each of {len(self.targets)} samples, "
                f"got {cross.shape[1]}"
            )
        initial = checks.for_each("initial", initial, len(cross))
        vectors, rates = self._modes[1], self.rates
        # (1 - left) / rate, which is the time itself for modes that are never learned.
        slow = rates <= 1e-14 * rates[-1]
        done = np.where(slow, np.reshape(times, (-1, 1)), 1 - self._left(times))
        done = done / np.where(slow, 1.0, rates) / len(self.targets)
        shares = done * (vectors.T @ (self.targets - self.initial))
        return np.asarray(initial + shares @ (cross @ vectors).T)

    def _left(self, times: ArrayLike) -> FloatArray:
        """Share of each mode's error that is left, shape (n_times, n_samples)."""
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
