"""What goes into a simulation: spikes of the inputs and noise of the units, for some odors."""

from dataclasses import dataclass

import numpy as np

from olfnet.checks import FloatArray
from olfnet.expansion.dynamics import Noise
from olfnet.expansion.trains import Process, TimeCourse


@dataclass(frozen=True, eq=False)
class Batch:
    """Input of several odors.

    Parameters
    ----------
    n_odors : int
    raster : array, shape (n_steps, n_odors * n_inputs)
        1 where an input spikes in a time step, else 0.
    noise : array, shape (n_intervals, n_odors * n_units), optional
        Current into each unit, in A.
    """

    n_odors: int
    raster: FloatArray
    noise: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """Where the input of odors is drawn from: each odor has a stream of random numbers.

    Parameters
    ----------
    process : Process
    course : TimeCourse
    noise : Noise, optional
    n_units, n_steps : int
    dt : float
        Time step, in s.
    """

    process: Process
    course: TimeCourse
    noise: Noise | None
    n_units: int
    n_steps: int
    dt: float

    def draw(self, rates: FloatArray, streams: list[np.random.Generator], *, n_odors: int) -> Batch:
        """Draw the input of these odors, and silence for as many as are missing to ``n_odors``."""
        n_inputs = rates.shape[1]
        raster = np.zeros((self.n_steps, n_odors * n_inputs))
        noise = None
        if self.noise is not None:
            n_intervals = self.n_steps // round(self.noise.interval / self.dt) + 1
            noise = np.zeros((n_intervals, n_odors * self.n_units))
        for k, (odor, stream) in enumerate(zip(rates, streams, strict=True)):
            spikes, current = stream.spawn(2)
            expected = self.course.expected(odor, self.n_steps, self.dt)
            busiest = np.diff(expected).max()
            if busiest > 0.5:
                raise ValueError(
                    f"odors must drive inputs at rates up to 1 / (2 dt) = {0.5 / self.dt:g} Hz, "
                    f"got {busiest / self.dt:g} Hz"
                )
            inputs, steps = self.process.draw(expected, self.dt, rng=spikes)
            raster[steps, k * n_inputs + inputs] = 1.0
            if noise is not None and self.noise is not None:
                columns = slice(k * self.n_units, (k + 1) * self.n_units)
                noise[:, columns] = current.normal(0, self.noise.std, (len(noise), self.n_units))
        return Batch(n_odors, raster, noise)
