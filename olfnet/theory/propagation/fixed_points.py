"""Where the maps of a deep random network lead, and for which weights that is the edge of chaos."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import means
from olfnet.theory.activations import Activation
from olfnet.theory.propagation.maps import gradient_map, mean_square

_SMALL = 1e-12  # variance that stands for the limit of small ones
_NEAR = 1e-10  # of a correlation to 1
_ROUNDING = 1e-14
_UNCHANGED = 1e-10  # growth that is none


def variance_fixed_point(
    activation: Activation,
    weight_variance: ArrayLike,
    bias_variance: ArrayLike = 0.0,
    *,
    start: ArrayLike = 1.0,
) -> FloatArray:
    """Return the variance that drives settle at in deep layers.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : arrays of numbers of at least 0
    start : array of positive numbers
        Variance in the first layer, broadcast with them.

    Returns
    -------
    array
        The fixed point of the variance map that lies where it leads from ``start``, to about 1e-12
        relative.

    Raises
    ------
    ValueError
        If a number is not legal, or a variance grows without end.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> variance_fixed_point(Tanh(), [0.9, 1.5]).round(6)
    array([0.      , 0.286894])
    """
    w, b, start = checks.at_least(
        0, weight_variance=weight_variance, bias_variance=bias_variance, start=start
    )
    if not (start > 0).all():
        raise ValueError("start must be positive, got 0")

    def growth(q: FloatArray, w: FloatArray, b: FloatArray) -> FloatArray:
        return _unless_rounding(w * mean_square(activation, q) + b - q, q)

    at_start = growth(start, w, b)
    far, lost = _last_positive(lambda q: growth(q, w, b), start)
    if lost.any():
        raise ValueError(
            "weight_variance must let the variance settle, got "
            f"{w[lost].flat[0]:.12g}, for which it grows 10^9-fold or without end"
        )
    origin = np.where(w * mean_square(activation, 0 * w) + b > 0, 0.0, _SMALL * start)
    low, high = np.where(at_start > 0, (start, far), (origin, start))
    dies = (at_start < 0) & (growth(low, w, b) <= 0)
    root = elementwise.find_root(growth, (low, high), args=(w, b)).x
    return np.asarray(np.select([at_start == 0, dies], [start, 0.0], root))[()]


def correlation_fixed_point(
    activation: Activation, weight_variance: ArrayLike, bias_variance: ArrayLike = 0.0
) -> FloatArray:
    """Return the correlation that the drives of any two inputs settle at in deep layers.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : arrays of numbers of at least 0
        Broadcast.

    Returns
    -------
    array
        1 in the ordered phase, where all inputs become alike (and where drives die out); less in
        the chaotic phase, where those that were nearly the same come apart.

    Raises
    ------
    ValueError
        If a number is not legal, or a variance grows without end.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> correlation_fixed_point(Tanh(), [1.0, 2.5], 0.05).round(4)
    array([1.    , 0.4468])
    """
    w, b, q = settled(activation, weight_variance, bias_variance)
    return 1 - apart(activation, w, b, q)[()]


def critical_weight_variance(activation: Activation, bias_variance: ArrayLike = 0.0) -> FloatArray:
    """Return the weight variance at the edge of chaos, where chi = 1.

    Parameters
    ----------
    activation : Activation
    bias_variance : array of numbers of at least 0

    Returns
    -------
    array
        w = 1 / E phi'(sqrt(q) z)^2 at the variance q that solves q = w E phi(sqrt(q) z)^2 + b.

    Raises
    ------
    ValueError
        If a number is not legal, or there is no such variance.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU, Tanh
    >>> critical_weight_variance(Tanh(), [0.0, 0.05]).round(5)
    array([1.     , 1.76095])
    >>> critical_weight_variance(ReLU()).round(12)
    np.float64(2.0)
    """
    (b,) = checks.at_least(0, bias_variance=bias_variance)

    def missing(q: FloatArray, b: FloatArray) -> FloatArray:
        """How far the bias variance that makes q critical is below the one wanted."""
        with np.errstate(divide="ignore"):
            at_edge = mean_square(activation, q) / gradient_map(activation, q, 1.0)
        return _unless_rounding(b - q + at_edge, q)

    low = np.maximum(b, _SMALL)
    high, lost = _last_positive(lambda q: missing(q, b), np.maximum(b, 1e-3))
    if lost.any():
        raise ValueError(
            "bias_variance must be one at which gradients can neither grow nor fade, got "
            f"{b[lost].flat[0]:g} for {activation}"
        )
    root = elementwise.find_root(missing, (low, high), args=(b,)).x
    q = np.where(missing(low, b) > 0, root, low)
    return np.asarray(1 / gradient_map(activation, q, 1.0))[()]


def settled(
    activation: Activation, weight_variance: ArrayLike, bias_variance: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return weight and bias variance, broadcast, and the variance that drives settle at."""
    w, b = checks.at_least(0, weight_variance=weight_variance, bias_variance=bias_variance)
    return w, b, np.asarray(variance_fixed_point(activation, w, b))


def apart(activation: Activation, w: FloatArray, b: FloatArray, q: FloatArray) -> FloatArray:
    """Return how far the fixed point of the correlation map is below 1.

    The map is convex between 0 and 1, and 1 is a fixed point.  There is another one if inputs that
    are nearly the same come apart, and it is the one that attracts.
    """
    alive = q > 0
    q = np.where(alive, q, 1.0)

    def growth(apart: FloatArray, w: FloatArray, q: FloatArray) -> FloatArray:
        c = 1 - apart
        pair = means.pair(activation, np.sqrt(q), c, activation.kinks)
        return np.asarray(w * pair.distance / (q * (1 - c)) - 1)  # not apart, as c is rounded

    # Linear layers that keep the variance leave all correlations as they are, but for rounding.
    chaos = alive & (growth(np.full(q.shape, _NEAR), w, q) > _UNCHANGED)
    found = np.zeros(q.shape)
    if chaos.any():
        # Correlations a little below 0, since without biases 0 is a fixed point of odd activations.
        ends = np.full((2, chaos.sum()), [[_NEAR], [1.001]])
        found[chaos] = elementwise.find_root(growth, tuple(ends), args=(w[chaos], q[chaos])).x
    return np.minimum(found, 1.0)


def _last_positive(
    function: means.Function, start: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Go on by factors of 4 until a function is no longer positive, and say where it never ends."""
    place = start
    for _ in range(16):
        positive = function(place) > 0
        if not positive.any():
            break
        place = np.where(positive, 4 * place, place)
    return place, positive


def _unless_rounding(difference: FloatArray, size: FloatArray) -> FloatArray:
    return np.where(np.abs(difference) > _ROUNDING * size, difference, 0.0)
