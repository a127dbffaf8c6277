from . import linear, prefix, rules, separability, trainers
from .prefix import separable_prefix
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
    "Separation",
    "linear",
    "novikoff_bound",
    "prefix",
    "rules",
    "separability",
    "separable_prefix",
    "separate",
    "separate_many",
    "trainers",
]
