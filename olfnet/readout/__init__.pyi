from ._certify.constraints import Constraints
from .base import LinearReadout, OnlineReadout
from .batch import MaxMarginReadout, PseudoinverseReadout
from .max_robustness import RobustWeights, most_robust
from .online import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    PerceptronReadout,
    novikoff_bound,
)
from .separability import Separation, separable_prefix, separate_many

__all__ = [
    "Constraints",
    "DeltaRuleReadout",
    "DepressionReadout",
    "HebbianReadout",
    "LinearReadout",
    "MaxMarginReadout",
    "OnlineReadout",
    "PerceptronReadout",
    "PseudoinverseReadout",
    "RobustWeights",
    "Separation",
    "most_robust",
    "novikoff_bound",
    "separable_prefix",
    "separate_many",
]
