from .convolution import Convolution, MeanPool
from .dead_networks import dead_input, dead_network_bounds, lost_inputs
from .layers import (
    Activate,
    Dense,
    Fixed,
    Flatten,
    Layer,
    Network,
    Parameters,
    PullBack,
    Residual,
    kept,
    listed,
    require_alike,
    samples,
)
from .parallel import Parallel
from .training import LogisticLoss, Loss, SquaredLoss, Training, dense, gradient, jacobian, train

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
    "gradient",
    "jacobian",
    "kept",
    "listed",
    "lost_inputs",
    "require_alike",
    "samples",
    "train",
]
