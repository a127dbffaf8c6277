"""Brian2, imported without its claim on errors, warnings and Ctrl-C.

On import Brian2 makes itself the handler of every uncaught exception, which it reports as an error
of its own, of every warning, and of SIGINT, on which it ends a simulation early and says nothing.
"""

import logging
import signal
import sys
import warnings
from typing import Any

_handler, _shown, _setter = sys.excepthook, warnings.showwarning, signal.signal


def _leave_alone(*arguments: Any) -> None:
    """Stand in for ``signal.signal``, which threads other than the main one may not call."""


signal.signal = _leave_alone  # type: ignore[assignment]
try:
    import brian2
finally:
    sys.excepthook, signal.signal = _handler, _setter
    if warnings.showwarning is not _shown:
        logging.captureWarnings(False)

__all__ = ["brian2"]
