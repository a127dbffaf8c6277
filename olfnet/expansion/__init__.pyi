from . import circuit, rate, sparsify, wiring
from .circuit import Circuit, Response, random_expansion

__all__ = [
    "Circuit",
    "Response",
    "circuit",
    "random_expansion",
    "rate",
    "sparsify",
    "wiring",
]
