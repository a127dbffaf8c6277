from . import (
    activations,
    convolution,
    cover,
    expansion,
    gardner,
    gaussian,
    generalization,
    layers,
    manifolds,
    network,
)

__all__ = [
    "activations",
    "convolution",
    "cover",
    "expansion",
    "gardner",
    "gaussian",
    "generalization",
    "layers",
    "manifolds",
    "network",
]
