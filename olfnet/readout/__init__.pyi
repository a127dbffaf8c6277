from . import base, batch, max_robustness, online, prefix, separability
from .batch import MaxMarginReadout, PseudoinverseReadout
from .max_robustness import RobustWeights, most_robust
from .online import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    PerceptronReadout,
    novikoff_bound,
)
from .prefix import separable_prefix
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
    "prefix",
    "separability",
    "separable_prefix",
    "separate",
    "separate_many",
]
