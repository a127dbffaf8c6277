"""Functions made of a network that are to solve a differential equation, and points for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.network import Network, Parameters
from olfnet.theory.pinn import differentiation
from olfnet.theory.pinn.problem import Dirichlet, Problem

PullBack = Callable[[FloatArray], Parameters]


@dataclass(frozen=True, eq=False)
class Points:
    """Places with weights, whose weighted sum stands for an integral.

    Parameters
    ----------
    places, weights : arrays of shape (n_points,)
    """

    places: Any
    weights: Any

    def __post_init__(self) -> None:
        places, weights = checks.broadcast(places=self.places, weights=self.weights)
        object.__setattr__(self, "places", checks.vector("places", places))
        object.__setattr__(self, "weights", checks.vector("weights", weights))


def draw(problem: Problem, n_points: int, *, rng: Seed = None) -> Points:
    """Draw collocation points all over the interval, with equal weights.

    Parameters
    ----------
    problem : Problem
    n_points : int
    rng : seed or Generator

    Returns
    -------
    Points

    Examples
    --------
    >>> draw(Problem(), 4, rng=1).weights
    array([0.25, 0.25, 0.25, 0.25])
    """
    rng = np.random.default_rng(rng)
    n_points = checks.count("n_points", n_points)
    return Points(rng.uniform(*problem.interval, n_points), problem.length / n_points)


def quadrature(problem: Problem, n_pieces: int = 20, n_nodes: int = 4) -> Points:
    """Gauss's points on equal pieces of the interval.

    Parameters
    ----------
    problem : Problem
    n_pieces, n_nodes : int
        Polynomials of degree 2 n_nodes - 1 on each piece are integrated exactly.

    Returns
    -------
    Points

    Examples
    --------
    >>> points = quadrature(Problem(), 1, 2)
    >>> float((points.weights @ points.places**3).round(12))
    0.25
    """
    nodes, weights = np.polynomial.legendre.leggauss(checks.count("n_nodes", n_nodes))
    half = problem.length / checks.count("n_pieces", n_pieces) / 2
    middles = problem.interval[0] + half * (2 * np.arange(n_pieces) + 1)
    places = middles[:, None] + half * nodes
    return Points(places.ravel(), np.tile(half * weights, n_pieces))


@dataclass(frozen=True, eq=False)
class Trial:
    """A function made of a network, that is to solve a problem.

    Parameters
    ----------
    problem : Problem
    network : Network
        One input, one output.  Drawn at random it varies over lengths of about 1, and so should
        the problem.
    imposed : bool
        Whether Dirichlet ends are met whatever the network says: ``u = line + bubble * network``
        with a bubble that vanishes there (Lagaris, Likas & Fotiadis 1998, arXiv physics/9705023).
        Otherwise u is the network itself, and losses have a penalty.

    Examples
    --------
    >>> from olfnet.theory.network import dense
    >>> from olfnet.theory.activations import Tanh
    >>> problem = Problem(source=1.0, low=Dirichlet(3.0))
    >>> Trial(problem, dense([1, 5, 1], Tanh(), rng=1))([0.0, 1.0])
    array([3., 0.])
    """

    problem: Problem
    network: Network
    imposed: bool = True

    def __post_init__(self) -> None:
        checks.flag("imposed", self.imposed)

    def __call__(self, places: ArrayLike) -> FloatArray:
        """Return values, shape (n_places,)."""
        return np.asarray(self.linearized(checks.vector("places", places))[0][0])

    def linearized(self, places: FloatArray) -> tuple[FloatArray, PullBack]:
        """Return jets of shape (3, n_places), and what pulls a gradient back to parameters."""
        found, pull = differentiation.linearized(self.network, places)
        if not self.imposed:
            return found, pull
        line, (b, db, ddb) = _line(self.problem, places), _bubble(self.problem, places)
        value, slope, curvature = found
        dressed = line + np.array(
            [b * value, db * value + b * slope, ddb * value + 2 * db * slope + b * curvature]
        )

        def pull_back(gradient: FloatArray) -> Parameters:
            g, dg, ddg = gradient
            return pull(np.array([b * g + db * dg + ddb * ddg, b * dg + 2 * db * ddg, b * ddg]))

        return dressed, pull_back

    def at(self, points: Points) -> tuple[FloatArray, FloatArray, PullBack]:
        """Return jets at points and at both ends, and what pulls gradients by both back."""
        both = np.concatenate([points.places, self.problem.interval])
        found, pull = self.linearized(both)
        return found[:, :-2], found[:, -2:], pull


def flat(parameters: Parameters) -> FloatArray:
    """All parameters in a row."""
    return np.concatenate([np.ravel(array) for array in parameters])


def moved(trial: Trial, numbers: FloatArray) -> Trial:
    """Return the same trial with other parameters, given in a row."""
    shapes = [array.shape for array in trial.network.parameters]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = zip(np.split(numbers, ends[:-1]), shapes, strict=True)
    network = trial.network.with_parameters([part.reshape(shape) for part, shape in parts])
    return replace(trial, network=network)


def _line(problem: Problem, x: FloatArray) -> FloatArray:
    """Jets of the straight line that meets all Dirichlet ends."""
    ends = (problem.low, problem.high)
    held = [end.value for end in ends if isinstance(end, Dirichlet)] or [0.0]
    start, stop = held[0], held[-1]
    slope = (stop - start) / problem.length
    rise = slope * (x - problem.interval[0])
    return np.array([start + rise, np.full_like(x, slope), np.zeros_like(x)])


def _bubble(problem: Problem, x: FloatArray) -> FloatArray:
    """Jets of a polynomial that is 0 at Dirichlet ends and 1 at most."""
    t, per = (x - problem.interval[0]) / problem.length, 1 / problem.length
    one, none = np.ones_like(x), np.zeros_like(x)
    if problem.dirichlet.all():
        return np.array([4 * t * (1 - t), 4 * per * (1 - 2 * t), -8 * per**2 * one])
    if problem.dirichlet.any():
        up = problem.dirichlet[0]
        return np.array([t if up else 1 - t, per * one if up else -per * one, none])
    return np.array([one, none, none])
