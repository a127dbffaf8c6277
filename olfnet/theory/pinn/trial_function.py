"""Trial functions, made of a network, and points for integrals over them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.network import Network, Parameters
from olfnet.theory.pinn import _derivatives
from olfnet.theory.pinn.problem import Dirichlet, Problem


@dataclass(frozen=True, eq=False)
class Points:
    """Positions with weights, whose weighted sum stands for an integral.

    Parameters
    ----------
    positions, weights : arrays of shape (n_points,)

    Examples
    --------
    >>> points = Points.gauss(Problem(), 1, 2)
    >>> float((points.weights @ points.positions**3).round(12))
    0.25
    """

    positions: Any
    weights: Any

    def __post_init__(self) -> None:
        positions, weights = checks.broadcast(positions=self.positions, weights=self.weights)
        object.__setattr__(self, "positions", checks.vector("positions", positions))
        object.__setattr__(self, "weights", checks.vector("weights", weights))

    @classmethod
    def random(cls, problem: Problem, n_points: int, *, rng: Seed = None) -> Self:
        """Draw collocation points uniformly from the interval, with equal weights."""
        rng = np.random.default_rng(rng)
        n_points = checks.count("n_points", n_points)
        return cls(rng.uniform(*problem.interval, n_points), problem.length / n_points)

    @classmethod
    def gauss(cls, problem: Problem, n_pieces: int = 20, n_nodes: int = 4) -> Self:
        """Return Gauss points on equal pieces of the interval.

        Polynomials of degree 2 n_nodes - 1 on each piece are integrated exactly.
        """
        nodes, weights = np.polynomial.legendre.leggauss(checks.count("n_nodes", n_nodes))
        half = problem.length / checks.count("n_pieces", n_pieces) / 2
        middles = problem.interval[0] + half * (2 * np.arange(n_pieces) + 1)
        positions = middles[:, None] + half * nodes
        return cls(positions.ravel(), np.tile(half * weights, n_pieces))


@dataclass(frozen=True, eq=False)
class Trial:
    """A trial function, made of a network, for the solution of a problem.

    Parameters
    ----------
    problem : Problem
    network : Network
        One input, one output.  Drawn at random it varies over lengths of about 1, and so should
        the problem.
    imposed : bool
        Whether Dirichlet ends are met by construction: ``u = line + bubble * network`` with a
        bubble that vanishes there (Lagaris, Likas & Fotiadis 1998, arXiv physics/9705023).
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

    def __call__(self, positions: ArrayLike) -> FloatArray:
        """Return values, shape (n_positions,)."""
        return np.asarray(self.linearized(checks.vector("positions", positions))[0][0])

    @property
    def parameters(self) -> FloatArray:
        """All parameters of the network in one vector."""
        return _derivatives.flat(self.network.parameters)

    def with_parameters(self, numbers: FloatArray) -> Self:
        """Return the same trial with other parameters, given in one vector."""
        shapes = [array.shape for array in self.network.parameters]
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
        parts = zip(np.split(numbers, ends[:-1]), shapes, strict=True)
        network = self.network.with_parameters([part.reshape(shape) for part, shape in parts])
        return replace(self, network=network)

    def linearized(
        self, positions: FloatArray
    ) -> tuple[FloatArray, Callable[[FloatArray], Parameters]]:
        """Return value, slope and curvature, (3, n_positions), and what pulls gradients back."""
        outputs, pull = _derivatives.linearized(self.network, positions)
        if not self.imposed:
            return outputs, pull
        line, (b, db, ddb) = _line(self.problem, positions), _bubble(self.problem, positions)
        value, slope, curvature = outputs
        imposed = line + np.array(
            [b * value, db * value + b * slope, ddb * value + 2 * db * slope + b * curvature]
        )

        def pull_back(gradient: FloatArray) -> Parameters:
            g, dg, ddg = gradient
            return pull(np.array([b * g + db * dg + ddb * ddg, b * dg + 2 * db * ddg, b * ddg]))

        return imposed, pull_back

    def at(
        self, points: Points
    ) -> tuple[FloatArray, FloatArray, Callable[[FloatArray], Parameters]]:
        """Return the same at points and at both ends, and what pulls gradients of both back."""
        outputs, pull = self.linearized(np.concatenate([points.positions, self.problem.interval]))
        return outputs[:, :-2], outputs[:, -2:], pull


def _line(problem: Problem, x: FloatArray) -> FloatArray:
    """Return the straight line that meets all Dirichlet ends, and its derivatives."""
    ends = (problem.low, problem.high)
    held = [end.value for end in ends if isinstance(end, Dirichlet)] or [0.0]
    start, stop = held[0], held[-1]
    slope = (stop - start) / problem.length
    rise = slope * (x - problem.interval[0])
    return np.array([start + rise, np.full_like(x, slope), np.zeros_like(x)])


def _bubble(problem: Problem, x: FloatArray) -> FloatArray:
    """Return a polynomial that is 0 at Dirichlet ends and 1 at most, and its derivatives."""
    t, per = (x - problem.interval[0]) / problem.length, 1 / problem.length
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    if problem.dirichlet.all():
        return np.array([4 * t * (1 - t), 4 * per * (1 - 2 * t), -8 * per**2 * ones])
    if problem.dirichlet.any():
        up = problem.dirichlet[0]
        return np.array([t if up else 1 - t, per * ones if up else -per * ones, zeros])
    return np.array([ones, zeros, zeros])
