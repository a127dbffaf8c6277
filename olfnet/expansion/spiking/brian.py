"""Brian2, imported without its claim on errors and warnings.

On import Brian2 makes itself the handler of every uncaught exception, which it reports as an error
of its own, and of every warning.
"""

import logging
import sys
import warnings

_handler, _shown = sys.excepthook, warnings.showwarning
import brian2  # noqa: E402

sys.excepthook = _handler
if warnings.showwarning is not _shown:
    logging.captureWarnings(False)

__all__ = ["brian2"]
