"""Brian2, imported without its claim on errors.

On import Brian2 makes itself the handler of every uncaught exception, and reports them all as
errors of its own.
"""

import sys

_handler = sys.excepthook
import brian2  # noqa: E402

sys.excepthook = _handler

__all__ = ["brian2"]
