from . import base, batch, max_robustness, online, separability
from ._certify.prefix import separable_prefix
from .batch import MaxMarginReadout, PseudoinverseReadout
from .max_robustness import RobustWeights, most_robust
from .online import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    PerceptronReadout,
    novikoff_bound,
)
from .separability import Separation, separate, separate_many

__all__ = [
    "DeltaRuleReadout",
    "DepressionReadout",
    "HebbianReadout",
    "MaxMarginReadout",
    "PerceptronReadout",
    "PseudoinverseReadout",
    "RobustWeights",
    "Separation",
    "base",
    "batch",
    "max_robustness",
    "most_robust",
    "novikoff_bound",
    "online",
    "separability",
    "separable_prefix",
    "separate",
    "separate_many",
]
