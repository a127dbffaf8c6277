from . import activations, cover, expansion, gardner, gaussian, layers, manifolds, network

__all__ = [
    "activations",
    "cover",
    "expansion",
    "gardner",
    "gaussian",
    "layers",
    "manifolds",
    "network",
]
