"""One-dimensional reaction-diffusion boundary value problems, -(a u')' + k u = s.

Such is the steady concentration of an odor that diffuses (a), is lost (k) and released (s).
Solutions come from a closed form where coefficients are constant, and otherwise from finite
differences.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray

_Coefficient = float | Callable[[FloatArray], ArrayLike]


@dataclass(frozen=True)
class Dirichlet:
    """An end with a given value.

    Parameters
    ----------
    value : float
    """

    value: float = 0.0

    def __post_init__(self) -> None:
        checks.finite("value", self.value)


@dataclass(frozen=True)
class Neumann:
    """An end with a given inflow; 0 for a wall.

    Parameters
    ----------
    inflow : float
        a times the slope in the direction out of the interval.
    """

    inflow: float = 0.0

    def __post_init__(self) -> None:
        checks.finite("inflow", self.inflow)


_End = Dirichlet | Neumann


class _Coefficients(NamedTuple):
    """Coefficients of a problem at some positions, each of shape (n_positions,)."""

    diffusion: FloatArray
    diffusion_slope: FloatArray
    decay: FloatArray
    source: FloatArray


@dataclass(frozen=True)
class Problem:
    """Steady balance -(a u')' + k u = s on an interval.

    Parameters
    ----------
    diffusion : float or callable (positions) -> values
        a, positive.
    decay : float or callable
        k, not negative.
    source : float or callable
        s.
    low, high : Dirichlet or Neumann
        Boundary conditions.
    interval : tuple of float
    diffusion_slope : float or callable
        Derivative of a; needed by the strong form where a is not constant.

    Raises
    ------
    ValueError
        If a number is out of range, or the level of the solution is not determined.

    Examples
    --------
    >>> closed_form(Problem(source=1.0), [0.0, 0.5, 1.0])
    array([0.   , 0.125, 0.   ])
    """

    diffusion: _Coefficient = 1.0
    decay: _Coefficient = 0.0
    source: _Coefficient = 0.0
    low: _End = Dirichlet()
    high: _End = Dirichlet()
    interval: tuple[float, float] = (0.0, 1.0)
    diffusion_slope: _Coefficient = 0.0

    def __post_init__(self) -> None:
        low, high = (checks.finite("interval", end) for end in self.interval)
        if not low < high:
            raise ValueError(f"interval must go up, got {low:g} to {high:g}")
        for name, end in (("low", self.low), ("high", self.high)):
            if not isinstance(end, (Dirichlet, Neumann)):
                raise ValueError(f"{name} must be Dirichlet or Neumann, got {end!r}")
        if callable(self.diffusion) and not callable(self.diffusion_slope):
            raise ValueError("diffusion_slope must be a function if diffusion is one")
        self.at(np.linspace(low, high, 5))
        if self.decay == 0 and not self.dirichlet.any():
            raise ValueError("decay must be positive if no end is Dirichlet, got 0")

    @property
    def length(self) -> float:
        """Length of the interval."""
        return self.interval[1] - self.interval[0]

    @property
    def dirichlet(self) -> NDArray[np.bool_]:
        """Which ends have a given value, shape (2,)."""
        return np.array([isinstance(end, Dirichlet) for end in (self.low, self.high)])

    def at(self, positions: ArrayLike) -> _Coefficients:
        """Return the coefficients at some positions."""
        x = checks.vector("positions", positions)
        names = _Coefficients._fields
        values = _Coefficients(*(_values(name, getattr(self, name), x) for name in names))
        if values.diffusion.min() <= 0:
            raise ValueError(f"diffusion must be positive, got {values.diffusion.min():g}")
        if values.decay.min() < 0:
            raise ValueError(f"decay must be non-negative, got {values.decay.min():g}")
        return values


def closed_form(problem: Problem, positions: ArrayLike) -> FloatArray:
    """Solve a problem with constant coefficients.

    Parameters
    ----------
    problem : Problem
    positions : array of shape (n_positions,)

    Returns
    -------
    array of shape (n_positions,)
        s / k + A exp(-(x - low) / l) + B exp(-(high - x) / l) with l = sqrt(a / k), or a parabola
        without decay; A and B meet the conditions at both ends.  If the interval is shorter than
        l, the same is written by hyperbolic functions, which lose no digits.

    Raises
    ------
    ValueError
        If a coefficient is a function.

    Examples
    --------
    >>> closed_form(Problem(decay=4.0, low=Neumann(2.0), interval=(0.0, 20.0)), [0.0, 0.5]).round(6)
    array([1.      , 0.367879])
    """
    x = checks.vector("positions", positions)
    low, high = problem.interval
    if x.min() < low or x.max() > high:
        raise ValueError(
            f"positions must be in {low:g} to {high:g}, got {x.min():g} to {x.max():g}"
        )
    a, k, s = (_constant(name, getattr(problem, name)) for name in ("diffusion", "decay", "source"))
    ends = np.array(problem.interval)
    values, slopes = _basis(ends, problem.interval, a, k, s)
    rows, right = np.empty((2, 2)), np.empty(2)
    for nth, (end, outward) in enumerate(((problem.low, -1), (problem.high, 1))):
        held = isinstance(end, Dirichlet)
        row = values[:, nth] if held else a * outward * slopes[:, nth]
        rows[nth] = row[1:]
        right[nth] = (end.value if isinstance(end, Dirichlet) else end.inflow) - row[0]
    factors = np.array([1.0, *np.linalg.solve(rows, right)])
    return np.asarray(factors @ _basis(x, problem.interval, a, k, s)[0])


def finite_differences(problem: Problem, n_pieces: int) -> tuple[FloatArray, FloatArray]:
    """Solve a problem by finite differences.

    Parameters
    ----------
    problem : Problem
    n_pieces : int
        Equal pieces of the interval.

    Returns
    -------
    positions, values : arrays of shape (n_pieces + 1,)
        With an error of the order of ``n_pieces**-2`` where coefficients are smooth.

    Examples
    --------
    >>> finite_differences(Problem(source=1.0), 4)[1][1:-1]
    array([0.09375, 0.125  , 0.09375])
    """
    n_pieces = checks.count("n_pieces", n_pieces)
    x, h = np.linspace(*problem.interval, n_pieces + 1, retstep=True)
    here, between = problem.at(x), problem.at((x[1:] + x[:-1]) / 2).diffusion / h
    cells = np.full(n_pieces + 1, h)  # length around each position: half as much at the ends
    cells[[0, -1]] = h / 2
    bands = np.zeros((3, n_pieces + 1))
    bands[0, 1:] = bands[2, :-1] = -between
    bands[1] = cells * here.decay
    bands[1, :-1] += between
    bands[1, 1:] += between
    right = cells * here.source
    for index, beside, end in ((0, (0, 1), problem.low), (-1, (2, -2), problem.high)):
        if isinstance(end, Neumann):
            right[index] += end.inflow
        else:
            bands[1, index], bands[beside], right[index] = 1.0, 0.0, end.value
    return x, np.asarray(scipy.linalg.solve_banded((1, 1), bands, right))


def _basis(
    x: FloatArray, interval: tuple[float, float], a: float, k: float, s: float
) -> tuple[FloatArray, FloatArray]:
    """Return a particular solution and two without source, and slopes, each (3, n_positions)."""
    low, high = interval
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    if k == 0:
        rise = x - low
        return np.array([-s * rise**2 / (2 * a), ones, rise]), np.array(
            [-s * rise / a, zeros, ones]
        )
    length = np.sqrt(a / k)
    if high - low < length:  # all but a parabola, which s / k is far above
        z = (x - low) / length
        rise, steep = length * np.sinh(z), np.cosh(z)
        bend = -2 * s / a * (length * np.sinh(z / 2)) ** 2
        return np.array([bend, steep, rise]), np.array([-s / a * rise, rise / length**2, steep])
    left, right = np.exp(-(x - low) / length), np.exp(-(high - x) / length)
    return np.array([s / k * ones, left, right]), np.array([zeros, -left / length, right / length])


def _values(name: str, coefficient: _Coefficient, x: FloatArray) -> FloatArray:
    if not callable(coefficient):
        return np.full(x.shape, checks.finite(name, coefficient))
    (given,) = checks.broadcast(**{name: coefficient(x)})
    return checks.vector(name, np.broadcast_to(given, x.shape))


def _constant(name: str, coefficient: _Coefficient) -> float:
    if callable(coefficient):
        raise ValueError(f"{name} must be a number for a closed form, got a function")
    return float(coefficient)
