"""Exact ReLU networks for elementary functions, and approximations of the square.

Every function returns a ``Network`` for samples of shape (n_samples, n_inputs).  Exact ones are
exact to rounding, about 1e-16 of the largest number that passes through them.
"""

import operator
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import ReLU, Step
from olfnet.theory.approximation.rewriting import composed
from olfnet.theory.network import Activate, Dense, Network

_RELU = Activate(ReLU())


def absolute() -> Network:
    """Return the absolute value of a number, by two units.

    Examples
    --------
    >>> absolute()([[-3.0]])
    array([[3.]])
    """
    return Network([Dense([[1.0], [-1.0]]), _RELU, Dense([[1.0, 1.0]])])


def gate(largest: float) -> Network:
    """Pass a signal if the second input is 1 and block it if that is 0, by one unit.

    Signals must not be negative.

    Parameters
    ----------
    largest : float
        Above it signals leak through a closed gate; below 1e-16 of it they are lost in rounding.

    Examples
    --------
    >>> gate(100.0)([[40.0, 1.0], [40.0, 0.0]])
    array([[40.],
           [ 0.]])
    """
    largest = checks.positive("largest", largest)
    return Network([Dense([[1.0, largest]], [-largest]), _RELU])


def switch(threshold: float = 0.0) -> Network:
    """Return 1 if a number is above a threshold and else 0, by one threshold neuron.

    Examples
    --------
    >>> switch(2.0)([[1.0], [3.0]])
    array([[0.],
           [1.]])
    """
    return Network([Dense([[1.0]], [-checks.finite("threshold", threshold)]), Activate(Step())])


def ramp(threshold: float = 0.0, slope: float = 1.0) -> Network:
    """Rise from 0 to 1 around a threshold, by two rectifiers: a step only in the limit.

    With z = slope (x - threshold) + 1/2 it is 1 - relu(1 - relu(z)).  It differs from the
    step within 1 / (2 slope) of the threshold, and there by 1/2, however steep.

    Examples
    --------
    >>> ramp(2.0, slope=10.0)([[1.9], [2.0], [2.05]])
    array([[0. ],
           [0.5],
           [1. ]])
    """
    slope = checks.positive("slope", slope)
    at = slope * checks.finite("threshold", threshold)
    # Not relu(z) - relu(z - 1), which rounds to 0 where z is large.
    top = Dense([[-1.0]], [1.0])
    return Network([Dense([[slope]], [0.5 - at]), _RELU, top, _RELU, top])


def piecewise_linear(
    knots: ArrayLike, values: ArrayLike, left_slope: float = 0.0, right_slope: float = 0.0
) -> Network:
    """Connect points by straight lines: any continuous piecewise linear function of one number.

    Parameters
    ----------
    knots : array of shape (n_knots,)
        In increasing order.
    values : array of shape (n_knots,)
    left_slope, right_slope : float
        Outside the knots.

    Returns
    -------
    Network
        With one unit for each knot at which the slope changes, and one more for ``left_slope``.

    Raises
    ------
    ValueError
        If knots do not increase, or values do not fit them.

    Examples
    --------
    >>> tent = piecewise_linear([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> tent([[-1.0], [0.5], [1.0], [3.0]]).ravel()
    array([0. , 0.5, 1. , 0. ])
    """
    knots = _increasing(knots)
    values = checks.vector("values", values, length=len(knots))
    left, right = checks.finite("left_slope", left_slope), checks.finite("right_slope", right_slope)
    return _connected(knots, values, left, right)


def interpolation(function: Callable[[FloatArray], ArrayLike], knots: ArrayLike) -> Network:
    """Interpolate a function at given knots by straight lines: one unit for each line.

    To the left of the knots it is constant, to the right the last line continues.

    Parameters
    ----------
    function : callable (array of shape (n_knots,)) -> array of the same shape
    knots : array of shape (n_knots,)
        At least two, in increasing order.

    Examples
    --------
    >>> bent = interpolation(np.sqrt, [0.0, 1.0, 4.0])
    >>> bent([[1.0], [2.5], [4.0]]).ravel()
    array([1. , 1.5, 2. ])
    """
    knots = _increasing(knots)
    if len(knots) < 2:
        raise ValueError(f"knots must be at least 2, got {len(knots)}")
    values = checks.vector("function(knots)", function(knots), length=len(knots))
    return _interpolation(knots, values)


def maximum(n_inputs: int = 2) -> Network:
    """Return the largest of several numbers, by a tournament of log2(n) rounds.

    Of two numbers, max(x, y) = relu(x - y) + relu(y) - relu(-y).

    Examples
    --------
    >>> maximum(3)([[-5.0, -1.0, -2.0]])
    array([[-1.]])
    """
    return composed(*_tournament(1, checks.count("n_inputs", n_inputs, minimum=2), 1))


def minimum(n_inputs: int = 2) -> Network:
    """Return the smallest of several numbers.

    Examples
    --------
    >>> minimum(3)([[5.0, 1.0, 2.0]])
    array([[1.]])
    """
    return composed(*_tournament(1, checks.count("n_inputs", n_inputs, minimum=2), -1))


def winner_take_all(n_inputs: int) -> Network:
    """Return the lead of the largest of several numbers over the second, and 0 for all others.

    Where the largest are equal, all outputs are 0.

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
    """Return any continuous piecewise linear function of several numbers from its pieces.

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
        If shapes do not fit, or a group is empty or has an index without a piece.

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


def square(n_pieces: int, *, balanced: bool = False) -> Network:
    """Approximate x^2 on [0, 1] by a shallow network of ``n_pieces`` units.

    Parameters
    ----------
    n_pieces : int
        Equal pieces, n.
    balanced : bool
        Errors of both signs, up to 1 / (8 n^2), the least possible with n pieces; otherwise the
        network is exact at its knots, with errors up to 1 / (4 n^2).

    Examples
    --------
    >>> square(4)([[0.5], [0.625]]).ravel() - [0.5**2, 0.625**2]
    array([0.      , 0.015625])
    """
    n = checks.count("n_pieces", n_pieces)
    shift = 1 / (8 * n**2) if balanced else 0.0
    knots = np.linspace(0, 1, n + 1)
    return _interpolation(knots, knots**2 - shift)


def deep_square(n_compositions: int) -> Network:
    """Approximate x^2 on [0, 1] by composed sawtooths: every three units quarter the error.

    f_m(x) = x - sum over s up to m of g_s(x) / 4^s, where g_s is the tooth g(x) = 2 relu(x) - 4
    relu(x - 1/2) applied s times (Yarotsky 2017, arXiv 1610.01145, proposition 2).  This is the
    interpolation at 2^m equal pieces, whose error is 2^-(2m + 2), by 3 m - 1 units.

    Examples
    --------
    >>> deep_square(3)([[0.5], [0.5625]]).ravel() - [0.5**2, 0.5625**2]
    array([0.        , 0.00390625])
    """
    m = checks.count("n_compositions", n_compositions)
    first = Dense([[1.0], [1.0]], [0.0, -0.5]), _RELU, Dense([[2.0, -4.0], [0.5, 1.0]])
    return composed(*first, *(_tooth(s) for s in range(2, m + 1)), Dense([[0.0, 1.0]]))


def random_knots_error(n_pieces: ArrayLike) -> FloatArray:
    """Return the mean largest error of x^2 interpolated on [0, 1] at random knots.

    The error is a quarter of the squared longest piece.  Pieces between uniform knots are
    exponential numbers divided by their sum, and the longest of n exponential numbers has the mean
    H = sum 1/k and the variance sum 1/k^2, hence (H^2 + sum 1/k^2) / (4 n (n + 1)).

    Examples
    --------
    >>> random_knots_error([1, 10]).round(6)
    array([0.25   , 0.02302])
    """
    n = checks.counts("n_pieces", n_pieces)
    sums = [[np.sum(1 / np.arange(1, m + 1) ** k) for m in n.ravel()] for k in (1, 2)]
    mean, variance = np.reshape(sums, (2, *n.shape))
    return np.asarray((mean**2 + variance) / (4 * n * (n + 1)))


def _tooth(s: int) -> Network:
    """Turn (g_(s - 1), f_(s - 1)) into (g_s, f_s)."""
    onto = Dense([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -0.5, 0.0])
    scale = 4.0**-s
    return Network([onto, _RELU, Dense([[2.0, -4.0, 0.0], [-2 * scale, 4 * scale, 1.0]])])


def _increasing(knots: ArrayLike) -> FloatArray:
    knots = checks.vector("knots", knots)
    if not (np.diff(knots) > 0).all():
        raise ValueError(f"knots must increase, got {knots}")
    return knots


def _connected(knots: FloatArray, values: FloatArray, left: float, right: float) -> Network:
    slopes = np.concatenate(([0.0], np.diff(values) / np.diff(knots), [right]))
    changes = np.concatenate(([-left], np.diff(slopes)))
    facing = np.concatenate(([-1.0], np.ones(len(knots))))
    needed = changes != 0
    needed[1] |= not needed.any()  # a constant still needs a unit to be a network
    onto = Dense(facing[needed, None], -(facing * np.append(knots[0], knots))[needed])
    return Network([onto, _RELU, Dense(changes[None, needed], values[:1])])


def _interpolation(knots: FloatArray, values: FloatArray) -> Network:
    last = np.diff(values[-2:]) / np.diff(knots[-2:])
    return _connected(knots, values, 0.0, float(last[0]))


def _named(groups: Iterable[Iterable[int]], n_pieces: int) -> list[list[int]]:
    """Return groups as lists of valid indices, none of them empty."""
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
