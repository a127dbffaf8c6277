"""Izhikevich's neuron: two variables, many kinds of firing."""

from dataclasses import dataclass
from typing import ClassVar

from olfnet import checks


@dataclass(frozen=True, kw_only=True)
class Izhikevich:
    """Izhikevich's two-variable neuron, with the published numbers for mV and ms by default.

    v' = 0.04 v^2 + 5 v + 140 - u + I and u' = a (b v - u), v in mV and time in ms; at 30 mV a spike
    sets v = c and u = u + d (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).  Its rate has no
    closed form.

    Parameters
    ----------
    a, b, c, d : float
        As published, for mV and ms.
    resistance : float
        Millivolts of the input I for each ampere of synaptic current, in ohm.
    """

    a: float = 0.02
    b: float = 0.2
    c: float = -65.0
    d: float = 8.0
    resistance: float = 1e8
    threshold: float = 0.03
    refractory: float = 0.0

    units: ClassVar = {
        "a": "1",
        "b": "1",
        "c": "1",
        "d": "1",
        "resistance": "ohm",
        "threshold": "volt",
        "refractory": "second",
    }
    input_unit: ClassVar = "amp"
    input_current: ClassVar = "exc - inh"
    equations: ClassVar = """
    dv/dt = awake * (0.04 / mV * v**2 + 5 * v + 140 * mV - u + resistance * current) / ms : volt
    du/dt = a * (b * v - u) / ms : volt"""
    initial_values: ClassVar = "v = c * mV; u = b * c * mV"
    reset_statements: ClassVar = "v = c * mV; u += d * mV"

    def __post_init__(self) -> None:
        for name in ("a", "resistance"):
            checks.positive(name, getattr(self, name))
        for name in ("b", "c", "d", "threshold"):
            checks.finite(name, getattr(self, name))
        checks.nonnegative("refractory", self.refractory)
        if not self.c * 1e-3 < self.threshold:
            raise ValueError(f"c must be below threshold {self.threshold:g} V, got {self.c:g} mV")

    @property
    def rheobase(self) -> float:
        """Current above which there is no resting state, in A, where it ends in a saddle-node.

        0.04 v^2 + (5 - b) v + 140 + I has no root (b < 5; with b > a the rest loses its stability
        a little earlier).
        """
        return ((5 - self.b) ** 2 / 0.16 - 140) * 1e-3 / self.resistance

    @property
    def fastest(self) -> float:
        """One millisecond, the time scale of the potential, in s."""
        return 1e-3
