"""Cells put together: what does not fit is refused, and where feedback settles."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet.expansion import presets
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, ConductanceLIF

SYNAPSE = Synapse(strength=1e-10, tau=0.005)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Dynamics(neuron=LIF, excitation=SYNAPSE), "neuron must be a neuron model, such"),
        (lambda: Dynamics(neuron=LIF(), excitation=1e-9), "excitation must be Synapse, got 1e-09"),
        (
            lambda: Dynamics(neuron=LIF(), excitation=SYNAPSE, inhibition="APL"),
            "inhibition must be SpikingInhibition or GradedInhibition or None, got 'APL'",
        ),
        (
            lambda: SpikingInhibition(neuron=LIF, excitation=SYNAPSE, inhibition=SYNAPSE),
            "inhibition.neuron must be a neuron model, such as LIF",
        ),
        (
            lambda: SpikingInhibition(neuron=LIF(), excitation=3, inhibition=SYNAPSE),
            "inhibition.excitation must be Synapse, got 3",
        ),
        (
            lambda: SpikingInhibition(neuron=LIF(), excitation=SYNAPSE, inhibition=None),
            "inhibition.inhibition must be Synapse, got None",
        ),
    ],
)
def test_bad_input(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def settled(dynamics, drive):
    """Rates, once they are seen to be those under the inhibition that they bring about."""
    rates = dynamics.onset_rates(drive)
    level = [[dynamics.inhibition.level(one.sum(), one.size)] for one in rates]
    excitation = dynamics.excitation.effect * drive
    np.testing.assert_allclose(rates, dynamics.neuron.onset_rate(excitation, level), rtol=1e-6)
    assert (rates > 1).mean() > 0.5
    return rates


def test_feedback_settles_where_rates_and_inhibition_agree():
    dynamics = presets.rapp_nawrot_2020()
    drive = np.linspace(200, 1000, 40).reshape(2, 20)
    free = replace(dynamics, inhibition=None).onset_rates(drive)
    assert (settled(dynamics, drive) <= free).all()
    assert (settled(dynamics, drive) < free - 1).mean() > 0.3


def test_feedback_settles_at_any_scale():
    """In a cell of a teraohm, whose currents are below 1 pA."""
    drive = np.linspace(20, 200, 10)[None]
    small = Dynamics(
        neuron=LIF(resistance=1e12),
        excitation=Synapse(strength=1e-13, tau=0.005),
        inhibition=GradedInhibition(gain=1e-16, tau=0.02),
    )
    large = Dynamics(
        neuron=LIF(resistance=1e8),
        excitation=Synapse(strength=1e-9, tau=0.005),
        inhibition=GradedInhibition(gain=1e-12, tau=0.02),
    )
    np.testing.assert_allclose(settled(small, drive), settled(large, drive), rtol=1e-6)


def test_inhibition_that_helps_the_climb():
    """Where it reverses just below the threshold, a little of it makes cells fire faster."""
    cell = ConductanceLIF(capacitance=1e-10, leak=1e-9, reset=-0.08, reversal_inh=-0.0505)
    inhibition = GradedInhibition(gain=5e-11, tau=0.02)
    dynamics = Dynamics(neuron=cell, excitation=SYNAPSE, inhibition=inhibition)
    drive = np.full((1, 4), 3000.0)
    free = replace(dynamics, inhibition=None).onset_rates(drive)
    assert (settled(dynamics, drive) > free).all()
