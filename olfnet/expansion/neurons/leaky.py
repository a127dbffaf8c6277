"""Leaky integrate-and-fire neurons, driven by currents or by conductances."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


@dataclass(frozen=True, kw_only=True)
class LIF:
    """Leaky integrate-and-fire neuron with input currents: tau dv/dt = rest - v + R I.

    Parameters
    ----------
    tau : float
        Membrane time constant, in s.
    resistance : float
        Input resistance R, in ohm.
    rest, threshold, reset : float
        Potentials at rest, of a spike, and after it, in V.
    refractory : float
        Time after a spike in which the potential stays at the reset, in s.

    Raises
    ------
    ValueError
        If a time constant or resistance is not positive, or the reset not below the threshold.

    Examples
    --------
    >>> LIF(tau=0.02, resistance=1e9).rate([0.0, 7e-12, 14e-12]).round(2)
    array([ 0.  ,  0.  , 62.26])
    """

    tau: float = 0.02
    resistance: float = 1e8
    rest: float = -0.052
    threshold: float = -0.045
    reset: float = -0.052
    refractory: float = 0.0022

    units: ClassVar = {
        "tau": "second",
        "resistance": "ohm",
        "rest": "volt",
        "threshold": "volt",
        "reset": "volt",
        "refractory": "second",
    }
    input_unit: ClassVar = "amp"
    input_current: ClassVar = "exc - inh"
    equations: ClassVar = "dv/dt = awake * (rest - v + resistance * current) / tau : volt"
    initial_values: ClassVar = "v = rest"
    reset_statements: ClassVar = "v = reset"

    def __post_init__(self) -> None:
        checks.positive("tau", self.tau)
        checks.positive("resistance", self.resistance)
        _check_potentials(self.rest, self.threshold, self.reset, self.refractory)

    @property
    def rheobase(self) -> float:
        """Constant current above which it fires, in A."""
        return (self.threshold - self.rest) / self.resistance

    @property
    def fastest(self) -> float:
        """Shortest time constant, in s."""
        return self.tau

    def rate(self, excitation: ArrayLike, inhibition: ArrayLike = 0.0) -> FloatArray:
        """Return the firing rate under constant currents.

        Parameters
        ----------
        excitation, inhibition : arrays of shapes that fit
            Currents into and out of the cell, in A.

        Returns
        -------
        array of their common shape
            In Hz: 1 / (refractory + tau ln[(V - reset) / (V - threshold)]) where V = rest + R I
            lies above the threshold, and 0 elsewhere.
        """
        current = _finite_array("excitation", excitation) - _finite_array("inhibition", inhibition)
        target = self.rest + self.resistance * current
        return _relaxation_rate(target, self.tau, self.threshold, self.reset, self.refractory)

    onset_rate = rate


@dataclass(frozen=True, kw_only=True)
class ConductanceLIF:
    """Leaky integrate-and-fire neuron with input conductances.

    C dv/dt = g (rest - v) + exc (E_exc - v) + inh (E_inh - v).

    Parameters
    ----------
    capacitance : float
        C, in F.
    leak : float
        Leak conductance g, in S.
    rest, threshold, reset : float
        Potentials at rest, of a spike, and after it, in V.
    refractory : float
        Time after a spike in which the potential stays at the reset, in s.
    reversal_exc, reversal_inh : float
        Reversal potentials of excitatory and inhibitory synapses, in V.

    Raises
    ------
    ValueError
        If capacitance or leak is not positive, or the reset or the reversal of inhibition not below
        the threshold.

    Examples
    --------
    >>> cell = ConductanceLIF(capacitance=30e-12, leak=0.5e-9, rest=-0.055, threshold=-0.035)
    >>> cell.rate([0.1e-9, 0.5e-9, 1e-9], 0.0).round(2)
    array([ 0.  , 19.22, 44.19])
    """

    capacitance: float
    leak: float
    rest: float = -0.07
    threshold: float = -0.05
    reset: float = -0.07
    refractory: float = 0.0
    reversal_exc: float = 0.0
    reversal_inh: float = -0.075

    units: ClassVar = {
        "capacitance": "farad",
        "leak": "siemens",
        "rest": "volt",
        "threshold": "volt",
        "reset": "volt",
        "refractory": "second",
        "reversal_exc": "volt",
        "reversal_inh": "volt",
    }
    input_unit: ClassVar = "siemens"
    input_current: ClassVar = "exc * (reversal_exc - v) + inh * (reversal_inh - v)"
    equations: ClassVar = """
    dv/dt = awake * (leak * (rest - v) + current) / capacitance : volt"""
    initial_values: ClassVar = "v = rest"
    reset_statements: ClassVar = "v = reset"

    def __post_init__(self) -> None:
        checks.positive("capacitance", self.capacitance)
        checks.positive("leak", self.leak)
        checks.finite("reversal_exc", self.reversal_exc)
        _check_potentials(self.rest, self.threshold, self.reset, self.refractory)
        if not checks.finite("reversal_inh", self.reversal_inh) < self.threshold:
            raise ValueError(
                f"reversal_inh must be below threshold {self.threshold:g} V, got "
                f"{self.reversal_inh:g} V"
            )

    @property
    def fastest(self) -> float:
        """Membrane time constant at rest, in s; input shortens it."""
        return self.time_constant(0.0)

    def time_constant(self, conductance: float) -> float:
        """Membrane time constant, in s, under further conductance in S."""
        return self.capacitance / (self.leak + conductance)

    def rate(self, excitation: ArrayLike, inhibition: ArrayLike = 0.0) -> FloatArray:
        """Return the firing rate under constant conductances.

        Parameters
        ----------
        excitation, inhibition : arrays of shapes that fit
            In S.

        Returns
        -------
        array of their common shape
            In Hz; as for :class:`LIF` with the effective potential and time constant.
        """
        excitation = _finite_array("excitation", excitation, nonnegative=True)
        inhibition = _finite_array("inhibition", inhibition, nonnegative=True)
        total = self.leak + excitation + inhibition
        pull = self.leak * self.rest + excitation * self.reversal_exc
        target = (pull + inhibition * self.reversal_inh) / total
        tau = self.capacitance / total
        return _relaxation_rate(target, tau, self.threshold, self.reset, self.refractory)

    onset_rate = rate


def _relaxation_rate(
    target: FloatArray, tau: float | FloatArray, threshold: float, reset: float, refractory: float
) -> FloatArray:
    """Return the rate of a potential that relaxes to ``target`` and is reset at the threshold."""
    above = target - threshold
    rises = above > 0
    climb = np.log1p((threshold - reset) / np.where(rises, above, 1.0))
    return np.where(rises, 1.0 / (refractory + tau * climb), 0.0)


def _finite_array(name: str, values: ArrayLike, *, nonnegative: bool = False) -> FloatArray:
    """Return finite values of any shape as an array."""
    (array,) = checks.broadcast(**{name: values})
    checks.require_finite(name, array)
    if nonnegative and (array < 0).any():
        raise ValueError(f"{name} must be non-negative, got {array.min():g}")
    return array


def _check_potentials(rest: float, threshold: float, reset: float, refractory: float) -> None:
    """Raise if the reset is not below the threshold, or a value is not finite."""
    checks.finite("rest", rest)
    checks.finite("threshold", threshold)
    checks.nonnegative("refractory", refractory)
    if not checks.finite("reset", reset) < threshold:
        raise ValueError(f"reset must be below threshold {threshold:g} V, got {reset:g} V")
