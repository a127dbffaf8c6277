from . import linear, prefix, robust, rules, separability, trainers
from .prefix import separable_prefix
from .robust import RobustWeights, most_robust
from .rules import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    PerceptronReadout,
    novikoff_bound,
)
from .separability import Separation, separate, separate_many
from .trainers import MaxMarginReadout, PseudoinverseReadout

__all__ = [
    "DeltaRuleReadout",
    "DepressionReadout",
    "HebbianReadout",
    "MaxMarginReadout",
    "PerceptronReadout",
    "PseudoinverseReadout",
    "RobustWeights",
    "Separation",
    "linear",
    "most_robust",
    "novikoff_bound",
    "prefix",
    "robust",
    "rules",
    "separability",
    "separable_prefix",
    "separate",
    "separate_many",
    "trainers",
]
