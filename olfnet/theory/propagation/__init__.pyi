from .random_layer import RandomLayer, code_correlation, glorot, he
from .stacks import Profile, gradients, profile, sampled_profile, stack, states

__all__ = [
    "Profile",
    "RandomLayer",
    "code_correlation",
    "glorot",
    "gradients",
    "he",
    "profile",
    "sampled_profile",
    "stack",
    "states",
]
