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
DT, STEADY, DURATION = 1e-4, 0.4, 0.8


def spikes(neuron, excitation, inhibition=0.0):
    """Spikes of each neuron between STEADY and DURATION, under constant inputs."""
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
    monitor = brian2.SpikeMonitor(group, codeobj_class=group.codeobj_class)
    brian2.Network(group, monitor).run(DURATION * brian2.second)
    late = np.asarray(monitor.t) > STEADY
    return np.bincount(np.asarray(monitor.i)[late], minlength=len(group))


def errors(counts, rate):
    """Relative to one spike at each end, and one time step for each period: 1 + T rate^2 dt."""
    window = DURATION - STEADY
    return np.abs(counts - window * rate) / (1 + window * rate**2 * DT)


@pytest.mark.parametrize(
    ("neuron", "excitation", "inhibition"),
    [
        (LIF(tau=0.02, resistance=1e9), np.linspace(5e-12, 65e-12, 13), 5e-12),
        (ConductanceLIF(**CELL), np.linspace(0, 3e-9, 16), 0.4e-9),
        (AdaptiveLIF(**CELL, adaptation=0.0, adaptation_tau=0.05), np.linspace(0, 6e-9, 16), 0.0),
        (AdaptiveLIF(**CELL, adaptation=2e-9, adaptation_tau=0.05), np.linspace(0, 6e-9, 16), 0.0),
    ],
    ids=["current", "conductance", "no adaptation", "adaptation"],
)
def test_rates(neuron, excitation, inhibition):
    counts, rate = spikes(neuron, excitation, inhibition), neuron.rate(excitation, inhibition)
    assert (rate > 0).mean() > 0.5
    assert errors(counts, rate).max() <= 1
    assert errors(counts, 1.2 * rate).max() > 1
    onset = neuron.onset_rate(excitation, inhibition)
    assert (rate <= onset).all()
    if getattr(neuron, "adaptation", 0):
        assert errors(counts, onset).max() > 1


def test_lif_fires_above_its_rheobase_and_by_the_difference_of_currents():
    neuron = LIF(tau=0.02, resistance=1e9)
    assert neuron.rate(neuron.rheobase * 0.999) == 0
    assert neuron.rate(neuron.rheobase * 1.001) > 0
    np.testing.assert_allclose(neuron.rate(65e-12, 5e-12), neuron.rate(60e-12), rtol=1e-9)


def test_slow_adaptation():
    """The membrane is 10^5 times faster than a period."""
    cell = dict(capacitance=1e-12, leak=1e-9, rest=-0.07, threshold=-0.05, reset=-0.07)
    neuron = AdaptiveLIF(**cell, adaptation=20e-9, adaptation_tau=5.0)
    # Between spikes the potential follows its target, which must fall to the threshold's:
    # slow = (leak (rest - threshold) + exc (0 - threshold)) / (threshold - E).
    slow = (1e-9 * -0.02 + 0.5e-9 * 0.05) / (-0.05 + 0.09)
    period = 5.0 * np.log1p(20e-9 / slow)
    assert float(neuron.rate(0.5e-9, 0.0)) == pytest.approx(1 / period, rel=0.01)


def test_izhikevich_fires_above_its_rheobase_only():
    neuron = Izhikevich(a=0.02, b=0.01, c=-62.4)  # b < a: the rest ends in a saddle-node
    counts = spikes(neuron, neuron.rheobase * np.array([0.9, 0.99, 1.05, 1.5]))
    assert (counts > 0).tolist() == [False, False, True, True]


def test_depolarizing_adaptation_has_no_formula():
    """Brian2 fires faster with it than without: the rate without it would be wrong."""
    cell = AdaptiveLIF(**CELL, adaptation=2e-9, adaptation_tau=0.05, reversal_adaptation=-0.02)
    (count,) = spikes(cell, np.array([1e-9]))
    assert count > 1.2 * (DURATION - STEADY) * ConductanceLIF(**CELL).rate(1e-9)
    with pytest.raises(ValueError, match="reversal_adaptation must be at most reset -0.055 V"):
        cell.rate(1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConductanceLIF(**CELL | {"capacitance": 0}), "capacitance must be positive, got"),
        (lambda: ConductanceLIF(**CELL | {"leak": -1e-9}), "leak must be positive"),
        (lambda: ConductanceLIF(**CELL | {"reset": -0.03}), "reset must be below threshold -0.035"),
        (lambda: ConductanceLIF(**CELL | {"refractory": -1}), "refractory must be non-negative"),
        (lambda: ConductanceLIF(**CELL | {"rest": np.nan}), "rest must be finite"),
        (
            lambda: ConductanceLIF(**CELL, reversal_inh=-0.03),
            "reversal_inh must be below threshold -0.035 V, got -0.03 V",
        ),
        (lambda: Izhikevich(c=40.0), "c must be below threshold 0.03 V, got 40 mV"),
        (lambda: ConductanceLIF(**CELL).rate(-1e-9), "excitation must be non-negative, got -1e-09"),
        (lambda: ConductanceLIF(**CELL).rate(1e-9, np.nan), "inhibition must be finite"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
