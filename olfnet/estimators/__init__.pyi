from .circuits import ExpansionTransformer, GlomerularNormalizer
from .hashing import DenseHash, FlyHash, SimHash

__all__ = ["DenseHash", "ExpansionTransformer", "FlyHash", "GlomerularNormalizer", "SimHash"]
