from . import circuit, neurons, rate, sparsify, wiring
from .circuit import Circuit, Response, random_expansion

__all__ = [
    "Circuit",
    "Response",
    "circuit",
    "neurons",
    "random_expansion",
    "rate",
    "sparsify",
    "wiring",
]
