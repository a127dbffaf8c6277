from .adaptive import AdaptiveLIF
from .izhikevich import Izhikevich
from .leaky import LIF, ConductanceLIF

__all__ = ["LIF", "AdaptiveLIF", "ConductanceLIF", "Izhikevich"]
