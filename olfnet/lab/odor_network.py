"""The odor path as one network: antennal lobe, expansion and readout, for certificates.

Here are composed the Lipschitz constants of receptors, expansion and theory, which import nothing
of each other.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeClassifier

from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion import lipschitz as expansion_bounds
from olfnet.expansion.sparsify import FixedThreshold, GlobalThreshold
from olfnet.expansion.wiring import FixedFanIn
from olfnet.receptors import DivisiveNormalization, NoNormalization, fly_odors
from olfnet.receptors import lipschitz as receptor_bounds
from olfnet.receptors.noise import noisy_trials
from olfnet.theory.activations import ReLU
from olfnet.theory.lipschitz import Ball, Enclosure, bound, enclosed
from olfnet.theory.network import Activate, Dense, Fixed, Network, PullBack

ANTENNAL_LOBE = DivisiveNormalization()


@dataclass(frozen=True)
class AntennalLobe(Fixed):
    """Receptor rates to rates of projection neurons, in spikes/s; rates are never negative.

    Parameters
    ----------
    transform : DivisiveNormalization or NoNormalization
    """

    transform: DivisiveNormalization | NoNormalization

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Map (n_odors, n_receptors) to the same shape."""

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, tuple[()]]:
            slopes = receptor_bounds.slopes(self.transform, inputs)
            shared = np.sum(gradient * slopes.shared_high, axis=1, keepdims=True)
            return gradient * slopes.own_high - shared, ()

        return self.transform(inputs), pull_back


@bound.register
def _(layer: AntennalLobe, norm: float = 2, shape: Any = None) -> float:
    if shape is None:
        raise ValueError("shape must be given: the bound depends on the number of receptors")
    return receptor_bounds.lipschitz_bound(layer.transform, shape[0], norm)


@enclosed.register
def _(layer: AntennalLobe, inside: Enclosure, ball: Ball) -> Enclosure:
    # The sum of all rates may change less than the rates one by one.
    total = inside.weighted(np.ones((1, inside.value.size)), inside.value.sum()[None])
    slopes = receptor_bounds.slopes(
        layer.transform,
        inside.value[None],
        inside.half_width(ball)[None],
        total.half_width(ball)[None],
    )
    own, own_error = _middle(slopes.own_low[0], slopes.own_high[0])
    shared, shared_error = _middle(slopes.shared_low[0], slopes.shared_high[0])
    weights = np.diag(own) - shared[:, None]
    errors = np.diag(own_error) + shared_error[:, None]
    return inside.weighted(weights, layer.linearized(inside.value[None])[0][0], errors)


def _middle(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the middle of intervals and half their width, rounded upward."""
    return (low + high) / 2, (high - low) / 2 + 1e-15 * high


def network(
    transform: DivisiveNormalization | NoNormalization, circuit: Circuit, weights: Any, bias: Any
) -> Network:
    """Compose an antennal lobe, an expansion and a linear readout.

    Parameters
    ----------
    transform : DivisiveNormalization or NoNormalization
    circuit : Circuit
        With a fixed threshold, and rates rather than spikes.
    weights : array of shape (n_classes, n_units)
    bias : array of shape (n_classes,)

    Returns
    -------
    Network
        Receptor rates in, one output for each class; the rectified outputs of the expansion are the
        rates of ``olfnet.expansion.rate.respond``.

    Raises
    ------
    ValueError
        If the sparsifier has no Lipschitz constant, or is not a fixed threshold.
    """
    expansion_bounds.lipschitz_bound(circuit.sparsifier)  # raises if rates are discontinuous
    if not isinstance(circuit.sparsifier, FixedThreshold):
        raise ValueError(f"sparsifier must be a FixedThreshold, got {circuit.sparsifier!r}")
    wiring = circuit.weights.toarray()
    threshold = np.broadcast_to(np.asarray(circuit.sparsifier.threshold, float), len(wiring))
    return Network(
        [AntennalLobe(transform), Dense(wiring, -threshold), Activate(ReLU()), Dense(weights, bias)]
    )


@cache
def projection_rates() -> FloatArray:
    """Projection-neuron rates of 110 measured odors, shape (n_odors, n_glomeruli), in spikes/s."""
    return ANTENNAL_LOBE(fly_odors())


def expansion(n_units: int, fan_in: int, coding_level: float, rng: np.random.Generator) -> Circuit:
    """Draw an expansion with one threshold for all units, set on the measured odors."""
    wiring = FixedFanIn(fan_in).draw(n_units, projection_rates().shape[1], rng=rng)
    return Circuit(wiring, GlobalThreshold(coding_level)).calibrated(projection_rates())


def nearest_code(circuit: Circuit) -> Network:
    """Return the odor path whose readout names the measured odor with the nearest code.

    The largest u . x - |u|^2 / 2 has the code u with the smallest distance |x - u|.
    """
    weights = rate.respond(circuit, projection_rates()).rates
    return network(ANTENNAL_LOBE, circuit, weights, -np.sum(weights**2, axis=1) / 2)


def least_squares(circuit: Circuit, rng: np.random.Generator) -> Network:
    """Return the odor path with a readout trained on noisy trials.

    Ten trials of each odor with noise of 10 spikes/s, one output for each odor, and a penalty of
    10^4 in the units of a squared code.
    """
    odors = fly_odors()
    trials = noisy_trials(odors, 10, nonnegative=True, rng=rng).reshape(-1, odors.shape[1])
    codes = rate.respond(circuit, ANTENNAL_LOBE(trials)).rates
    readout = RidgeClassifier(alpha=1e4).fit(codes, np.repeat(np.arange(len(odors)), 10))
    return network(ANTENNAL_LOBE, circuit, readout.coef_, readout.intercept_)
