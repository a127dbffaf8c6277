"""Closed forms and small networks: arrays in, arrays out.

=========================  ======================================================================
subject                    modules
=========================  ======================================================================
capacity of readouts       cover, gardner, manifolds
expansion layers           expansion
neurons                    activations, moments, silent_units
functions as networks      approximation, parity
networks that learn        network, generalization
depth                      propagation
wide networks              ntk
attention and competition  attention
certificates               lipschitz
differential equations     pinn
many dimensions            sparse_grids
=========================  ======================================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
