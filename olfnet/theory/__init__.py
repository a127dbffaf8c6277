"""Closed forms and small networks: arrays in, arrays out.

=========================  ======================================================================
subject                    modules
=========================  ======================================================================
capacity of readouts       cover, gardner, manifolds
expansion layers           expansion, expansion_kernel
neurons                    activations, moments, dead_units, born_dead
functions as networks      approximation, rewriting, tournaments, parity
networks that learn        layers, parallel, convolution, network, generalization
depth                      propagation, maps, fixed_points, depth
wide networks              ntk, duals, tangents, kernel_training
attention and competition  attention, freezing, competition
certificates               lipschitz, singular, enclosures, certificates, attacks, distances
differential equations     pinn, elliptic, forms, jets, trials
many dimensions            sparse_grids, grids, hierarchy
means that others share    gaussian, quadrature, averages, mehler
=========================  ======================================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
