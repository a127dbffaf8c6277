"""Spikes of a circuit's units: odor, unit and time of each."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray

_IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Spikes:
    """All spikes of a simulation.

    Parameters
    ----------
    odors, units : int arrays of shape (n_spikes,)
        Odor and unit of each spike; sorted by odor, then unit, then time.
    times : array of shape (n_spikes,)
        In s from the beginning.
    n_odors, n_units : int
    start, stop : float
        Observed span of time, in s.

    Examples
    --------
    >>> spikes = Spikes([0, 1, 1], [2, 0, 0], [0.1, 0.1, 0.3], n_odors=2, n_units=3, stop=0.5)
    >>> spikes.counts
    array([[0, 0, 1],
           [2, 0, 0]])
    >>> spikes.times_of[1, 0]
    array([0.1, 0.3])
    >>> spikes.between(0.0, 0.2).counts.sum()
    np.int64(2)
    """

    odors: _IntArray
    units: _IntArray
    times: FloatArray
    n_odors: int
    n_units: int
    start: float = 0.0
    stop: float = 1.0

    def __post_init__(self) -> None:
        for name in ("odors", "units"):
            n_all = checks.count(f"n_{name}", getattr(self, f"n_{name}"))
            indices = checks.counts(name, getattr(self, name), minimum=0, maximum=n_all - 1)
            object.__setattr__(self, name, np.ravel(indices))
        object.__setattr__(self, "times", np.asarray(self.times, dtype=np.float64))
        if not self.odors.shape == self.units.shape == self.times.shape:
            raise ValueError(
                "odors, units and times must have one entry for each spike, got shapes "
                f"{self.odors.shape}, {self.units.shape} and {self.times.shape}"
            )
        if not self.start < self.stop:
            raise ValueError(f"stop must be after start={self.start:g} s, got {self.stop:g} s")
        if self.times.size and not self.start <= self.times.min() <= self.times.max() <= self.stop:
            raise ValueError(
                f"times must be from {self.start:g} to {self.stop:g} s, got {self.times.max():g} s"
            )
        order = np.lexsort((self.times, self.units, self.odors))
        for name in ("odors", "units", "times"):
            object.__setattr__(self, name, getattr(self, name)[order])

    @property
    def duration(self) -> float:
        """Observed span of time, in s."""
        return self.stop - self.start

    @cached_property
    def counts(self) -> _IntArray:
        """Spikes of each unit to each odor, shape (n_odors, n_units)."""
        indices = self.odors * self.n_units + self.units
        counts = np.bincount(indices, minlength=self.n_odors * self.n_units)
        return counts.reshape(self.n_odors, self.n_units)

    @cached_property
    def times_of(self) -> NDArray[Any]:
        """Spike times of each unit to each odor, in s: an (n_odors, n_units) array of arrays."""
        ends = np.cumsum(self.counts.ravel())
        trains = np.empty(ends.size, dtype=object)
        trains[:] = np.split(self.times, ends[:-1])
        return trains.reshape(self.n_odors, self.n_units)

    def between(self, start: float, stop: float) -> "Spikes":
        """Return the spikes from ``start`` to just before ``stop``, in s."""
        start, stop = max(start, self.start), min(stop, self.stop)
        inside = (self.times >= start) & (self.times < stop)
        kept = {name: getattr(self, name)[inside] for name in ("odors", "units", "times")}
        return replace(self, **kept, start=start, stop=stop)

    def to_neo(self) -> Any:
        """Return a ``neo.Block`` with one segment for each odor and one train for each unit.

        Neo writes it in many formats.  For NWB, ``block.annotate`` it first with a
        ``session_description``, an ``identifier`` and a ``session_start_time``.

        Raises
        ------
        ImportError
            If Neo is not installed: ``pip install 'olfnet[neo]'``.
        """
        try:
            import neo
            import quantities
        except ImportError:
            raise ImportError("to_neo needs Neo: pip install 'olfnet[neo]'") from None
        second = quantities.s
        block = neo.Block(name="olfnet")
        for odor, trains in enumerate(self.times_of):
            segment = neo.Segment(name=f"odor {odor}", index=odor)
            segment.spiketrains = [
                neo.SpikeTrain(
                    times, units=second, t_start=self.start, t_stop=self.stop, name=f"unit {unit}"
                )
                for unit, times in enumerate(trains)
            ]
            block.segments.append(segment)
        return block
