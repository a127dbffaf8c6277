from .differentiation import derivatives, jets, linearized
from .losses import Energy, Form, Galerkin, Strong
from .problem import (
    Coefficient,
    Coefficients,
    Dirichlet,
    End,
    Neumann,
    Problem,
    closed_form,
    finite_differences,
)
from .solver import GradientNoise, Solution, descend, gradient_noise, sampled_noise, solve
from .trial_function import Points, Trial, draw, flat, moved, quadrature

__all__ = [
    "Coefficient",
    "Coefficients",
    "Dirichlet",
    "End",
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
    "draw",
    "finite_differences",
    "flat",
    "gradient_noise",
    "jets",
    "linearized",
    "moved",
    "quadrature",
    "sampled_noise",
    "solve",
]
