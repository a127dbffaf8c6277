"""Input connectivity of the expansion layer: random wirings of inputs (glomeruli) and units.

A wiring is a small record with one verb, ``draw``, that returns a weight matrix.  With a limited
number of inputs per unit, ``n_claws`` draws the number K of claws of each unit; its inputs are the
first K arrivals of a race, in which input j has an exponential waiting time of rate usage_j.  Equal
usage makes every set of K distinct inputs equally likely; unequal usage gives successive sampling,
in which each claw is filled in proportion to the usage of the inputs not yet taken.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.checks import FloatArray, Seed

_IntArray = NDArray[np.int64]

# Waiting times drawn at once, about 16 MB with their order; does not change the wiring.
_BLOCK_SIZE = 2**20


class Wiring(Protocol):
    """A rule that draws the weights of a circuit."""

    def draw(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> csr_array:
        """Draw weights of shape (n_units, n_inputs)."""


@runtime_checkable
class FanIn(Wiring, Protocol):
    """A wiring given by the number of claws of each unit."""

    def n_claws(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> _IntArray:
        """Draw the number of claws of each unit, shape (n_units,)."""


class _EvenFanIn(ABC):
    """A number of claws for each unit, whose inputs are chosen with equal probability."""

    @abstractmethod
    def n_claws(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> _IntArray:
        """Draw the number of claws of each unit, shape (n_units,)."""

    def draw(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> csr_array:
        """Draw weights of 0 and 1, shape (n_units, n_inputs)."""
        rng = np.random.default_rng(rng)
        return _draw(self, n_units, np.ones(checks.count("n_inputs", n_inputs)), rng)


@dataclass(frozen=True)
class FixedFanIn(_EvenFanIn):
    """Every unit has the same number of distinct inputs, chosen with equal probability.

    Parameters
    ----------
    fan_in : int
        Inputs per unit.

    Examples
    --------
    >>> FixedFanIn(2).draw(3, 4, rng=0).toarray().sum(axis=1)
    array([2., 2., 2.])
    """

    fan_in: int

    def __post_init__(self) -> None:
        checks.count("fan_in", self.fan_in)

    def n_claws(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> _IntArray:
        """Return ``fan_in`` for each unit, shape (n_units,)."""
        if self.fan_in > n_inputs:
            raise ValueError(f"fan_in must be at most n_inputs={n_inputs}, got {self.fan_in}")
        return np.full(n_units, self.fan_in, dtype=np.int64)


@dataclass(frozen=True)
class BinomialFanIn(_EvenFanIn):
    """Every possible synapse exists with the same probability (Erdos-Renyi wiring).

    Parameters
    ----------
    mean_fan_in : float
        Mean number of inputs per unit; a synapse exists with probability mean_fan_in / n_inputs.
    """

    mean_fan_in: float

    def __post_init__(self) -> None:
        checks.positive("mean_fan_in", self.mean_fan_in)

    def n_claws(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> _IntArray:
        """Draw binomial claw counts, shape (n_units,)."""
        rng = np.random.default_rng(rng)
        if self.mean_fan_in > n_inputs:
            raise ValueError(
                f"mean_fan_in must be at most n_inputs={n_inputs}, got {self.mean_fan_in:g}"
            )
        return rng.binomial(n_inputs, self.mean_fan_in / n_inputs, size=n_units)


@dataclass(frozen=True, eq=False)
class ClawDistribution(_EvenFanIn):
    """Units have different numbers of claws, with distinct inputs of equal probability.

    Parameters
    ----------
    probabilities : array_like, shape (n_counts,)
        Probability of 0, 1, 2, ... claws; sums to 1.

    Examples
    --------
    >>> ClawDistribution([0, 0.5, 0, 0.5]).draw(1000, 10, rng=0).sum(axis=1).mean().round()
    np.float64(2.0)
    """

    probabilities: ArrayLike

    def __post_init__(self) -> None:
        probabilities = checks.vector("probabilities", self.probabilities, nonnegative=True)
        if abs(probabilities.sum() - 1) > 1e-9:
            raise ValueError(f"probabilities must sum to 1, got {probabilities.sum():.10g}")
        object.__setattr__(self, "probabilities", probabilities / probabilities.sum())

    def n_claws(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> _IntArray:
        """Draw claw counts, shape (n_units,)."""
        rng = np.random.default_rng(rng)
        probabilities = np.asarray(self.probabilities)
        most = int(np.flatnonzero(probabilities)[-1])
        if most > n_inputs:
            raise ValueError(f"claw counts must be at most n_inputs={n_inputs}, got {most}")
        return rng.choice(len(probabilities), size=n_units, p=probabilities)


@dataclass(frozen=True, eq=False)
class BiasedFanIn:
    """Inputs are chosen with unequal probability, as in the fly (Caron et al. 2013).

    Successive sampling: a claw takes input j with probability usage_j / (sum of the usage of the
    inputs that the unit has not taken yet).  The first claw is thus exactly proportional to usage;
    with many claws that of often-used inputs saturates, since a unit takes each input once.

    Parameters
    ----------
    fan_in : int or FanIn
        Inputs per unit, or a wiring that draws their number, such as ``ClawDistribution``.
    usage : array_like, shape (n_inputs,)
        Relative usage of each input, non-negative; an input of usage 0 is never chosen.

    Examples
    --------
    >>> BiasedFanIn(1, usage=[1, 0, 4]).draw(4000, 3, rng=0).mean(axis=0).round(1)
    array([0.2, 0. , 0.8])
    """

    fan_in: int | FanIn
    usage: ArrayLike

    def __post_init__(self) -> None:
        if not isinstance(self.fan_in, FanIn):
            checks.count("fan_in", self.fan_in)
        usage = checks.vector("usage", self.usage, nonnegative=True)
        if not usage.any():
            raise ValueError("usage must be above 0 for at least one input, got zeros only")
        object.__setattr__(self, "usage", usage)

    def draw(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> csr_array:
        """Draw weights of 0 and 1, shape (n_units, n_inputs)."""
        rng = np.random.default_rng(rng)
        usage = np.asarray(self.usage)
        if len(usage) != n_inputs:
            raise ValueError(f"usage must have n_inputs={n_inputs} entries, got {len(usage)}")
        fan_in = self.fan_in if isinstance(self.fan_in, FanIn) else FixedFanIn(self.fan_in)
        return _draw(fan_in, n_units, usage, rng)


@dataclass(frozen=True)
class DenseGaussian:
    """Every unit has every input, with Gaussian weights of mean 0 and variance 1 / n_inputs."""

    def draw(self, n_units: int, n_inputs: int, *, rng: Seed = None) -> csr_array:
        """Draw weights, shape (n_units, n_inputs)."""
        rng = np.random.default_rng(rng)
        n_units, n_inputs = checks.count("n_units", n_units), checks.count("n_inputs", n_inputs)
        weights = rng.normal(scale=n_inputs**-0.5, size=n_units * n_inputs)
        inputs = np.tile(np.arange(n_inputs), n_units)
        starts = np.arange(n_units + 1) * n_inputs
        return csr_array((weights, inputs, starts), shape=(n_units, n_inputs))


def _draw(fan_in: FanIn, n_units: int, usage: FloatArray, rng: np.random.Generator) -> csr_array:
    """Draw the number of claws of each unit, then their inputs."""
    n_claws = fan_in.n_claws(checks.count("n_units", n_units), len(usage), rng=rng)
    used = np.flatnonzero(usage)
    if n_claws.max() > len(used):
        raise ValueError(
            f"fan_in must be at most the {len(used)} inputs of usage above 0, got {n_claws.max()}"
        )
    rows = max(1, _BLOCK_SIZE // len(used))
    blocks = [n_claws[start : start + rows] for start in range(0, n_units, rows)]
    inputs = np.concatenate([used[_first(block, usage[used], rng)] for block in blocks])
    starts = np.concatenate([[0], np.cumsum(n_claws)])
    return csr_array((np.ones(len(inputs)), inputs, starts), shape=(n_units, len(usage)))


def _first(n_claws: _IntArray, usage: FloatArray, rng: np.random.Generator) -> _IntArray:
    """Return the first ``n_claws`` arrivals of each unit, in input order."""
    arrival = rng.standard_exponential((len(n_claws), len(usage))) / usage
    most = n_claws.max()
    first = np.argpartition(arrival, min(most, len(usage) - 1), axis=1)[:, :most]
    by_arrival = np.take_along_axis(arrival, first, axis=1).argsort(axis=1)
    first = np.take_along_axis(first, by_arrival, axis=1)
    missed = np.arange(most) >= n_claws[:, np.newaxis]
    first = np.sort(np.where(missed, len(usage), first), axis=1)
    return first[first < len(usage)]
