"""Olfactory circuits from odors to associations.

Receptor input generators feed random expansion layers with sparse thresholding (rate-based, and
spiking via Brian2), and linear readouts measure associative capacity against Cover's theorem, with
neural-network theory shared across studies.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
