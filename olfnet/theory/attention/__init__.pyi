from .competition import Feedback, lone_gain, saturating_entropy, sparsemax
from .random_energy import NormalScores
from .softmax import concentration, draw_weights, entropy, over_queries, weights

__all__ = [
    "Feedback",
    "NormalScores",
    "concentration",
    "draw_weights",
    "entropy",
    "lone_gain",
    "over_queries",
    "saturating_entropy",
    "sparsemax",
    "weights",
]
