"""Calibration of cells and synapses to a coding level."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.expansion.circuit import Circuit
from olfnet.expansion.dynamics import Dynamics, SpikingInhibition
from olfnet.expansion.spiking._plan import Plan
from olfnet.expansion.spiking._results import response_of
from olfnet.expansion.spiking._targets import Execution, run

# Logarithms of the largest factor, and of the first step.
_LARGEST, _FIRST_STEP = float(np.log(1e4)), float(np.log(1.25))
_MAX_SIMULATIONS = 30
_EXECUTION = ("target", "batch_size", "n_workers")


def _excitation(dynamics: Dynamics, factor: float) -> Dynamics:
    synapse = dynamics.excitation
    return replace(dynamics, excitation=replace(synapse, strength=synapse.strength * factor))


def _threshold(dynamics: Dynamics, factor: float) -> Dynamics:
    neuron = dynamics.neuron
    if not hasattr(neuron, "rest"):
        raise ValueError(f"by='threshold' needs a neuron with a resting potential, got {neuron!r}")
    if not neuron.rest < neuron.threshold:
        raise ValueError(
            f"by='threshold' needs a neuron at rest below its threshold {neuron.threshold:g} V, "
            f"got a rest of {neuron.rest:g} V"
        )
    height = neuron.rest + (neuron.threshold - neuron.rest) / factor
    return replace(dynamics, neuron=replace(neuron, threshold=height))


def _inhibition(dynamics: Dynamics, factor: float) -> Dynamics:
    kind = dynamics.inhibition
    if kind is None:
        raise ValueError("by='inhibition' needs dynamics with inhibition, got none")
    if isinstance(kind, SpikingInhibition):
        weaker = replace(kind.inhibition, strength=kind.inhibition.strength / factor)
        return replace(dynamics, inhibition=replace(kind, inhibition=weaker))
    return replace(dynamics, inhibition=replace(kind, gain=kind.gain / factor))


# What can be scaled; more units respond as the factor rises.
_SCALES: Mapping[str, Callable[[Dynamics, float], Dynamics]] = MappingProxyType(
    {"excitation": _excitation, "threshold": _threshold, "inhibition": _inhibition}
)


def calibrate(
    circuit: Circuit,
    odors: Any,
    *,
    coding_level: float,
    duration: float,
    rng: Seed = None,
    dynamics: Dynamics | None = None,
    by: str = "excitation",
    tolerance: float = 0.05,
    **options: Any,
) -> Dynamics:
    """Scale excitation, thresholds or inhibition until a given fraction of the units responds.

    A first guess comes from the closed form of the mean input; its bracket is then narrowed by
    simulations that all share their random numbers.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like, shape (n_odors, n_inputs)
        Calibration panel, in Hz.
    coding_level : float
        Fraction of units with a spike or more, mean over the odors.
    duration : float
        In s.
    rng : numpy.random.Generator or int, optional
    dynamics : Dynamics, optional
        Cells and synapses to be scaled; ``presets.rapp_nawrot_2020()`` without it.
    by : {"excitation", "threshold", "inhibition"}
        Scale the strength of the inputs' synapses, the height of the threshold over rest, or the
        strength of inhibition.
    tolerance : float
        Largest deviation of the coding level, relative to it.
    **options
        Further arguments of :func:`respond`.

    Returns
    -------
    Dynamics
        The level is within ``tolerance`` for these odors and these random numbers.  With another
        ``rng`` it varies as the coding level does from trial to trial.

    Raises
    ------
    ValueError
        If the level cannot be reached by this scaling.
    """
    how = {name: options.pop(name) for name in _EXECUTION if name in options}
    plan = Plan.of(circuit, duration=duration, dynamics=dynamics, **options)
    scale = _SCALES[checks.one_of("by", by, known=_SCALES)]
    checks.fraction("coding_level", coding_level)
    checks.positive("tolerance", tolerance)
    rates = plan.rates(odors)
    execution = Execution.of(plan, len(rates), **how)
    seed = int(np.random.default_rng(rng).integers(2**62))

    def scaled(log_factor: float) -> Dynamics:
        return scale(plan.dynamics, float(np.exp(log_factor)))

    def excess(log_factor: float) -> float:
        changed = replace(plan, dynamics=scaled(log_factor))
        streams = np.random.default_rng(seed).spawn(len(rates))
        response = response_of(changed, run(changed, rates, streams, execution))
        return float(response.coding_level.mean()) - coding_level

    start = _guess(scaled, circuit._drive(rates), coding_level, duration)
    log_factor = _root(excess, start, tolerance * coding_level)
    if log_factor is None:
        raise ValueError(
            f"coding_level must be one that {by} can bring about within {tolerance:g} of it, "
            f"got {coding_level:g}"
        )
    return scaled(log_factor)


def _guess(
    scaled: Callable[[float], Dynamics], drive: FloatArray, coding_level: float, duration: float
) -> float:
    """Return the logarithm of the factor at which the mean input gives that level of one spike."""
    if not scaled(0.0).has_formula:
        return 0.0
    low, high = -_LARGEST, _LARGEST
    while high - low > 0.01:
        middle = (low + high) / 2
        try:
            level = float(np.mean(scaled(middle).onset_rates(drive) * duration >= 1))
        except ValueError:  # no such neuron: its threshold would be below its reset
            level = np.inf
        low, high = (middle, high) if level < coding_level else (low, middle)
    return high if high < _LARGEST else 0.0


def _root(excess: Callable[[float], float], start: float, tolerance: float) -> float | None:
    """Return a zero, within the tolerance, of a rising and noisy function, or None."""
    ends: dict[bool, tuple[float, float]] = {}  # by sign, the closest point on either side
    point, step = start, _FIRST_STEP
    for _ in range(_MAX_SIMULATIONS):
        value = excess(point)
        if abs(value) <= tolerance:
            return point
        ends[value > 0] = (point, value)
        if len(ends) == 2:
            (low, below), (high, above) = ends[False], ends[True]
            if abs(high - low) < 1e-6:
                return None
            fraction = np.clip(-below / (above - below), 0.2, 0.8)
            point = low + float(fraction) * (high - low)
        else:
            point += -step if value > 0 else step
            step *= 1.5
            if abs(point) > _LARGEST:
                return None
    return None
