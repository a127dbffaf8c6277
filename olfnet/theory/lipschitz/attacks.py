"""Attacks on classifiers: the search for small changes of the input that change the class.

An attack can only fail; what it finds bounds the distance to the nearest other class from above, as
a certificate bounds it from below.  ``descend`` follows the gradient and stays in a ball,
``scatter`` tries random directions, ``attacked_radius`` searches for the nearest success of both.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.lipschitz.bounds import require_norm
from olfnet.theory.lipschitz.certificates import classes
from olfnet.theory.network import Network, samples


@dataclass(frozen=True, eq=False)
class Attack:
    """The worst that was found for each input.

    Attributes
    ----------
    margins : array of shape (n_samples,)
        By how much the original class is ahead of all others there; at most 0 where it is not.
    points : array of shape (n_samples, ...)
        Inputs that do it.
    """

    margins: FloatArray
    points: FloatArray

    @property
    def succeeded(self) -> NDArray[np.bool_]:
        """Which inputs lost their class."""
        return np.asarray(self.margins <= 0)

    def or_worse(self, margins: FloatArray, points: FloatArray) -> "Attack":
        """Return the worse of this and another find, for each input."""
        worse = (margins < self.margins).reshape(-1, *(1,) * (points.ndim - 1))
        return Attack(np.minimum(margins, self.margins), np.where(worse, points, self.points))


def descend(
    network: Network,
    inputs: ArrayLike,
    radius: ArrayLike,
    *,
    norm: float = 2,
    lower: float = -np.inf,
    n_steps: int = 20,
    rank: ArrayLike = 0,
    rng: Seed = None,
) -> Attack:
    """Follow the gradient of the margin downward, within a ball around each input.

    Parameters
    ----------
    network : Network
    inputs : array of shape (n_samples, ...)
        Each is attacked once, from a random start; repeat those to be attacked more often.
    radius : float or array of shape (n_samples,)
    norm : {2, np.inf}
    lower : float
        Least legal number in an input, such as 0 for rates.
    n_steps : int
        The first leads across the whole ball, later ones become shorter.
    rank : int or array of shape (n_samples,)
        Whom to help: the first, second, ... of the other classes, in the order of the outputs to
        the input itself; with 0 whichever comes next at the moment.
    rng : seed or Generator
        Draws the starts.

    Returns
    -------
    Attack
        The worst of all points on the way.

    Raises
    ------
    ValueError
        If a number is not legal, such as an input below ``lower``.

    Notes
    -----
    Projected gradient descent in the steepest direction of the norm (Madry et al. 2018, arXiv
    1706.06083).

    Examples
    --------
    >>> from olfnet.theory.network import Dense
    >>> plane = Network([Dense([[3.0, 4.0]], [-5.0])])
    >>> [bool(descend(plane, [[3.0, 4.0]], r, rng=1).succeeded[0]) for r in (3.99, 4.01)]
    [False, True]
    """
    rng = np.random.default_rng(rng)
    inputs, radius = _legal(inputs, radius, norm, lower)
    n_steps = checks.count("n_steps", n_steps)
    outputs = network(inputs)
    chosen, rank = classes(outputs), np.asarray(rank)
    if rank.shape not in ((), (len(inputs),)) or rank.dtype.kind not in "iu":
        raise ValueError(f"rank must be one integer or {len(inputs)}, got {rank!r}")
    rank = np.broadcast_to(rank, len(inputs))
    order = np.argsort(-outputs, axis=1)
    helped = np.where(rank > 0, order[np.arange(len(order)), rank % outputs.shape[1]], -1)
    start = _scaled(radius * rng.random(len(inputs)), _random_directions(inputs, norm, rng))
    points = _inside(inputs, start, radius, norm, lower)
    margins, slopes = _margins(network, points, chosen, helped)
    worst = Attack(margins, points)
    for step in range(n_steps):
        size = 2 * radius * (1 - step / n_steps)
        moves = points - inputs - _scaled(size, _steepest_directions(slopes, norm))
        points = _inside(inputs, moves, radius, norm, lower)
        margins, slopes = _margins(network, points, chosen, helped)
        worst = worst.or_worse(margins, points)
    return worst


def scatter(
    network: Network,
    inputs: ArrayLike,
    radius: ArrayLike,
    *,
    norm: float = 2,
    lower: float = -np.inf,
    n_directions: int = 100,
    rng: Seed = None,
) -> Attack:
    """Try random directions, as far as each ball goes.

    Parameters
    ----------
    network, inputs, radius, norm, lower, rng
        As in `descend`.
    n_directions : int
        Tried for each input.  In the max norm they lead to corners.

    Returns
    -------
    Attack

    Examples
    --------
    >>> from olfnet.theory.network import Dense
    >>> scatter(Network([Dense([[1.0, 1.0]])]), [[1.0, 1.0]], 3.0, rng=1).succeeded
    array([ True])
    """
    rng = np.random.default_rng(rng)
    inputs, radius = _legal(inputs, radius, norm, lower)
    chosen = classes(network(inputs))
    worst = Attack(np.full(len(inputs), np.inf), inputs)
    for _ in range(checks.count("n_directions", n_directions)):
        ways = _scaled(radius, _random_directions(inputs, norm, rng))
        points = _inside(inputs, ways, radius, norm, lower)
        worst = worst.or_worse(_lead(network(points), chosen)[0], points)
    return worst


def attacked_radius(
    network: Network,
    inputs: ArrayLike,
    *,
    norm: float = 2,
    lower: float = -np.inf,
    start: float = 1.0,
    n_restarts: int = 5,
    n_steps: int = 20,
    n_rounds: int = 10,
    rng: Seed = None,
) -> FloatArray:
    """Search for the nearest change of class.

    The radius is doubled until an attack succeeds, then the range between failure and success is
    halved again and again.  A success counts for where the way to it crosses the border.

    Parameters
    ----------
    network, inputs, norm, lower, n_steps, rng
        As in `descend`.
    start : float
        Radius to begin with.
    n_restarts, n_rounds : int
        Starts of each attack, beside half as many random directions as steps; halvings.

    Returns
    -------
    array of shape (n_samples,)
        Least distance at which the class was seen to change; infinite where none was found within
        2**40 times ``start``.  An upper bound of the true distance.

    Examples
    --------
    >>> from olfnet.theory.network import Dense
    >>> plane = Network([Dense([[3.0, 4.0]], [-5.0])])
    >>> attacked_radius(plane, [[3.0, 4.0]], rng=1).round(3)
    array([4.])
    """
    rng = np.random.default_rng(rng)
    start = checks.positive("start", start)
    inputs, radius = _legal(inputs, start, norm, lower)
    n_restarts = checks.count("n_restarts", n_restarts)
    options: dict[str, Any] = {"norm": norm, "lower": lower, "rng": rng}

    def nearest(which: NDArray[np.int64], radius: FloatArray) -> FloatArray:
        """Return distances of successes within the radius, infinite where there are none."""
        again, wide = np.repeat(which, n_restarts), np.repeat(radius, n_restarts)
        rank = np.tile(np.arange(n_restarts), len(which))  # each start helps another class
        found = descend(network, inputs[again], wide, n_steps=n_steps, rank=rank, **options)
        random = scatter(network, inputs[which], radius, n_directions=n_steps // 2 + 1, **options)
        followed = _crossing(network, inputs[again], found, norm).reshape(-1, n_restarts)
        tried = _crossing(network, inputs[which], random, norm)
        return np.asarray(np.minimum(followed.min(axis=1), tried))

    low, high = np.zeros(len(inputs)), np.full(len(inputs), np.inf)
    for _ in range(40):
        left = np.flatnonzero(np.isinf(high))
        if not len(left):
            break
        high[left] = nearest(left, radius[left])
        failed = left[np.isinf(high[left])]
        low[failed], radius[failed] = radius[failed], 2 * radius[failed]
    reached = np.flatnonzero(np.isfinite(high))
    for _ in range(checks.count("n_rounds", n_rounds) if len(reached) else 0):
        middle = (np.minimum(low, high) + high)[reached] / 2
        found = nearest(reached, middle)
        low[reached] = np.where(np.isinf(found), middle, low[reached])
        high[reached] = np.minimum(high[reached], found)
    return high


def _crossing(network: Network, inputs: FloatArray, attack: Attack, norm: float) -> FloatArray:
    """Distance to the first change of class that bisection finds on the way to each success."""
    distances = np.full(len(inputs), np.inf)
    hit = np.flatnonzero(attack.succeeded)
    if not len(hit):
        return distances
    centers, ways = inputs[hit], attack.points[hit] - inputs[hit]
    chosen = classes(network(centers))
    near, far = np.zeros(len(hit)), np.ones(len(hit))
    for _ in range(30):
        middle = (near + far) / 2
        crossed = _lead(network(centers + _scaled(middle, ways)), chosen)[0] <= 0
        near, far = np.where(crossed, near, middle), np.where(crossed, middle, far)
    distances[hit] = far * _length(ways, norm)
    return distances


def _margins(
    network: Network, points: FloatArray, chosen: NDArray[np.int64], helped: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Return by how much the chosen class leads, and slopes of its lead over the one helped."""
    outputs, pull_back = network.linearized(points)
    margins, gradient = _lead(outputs, chosen, helped)
    return margins, pull_back(gradient)[0]


def _lead(
    outputs: FloatArray, chosen: NDArray[np.int64], helped: NDArray[np.int64] | int = -1
) -> tuple[FloatArray, FloatArray]:
    """Return the lead of the chosen class, and the gradient of that over the one helped."""
    rows, gradient = np.arange(len(outputs)), np.zeros_like(outputs)
    if outputs.shape[1] == 1:
        gradient[:, 0] = np.where(chosen == 1, 1.0, -1.0)
        return outputs[:, 0] * gradient[:, 0], gradient
    others = outputs.copy()
    others[rows, chosen] = -np.inf
    rival = others.argmax(axis=1)
    gradient[rows, chosen], gradient[rows, np.where(helped < 0, rival, helped)] = 1.0, -1.0
    return outputs[rows, chosen] - outputs[rows, rival], gradient


def _legal(
    inputs: ArrayLike, radius: ArrayLike, norm: float, lower: float
) -> tuple[FloatArray, FloatArray]:
    require_norm(norm)
    inputs = samples("inputs", inputs)
    if np.isnan(lower):
        raise ValueError(f"lower must be a number, got {lower}")
    if inputs.min() < lower:
        raise ValueError(f"inputs must be at least lower={lower:g}, got {inputs.min():g}")
    (radius,) = checks.at_least(0, radius=radius)
    if radius.ndim > 0 and radius.shape != (len(inputs),):
        raise ValueError(f"radius must be one number or {len(inputs)}, got shape {radius.shape}")
    return inputs, np.repeat(radius, len(inputs)) if radius.ndim == 0 else radius.copy()


def _length(moves: FloatArray, norm: float) -> FloatArray:
    """Return the size of each move, shape (n_samples,).

    Examples
    --------
    >>> _length(np.array([[3.0, -4.0]]), 2), _length(np.array([[3.0, -4.0]]), np.inf)
    (array([5.]), array([4.]))
    """
    return np.asarray(np.linalg.norm(moves.reshape(len(moves), -1), norm, axis=1))


def _scaled(factors: FloatArray, moves: FloatArray) -> FloatArray:
    """Return each move times its factor."""
    return factors.reshape(-1, *(1,) * (moves.ndim - 1)) * moves


def _random_directions(like: FloatArray, norm: float, rng: np.random.Generator) -> FloatArray:
    """Draw moves of size 1: all directions alike in the 2-norm, corners in the max norm."""
    if norm == 2:
        return _unit(rng.standard_normal(like.shape))
    return rng.choice([-1.0, 1.0], like.shape)


def _steepest_directions(slopes: FloatArray, norm: float) -> FloatArray:
    """Return the moves of size 1 along which sums with these slopes grow fastest.

    Examples
    --------
    >>> _steepest_directions(np.array([[3.0, -4.0]]), np.inf)
    array([[ 1., -1.]])
    """
    return _unit(slopes) if norm == 2 else np.sign(slopes)


def _inside(
    centers: FloatArray, moves: FloatArray, radius: FloatArray, norm: float, lower: float
) -> FloatArray:
    """Return centers moved, but no further than the radius, nor below the least legal number.

    Raising an illegal number to ``lower`` brings it nearer to the center, which is legal.

    Examples
    --------
    >>> _inside(np.ones((1, 2)), np.array([[-30.0, -40.0]]), np.array([5.0]), 2, -2.5)
    array([[-2. , -2.5]])
    """
    size = _length(moves, norm)
    short = np.minimum(1.0, radius / np.where(size > 0, size, 1.0))
    return np.maximum(centers + _scaled(short, moves), lower)


def _unit(moves: FloatArray) -> FloatArray:
    size = _length(moves, 2)
    return _scaled(1 / np.where(size > 0, size, 1.0), moves)
