from . import account
from .claim import Claim, Measured, Outcome, Status
from .examination import examine, examine_all
from .register import REGISTER, chosen
from .unfinished import unfinished

__all__ = [
    "REGISTER",
    "Claim",
    "Measured",
    "Outcome",
    "Status",
    "account",
    "chosen",
    "examine",
    "examine_all",
    "unfinished",
]
