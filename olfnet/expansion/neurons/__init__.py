"""Neuron models: parameters, firing rate under constant input, equations for Brian2.

A model is one frozen class.  Parameters are SI floats, and ``units`` says of which kind;
``equations`` are in Brian2's language.  They leave ``current`` to whoever builds the network, who
has ``input_current`` to build it from: excitation ``exc`` and inhibition ``inh``, both not below 0
and in ``input_unit``, which is ampere or siemens.  They also leave ``awake``, which is 0 in the
refractory period, else 1.  Where there are formulas, ``rate`` is the firing rate under
constant input and ``onset_rate`` the same before adaptation sets in.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
