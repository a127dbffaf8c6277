"""Published cells and synapses of the fly, each number with its source.

Spiking parameters differ up to 80-fold between papers (a Kenyon cell's capacitance from 3.6 to
289.5 pF), so a preset is named after its paper.  Numbers marked "chosen" are olfnet's own, because
the paper's model has no counterpart or the number could not be looked up; numbers marked "not
checked" come from secondary sources and were not compared with the paper's own table.
"""

from olfnet.expansion.dynamics import Dynamics, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, AdaptiveLIF, ConductanceLIF


def rapp_nawrot_2020() -> Dynamics:
    """Kenyon cells and APL of an adult fly's mushroom body, with conductances.

    Rapp & Nawrot 2020, "A spiking neural program for sensorimotor control during foraging in flying
    insects", PNAS 117:28412, DOI 10.1073/pnas.2009821117.  All numbers as in the authors' published
    simulation code (script of the laboratory condition): capacitances, leaks, potentials,
    refractory periods of all neurons, adaptation of Kenyon cells, time constants, weights, and the
    delay of .2 ms on the way to APL and back.  There each Kenyon cell has input from every
    projection neuron of 52 with probability 6/52, which is ``wiring.BinomialFanIn(6)``, and the
    weight is that of a circuit of 0 and 1.  Here cells start from rest, there at random between
    rest and threshold.
    """
    refractory = 0.005
    return Dynamics(
        neuron=AdaptiveLIF(
            capacitance=289.5e-12,
            leak=28.95e-9,
            rest=-0.070,
            threshold=-0.057,
            reset=-0.070,
            refractory=refractory,
            reversal_exc=0.0,
            reversal_inh=-0.075,
            adaptation=5e-9,
            adaptation_tau=0.05,
            reversal_adaptation=-0.09,
        ),
        excitation=Synapse(strength=14e-9, tau=0.002),
        inhibition=SpikingInhibition(
            neuron=ConductanceLIF(
                capacitance=10e-12,
                leak=0.5e-9,
                rest=-0.055,
                threshold=-0.050,
                reset=-0.055,
                refractory=refractory,
                reversal_exc=0.0,
                reversal_inh=-0.075,
            ),
            excitation=Synapse(strength=3e-9, tau=0.002, delay=0.0002),
            inhibition=Synapse(strength=3e-9, tau=0.010, delay=0.0002),
        ),
    )


def juergensen_2021() -> Dynamics:
    """Kenyon cells and APL of a larva's mushroom body, with conductances.

    Jürgensen, Khalili, Chicca, Indiveri & Nawrot 2021, "A neuromorphic model of olfactory
    processing and sparse coding in the Drosophila larva brain", Neuromorphic Computing and
    Engineering 1:024008, DOI 10.1088/2634-4386/ac3ba6.  All numbers as in the published simulation
    code of the larval model, where the weights serve 72 Kenyon cells: with 2000 of them APL gets 28
    times as much.  There 64 synapses from Kenyon cells reach APL; here every cell has one.  The
    paper's own table was not checked.
    """
    refractory = 0.002
    return Dynamics(
        neuron=AdaptiveLIF(
            capacitance=30e-12,
            leak=0.5e-9,
            rest=-0.055,
            threshold=-0.035,
            reset=-0.055,
            refractory=refractory,
            reversal_exc=0.0,
            reversal_inh=-0.075,
            adaptation=0.05e-9,
            adaptation_tau=1.0,
            reversal_adaptation=-0.09,
        ),
        excitation=Synapse(strength=1e-9, tau=0.005),
        inhibition=SpikingInhibition(
            neuron=ConductanceLIF(
                capacitance=200e-12,
                leak=5e-9,
                rest=-0.060,
                threshold=-0.030,
                reset=-0.060,
                refractory=refractory,
                reversal_exc=0.0,
                reversal_inh=-0.075,
            ),
            excitation=Synapse(strength=50e-9, tau=0.005),
            inhibition=Synapse(strength=100e-9, tau=0.010),
        ),
    )


def shiu_2024() -> Dynamics:
    """One kind of neuron for a whole fly brain, with currents; weights are counts of synapses.

    Shiu et al. 2024, "A Drosophila computational brain model reveals sensorimotor processing",
    Nature 634:210, DOI 10.1038/s41586-024-07763-9.  Potentials, time constants, refractory period,
    delay and .275 mV per synapse as in the authors' published simulation code, whose 20 ms are .002
    uF times 10 Mohm; that resistance turns mV into A.  There a spike also resets the neuron's own
    synaptic current, which is then 0 for the refractory period; here it continues.  Chosen by
    olfnet: 10 synapses from each Kenyon cell to APL and 10 back (there each pair has its own
    count).
    """
    neuron = LIF(
        tau=0.020,
        resistance=1e7,
        rest=-0.052,
        threshold=-0.045,
        reset=-0.052,
        refractory=0.0022,
    )
    per_synapse = 0.275e-3 / neuron.resistance
    ten = Synapse(strength=10 * per_synapse, tau=0.005, delay=0.0018)
    return Dynamics(
        neuron=neuron,
        excitation=Synapse(strength=per_synapse, tau=0.005, delay=0.0018),
        inhibition=SpikingInhibition(neuron=neuron, excitation=ten, inhibition=ten),
    )
