from .random_layer import RandomLayer, code_correlation
from .stacks import (
    Profile,
    correlated_inputs,
    drive_correlation,
    gradients,
    profile,
    sampled_profile,
    stack,
    states,
)

__all__ = [
    "Profile",
    "RandomLayer",
    "code_correlation",
    "correlated_inputs",
    "drive_correlation",
    "gradients",
    "profile",
    "sampled_profile",
    "stack",
    "states",
]
