"""Cells and synapses together: what is refused, and the steady state of feedback."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet.expansion import presets
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, ConductanceLIF, Izhikevich

SYNAPSE = Synapse(strength=1e-10, tau=0.005)
CELLS = {"neuron": LIF(), "excitation": SYNAPSE}
APL = {"neuron": LIF(), "excitation": SYNAPSE, "inhibition": SYNAPSE}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dynamics(**CELLS | {"neuron": LIF}), "neuron must be a neuron model, such"),
        (lambda: Dynamics(**CELLS | {"excitation": 1}), "excitation must be Synapse, got 1"),
        (
            lambda: Dynamics(**CELLS, inhibition="APL"),
            "inhibition must be SpikingInhibition or GradedInhibition or None, got 'APL'",
        ),
        (lambda: SpikingInhibition(**APL | {"neuron": LIF}), "inhibition.neuron must be a neuron"),
        (
            lambda: SpikingInhibition(**APL | {"excitation": 3}),
            "inhibition.excitation must be Synapse, got 3",
        ),
        (
            lambda: SpikingInhibition(**APL | {"inhibition": None}),
            "inhibition.inhibition must be Synapse, got None",
        ),
        (
            lambda: Dynamics(**CELLS | {"neuron": Izhikevich()}).onset_rates(np.ones((1, 1))),
            "all neurons must have a rate in closed form, got Dynamics",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def steady(dynamics, drive):
    """Rates that are those under the inhibition that they cause."""
    rates = dynamics.onset_rates(drive)
    level = [[dynamics.inhibition.level(odor.sum(), odor.size)] for odor in rates]
    excitation = dynamics.excitation.effect * drive
    np.testing.assert_allclose(rates, dynamics.neuron.onset_rate(excitation, level), rtol=1e-6)
    assert (rates > 1).mean() > 0.5
    return rates


def test_rates_and_inhibition_agree():
    dynamics = presets.rapp_nawrot_2020()
    drive = np.linspace(200, 1000, 40).reshape(2, 20)
    free = replace(dynamics, inhibition=None).onset_rates(drive)
    rates = steady(dynamics, drive)
    assert (rates <= free).all()
    assert (rates < free - 1).mean() > 0.3
    weak = replace(dynamics, excitation=replace(dynamics.excitation, strength=1e-15))
    assert not weak.onset_rates(drive).any()


def test_rates_and_inhibition_agree_at_any_scale():
    """Also in a cell of a teraohm, whose currents are below 1 pA."""
    drive = np.linspace(20, 200, 10)[None]
    small, large = (
        Dynamics(
            neuron=LIF(resistance=1e8 / scale),
            excitation=Synapse(strength=1e-9 * scale, tau=0.005),
            inhibition=GradedInhibition(gain=1e-12 * scale, tau=0.02),
        )
        for scale in (1e-4, 1)
    )
    np.testing.assert_allclose(steady(small, drive), steady(large, drive), rtol=1e-6)


def test_depolarizing_inhibition():
    """If it reverses just below the threshold, a little of it makes cells fire faster."""
    cell = ConductanceLIF(capacitance=1e-10, leak=1e-9, reset=-0.08, reversal_inh=-0.0505)
    inhibition = GradedInhibition(gain=5e-11, tau=0.02)
    dynamics = Dynamics(neuron=cell, excitation=SYNAPSE, inhibition=inhibition)
    drive = np.full((1, 4), 3000.0)
    free = replace(dynamics, inhibition=None).onset_rates(drive)
    assert (steady(dynamics, drive) > free).all()
    off = replace(dynamics, inhibition=replace(inhibition, threshold=1e9))
    np.testing.assert_array_equal(off.onset_rates(drive), free)
