"""Losses for differential equations, strong and weak.

The strong form takes the equation point by point and needs the function's curvature (Raissi,
Perdikaris & Karniadakis 2019, 10.1016/j.jcp.2018.10.045).  Weak forms take it under an integral and
need its slope only: the energy, of which the solution is the minimum (E & Yu 2018,
10.1007/s40304-018-0127-z), or balances against test functions (Kharazmi, Zhang & Karniadakis 2021,
10.1016/j.cma.2020.113547).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network import Parameters
from olfnet.theory.pinn import _derivatives
from olfnet.theory.pinn.problem import Dirichlet, Problem
from olfnet.theory.pinn.trial_function import Points, Trial

_OUTWARD = (-1.0, 1.0)


class Form(Protocol):
    """A loss that is least for the solution of a problem."""

    def __call__(self, trial: Trial, points: Points) -> tuple[float, Parameters]:
        """Return the loss and its gradient with respect to the network's parameters."""
        ...


def gradient(trial: Trial, form: Form, points: Points) -> tuple[float, FloatArray]:
    """Return a loss and its gradient with respect to all parameters, in one vector.

    Parameters
    ----------
    trial : Trial
    form : Form
    points : Points

    Returns
    -------
    tuple of float and array of shape (n_parameters,)
        In the order of ``trial.parameters``.
    """
    loss, slopes = form(trial, points)
    return loss, _derivatives.flat(slopes)


@dataclass(frozen=True)
class Strong:
    """Mean squared residual of the equation, -(a u')' + k u - s.

    Parameters
    ----------
    penalty : float
        Factor of the squared error of the inflow, and of the value at ends that are not imposed.

    Examples
    --------
    >>> from olfnet.theory.network import dense
    >>> from olfnet.theory.activations import ReLU
    >>> from olfnet.theory.pinn import Problem
    >>> problem = Problem(source=1.0)
    >>> broken = Trial(problem, dense([1, 9, 1], ReLU(), rng=1), imposed=False)
    >>> Strong(penalty=0.0)(broken, Points.gauss(problem))[0]  # a rectifier has no curvature
    1.0
    """

    penalty: float = 10.0

    def __post_init__(self) -> None:
        checks.nonnegative("penalty", self.penalty)

    def __call__(self, trial: Trial, points: Points) -> tuple[float, Parameters]:
        """Return the loss and its gradient."""
        (u, slope, curvature), ends, pull = trial.at(points)
        a, da, k, s = trial.problem.at(points.positions)
        weights = points.weights / trial.problem.length
        residual = k * u - da * slope - a * curvature - s
        by_residual = 2 * weights * residual
        by_points = np.array([k * by_residual, -da * by_residual, -a * by_residual])
        cost, by_ends = _penalty(trial, ends, self.penalty, flows=True)
        return float(weights @ residual**2 + cost), pull(np.hstack([by_points, by_ends]))


@dataclass(frozen=True)
class Energy:
    """Energy, which is least for the solution: integral of (a u'^2 + k u^2) / 2 - s u.

    Each inflow counts as inflow times value.

    Parameters
    ----------
    penalty : float
        Factor of the squared error of the value at Dirichlet ends that are not imposed; the
        minimum then misses them by slope / (2 penalty).
    """

    penalty: float = 100.0

    def __post_init__(self) -> None:
        checks.nonnegative("penalty", self.penalty)

    def __call__(self, trial: Trial, points: Points) -> tuple[float, Parameters]:
        """Return the loss and its gradient."""
        (u, slope, _), ends, pull = trial.at(points)
        a, _, k, s = trial.problem.at(points.positions)
        weights = points.weights
        by_points = np.array([weights * (k * u - s), weights * a * slope, np.zeros_like(u)])
        inflow = _inflow(trial.problem)
        cost, by_ends = _penalty(trial, ends, self.penalty)
        by_ends[0] -= inflow
        loss = weights @ ((a * slope**2 + k * u**2) / 2 - s * u) - inflow @ ends[0] + cost
        return float(loss), pull(np.hstack([by_points, by_ends]))


@dataclass(frozen=True)
class Galerkin:
    """Mean squared imbalance against test functions: hats on equal pieces.

    For each hat v the integral of a u' v' + k u v - s v, less the inflow, relative to its area; for
    narrow hats it tends to the strong residual.  Estimated from random points its square is too
    large on average, by the variance of the imbalances.

    Parameters
    ----------
    n_pieces : int
        At least 2; one hat for each node between them, and for each end that is not Dirichlet.
    penalty : float
        Factor of the squared error of the value at Dirichlet ends that are not imposed.
    """

    n_pieces: int = 10
    penalty: float = 100.0

    def __post_init__(self) -> None:
        checks.count("n_pieces", self.n_pieces, minimum=2)
        checks.nonnegative("penalty", self.penalty)

    def __call__(self, trial: Trial, points: Points) -> tuple[float, Parameters]:
        """Return the loss and its gradient."""
        (u, slope, _), ends, pull = trial.at(points)
        a, _, k, s = trial.problem.at(points.positions)
        hats, steps, area = self._hats(trial.problem, points.positions)
        weights = points.weights
        imbalance = steps @ (weights * a * slope) + hats @ (weights * (k * u - s))
        imbalance[[0, -1]] -= _inflow(trial.problem)
        free = np.ones(len(area), dtype=bool)
        free[[0, -1]] = ~trial.problem.dirichlet
        relative = imbalance / area * free
        pressure = 2 * relative / area / free.sum()
        by_points = np.array(
            [weights * k * (pressure @ hats), weights * a * (pressure @ steps), np.zeros_like(u)]
        )
        cost, by_ends = _penalty(trial, ends, self.penalty)
        return float(relative @ relative / free.sum() + cost), pull(np.hstack([by_points, by_ends]))

    def _hats(
        self, problem: Problem, positions: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return values and slopes of hats, each (n_pieces + 1, n_positions), and their areas."""
        width = problem.length / self.n_pieces
        off = (positions - problem.interval[0]) / width - np.arange(self.n_pieces + 1)[:, None]
        inside = np.abs(off) < 1
        area = np.full(self.n_pieces + 1, width)
        area[[0, -1]] /= 2
        return (1 - np.abs(off)) * inside, -np.sign(off) * inside / width, area


def _inflow(problem: Problem) -> FloatArray:
    """Return the inflow at each end, 0 where the value is given."""
    ends = (problem.low, problem.high)
    return np.array([0.0 if isinstance(end, Dirichlet) else end.inflow for end in ends])


def _penalty(
    trial: Trial, ends: FloatArray, penalty: float, *, flows: bool = False
) -> tuple[float, FloatArray]:
    """Return the penalty of values at ends that are not imposed, and its gradient.

    With ``flows`` also that of inflows at Neumann ends, which a weak form does not need.
    """
    cost, by_ends = 0.0, np.zeros_like(ends)
    diffusion = trial.problem.at(np.array(trial.problem.interval)).diffusion
    for nth, end in enumerate((trial.problem.low, trial.problem.high)):
        if isinstance(end, Dirichlet) and not trial.imposed:
            order, factor, target = 0, 1.0, end.value
        elif not isinstance(end, Dirichlet) and flows:
            order, factor, target = 1, diffusion[nth] * _OUTWARD[nth], end.inflow
        else:
            continue
        error = factor * ends[order, nth] - target
        cost += penalty * error**2
        by_ends[order, nth] = 2 * penalty * error * factor
    return cost, by_ends
