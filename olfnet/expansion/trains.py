"""Spike trains of the inputs: spike times of projection neurons of given rates.

A :class:`TimeCourse` is how the rates follow an odor's pulses, and a point process,
:class:`Poisson` or :class:`Gamma`, draws spikes of these rates.  Each odor has a NumPy generator of
its own, and spikes lie on a grid of time steps, so that every simulator gets the same ones.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray

_IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TimeCourse:
    """Time course of rates: from ``spontaneous`` to the odor's own rates and back.

    The rate of an input is ``spontaneous + gain(t) (rate - spontaneous)``, never below 0.  In a
    pulse that began u seconds ago the gain is ``(1 - exp(-u / rise)) (1 + overshoot exp(-u /
    adaptation))``, and 0 between pulses.

    Parameters
    ----------
    starts : tuple of float
        Begin of each pulse, in s, in rising order.
    length : float, optional
        Duration of each pulse, in s; without it until the next one or the end.
    rise : float
        Time constant of the onset, in s; 0 is a step.
    overshoot : float
        Excess over the steady rate at the onset, relative to it; may be negative.
    adaptation : float
        Time constant with which the excess decays, in s.
    spontaneous : float
        Rate in clean air, in Hz.

    Raises
    ------
    ValueError
        If times are negative or do not rise, or the overshoot is below -1.

    Examples
    --------
    >>> course = TimeCourse(starts=(0.1, 0.3), length=0.1, overshoot=1.0, adaptation=0.05)
    >>> course.gain(np.array([0.05, 0.1, 0.15, 0.25, 0.3])).round(2)
    array([0.  , 2.  , 1.37, 0.  , 2.  ])
    """

    starts: tuple[float, ...] = (0.0,)
    length: float | None = None
    rise: float = 0.0
    overshoot: float = 0.0
    adaptation: float = 0.1
    spontaneous: float = 0.0

    def __post_init__(self) -> None:
        starts = checks.vector("starts", self.starts, nonnegative=True)
        object.__setattr__(self, "starts", tuple(starts.tolist()))
        if (np.diff(starts) <= 0).any():
            raise ValueError(f"starts must rise, got {self.starts}")
        if self.length is not None:
            checks.positive("length", self.length)
        checks.nonnegative("rise", self.rise)
        if checks.finite("overshoot", self.overshoot) < -1:
            raise ValueError(f"overshoot must be at least -1, got {self.overshoot:g}")
        checks.positive("adaptation", self.adaptation)
        checks.nonnegative("spontaneous", self.spontaneous)

    def gain(self, times: FloatArray) -> FloatArray:
        """Return the fraction of the odor's rates in excess of spontaneous ones, at each time."""
        starts = np.asarray(self.starts)
        last = np.searchsorted(starts, times, side="right") - 1
        since = times - starts[np.maximum(last, 0)]
        inside = (last >= 0) & (since < (np.inf if self.length is None else self.length))
        since = np.where(inside, since, 0.0)
        risen = -np.expm1(-since / self.rise) if self.rise else 1.0
        steady = 1 + self.overshoot * np.exp(-since / self.adaptation)
        return np.asarray(inside * risen * steady)

    def expected(self, rates: FloatArray, n_steps: int, dt: float) -> FloatArray:
        """Return expected spikes until the end of each step, from 0, (n_inputs, n_steps + 1)."""
        gain = self.gain(np.asarray((np.arange(n_steps) + 0.5) * dt, dtype=np.float64))
        course = self.spontaneous + gain * (rates[:, None] - self.spontaneous)
        total = np.zeros((rates.size, n_steps + 1))
        np.cumsum(np.maximum(course, 0.0) * dt, axis=1, out=total[:, 1:])
        return total


@runtime_checkable
class Process(Protocol):
    """A point process that draws spike trains of several inputs."""

    def draw(
        self, expected: FloatArray, dt: float, *, rng: np.random.Generator
    ) -> tuple[_IntArray, _IntArray]:
        """Draw spikes, as the inputs and time steps of each.

        Parameters
        ----------
        expected : array, shape (n_inputs, n_steps + 1)
            Expected spikes until the end of each step, from 0.
        dt : float
            Length of a step, in s.
        rng : numpy.random.Generator

        Returns
        -------
        inputs, steps : int arrays of shape (n_spikes,)
            Sorted by input, then by step, all different.
        """


@dataclass(frozen=True)
class Poisson:
    """Spikes independent of one another.

    Examples
    --------
    >>> expected = TimeCourse().expected(np.array([20.0, 80.0]), n_steps=50_000, dt=1e-4)
    >>> inputs, steps = Poisson().draw(expected, 1e-4, rng=np.random.default_rng(1))
    >>> np.bincount(inputs)  # of 100 and 400 expected ones
    array([100, 389])
    """

    def draw(
        self, expected: FloatArray, dt: float, *, rng: np.random.Generator
    ) -> tuple[_IntArray, _IntArray]:
        """Draw spikes of each input; see :class:`Process`."""
        counts = rng.poisson(expected[:, -1])
        inputs = np.repeat(np.arange(len(expected)), counts)
        return _on_grid(inputs, rng.random(inputs.size) * expected[inputs, -1], expected)


@dataclass(frozen=True)
class Gamma:
    """Regular spikes: a refractory period and intervals of a gamma distribution.

    With a constant rate r, intervals are ``refractory`` plus a gamma variate of mean ``1 / r -
    refractory``; changing rates stretch the variate, not the refractory period.  Rates are exact at
    any time for order 1; for other orders they oscillate for a few intervals after a step.  Trains
    begin in equilibrium.

    Parameters
    ----------
    order : float
        Shape of the gamma distribution; 1 is a Poisson process, 1000 nearly periodic.
    refractory : float
        Refractory period after each spike, in s.

    Raises
    ------
    ValueError
        If the order is not positive or the refractory period negative; on drawing, if the mean
        interval is not longer than that.

    Examples
    --------
    >>> expected = TimeCourse().expected(np.array([50.0]), n_steps=100_000, dt=1e-4)
    >>> _, steps = Gamma(order=4).draw(expected, 1e-4, rng=np.random.default_rng(0))
    >>> intervals = np.diff(steps)
    >>> float((intervals.std() / intervals.mean()).round(1))  # 4 ** -0.5
    0.5
    """

    order: float = 3.0
    refractory: float = 0.0

    def __post_init__(self) -> None:
        checks.positive("order", self.order)
        checks.nonnegative("refractory", self.refractory)

    def draw(
        self, expected: FloatArray, dt: float, *, rng: np.random.Generator
    ) -> tuple[_IntArray, _IntArray]:
        """Draw spikes of each input; see :class:`Process`."""
        free = self._free(expected, dt)
        clock = _Clock(free)
        # In equilibrium time 0 is in an interval with probability proportional to its length: the
        # gamma part has one order more if it contains 0, and the refractory period contains 0 in
        # proportion to its duration.
        now = self._first(free, dt, rng)
        inputs, times = [], []
        alive = np.arange(len(free))
        while (alive := alive[now[alive] < free[alive, -1]]).size:
            inputs.append(alive)
            times.append(now[alive])
            rested = clock.advance(alive, now[alive], self.refractory / dt)
            now[alive] = rested + rng.gamma(self.order, 1 / self.order, alive.size)
        if not times:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return _on_grid(np.concatenate(inputs), np.concatenate(times), free)

    def _free(self, expected: FloatArray, dt: float) -> FloatArray:
        """Return the expected spikes until each step, in time outside of refractory periods."""
        if not self.refractory:
            return expected
        spikes, n_refractory = np.diff(expected, axis=1), self.refractory / dt
        if (spikes * n_refractory >= 1).any():
            raise ValueError(
                f"refractory must be shorter than the mean interval, got {self.refractory:g} s "
                f"at a rate of {spikes.max() / dt:g} Hz"
            )
        # Refractory are trains with a spike in that period; before 0 the first rate holds.
        middle = np.arange(spikes.shape[1]) + 0.5
        past = np.maximum(np.floor(middle - n_refractory), 0).astype(np.int64)
        before = expected[:, past] + (middle - n_refractory - past) * spikes[:, past]
        refractory = (expected[:, :-1] + expected[:, 1:]) / 2 - before
        free = np.zeros_like(expected)
        np.cumsum(spikes / (1 - refractory), axis=1, out=free[:, 1:])
        return free

    def _first(self, free: FloatArray, dt: float, rng: np.random.Generator) -> FloatArray:
        """Return the first spike of a train in equilibrium, in operational time."""
        started = np.argmax(np.diff(free, axis=1) > 0, axis=1)
        speed = (free[np.arange(len(free)), started + 1] - free[np.arange(len(free)), started]) / dt
        rest = rng.random(len(free)) * rng.gamma(self.order + 1, 1 / self.order, len(free))
        full = rng.gamma(self.order, 1 / self.order, len(free))
        fraction = self.refractory * speed / (1 + self.refractory * speed)  # of time
        refractory = rng.random(len(free)) < fraction
        return np.where(refractory, rng.random(len(free)) * self.refractory * speed + full, rest)


class _Clock:
    """Real time steps against operational time, for many trains at once."""

    def __init__(self, total: FloatArray) -> None:
        self.total = total
        self.n_edges = total.shape[1]
        # Trains one after the other, each above the last, so that one search serves them all.
        self.lift = (total[:, -1].max(initial=0.0) + 1.0) * np.arange(len(total))
        self.stacked = (total + self.lift[:, None]).ravel()

    def advance(self, trains: _IntArray, now: FloatArray, steps: float) -> FloatArray:
        """Return the operational time after further steps of real time."""
        if not steps:
            return now
        return self._at(trains, self.steps(trains, now) + steps)

    def steps(self, trains: _IntArray, now: FloatArray) -> FloatArray:
        """Return the real time, in steps, of an operational time of each train."""
        edge = np.searchsorted(self.stacked, now + self.lift[trains], side="right") - 1
        edge = np.clip(edge - trains * self.n_edges, 0, self.n_edges - 2)
        low, high = self.total[trains, edge], self.total[trains, edge + 1]
        inside: FloatArray = edge + np.clip((now - low) / np.where(high > low, high - low, 1), 0, 1)
        return inside

    def _at(self, trains: _IntArray, steps: FloatArray) -> FloatArray:
        edge = np.minimum(steps.astype(np.int64), self.n_edges - 2)
        low, high = self.total[trains, edge], self.total[trains, edge + 1]
        times: FloatArray = low + (steps - edge) * (high - low)
        return np.where(steps < self.n_edges - 1, times, np.inf)


def _on_grid(
    inputs: _IntArray, times: FloatArray, total: FloatArray
) -> tuple[_IntArray, _IntArray]:
    """Assign spikes to time steps; of two in one step the later one moves to the next free step."""
    order = np.lexsort((times, inputs))
    inputs = inputs[order]
    n_steps = total.shape[1] - 1
    steps = _Clock(total).steps(inputs, times[order]).astype(np.int64)
    steps = np.minimum(steps, n_steps - 1)
    # Steps of a train minus 0, 1, 2, ... must not fall; trains are kept apart by a wide gap.
    apart = inputs * np.int64(2 * n_steps + inputs.size) - np.arange(inputs.size)
    steps = np.maximum.accumulate(steps + apart) - apart if inputs.size else steps
    kept = steps < n_steps
    return inputs[kept], steps[kept]
