"""Closed-form firing rates against Brian2's own integration of the same equations."""

import brian2
import numpy as np
import pytest

from olfnet.expansion.neurons import LIF, AdaptiveLIF, ConductanceLIF, Izhikevich

CELL = {
    "capacitance": 30e-12,
    "leak": 0.5e-9,
    "rest": -0.055,
    "threshold": -0.035,
    "reset": -0.055,
    "refractory": 0.002,
}
DT, SETTLED, DURATION = 50e-6, 0.6, 1.0


def spikes(neuron, excitation, inhibition=0.0):
    """Spikes of each neuron between SETTLED and DURATION, under constant inputs."""
    constants = {
        name: getattr(neuron, name) * (1 if unit == "1" else getattr(brian2, unit))
        for name, unit in neuron.units.items()
    }
    inputs = f"""
    current = {neuron.input_current} : amp
    awake = int(not_refractory) : 1
    exc : {neuron.input_unit} (constant)
    inh : {neuron.input_unit} (constant)"""
    group = brian2.NeuronGroup(
        len(excitation),
        neuron.equations + inputs,
        threshold="v >= threshold",
        reset=neuron.reset_statements,
        refractory="refractory",
        method="euler",
        dt=DT * brian2.second,
        namespace=constants,
        codeobj_class=brian2.codegen.runtime.numpy_rt.NumpyCodeObject,
    )
    for name, value in (assigned.split("=") for assigned in neuron.initial_values.split(";")):
        setattr(group, name.strip(), value)
    group.exc = excitation * getattr(brian2, neuron.input_unit)
    group.inh = inhibition * getattr(brian2, neuron.input_unit)
    monitor = brian2.SpikeMonitor(group)
    brian2.Network(group, monitor).run(DURATION * brian2.second)
    late = np.asarray(monitor.t) > SETTLED
    return np.bincount(np.asarray(monitor.i)[late], minlength=len(group))


def agree(found, rate):
    """Within one spike at each end, and one time step for each period: 1 + T rate^2 dt."""
    window = DURATION - SETTLED
    assert (rate > 0).mean() > 0.5
    assert (np.abs(found - window * rate) <= 1 + window * rate**2 * DT).all()


def test_lif():
    neuron = LIF(tau=0.02, resistance=1e9)
    current = np.linspace(0, 60e-12, 13)
    agree(spikes(neuron, current + 5e-12, 5e-12), neuron.rate(current))
    assert (neuron.rate(current + 5e-12, 5e-12) == neuron.rate(current)).mean() > 0.5
    assert neuron.rate(neuron.rheobase * 0.999) == 0
    assert neuron.rate(neuron.rheobase * 1.001) > 0


@pytest.mark.parametrize("inhibition", [0.0, 0.4e-9])
def test_conductance_lif(inhibition):
    neuron = ConductanceLIF(**CELL)
    excitation = np.linspace(0, 3e-9, 16)
    agree(spikes(neuron, excitation, inhibition), neuron.rate(excitation, inhibition))


@pytest.mark.parametrize("adaptation", [0.0, 0.2e-9, 2e-9])
def test_adaptive_lif(adaptation):
    neuron = AdaptiveLIF(**CELL, adaptation=adaptation, adaptation_tau=0.05)
    excitation = np.linspace(0, 6e-9, 16)
    rate = neuron.rate(excitation, 0.0)
    agree(spikes(neuron, excitation), rate)
    free = ConductanceLIF(**CELL).rate(excitation, 0.0)
    assert (rate <= free).all()
    if adaptation:  # the comparison must be able to fail
        with pytest.raises(AssertionError):
            agree(spikes(neuron, excitation), free)


def test_adaptation_that_silences():
    """Where what happened a moment ago is forgotten within a hundred-thousandth of a period."""
    cell = dict(capacitance=1e-12, leak=1e-9, rest=-0.07, threshold=-0.05, reset=-0.07)
    neuron = AdaptiveLIF(**cell, adaptation=20e-9, adaptation_tau=5.0)
    (found,) = np.atleast_1d(neuron.rate(0.5e-9, 0.0))
    # Between spikes the potential follows its target, which must fall to the threshold's:
    # slow = (leak (rest - threshold) + exc (0 - threshold)) / (threshold - E).
    slow = (1e-9 * -0.02 + 0.5e-9 * 0.05) / (-0.05 + 0.09)
    period = 5.0 * np.log1p(20e-9 / slow)
    assert found == pytest.approx(1 / period, rel=0.01)


def test_izhikevich_fires_above_its_rheobase_only():
    neuron = Izhikevich(a=0.02, b=0.01, c=-62.4)  # b < a: the rest ends in a saddle-node
    current = neuron.rheobase * np.array([0.9, 0.99, 1.05, 1.5])
    found = spikes(neuron, current)
    assert (found[:2] == 0).all()
    assert (found[2:] > 0).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"capacitance": 0.0}, "capacitance must be positive, got 0"),
        ({"leak": -1e-9}, "leak must be positive"),
        ({"reset": -0.03}, "reset must be below threshold -0.035 V, got -0.03 V"),
        ({"refractory": -1.0}, "refractory must be non-negative"),
        ({"rest": np.nan}, "rest must be finite"),
        ({"reversal_inh": -0.03}, "reversal_inh must be below threshold -0.035 V, got -0.03 V"),
    ],
)
def test_parameters_that_make_no_cell(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        ConductanceLIF(**CELL | change)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((-1e-9, 0.0), "excitation must be non-negative, got -1e-09"),
        ((1e-9, np.nan), "inhibition must be finite"),
    ],
)
def test_conductances_that_cannot_be(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        ConductanceLIF(**CELL).rate(*values)


def test_adaptation_that_helps_the_climb_has_no_formula():
    """Brian2 fires faster with it than without: the rate without it would be a wrong answer."""
    cell = AdaptiveLIF(**CELL, adaptation=2e-9, adaptation_tau=0.05, reversal_adaptation=-0.02)
    (found,) = spikes(cell, np.array([1e-9]))
    assert found > 1.2 * (DURATION - SETTLED) * ConductanceLIF(**CELL).rate(1e-9)
    with pytest.raises(ValueError, match="reversal_adaptation must be at most reset -0.055 V"):
        cell.rate(1e-9)
