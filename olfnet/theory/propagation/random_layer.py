"""How far signals and gradients get in a deep random network, and where order turns into chaos.

Layers have the weights and biases of ``olfnet.theory.maps``, whose maps lead to fixed points of the
variance q and the correlation c when iterated.  Where chi, by which each layer multiplies gradients
there, is 1, signals and gradients survive: at the edge of chaos (Poole et al. 2016, arXiv
1606.05340; Schoenholz et al. 2017, arXiv 1611.01232).  An expansion layer is one such layer, whose
correlation map tells how it decorrelates odors.  Maps of one layer, fixed points and stacks of
layers (``olfnet.theory.depth``) can be named from here.
"""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import means
from olfnet.theory.activations import Activation
from olfnet.theory.propagation.fixed_points import (
    apart,
    correlation_fixed_point,
    critical_weight_variance,
    settled,
    variance_fixed_point,
)
from olfnet.theory.propagation.maps import (
    code_correlation,
    correlation_map,
    gradient_map,
    variance_map,
)
from olfnet.theory.propagation.stacks import (
    Profile,
    chain_gradient,
    gradients,
    profile,
    sampled_profile,
    stack,
    states,
)

__all__ = [
    "Profile",
    "chain_gradient",
    "code_correlation",
    "correlation_depth",
    "correlation_fixed_point",
    "correlation_map",
    "critical_weight_variance",
    "glorot",
    "gradient_map",
    "gradients",
    "he",
    "profile",
    "sampled_profile",
    "stack",
    "states",
    "variance_depth",
    "variance_fixed_point",
    "variance_map",
]


def correlation_depth(
    activation: Activation, weight_variance: ArrayLike, bias_variance: ArrayLike = 0.0
) -> FloatArray:
    """Return the number of layers in which correlations come closer to their limit by 1 / e.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : arrays of numbers of at least 0
        Broadcast.

    Returns
    -------
    array
        -1 / ln of the slope of the correlation map at its fixed point; infinite at the edge of
        chaos.  Gradients fade or grow e-fold within as many layers if the fixed point is 1.

    Raises
    ------
    ValueError
        If a number is not legal, or a variance grows without end.

    Examples
    --------
    >>> from olfnet.theory.activations import Tanh
    >>> correlation_depth(Tanh(), [1.0, 1.5], 0.05).round(3)
    array([ 3.627, 15.791])
    """
    w, b, q = settled(activation, weight_variance, bias_variance)
    distance = apart(activation, w, b, q)
    slope = np.asarray(gradient_map(activation, q, w))
    if (chaos := distance > 0).any():
        pair = means.pair(activation, np.sqrt(q), 1 - distance, activation.kinks)
        slope = np.where(chaos, w * pair.slope, slope)
    return _depth(slope)


def variance_depth(
    activation: Activation, weight_variance: ArrayLike, bias_variance: ArrayLike = 0.0
) -> FloatArray:
    """Return the number of layers in which the variance comes closer to its limit by 1 / e.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : arrays of numbers of at least 0
        Broadcast.

    Returns
    -------
    array
        -1 / ln of the slope of the variance map, w E phi(sqrt(q) z)^2 (z^2 - 1) / (2 q), at its
        fixed point.

    Raises
    ------
    ValueError
        If a number is not legal, or a variance grows without end.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> variance_depth(ReLU(), 1.0, 0.1).round(4)  # 1 / ln 2
    np.float64(1.4427)
    """
    w, _, q = settled(activation, weight_variance, bias_variance)
    at_zero = float(activation(0.0)) ** 2
    sd = np.sqrt(np.where(q > 0, q, 1.0))
    # By parts, so that no second derivative is needed and a jump counts.
    z_squared = means.mean(
        lambda u: (activation(u) ** 2 - at_zero) * ((u / sd) ** 2 - 1), sd, activation.kinks
    )
    slope = np.where(q > 0, w * z_squared / (2 * sd**2), gradient_map(activation, 0 * q, w))
    return _depth(slope)


def he(n_inputs: ArrayLike, slope: float = 0.0) -> FloatArray:
    """Return the variance of a weight that keeps the mean square of rectified signals.

    Parameters
    ----------
    n_inputs : array of numbers of at least 1
    slope : float
        Of a leaky rectifier below threshold.

    Returns
    -------
    array
        2 / (1 + slope^2) / n_inputs (He et al. 2015, arXiv 1502.01852).

    Examples
    --------
    >>> he(100)
    np.float64(0.02)
    """
    slope = checks.finite("slope", slope)
    return 2 / (1 + slope**2) / _numbers("n_inputs", n_inputs)[()]


def glorot(n_inputs: ArrayLike, n_outputs: ArrayLike) -> FloatArray:
    """Return the variance of a weight that lets neither signals nor gradients down, in the mean.

    Parameters
    ----------
    n_inputs, n_outputs : arrays of numbers of at least 1

    Returns
    -------
    array
        2 / (n_inputs + n_outputs) (Glorot & Bengio 2010, AISTATS): linear layers multiply signals
        by n_inputs and gradients by n_outputs times that, 1 in the mean of both.

    Examples
    --------
    >>> glorot(100, 300)
    np.float64(0.005)
    """
    n_inputs, n_outputs = _numbers("n_inputs", n_inputs), _numbers("n_outputs", n_outputs)
    n_inputs, n_outputs = checks.broadcast(n_inputs=n_inputs, n_outputs=n_outputs)
    return 2 / (n_inputs + n_outputs)[()]


def _numbers(name: str, values: ArrayLike) -> FloatArray:
    (numbers,) = checks.at_least(0, **{name: values})
    if not (numbers >= 1).all():
        raise ValueError(f"{name} must be at least 1, got {numbers[numbers < 1].flat[0]:g}")
    return numbers


def _depth(slope: FloatArray) -> FloatArray:
    size = np.abs(slope)
    size = np.select([size > 1 - 1e-12, size < 1e-14], [1.0, 0.0], size)  # rounding
    with np.errstate(divide="ignore"):
        return np.asarray(np.abs(1 / np.log(size)))[()]
