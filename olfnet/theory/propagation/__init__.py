"""Signals and gradients in deep random networks; the edge of chaos."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
