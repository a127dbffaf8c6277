from . import cover, expansion, gardner, gaussian, manifolds

__all__ = ["cover", "expansion", "gardner", "gaussian", "manifolds"]
