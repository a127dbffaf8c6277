"""Antennal-lobe transforms: from receptor rates to projection-neuron rates.

Each transform is a small record of its parameters and is called with rates, non-negative and in
spikes/s, one row per odor and one column per glomerulus. It returns rates of the same shape, with
the labels of a labeled panel. To add an alternative, write one such class and put it into this
module's contract test.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import xarray as xr
from scipy.special import expit, logsumexp

from olfnet import checks
from olfnet.checks import FloatArray

_Rates = TypeVar("_Rates", FloatArray, xr.DataArray)

# Olsen et al. (2010) gauge total receptor activity by the antenna's field potential.
_RATE_PER_FIELD_POTENTIAL = 190.0
_UNITS = "spikes/s"


@dataclass(frozen=True)
class _LateralInhibition(ABC):
    """Parameters that both forms of lateral inhibition share."""

    max_rate: float = 165.0
    sigma: float = 12.0
    m: float = 10.63
    exponent: float = 1.5

    def __post_init__(self) -> None:
        for field in fields(self):
            check = checks.nonnegative if field.name == "m" else checks.positive
            check(field.name, getattr(self, field.name))

    def __call__(self, rates: _Rates) -> _Rates:
        """Return projection-neuron rates, of the shape of ``rates``, in spikes/s."""
        values = _values(rates)
        # Logarithms of R^n, sigma^n and s^n, which no rate makes overflow: a / (a + b) is
        # expit(log a - log b), and the logarithm of 0 is -inf.
        with np.errstate(divide="ignore"):
            drive = np.log(values)
            strength = np.log(self.m / _RATE_PER_FIELD_POTENTIAL)
        total = logsumexp(drive, axis=1, keepdims=True)
        n = self.exponent
        response = self._response(n * drive, n * np.log(self.sigma), n * (strength + total))
        return _relabel(response, rates)

    @abstractmethod
    def _response(self, drive: FloatArray, half: float, inhibition: FloatArray) -> FloatArray:
        """Return rates from log R^n, log sigma^n and log s^n."""


@dataclass(frozen=True)
class DivisiveNormalization(_LateralInhibition):
    """Lateral inhibition that raises the input a projection neuron needs for half its maximal rate.

    ``PN = max_rate R^n / (R^n + sigma^n + s^n)`` with ``s = m sum(R) / 190``, the sum running over
    all glomeruli: all odors give responses of similar total strength.

    Parameters
    ----------
    max_rate : float
        Rate at saturation, in spikes/s.
    sigma : float
        Receptor rate that gives half of it in the absence of inhibition, in spikes/s.
    m : float
        Strength of lateral inhibition; 0 switches it off.
    exponent : float
        Steepness n.

    Raises
    ------
    ValueError
        If a parameter is not positive (``m``: negative), or rates are negative, not finite, or
        labeled with another unit.

    References
    ----------
    Olsen, Bhandawat & Wilson 2010, Neuron 66:287-299, DOI 10.1016/j.neuron.2010.04.009 ("input
    gain control", their model of the measured responses, with these parameters).

    Examples
    --------
    >>> float(DivisiveNormalization(m=0)([[12.0]])[0, 0])  # R = sigma
    82.5
    """

    def _response(self, drive: FloatArray, half: float, inhibition: FloatArray) -> FloatArray:
        return np.asarray(self.max_rate * expit(drive - np.logaddexp(half, inhibition)))


@dataclass(frozen=True)
class ResponseGain(_LateralInhibition):
    """Lateral inhibition that scales a projection neuron's output, not its half-maximal input.

    ``PN = max_rate R^n / (R^n + sigma^n) * sigma^n / (sigma^n + s^n)`` with ``s = m sum(R) / 190``.
    To weak inputs (R far below sigma) the response is that of `DivisiveNormalization`; the two part
    where the latter overcomes inhibition by saturating at ``max_rate``.

    Parameters
    ----------
    max_rate, sigma, m, exponent : float
        As in `DivisiveNormalization`.

    Raises
    ------
    ValueError
        As in `DivisiveNormalization`.

    References
    ----------
    "Response gain control" is the alternative that Olsen, Bhandawat & Wilson 2010, Neuron
    66:287-299, reject in favor of input gain control. The strength given to it here, equal
    action on weak inputs, is olfnet's choice and not an equation of theirs.

    Examples
    --------
    >>> strong = [[1e6, 0.0]]
    >>> bool(ResponseGain()(strong)[0, 0] < 1 < DivisiveNormalization()(strong)[0, 0])
    True
    """

    def _response(self, drive: FloatArray, half: float, inhibition: FloatArray) -> FloatArray:
        return np.asarray(self.max_rate * expit(drive - half) * expit(half - inhibition))


@dataclass(frozen=True)
class NoNormalization:
    """Projection neurons that fire as their receptor neurons do: the control.

    Raises
    ------
    ValueError
        If rates are negative, not finite, or labeled with another unit.

    Examples
    --------
    >>> NoNormalization()([[3.0, 40.0]])
    array([[ 3., 40.]])
    """

    def __call__(self, rates: _Rates) -> _Rates:
        """Return the rates as they are, in spikes/s."""
        return _relabel(_values(rates).copy(), rates)


def _values(rates: _Rates) -> FloatArray:
    """Return rates as an array; an unlabeled array is assumed to be in spikes/s."""
    units = rates.attrs.get("units", _UNITS) if isinstance(rates, xr.DataArray) else _UNITS
    if units not in (_UNITS, "Hz"):
        raise ValueError(f"rates must be in {_UNITS}, got a panel in {units!r}")
    return checks.matrix("rates", rates, nonnegative=True)


def _relabel(values: FloatArray, rates: _Rates) -> _Rates:
    """Return ``values`` with the labels of ``rates``, if it has any."""
    if not isinstance(rates, xr.DataArray):
        return values
    attrs = rates.attrs | {"units": _UNITS, "quantity": "projection-neuron rate"}
    return rates.copy(data=values).assign_attrs(attrs)
