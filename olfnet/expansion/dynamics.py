"""Neurons, synapses, inhibition and noise of a spiking circuit.

A :class:`Dynamics` is a frozen record beside the :class:`~olfnet.expansion.Circuit`, which holds
the weights.  ``presets`` has published ones and ``spiking`` simulates them; ``onset_rates`` is the
mean-field steady state under constant input.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import scipy.optimize

from olfnet import checks
from olfnet.checks import FloatArray


class Neuron(Protocol):
    """A neuron model of ``olfnet.expansion.neurons``."""

    threshold: float
    refractory: float
    units: ClassVar[dict[str, str]]
    input_unit: ClassVar[str]
    input_current: ClassVar[str]
    equations: ClassVar[str]
    initial_values: ClassVar[str]
    reset_statements: ClassVar[str]

    @property
    def fastest(self) -> float:
        """Shortest time constant, in s."""


@dataclass(frozen=True, kw_only=True)
class Synapse:
    """Effect of a spike: a step of ``strength`` that decays exponentially.

    Parameters
    ----------
    strength : float
        Conductance (S) or current (A) that a spike adds, for a weight of 1 in the circuit.
    tau : float
        Time constant of the decay, in s.
    delay : float
        From the spike to its effect, in s.
    """

    strength: float
    tau: float
    delay: float = 0.0

    def __post_init__(self) -> None:
        checks.nonnegative("strength", self.strength)
        checks.positive("tau", self.tau)
        checks.nonnegative("delay", self.delay)

    @property
    def effect(self) -> float:
        """Mean conductance or current for each spike per second."""
        return self.strength * self.tau


@dataclass(frozen=True, kw_only=True)
class SpikingInhibition:
    """One neuron (APL) that receives input from all units and inhibits them all by spikes.

    Parameters
    ----------
    neuron : Neuron
        Its model, of ``olfnet.expansion.neurons``.
    excitation : Synapse
        From each unit to the neuron.
    inhibition : Synapse
        From the neuron to each unit.
    """

    neuron: Any
    excitation: Synapse
    inhibition: Synapse

    def __post_init__(self) -> None:
        _require_neuron("inhibition.neuron", self.neuron)
        _require_kind("inhibition.excitation", self.excitation, Synapse)
        _require_kind("inhibition.inhibition", self.inhibition, Synapse)

    @property
    def fastest(self) -> dict[str, float]:
        """Time constants, in s, by what they belong to."""
        return {
            "inhibition.neuron": self.neuron.fastest,
            "inhibition.excitation.tau": self.excitation.tau,
            "inhibition.inhibition.tau": self.inhibition.tau,
        }

    def level(self, total_rate: FloatArray, n_units: int) -> FloatArray:
        """Mean inhibition of each unit if all units together fire ``total_rate`` spikes/s."""
        rate: FloatArray = self.neuron.rate(self.excitation.effect * total_rate)
        return self.inhibition.effect * rate


@dataclass(frozen=True, kw_only=True)
class GradedInhibition:
    """A neuron without spikes (APL) whose output rises with the mean rate of all units.

    Its activity a, in Hz, is the units' mean rate, smoothed by an exponential; each unit is
    inhibited by ``gain max(a - threshold, 0)``.

    Parameters
    ----------
    gain : float
        Inhibitory conductance (S) or current (A) per Hz.
    tau : float
        Time constant of the smoothing, in s.
    threshold : float
        Activity above which it inhibits, in Hz.
    delay : float
        From a unit's spike to its effect, in s.
    """

    gain: float
    tau: float
    threshold: float = 0.0
    delay: float = 0.0

    def __post_init__(self) -> None:
        checks.nonnegative("gain", self.gain)
        checks.positive("tau", self.tau)
        checks.nonnegative("threshold", self.threshold)
        checks.nonnegative("delay", self.delay)

    @property
    def fastest(self) -> dict[str, float]:
        """Time constants, in s, by what they belong to."""
        return {"inhibition.tau": self.tau}

    def level(self, total_rate: FloatArray, n_units: int) -> FloatArray:
        """Mean inhibition of each unit if all units together fire ``total_rate`` spikes/s."""
        return self.gain * np.maximum(total_rate / n_units - self.threshold, 0.0)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Independent Gaussian current into each unit, redrawn after each interval.

    Parameters
    ----------
    std : float
        Standard deviation, in A.
    interval : float
        Duration of each value (correlation time), in s, rounded to whole time steps.
    """

    std: float
    interval: float = 0.005

    def __post_init__(self) -> None:
        checks.positive("std", self.std)
        checks.positive("interval", self.interval)


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """Cells and synapses of an expansion layer.

    Parameters
    ----------
    neuron : Neuron
        The units (Kenyon cells), a model of ``olfnet.expansion.neurons``.
    excitation : Synapse
        From the inputs (projection neurons) to the units, multiplied by the circuit's weights.
    inhibition : SpikingInhibition or GradedInhibition, optional
        Feedback through a neuron that receives input from all units (APL).
    noise : Noise, optional
        Fluctuating current into each unit.
    """

    neuron: Any
    excitation: Synapse
    inhibition: SpikingInhibition | GradedInhibition | None = None
    noise: Noise | None = None

    def __post_init__(self) -> None:
        _require_neuron("neuron", self.neuron)
        _require_kind("excitation", self.excitation, Synapse)
        kinds = (SpikingInhibition, GradedInhibition, type(None))
        _require_kind("inhibition", self.inhibition, *kinds)
        _require_kind("noise", self.noise, Noise, type(None))

    @property
    def fastest(self) -> dict[str, float]:
        """Time constants that a simulation must resolve, in s, by what they belong to."""
        constants = {"neuron": self.neuron.fastest, "excitation.tau": self.excitation.tau}
        return constants | ({} if self.inhibition is None else self.inhibition.fastest)

    @property
    def has_formula(self) -> bool:
        """Whether all neurons have a rate in closed form."""
        kind = self.inhibition
        closed = not isinstance(kind, SpikingInhibition) or hasattr(kind.neuron, "rate")
        return closed and hasattr(self.neuron, "onset_rate")

    def onset_rates(self, drive: FloatArray) -> FloatArray:
        """Return the mean-field rates of the units under constant input, before adaptation.

        Feedback inhibition has the level that the rates under it cause. Units that fire only by
        random coincidence of spikes are silent here.

        Parameters
        ----------
        drive : array, shape (n_odors, n_units)
            Weighted sum of the rates of each unit's inputs, in Hz.

        Returns
        -------
        array, shape (n_odors, n_units)
            In Hz.

        Raises
        ------
        ValueError
            If the neuron's rate has no closed form.
        """
        if not self.has_formula:
            raise ValueError(f"all neurons must have a rate in closed form, got {self!r}")
        excitation = self.excitation.effect * np.maximum(drive, 0.0)
        return np.array([self._steady(odor) for odor in excitation])

    def _steady(self, excitation: FloatArray) -> FloatArray:
        """Return the rates to one odor, under the inhibition that they cause."""
        free: FloatArray = self.neuron.onset_rate(excitation)
        inhibition = self.inhibition
        if inhibition is None or not free.any():
            return free

        def excess(level: float) -> float:
            rates = self.neuron.onset_rate(excitation, level)
            return level - float(inhibition.level(rates.sum(), excitation.size))

        highest = -excess(0.0)
        if highest <= 0:
            return free
        # The excess rises with the level, unless inhibition reverses above the reset: then rates
        # rise before they fall.
        while excess(highest) < 0:
            highest *= 2
        # Levels are far below SciPy's default absolute tolerance, 2e-12.
        level = scipy.optimize.brentq(excess, 0.0, highest, xtol=1e-12 * highest)
        rates: FloatArray = self.neuron.onset_rate(excitation, level)
        return rates


def _require_neuron(name: str, value: Any) -> None:
    if isinstance(value, type) or not hasattr(value, "input_unit"):
        raise ValueError(f"{name} must be a neuron model, such as LIF(), got {value!r}")


def _require_kind(name: str, value: Any, *kinds: type) -> None:
    if not isinstance(value, kinds):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise ValueError(f"{name} must be {names}, got {value!r}")
