"""Circuits and responses.

A ``Circuit`` is a frozen description: weights and a sparsifier.  A backend is a module with one
verb, ``respond(circuit, odors)``; every backend returns the same ``Response``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.expansion._panels import canonical, odor_panel
from olfnet.expansion.sparsify import Calibratable, Sparsifier, TopK, _calibrated_on
from olfnet.expansion.spikes import Spikes
from olfnet.expansion.wiring import FixedFanIn, Wiring

# Drives that a calibration uses, 64 MB: 4194 odors for 2000 units.
_CALIBRATION_SIZE = 2**23

# Odors per sparse product: transposing the result is fast while it stays in the cache.
_PRODUCT_ROWS = 32


@dataclass(frozen=True, eq=False)
class Circuit:
    """An expansion layer: input weights and sparse thresholding.

    Parameters
    ----------
    weights : sparse array or array_like, shape (n_units, n_inputs)
        Synaptic weights; kept as a canonical ``scipy.sparse.csr_array``.
    sparsifier : Sparsifier
        Turns the summed input of the units into rates, for instance ``sparsify.TopK(0.05)``.
    """

    weights: csr_array
    sparsifier: Sparsifier

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", canonical("weights", self.weights))
        if not isinstance(self.sparsifier, Sparsifier):
            raise ValueError(
                f"sparsifier must be callable, such as sparsify.TopK(0.05), got {self.sparsifier!r}"
            )

    @property
    def n_units(self) -> int:
        """Number of expansion units (Kenyon cells)."""
        return int(self.weights.shape[0])

    @property
    def n_inputs(self) -> int:
        """Number of inputs (glomeruli)."""
        return int(self.weights.shape[1])

    @property
    def fan_in(self) -> NDArray[np.int64]:
        """Number of inputs of each unit (claws), shape (n_units,)."""
        return np.diff(self.weights.indptr).astype(np.int64)

    def drive(self, odors: Any) -> FloatArray:
        """Return the summed input of every unit, shape (n_odors, n_units)."""
        return self._drive(odor_panel(odors, self.weights))

    def _drive(self, odors: Any) -> FloatArray:
        drive = np.empty((odors.shape[0], self.n_units))
        for start in range(0, len(drive), _PRODUCT_ROWS):
            rows = slice(start, start + _PRODUCT_ROWS)
            few = odors[rows].toarray() if issparse(odors) else odors[rows]
            drive[rows] = (self.weights @ few.T).T
        return drive

    def calibrated(self, odors: Any) -> "Circuit":
        """Return the circuit with its thresholds fixed on these odors.

        A sparsifier that needs no calibration is left as it is.  Of a panel with more than
        2**23 / n_units odors (4194 for 2000 units), one odor from each of that many equal stretches
        of the panel is used.

        Parameters
        ----------
        odors : array_like or sparse array, shape (n_odors, n_inputs)
            Calibration panel, in the unit of the inputs.
        """
        return self._calibrated(odor_panel(odors, self.weights))

    def _calibrated(self, odors: Any) -> "Circuit":
        if not isinstance(self.sparsifier, Calibratable):
            return self
        rows = _spaced_rows(odors.shape[0], max(1, _CALIBRATION_SIZE // self.n_units))
        return replace(self, sparsifier=_calibrated_on(self.sparsifier, self._drive(odors[rows])))


@dataclass(frozen=True, eq=False)
class Response:
    """Responses of the units of a circuit to a panel of odors.

    Parameters
    ----------
    codes : csr_array, shape (n_odors, n_units)
        Rates above 0; units that are not stored are silent.
    n_ties : ndarray of int, shape (n_odors,)
        Silent units whose drive equals that of the weakest active one (the tie rule of ``TopK``); 0
        for sparsifiers with a threshold, at which all tied units are silent.
    spikes : Spikes, optional
        Spikes that the codes were counted from, of a spiking simulation.
    voltages : ndarray, shape (n_odors, n_recorded, n_steps), optional
        Membrane potentials of the recorded units, in V.
    """

    codes: csr_array
    n_ties: NDArray[np.int64]
    spikes: Spikes | None = None
    voltages: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", canonical("codes", self.codes))
        if self.codes.nnz and self.codes.data.min() <= 0:
            raise ValueError(f"codes must store rates above 0 only, got {self.codes.data.min():g}")
        if np.shape(self.n_ties) != self.codes.shape[:1]:
            raise ValueError(
                f"n_ties must have one entry for each of {self.codes.shape[0]} odors, "
                f"got shape {np.shape(self.n_ties)}"
            )

    @classmethod
    def of_spikes(cls, spikes: Spikes, voltages: FloatArray | None = None) -> "Response":
        """Count spikes; rates are counts divided by the duration, in Hz."""
        codes = csr_array(spikes.counts / spikes.duration)
        return cls(codes, np.zeros(spikes.n_odors, dtype=np.int64), spikes, voltages)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Spikes of each unit to each odor, shape (n_odors, n_units)."""
        return self._spikes().counts

    @property
    def spike_times(self) -> NDArray[Any]:
        """Spike times in s, an (n_odors, n_units) array of arrays."""
        return self._spikes().times_of

    def _spikes(self) -> Spikes:
        if self.spikes is None:
            raise AttributeError("a response of rates has no spikes")
        return self.spikes

    @property
    def rates(self) -> FloatArray:
        """Rates as a dense array, shape (n_odors, n_units)."""
        rates: FloatArray = self.codes.toarray()
        return rates

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which units respond to which odor, a dense array of shape (n_odors, n_units)."""
        active: NDArray[np.bool_] = self.codes.astype(bool).toarray()
        return active

    @property
    def coding_level(self) -> FloatArray:
        """Fraction of units that respond to each odor, shape (n_odors,)."""
        return np.asarray(np.diff(self.codes.indptr) / self.codes.shape[1])

    @property
    def silent_units(self) -> NDArray[np.bool_]:
        """Which units respond to no odor at all, shape (n_units,)."""
        return np.asarray(np.bincount(self.codes.indices, minlength=self.codes.shape[1]) == 0)

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Which odors no unit responds to, shape (n_odors,)."""
        return np.asarray(np.diff(self.codes.indptr) == 0)


def random_expansion(
    *,
    n_inputs: int,
    n_units: int,
    fan_in: int | None = None,
    coding_level: float | None = None,
    wiring: Wiring | None = None,
    sparsifier: Sparsifier | None = None,
    rng: Seed = None,
) -> Circuit:
    """Draw a circuit like the mushroom body: many units with a few random inputs each.

    Parameters
    ----------
    n_inputs, n_units : int
        Numbers of inputs (glomeruli) and of expansion units (Kenyon cells).
    fan_in : int, optional
        Inputs per unit, short for ``wiring=wiring.FixedFanIn(fan_in)``.
    coding_level : float, optional
        Fraction of units that respond, short for ``sparsifier=sparsify.TopK(coding_level)``.
    wiring : Wiring, optional
        Input connectivity, of ``olfnet.expansion.wiring``.
    sparsifier : Sparsifier, optional
        Sparse thresholding, of ``olfnet.expansion.sparsify``.
    rng : numpy.random.Generator or int, optional
        Source of the wiring.

    Raises
    ------
    ValueError
        If a choice is missing, made twice, or does not fit the numbers of inputs and units.

    Examples
    --------
    >>> circuit = random_expansion(n_inputs=50, n_units=2000, fan_in=7, coding_level=0.05, rng=1)
    >>> circuit.weights.shape, circuit.fan_in.max()
    ((2000, 50), np.int64(7))
    """
    rng = np.random.default_rng(rng)
    checks.count("n_inputs", n_inputs)
    checks.count("n_units", n_units)
    wiring = _choice("fan_in", fan_in, FixedFanIn, "wiring", wiring)
    sparsifier = _choice("coding_level", coding_level, TopK, "sparsifier", sparsifier)
    return Circuit(wiring.draw(n_units, n_inputs, rng=rng), sparsifier)


def _choice(short_name: str, short: Any, kind: Callable[[Any], Any], name: str, full: Any) -> Any:
    """Return a choice that is given either in short or in full."""
    if (short is None) == (full is None):
        given = "neither" if full is None else "both"
        raise ValueError(f"give either {short_name} or {name}, got {given}")
    return kind(short) if full is None else full


def _spaced_rows(n_odors: int, n_rows: int) -> NDArray[np.int64]:
    """Return one row from each of ``n_rows`` equal blocks of a panel, or all of a small one."""
    if n_odors <= n_rows:
        return np.arange(n_odors)
    # The offset within the block follows the golden ratio: with a fixed step a panel that repeats
    # a series would always be sampled at the same concentration.
    offset = np.arange(n_rows) * (5**0.5 - 1) / 2 % 1
    return np.floor((np.arange(n_rows) + offset) * (n_odors / n_rows)).astype(np.int64)
