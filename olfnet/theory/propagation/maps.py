"""What one wide random layer does to the variance and the correlation of drives, and to gradients.

Weights are normal with variance ``weight_variance / n_inputs``, biases with ``bias_variance``.  In
wide layers drives are normal then, and all that matters of them is their variance q, the same in
all units, and the correlation c of the drives that two inputs cause (Poole et al. 2016, arXiv
1606.05340).
"""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import means
from olfnet.theory.activations import Activation, checked


def variance_map(
    activation: Activation,
    variance: ArrayLike,
    weight_variance: ArrayLike,
    bias_variance: ArrayLike = 0.0,
) -> FloatArray:
    """Return the variance of drives in the next layer, w E phi(sqrt(q) z)^2 + b.

    Parameters
    ----------
    activation : Activation
    variance, weight_variance, bias_variance : arrays of numbers of at least 0
        q, w and b, broadcast.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If a number is not legal.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> variance_map(ReLU(), 3.0, 2.0).round(12)
    np.float64(3.0)
    """
    q, w, b = checks.at_least(
        0, variance=variance, weight_variance=weight_variance, bias_variance=bias_variance
    )
    return np.asarray(w * mean_square(activation, q) + b)[()]


def correlation_map(
    activation: Activation,
    correlation: ArrayLike,
    variance: ArrayLike,
    weight_variance: ArrayLike,
    bias_variance: ArrayLike = 0.0,
) -> FloatArray:
    """Return the correlation of the drives that two inputs cause in the next layer.

    Parameters
    ----------
    activation : Activation
    correlation : array of numbers in [-1, 1]
        In this layer, c.
    variance, weight_variance, bias_variance : arrays of numbers of at least 0
        Broadcast with it; the variance is that of this layer, often a fixed point.

    Returns
    -------
    array
        (w E phi(u) phi(v) + b) / (w E phi(u)^2 + b) over u and v of correlation c.

    Raises
    ------
    ValueError
        If a number is not legal, or all drives are 0.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> correlation_map(ReLU(), [0.0, 0.5], 1.0, 2.0).round(6)
    array([0.31831 , 0.608998])
    """
    q, w, b = checks.at_least(
        0, variance=variance, weight_variance=weight_variance, bias_variance=bias_variance
    )
    q, w, b, c = checks.broadcast(
        variance=q, weight_variance=w, bias_variance=b, correlation=correlation
    )
    total = w * mean_square(activation, q) + b
    if not (total > 0).all():
        raise ValueError(
            "variance, weight_variance and bias_variance must not all leave drives of 0, got "
            f"{q[~(total > 0)].flat[0]:g}, {w[~(total > 0)].flat[0]:g} and 0"
        )
    # Differences are accurate where drives are nearly the same, products where they hardly agree.
    pair = means.pair(activation, np.sqrt(q), c, activation.kinks)
    same, apart = w * pair.product + b, w * pair.distance
    return np.where(apart < total / 2, 1 - apart / total, same / total)[()]


def code_correlation(
    activation: Activation, correlation: ArrayLike, variance: ArrayLike = 1.0
) -> FloatArray:
    """Return how the activities of a layer correlate over its units: decorrelation of odors.

    Parameters
    ----------
    activation : Activation
        ``Thresholded(Step(), t)`` where units are active or not, ``Thresholded(ReLU(), t)`` where
        they have rates.
    correlation : array of numbers in [-1, 1]
        Of the drives.
    variance : array of positive numbers
        Of the drives.

    Returns
    -------
    array
        cov(phi(u), phi(v)) / var(phi(u)): the correlation map of a next layer with inhibition that
        takes the mean activity away, where the covariance stands in the place of E phi(u) phi(v).

    Raises
    ------
    ValueError
        If a number is not legal, or no unit ever changes its activity.

    Examples
    --------
    >>> from olfnet.theory.activations import Step, Thresholded
    >>> code_correlation(Thresholded(Step(), 1.2816), 0.5).round(4)  # a tenth is active
    np.float64(0.2489)
    """
    (q,) = checks.at_least(0, variance=variance)
    q, c = checks.broadcast(variance=q, correlation=correlation)
    activation = checked(activation)
    pair = means.pair(activation, np.sqrt(q), c, activation.kinks)
    total = pair.covariance + pair.distance
    if not np.all(total > 0):
        raise ValueError(
            f"variance must make the output of {activation} vary, got {q[~(total > 0)].flat[0]:g}"
        )
    return np.asarray(pair.covariance / total)[()]


def gradient_map(
    activation: Activation,
    variance: ArrayLike,
    weight_variance: ArrayLike,
    correlation: ArrayLike = 1.0,
) -> FloatArray:
    """Return chi, by which a layer multiplies the mean square of gradients: w E phi'(u) phi'(v).

    Parameters
    ----------
    activation : Activation
    variance, weight_variance : arrays of numbers of at least 0
        A variance of 0 stands for a small one.
    correlation : array of numbers in [-1, 1]
        Of the drives u and v; below 1 chi is for the product of the gradients at two inputs, and
        the slope of the correlation map at a fixed point of the variance, unless the activation
        jumps: a derivative tells nothing of jumps, and chi of steps is 0.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If a number is not legal.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU, Tanh
    >>> gradient_map(ReLU(), 5.0, [1.0, 2.0]).round(12)
    array([0.5, 1. ])
    >>> gradient_map(Tanh(), 0.0, 1.5).round(12)
    np.float64(1.5)
    """
    q, w = checks.at_least(0, variance=variance, weight_variance=weight_variance)
    q, w, c = checks.broadcast(variance=q, weight_variance=w, correlation=correlation)
    sd, activation = np.sqrt(np.maximum(q, 1e-300)), checked(activation)
    if (c == 1).all():
        return np.asarray(w * means.mean(_squared(activation.derivative), sd, activation.kinks))
    return np.asarray(w * means.pair(activation.derivative, sd, c, activation.kinks).product)


def mean_square(activation: Activation, variance: FloatArray) -> FloatArray:
    """E phi(sqrt(q) z)^2."""
    return means.mean(_squared(checked(activation)), np.sqrt(variance), activation.kinks)


def _squared(function: means.Function) -> means.Function:
    return lambda z: function(z) ** 2
