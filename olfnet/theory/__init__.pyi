from . import cover

__all__ = ["cover"]
