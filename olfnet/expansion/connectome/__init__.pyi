from . import edge_lists, matrices, null_models, statistics

__all__ = [
    "edge_lists",
    "matrices",
    "null_models",
    "statistics",
]
