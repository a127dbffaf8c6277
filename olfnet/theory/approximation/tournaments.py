"""Networks that compare numbers in rounds: the largest, the smallest, the winner."""

import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag

from olfnet import checks
from olfnet.theory.activations import ReLU
from olfnet.theory.approximation.rewriting import composed
from olfnet.theory.network import Activate, Dense, Network

_RELU = Activate(ReLU())


def maximum(n_inputs: int = 2) -> Network:
    """Find the largest of several numbers in a tournament of log2(n) rounds.

    Of two numbers, max(x, y) = relu(x - y) + relu(y) - relu(-y).

    Examples
    --------
    >>> maximum(3)([[-5.0, -1.0, -2.0]])
    array([[-1.]])
    """
    return composed(*_tournament(1, checks.count("n_inputs", n_inputs, minimum=2), 1))


def minimum(n_inputs: int = 2) -> Network:
    """Find the smallest of several numbers.

    Examples
    --------
    >>> minimum(3)([[5.0, 1.0, 2.0]])
    array([[1.]])
    """
    return composed(*_tournament(1, checks.count("n_inputs", n_inputs, minimum=2), -1))


def winner_take_all(n_inputs: int) -> Network:
    """Silence all but the largest of several numbers, which keeps its lead over the second.

    Where the largest are equal, none leads and all are silent.

    Parameters
    ----------
    n_inputs : int
        At most 50, as the network compares each with every other by about 3 n^2 units.

    Examples
    --------
    >>> winner_take_all(3)([[5.0, 9.0, 2.0]])
    array([[0., 4., 0.]])
    """
    n = checks.count("n_inputs", n_inputs, minimum=2, maximum=50)
    rivals = [np.eye(n)[other] - np.eye(n)[own] for own in range(n) for other in range(n)]
    ahead = [row for row in rivals if row.any()]
    return composed(Dense(ahead), *_tournament(n, n - 1, 1), Dense(-np.eye(n)), _RELU)


def max_of_minima(weights: ArrayLike, bias: ArrayLike, groups: Iterable[Iterable[int]]) -> Network:
    """Return any continuous piecewise-linear function of several numbers from its affine pieces.

    Each such function is the largest of some minima of its pieces (Tarela & Martinez 1999, Math.
    Comput. Model. 30:17; as networks: Arora et al. 2018, arXiv 1611.01491, theorem 2.1).

    Parameters
    ----------
    weights : array of shape (n_pieces, n_inputs)
    bias : array of shape (n_pieces,)
    groups : iterable of iterables of int
        Pieces of which the minima are taken.

    Raises
    ------
    ValueError
        If shapes do not fit, or a group is empty or names a piece that does not exist.

    Examples
    --------
    >>> pyramid = max_of_minima([[1, 0], [-1, 0], [0, 1], [0, -1]], [1, 1, 1, 1], [[0, 1, 2, 3]])
    >>> pyramid([[0.25, -0.5]])
    array([[0.5]])
    """
    pieces = Dense(weights, bias)
    named = _named(groups, len(pieces.weights))
    size = max(map(len, named))
    # A group that is too small names its first piece several times.
    rows = [[*group, *[group[0]] * (size - len(group))] for group in named]
    chosen = Dense(pieces.weights[np.ravel(rows)], pieces.bias[np.ravel(rows)])
    rounds = *_tournament(len(named), size, -1), *_tournament(1, len(named), 1)
    return composed(chosen, *rounds)


def _named(groups: Iterable[Iterable[int]], n_pieces: int) -> list[list[int]]:
    """Turn groups into lists of legal indices, none of them empty."""
    try:
        named = [[operator.index(piece) for piece in group] for group in groups]
    except TypeError:
        named = []
    flat = {piece for group in named for piece in group}
    if not named or not all(named) or not flat <= set(range(n_pieces)):
        raise ValueError(f"groups must name some of {n_pieces} pieces, got {groups}")
    return named


def _tournament(n_groups: int, size: int, sign: int) -> list[Network]:
    """Build the rounds that leave the largest (sign 1) or smallest (-1) of each group."""
    rounds = []
    while size > 1:
        pairs, odd = divmod(size, 2)
        compare = [[[sign, -sign], [0, 1], [0, -1]]] * pairs + [[[1], [-1]]] * odd
        combine = [[[sign, 1, -1]]] * pairs + [[[1, -1]]] * odd
        onto, out = (np.kron(np.eye(n_groups), block_diag(*m)) for m in (compare, combine))
        rounds.append(Network([Dense(onto), _RELU, Dense(out)]))
        size = pairs + odd
    return rounds
