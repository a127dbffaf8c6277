"""What curves of capacity and of recall share: sizes, intervals and datasets."""

from typing import Any

import numpy as np
import scipy.stats
import xarray
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray

IntArray = NDArray[np.int64]
Variables = dict[str, tuple[str | tuple[str, ...], NDArray[Any], dict[str, str]]]


def rising(n_patterns: ArrayLike) -> IntArray:
    """Return numbers of patterns, shape (n_loads,), if they rise."""
    sizes = np.ravel(checks.counts("n_patterns", n_patterns))
    if not sizes.size or not (np.diff(sizes) > 0).all():
        raise ValueError(f"n_patterns must rise, got {sizes}")
    return sizes


def proportion(n_successes: int, n_trials: int, confidence: float) -> tuple[float, float]:
    """Exact binomial (Clopper-Pearson) interval of a proportion, low and high."""
    interval = scipy.stats.binomtest(n_successes, n_trials).proportion_ci(confidence)
    return interval.low, interval.high


def half_width(samples: FloatArray, confidence: float) -> FloatArray:
    """Half-width of Student's interval of the mean along the first axis."""
    quantile = scipy.stats.t.ppf((1 + confidence) / 2, len(samples) - 1)
    return np.asarray(quantile * scipy.stats.sem(samples, axis=0))


def labels_in_words(label_fraction: float) -> str:
    """Labels in a definition, if they are not balanced."""
    return "" if label_fraction == 0.5 else f" with {label_fraction:g} positive labels"


def dataset(
    curve: Any, confidence: float, meaning: str, variables: Variables, attrs: dict[str, Any]
) -> xarray.Dataset:
    """Label load, fraction and its interval along ``n_patterns``, beside further variables."""
    low, high = curve.interval(confidence)
    along = "n_patterns"
    return xarray.Dataset(
        {
            "fraction": (along, curve.fraction, {"meaning": meaning}),
            "low": (along, low, {"meaning": "lower end of the interval"}),
            "high": (along, high, {"meaning": "upper end of the interval"}),
            **variables,
        },
        coords={
            along: curve.n_patterns,
            "load": (along, curve.load, {"meaning": "patterns per dimension"}),
        },
        attrs={
            "definition": curve.definition,
            "n_dims": curve.n_dims,
            "n_trials": curve.n_trials,
            "label_fraction": curve.label_fraction,
            "confidence": confidence,
            **attrs,
        },
    )
