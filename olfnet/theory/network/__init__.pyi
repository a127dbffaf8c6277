from ._layer import Fixed, Layer, Parameters, PullBack
from .convolution import Convolution, MeanPool
from .dead_networks import dead_input, dead_network_bounds, lost_inputs
from .layers import Activate, Dense, Flatten, Network, Parallel, Residual
from .training import (
    LogisticLoss,
    Loss,
    SquaredLoss,
    Training,
    dense,
    descend,
    gradient,
    train,
)

__all__ = [
    "Activate",
    "Convolution",
    "Dense",
    "Fixed",
    "Flatten",
    "Layer",
    "LogisticLoss",
    "Loss",
    "MeanPool",
    "Network",
    "Parallel",
    "Parameters",
    "PullBack",
    "Residual",
    "SquaredLoss",
    "Training",
    "dead_input",
    "dead_network_bounds",
    "dense",
    "descend",
    "gradient",
    "lost_inputs",
    "train",
]
