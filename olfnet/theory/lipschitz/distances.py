"""Moves of inputs, measured by their length (``norm=2``) or their largest part (``norm=np.inf``).

All arrays have samples first, and any shape after that.
"""

import numpy as np

from olfnet.checks import FloatArray


def length(moves: FloatArray, norm: float) -> FloatArray:
    """Return the size of each move, shape (n_samples,).

    Examples
    --------
    >>> length(np.array([[3.0, -4.0]]), 2), length(np.array([[3.0, -4.0]]), np.inf)
    (array([5.]), array([4.]))
    """
    return np.asarray(np.linalg.norm(moves.reshape(len(moves), -1), norm, axis=1))


def scaled(factors: FloatArray, moves: FloatArray) -> FloatArray:
    """Return each move times its factor."""
    return factors.reshape(-1, *(1,) * (moves.ndim - 1)) * moves


def random_directions(like: FloatArray, norm: float, rng: np.random.Generator) -> FloatArray:
    """Draw moves of size 1: all directions alike in the 2-norm, corners in the max norm."""
    if norm == 2:
        return _unit(rng.standard_normal(like.shape))
    return rng.choice([-1.0, 1.0], like.shape)


def steepest_directions(slopes: FloatArray, norm: float) -> FloatArray:
    """Return the moves of size 1 along which sums with these slopes grow fastest.

    Examples
    --------
    >>> steepest_directions(np.array([[3.0, -4.0]]), np.inf)
    array([[ 1., -1.]])
    """
    return _unit(slopes) if norm == 2 else np.sign(slopes)


def inside(
    centers: FloatArray, moves: FloatArray, radius: FloatArray, norm: float, lower: float
) -> FloatArray:
    """Return centers moved, but no further than the radius, nor below the least legal number.

    Raising an illegal number to ``lower`` brings it nearer to the center, which is legal.

    Examples
    --------
    >>> inside(np.ones((1, 2)), np.array([[-30.0, -40.0]]), np.array([5.0]), 2, -2.5)
    array([[-2. , -2.5]])
    """
    size = length(moves, norm)
    short = np.minimum(1.0, radius / np.where(size > 0, size, 1.0))
    return np.maximum(centers + scaled(short, moves), lower)


def _unit(moves: FloatArray) -> FloatArray:
    size = length(moves, 2)
    return scaled(1 / np.where(size > 0, size, 1.0), moves)
