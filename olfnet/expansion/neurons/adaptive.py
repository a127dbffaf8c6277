"""Leaky integrate-and-fire neurons with spike-frequency adaptation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion.neurons.leaky import ConductanceLIF

# Nodes and weights on (0, 1) for potentials under a decaying conductance.  The integrand decays
# exponentially away from 1, at any rate: intervals are halved towards 1.
_POINTS, _SPANS = np.polynomial.legendre.leggauss(12)
_ENDS = np.append(1 - 0.5 ** np.arange(36.0), 1.0)
_NODES = (_ENDS[:-1, None] + np.diff(_ENDS)[:, None] * (_POINTS + 1) / 2).ravel()
_WEIGHTS = (np.diff(_ENDS)[:, None] * _SPANS / 2).ravel()


@dataclass(frozen=True, kw_only=True)
class AdaptiveLIF(ConductanceLIF):
    """Conductance-based neuron with an adaptation conductance, increased by each spike.

    Parameters
    ----------
    adaptation : float
        Conductance that each spike adds, in S; see :class:`ConductanceLIF` for the others.
    adaptation_tau : float
        Time constant of its decay, in s.
    reversal_adaptation : float
        Its reversal potential, in V.

    Examples
    --------
    >>> cell = dict(capacitance=289.5e-12, leak=28.95e-9, threshold=-0.057, refractory=0.005)
    >>> free = ConductanceLIF(**cell).rate(20e-9, 0.0)
    >>> adapted = AdaptiveLIF(**cell, adaptation=5e-9, adaptation_tau=0.05).rate(20e-9, 0.0)
    >>> bool(adapted < free)
    True
    """

    adaptation: float
    adaptation_tau: float
    reversal_adaptation: float = -0.09

    units: ClassVar = ConductanceLIF.units | {
        "adaptation": "siemens",
        "adaptation_tau": "second",
        "reversal_adaptation": "volt",
    }
    equations: ClassVar = """
    dv/dt = awake * (leak * (rest - v) + slow * (reversal_adaptation - v) + current) / capacitance
        : volt
    dslow/dt = -slow / adaptation_tau : siemens"""
    reset_statements: ClassVar = "v = reset; slow += adaptation"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.nonnegative("adaptation", self.adaptation)
        checks.positive("adaptation_tau", self.adaptation_tau)
        checks.finite("reversal_adaptation", self.reversal_adaptation)

    @property
    def fastest(self) -> float:
        """Shorter one of the membrane's time constant and that of the adaptation, in s."""
        return min(super().fastest, self.adaptation_tau)

    def rate(self, excitation: ArrayLike, inhibition: ArrayLike = 0.0) -> FloatArray:
        """Return the firing rate under constant conductances, once adaptation has settled.

        With a period T the slow conductance starts each cycle at adaptation / (1 - exp(-T / tau)).
        The potential at the end of such a cycle is an integral that rises with T and equals the
        threshold at the period.

        Raises
        ------
        ValueError
            If the reversal potential is above the reset: such a conductance is depolarizing.
        """
        if self.adaptation and self.reversal_adaptation > self.reset:
            raise ValueError(
                f"reversal_adaptation must be at most reset {self.reset:g} V for a formula, "
                f"got {self.reversal_adaptation:g} V"
            )
        free = self.onset_rate(excitation, inhibition)
        inputs = np.broadcast_arrays(excitation, inhibition, free)
        rates = [self._steady(*entry) for entry in zip(*map(np.ravel, inputs), strict=True)]
        return np.reshape(rates, free.shape)

    def _steady(self, excitation: float, inhibition: float, free: float) -> float:
        if free == 0 or self.adaptation == 0:
            return free
        last = self._end_of_cycle(excitation, inhibition)
        shortest = longest = 1 / free  # adaptation only lengthens the period
        while last(longest) < self.threshold:
            longest *= 2
        if longest == shortest:
            return free
        period = scipy.optimize.brentq(lambda t: last(t) - self.threshold, shortest, longest)
        return 1 / float(period)

    def _end_of_cycle(self, excitation: float, inhibition: float) -> Callable[[float], float]:
        """Return the potential at the end of a cycle as a function of its length.

        C v' = S(t) - G(t) v has v(T) = reset e^-A(0) + int S(t) / C e^-A(t) dt, where A(t) is the
        integral of G / C from t to T.
        """
        steady = self.leak + excitation + inhibition
        source = self.leak * self.rest + excitation * self.reversal_exc
        source += inhibition * self.reversal_inh
        slow = self.adaptation_tau

        def end(period: float) -> float:
            first = self.adaptation / -np.expm1(-period / slow)
            span = period - self.refractory
            times = self.refractory + span * np.append(0.0, _NODES)
            opened = first * np.exp(-times / slow)
            decay = steady * (period - times) + slow * (opened - first * np.exp(-period / slow))
            kept = np.exp(-decay / self.capacitance)
            flow = (source + opened[1:] * self.reversal_adaptation) / self.capacitance
            return float(self.reset * kept[0] + span * np.sum(_WEIGHTS * flow * kept[1:]))

        return end
