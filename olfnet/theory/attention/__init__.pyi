from .competition import (
    feedback_active,
    feedback_cut,
    feedback_entropy,
    feedback_temperature,
    lone_gain,
    saturating_entropy,
    sparsemax,
)
from .random_energy import (
    freezing_point,
    frozen_concentration,
    mean_concentration,
    mean_entropy,
    mean_largest,
    warm_concentration,
    warm_entropy,
)
from .softmax import concentration, draw_weights, entropy, over_queries, score_variance, weights

__all__ = [
    "concentration",
    "draw_weights",
    "entropy",
    "feedback_active",
    "feedback_cut",
    "feedback_entropy",
    "feedback_temperature",
    "freezing_point",
    "frozen_concentration",
    "lone_gain",
    "mean_concentration",
    "mean_entropy",
    "mean_largest",
    "over_queries",
    "saturating_entropy",
    "score_variance",
    "sparsemax",
    "warm_concentration",
    "warm_entropy",
    "weights",
]
