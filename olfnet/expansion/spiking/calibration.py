"""Cells and synapses scaled until a wanted fraction of the units responds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.expansion import presets
from olfnet.expansion.circuit import Circuit
from olfnet.expansion.dynamics import Dynamics, SpikingInhibition
from olfnet.expansion.spiking.simulation import require, respond

# Range of the factor, and how far a bracket reaches at first.
_RANGE, _REACH = 1e4, 1.25
_MAX_SIMULATIONS = 30


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
SCALES: Mapping[str, Callable[[Dynamics, float], Dynamics]] = MappingProxyType(
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
    """Scale excitation, thresholds or inhibition until a wanted fraction of the units responds.

    A first guess comes from the closed form of the mean input; a bracket around it is then closed
    by simulations that all share their random numbers.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like, shape (n_odors, n_inputs)
        Calibration panel, in Hz.
    coding_level : float
        Wanted fraction of units with a spike or more, mean over the odors.
    duration : float
        In s.
    rng : numpy.random.Generator or int, optional
    dynamics : Dynamics, optional
        What is scaled; ``presets.rapp_nawrot_2020()`` without it.
    by : {"excitation", "threshold", "inhibition"}
        Whether the strength of the inputs' synapses, the height of the threshold over rest, or the
        strength of inhibition is to change.
    tolerance : float
        Largest deviation of the coding level, relative to it.
    **options
        Further arguments of :func:`respond`.

    Returns
    -------
    Dynamics
        Scaled; the level lies within ``tolerance`` for these odors and the input that they shared.
        With another ``rng`` it varies as the coding level does from trial to trial.

    Raises
    ------
    ValueError
        If the level cannot be reached this way.
    """
    rng = np.random.default_rng(rng)
    dynamics = presets.rapp_nawrot_2020() if dynamics is None else dynamics
    require("circuit", circuit, Circuit, "random_expansion(...)")
    require("dynamics", dynamics, Dynamics, "a preset")
    scale = SCALES[checks.one_of("by", by, known=SCALES)]
    checks.fraction("coding_level", coding_level)
    checks.positive("tolerance", tolerance)
    checks.positive("duration", duration)
    drive, seed = circuit.drive(odors), int(rng.integers(2**62))

    def excess(log_factor: float) -> float:
        scaled = scale(dynamics, float(np.exp(log_factor)))
        response = respond(circuit, odors, duration=duration, rng=seed, dynamics=scaled, **options)
        return float(response.coding_level.mean()) - coding_level

    start = _guess(dynamics, scale, drive, coding_level, duration)
    found = _close_in(excess, start, tolerance * coding_level)
    if found is None:
        raise ValueError(
            f"coding_level must be one that {by} can bring about within {tolerance:g} of it, "
            f"got {coding_level:g}"
        )
    return scale(dynamics, float(np.exp(found)))


def _guess(
    dynamics: Dynamics,
    scale: Callable[[Dynamics, float], Dynamics],
    drive: FloatArray,
    coding_level: float,
    duration: float,
) -> float:
    """Logarithm of the factor at which the mean input alone makes so many units spike once."""
    if not dynamics.has_formula:
        return 0.0
    low, high = -np.log(_RANGE), np.log(_RANGE)
    while high - low > 0.01:
        middle = (low + high) / 2
        try:
            rates = scale(dynamics, float(np.exp(middle))).onset_rates(drive)
            level = float(np.mean(rates * duration >= 1))
        except ValueError:  # no such neuron: its threshold would be below its reset
            level = np.inf
        low, high = (middle, high) if level < coding_level else (low, middle)
    reached = high < np.log(_RANGE)
    return high if reached else 0.0


def _close_in(excess: Callable[[float], float], start: float, tolerance: float) -> float | None:
    """Where a rising, noisy function is 0 within the tolerance, or None if that is not found."""
    ends: dict[bool, tuple[float, float]] = {}  # by sign, the closest point on either side
    point, reach = start, np.log(_REACH)
    for _ in range(_MAX_SIMULATIONS):
        value = excess(point)
        if abs(value) <= tolerance:
            return point
        ends[value > 0] = (point, value)
        if len(ends) == 2:
            (low, below), (high, above) = ends[False], ends[True]
            if abs(high - low) < 1e-6:
                return None
            share = np.clip(-below / (above - below), 0.2, 0.8)
            point = low + float(share) * (high - low)
        else:
            point += -reach if value > 0 else reach
            reach *= 1.5
            if abs(point) > np.log(_RANGE):
                return None
    return None
