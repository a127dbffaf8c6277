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
    moments,
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
    "moments",
    "network",
]
