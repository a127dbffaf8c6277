"""Attacks on classifiers: the search for small changes of the input that change the class.

An attack can only fail; its success bounds the distance to the nearest other class from above, as a
certificate bounds it from below.  ``descend`` follows the gradient and stays in a ball, ``scatter``
tries random directions, ``attacked_radius`` searches for the nearest success of both.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.lipschitz._decisions import classes, lead
from olfnet.theory.lipschitz._norms import require_norm
from olfnet.theory.network import Network
from olfnet.theory.network._layer import samples


@dataclass(frozen=True, eq=False)
class Attack:
    """The worst point of an attack on each input.

    Attributes
    ----------
    margins : array of shape (n_samples,)
        Output of the original class minus the largest other output there; at most 0 where the
        class has changed.
    points : array of shape (n_samples, ...)
        Inputs with these margins.
    """

    margins: FloatArray
    points: FloatArray

    @property
    def succeeded(self) -> NDArray[np.bool_]:
        """Which inputs lost their class."""
        return np.asarray(self.margins <= 0)

    def or_worse(self, margins: FloatArray, points: FloatArray) -> "Attack":
        """Return the worse of this and another point, for each input."""
        worse = (margins < self.margins).reshape(-1, *(1,) * (points.ndim - 1))
        return Attack(np.minimum(margins, self.margins), np.where(worse, points, self.points))


@dataclass(frozen=True, eq=False)
class _Balls:
    """Balls around inputs, without what lies below the least number allowed in an input."""

    centers: FloatArray
    radius: FloatArray
    norm: float
    lower: float

    @classmethod
    def checked(cls, inputs: ArrayLike, radius: ArrayLike, norm: float, lower: float) -> "_Balls":
        norm, inputs = require_norm(norm), samples("inputs", inputs)
        if np.isnan(lower):
            raise ValueError(f"lower must be a number, got {lower}")
        if inputs.min() < lower:
            raise ValueError(f"inputs must be at least lower={lower:g}, got {inputs.min():g}")
        (radius,) = checks.at_least(0, radius=radius)
        return cls(inputs, checks.for_each("radius", radius, len(inputs)), norm, lower)

    def of(self, which: NDArray[np.int64], radius: FloatArray) -> "_Balls":
        """Return balls around some of the inputs, with other radii."""
        return replace(self, centers=self.centers[which], radius=radius)

    def random_directions(self, rng: np.random.Generator) -> FloatArray:
        """Draw moves of size 1: uniform in direction for the 2-norm, corners for the max norm."""
        if self.norm == 2:
            return _unit(rng.standard_normal(self.centers.shape))
        return rng.choice([-1.0, 1.0], self.centers.shape)

    def steepest_directions(self, slopes: FloatArray) -> FloatArray:
        """Return the moves of size 1 along which sums with these slopes grow fastest."""
        return _unit(slopes) if self.norm == 2 else np.sign(slopes)

    def moved(self, moves: FloatArray) -> FloatArray:
        """Return centers moved by at most the radius, and not below ``lower``.

        Raising a number to ``lower`` brings it nearer to the center, which is not below it.
        """
        size = _length(moves, self.norm)
        short = np.minimum(1.0, self.radius / np.where(size > 0, size, 1.0))
        return np.maximum(self.centers + _scaled(short, moves), self.lower)


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
        Least number allowed in an input, such as 0 for rates.
    n_steps : int
        The first leads across the whole ball, later ones become shorter.
    rank : int or array of shape (n_samples,)
        Class to attack toward: the first, second, ... of the other classes, in the order of the
        outputs to the input itself; with 0 the runner-up at each step.
    rng : seed or Generator
        Draws the starts.

    Returns
    -------
    Attack
        The worst of all points on the way.

    Raises
    ------
    ValueError
        If a number is out of range, such as an input below ``lower``.

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
    balls, n_steps = _Balls.checked(inputs, radius, norm, lower), checks.count("n_steps", n_steps)
    rank, n_samples = np.asarray(rank), len(balls.centers)
    if rank.shape not in ((), (n_samples,)) or rank.dtype.kind not in "iu":
        raise ValueError(f"rank must be one integer or {n_samples}, got {rank!r}")
    ranks = np.broadcast_to(rank, n_samples)
    return _descend(network, balls, n_steps, ranks, np.random.default_rng(rng))


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
    """Try random directions, up to the edge of each ball.

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
    balls = _Balls.checked(inputs, radius, norm, lower)
    n_directions = checks.count("n_directions", n_directions)
    return _scatter(network, balls, n_directions, np.random.default_rng(rng))


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
    halved repeatedly.  A success counts at the distance at which the line to it changes class.

    Parameters
    ----------
    network, inputs, norm, lower, n_steps, rng
        As in `descend`.
    start : float
        First radius.
    n_restarts, n_rounds : int
        Starts of each attack, beside half as many random directions as steps; halvings.

    Returns
    -------
    array of shape (n_samples,)
        Least distance of a change of class, an upper bound of the true distance; infinite where
        there was no success within 2**40 times ``start``.

    Examples
    --------
    >>> from olfnet.theory.network import Dense
    >>> plane = Network([Dense([[3.0, 4.0]], [-5.0])])
    >>> attacked_radius(plane, [[3.0, 4.0]], rng=1).round(3)
    array([4.])
    """
    rng = np.random.default_rng(rng)
    balls = _Balls.checked(inputs, checks.positive("start", start), norm, lower)
    n_steps, n_rounds = checks.count("n_steps", n_steps), checks.count("n_rounds", n_rounds)
    n_restarts = checks.count("n_restarts", n_restarts)

    def nearest(which: NDArray[np.int64], radius: FloatArray) -> FloatArray:
        """Return distances of successes within the radius, infinite where there are none."""
        single, repeated = (
            balls.of(np.repeat(which, n), np.repeat(radius, n)) for n in (1, n_restarts)
        )
        rank = np.tile(np.arange(n_restarts), len(which))  # each start moves to another class
        followed = _crossing(network, repeated, _descend(network, repeated, n_steps, rank, rng))
        tried = _crossing(network, single, _scatter(network, single, n_steps // 2 + 1, rng))
        return np.asarray(np.minimum(followed.reshape(-1, n_restarts).min(axis=1), tried))

    radius = balls.radius.copy()
    low, high = np.zeros(len(radius)), np.full(len(radius), np.inf)
    for _ in range(40):
        left = np.flatnonzero(np.isinf(high))
        if not len(left):
            break
        high[left] = nearest(left, radius[left])
        failed = left[np.isinf(high[left])]
        low[failed], radius[failed] = radius[failed], 2 * radius[failed]
    reached = np.flatnonzero(np.isfinite(high))
    for _ in range(n_rounds if len(reached) else 0):
        middle = (np.minimum(low, high) + high)[reached] / 2
        distances = nearest(reached, middle)
        low[reached] = np.where(np.isinf(distances), middle, low[reached])
        high[reached] = np.minimum(high[reached], distances)
    return high


def _descend(
    network: Network,
    balls: _Balls,
    n_steps: int,
    rank: NDArray[np.int64],
    rng: np.random.Generator,
) -> Attack:
    outputs = network(balls.centers)
    chosen, order = classes(outputs), np.argsort(-outputs, axis=1)
    rivals = np.where(rank > 0, order[np.arange(len(order)), rank % outputs.shape[1]], -1)

    def margins(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return margins of the chosen class, and slopes of its lead over the rival."""
        outputs, pull_back = network.linearized(points)
        margins, gradient = lead(outputs, chosen, rivals)
        return margins, pull_back(gradient)[0]

    sizes = balls.radius * rng.random(len(outputs))
    points = balls.moved(_scaled(sizes, balls.random_directions(rng)))
    values, slopes = margins(points)
    worst = Attack(values, points)
    for step in range(n_steps):
        size = 2 * balls.radius * (1 - step / n_steps)
        down = _scaled(size, balls.steepest_directions(slopes))
        points = balls.moved(points - balls.centers - down)
        values, slopes = margins(points)
        worst = worst.or_worse(values, points)
    return worst


def _scatter(
    network: Network, balls: _Balls, n_directions: int, rng: np.random.Generator
) -> Attack:
    chosen = classes(network(balls.centers))
    worst = Attack(np.full(len(chosen), np.inf), balls.centers)
    for _ in range(n_directions):
        points = balls.moved(_scaled(balls.radius, balls.random_directions(rng)))
        worst = worst.or_worse(lead(network(points), chosen)[0], points)
    return worst


def _crossing(network: Network, balls: _Balls, attack: Attack) -> FloatArray:
    """Return the distance to the first change of class on the line to each success (bisection)."""
    distances = np.full(len(balls.centers), np.inf)
    hit = np.flatnonzero(attack.succeeded)
    if not len(hit):
        return distances
    centers, moves = balls.centers[hit], attack.points[hit] - balls.centers[hit]
    chosen = classes(network(centers))
    near, far = np.zeros(len(hit)), np.ones(len(hit))
    for _ in range(30):
        middle = (near + far) / 2
        crossed = lead(network(centers + _scaled(middle, moves)), chosen)[0] <= 0
        near, far = np.where(crossed, near, middle), np.where(crossed, middle, far)
    distances[hit] = far * _length(moves, balls.norm)
    return distances


def _length(moves: FloatArray, norm: float) -> FloatArray:
    return np.asarray(np.linalg.norm(moves.reshape(len(moves), -1), norm, axis=1))


def _scaled(factors: FloatArray, moves: FloatArray) -> FloatArray:
    return factors.reshape(-1, *(1,) * (moves.ndim - 1)) * moves


def _unit(moves: FloatArray) -> FloatArray:
    size = _length(moves, 2)
    return _scaled(1 / np.where(size > 0, size, 1.0), moves)
