from .fixed_points import (
    apart,
    correlation_fixed_point,
    critical_weight_variance,
    settled,
    variance_fixed_point,
)
from .maps import code_correlation, correlation_map, gradient_map, mean_square, variance_map
from .random_layer import correlation_depth, glorot, he, variance_depth
from .stacks import Profile, chain_gradient, gradients, profile, sampled_profile, stack, states

__all__ = [
    "Profile",
    "apart",
    "chain_gradient",
    "code_correlation",
    "correlation_depth",
    "correlation_fixed_point",
    "correlation_map",
    "critical_weight_variance",
    "glorot",
    "gradient_map",
    "gradients",
    "he",
    "mean_square",
    "profile",
    "sampled_profile",
    "settled",
    "stack",
    "states",
    "variance_depth",
    "variance_fixed_point",
    "variance_map",
]
