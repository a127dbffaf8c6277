"""The spiking backend: odors as spike trains, units as neurons, simulated by Brian2.

Many odors lie side by side in one network, so that code is generated once for all of them.  Every
random number comes from a NumPy generator, so that each target, batch size and number of workers
gives the same spikes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
