from ._derivatives import derivatives
from .losses import Energy, Form, Galerkin, Strong, gradient
from .problem import Dirichlet, Neumann, Problem, closed_form, finite_differences
from .solver import GradientNoise, Solution, descend, gradient_noise, sampled_noise, solve
from .trial_function import Points, Trial

__all__ = [
    "Dirichlet",
    "Energy",
    "Form",
    "Galerkin",
    "GradientNoise",
    "Neumann",
    "Points",
    "Problem",
    "Solution",
    "Strong",
    "Trial",
    "closed_form",
    "derivatives",
    "descend",
    "finite_differences",
    "gradient",
    "gradient_noise",
    "sampled_noise",
    "solve",
]
