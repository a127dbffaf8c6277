"""Neuron models: parameters, firing rate under constant input, equations for Brian2.

A model is one frozen class.  Parameters are SI floats, and ``units`` says of which kind;
``equations`` are in Brian2's language and leave the synaptic input to whoever builds the network:
the current ``I_syn`` or the conductances ``g_exc`` and ``g_inh``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
