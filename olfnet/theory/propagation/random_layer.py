"""Random layers: maps of variance, correlation and gradients; fixed points; the edge of chaos."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import means
from olfnet.theory.activations import Activation, checked

_SMALL = 1e-12  # variance that stands for the limit of small ones
_NEAR = 1e-10  # distance of a correlation from 1
_ROUNDING = 1e-14
_UNCHANGED = 1e-10  # relative growth that counts as none


@dataclass(frozen=True, eq=False)
class RandomLayer:
    """A wide layer with random weights, repeated in a deep network.

    Weights are normal with variance ``weight_variance / n_inputs``, biases with ``bias_variance``.
    In wide layers drives are normal then, with the same variance q in all units; two inputs cause
    drives of correlation c.  The maps of q and c from one layer to the next have fixed points.
    Where chi, the factor of squared gradients, is 1 at the fixed point, signals and gradients
    survive depth: the edge of chaos.  An expansion layer is one such layer.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : arrays of numbers of at least 0
        w and b, broadcast.

    Raises
    ------
    ValueError
        If a variance is negative or not finite.  Fixed points and depths: if the variance diverges.

    References
    ----------
    Poole et al. 2016, arXiv 1606.05340; Schoenholz et al. 2017, arXiv 1611.01232.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU, Tanh
    >>> layer = RandomLayer(Tanh(), weight_variance=[1.0, 2.5], bias_variance=0.05)
    >>> layer.fixed_variance().round(6)
    array([0.193593, 1.063958])
    >>> layer.fixed_correlation.round(4)
    array([1.    , 0.4468])
    >>> layer.correlation_depth.round(3)
    array([ 3.627, 11.796])
    >>> RandomLayer(ReLU(), weight_variance=2.0).correlation_map([0.0, 0.5], 1.0).round(6)
    array([0.31831 , 0.608998])
    """

    activation: Activation
    weight_variance: Any
    bias_variance: Any = 0.0

    def __post_init__(self) -> None:
        checked(self.activation)
        w, b = checks.at_least(
            0, weight_variance=self.weight_variance, bias_variance=self.bias_variance
        )
        for name, values in (("weight_variance", w), ("bias_variance", b)):
            values = values.copy()
            values.setflags(write=False)
            object.__setattr__(self, name, values[()])

    @classmethod
    def critical(cls, activation: Activation, bias_variance: ArrayLike = 0.0) -> "RandomLayer":
        """Return the layer at the edge of chaos, where chi = 1.

        Its weight variance is 1 / E phi'(sqrt(q) z)^2 at the variance q that solves
        q = w E phi(sqrt(q) z)^2 + b; for rectifiers without biases 2 (He et al. 2015, arXiv
        1502.01852).

        Raises
        ------
        ValueError
            If there is no such variance.

        Examples
        --------
        >>> from olfnet.theory.activations import Tanh
        >>> RandomLayer.critical(Tanh(), [0.0, 0.05]).weight_variance.round(5)
        array([1.     , 1.76095])
        """
        checked(activation)
        (b,) = checks.at_least(0, bias_variance=bias_variance)

        def missing(q: FloatArray, b: FloatArray) -> FloatArray:
            """Bias variance b less that for which q is the fixed point at the edge."""
            with np.errstate(divide="ignore"):
                at_edge = _mean_square(activation, q) / _mean_squared_slope(activation, q)
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
        return cls(activation, 1 / _mean_squared_slope(activation, q), b)

    def variance_map(self, variance: ArrayLike) -> FloatArray:
        """Return the variance of drives in the next layer, w E phi(sqrt(q) z)^2 + b."""
        (q,) = checks.at_least(0, variance=variance)
        return np.asarray(self._variance_map(q))[()]

    def correlation_map(self, correlation: ArrayLike, variance: ArrayLike) -> FloatArray:
        """Return the correlation of the drives that two inputs cause in the next layer.

        That is (w E phi(u) phi(v) + b) / (w E phi(u)^2 + b) for drives u and v of correlation c in
        [-1, 1] and of one variance, often a fixed point.
        """
        (q,) = checks.at_least(0, variance=variance)
        q, c, w, b = checks.broadcast(
            variance=q,
            correlation=checks.within("correlation", correlation, -1, 1),
            weight_variance=self.weight_variance,
            bias_variance=self.bias_variance,
        )
        total = self._variance_map(q)
        if not (total > 0).all():
            raise ValueError(
                "variance, weight_variance and bias_variance must not all leave drives of 0, got "
                f"{q[~(total > 0)].flat[0]:g}, {w[~(total > 0)].flat[0]:g} and 0"
            )
        # Differences are accurate where drives are nearly the same, products where they are not.
        pair = means.pair(self.activation, np.sqrt(q), c, self.activation.kinks)
        same, apart = w * pair.product + b, w * pair.distance
        return np.where(apart < total / 2, 1 - apart / total, same / total)[()]

    def chi(self, variance: ArrayLike, correlation: ArrayLike = 1.0) -> FloatArray:
        """Return the factor of squared gradients in one layer, w E phi'(u) phi'(v).

        Parameters
        ----------
        variance : array of numbers of at least 0
            Of the drives u and v; 0 stands for a small one.
        correlation : array of numbers in [-1, 1]
            Of u and v.  Below 1 chi is the factor of the product of gradients at two inputs, and
            the slope of the correlation map at a fixed point of the variance, unless the activation
            jumps: a derivative does not see jumps, and chi of steps is 0.

        Examples
        --------
        >>> from olfnet.theory.activations import Tanh
        >>> RandomLayer(Tanh(), 1.5).chi(0.0).round(12)
        np.float64(1.5)
        """
        (q,) = checks.at_least(0, variance=variance)
        q, c, w = checks.broadcast(
            variance=q,
            correlation=checks.within("correlation", correlation, -1, 1),
            weight_variance=self.weight_variance,
        )
        if (c == 1).all():
            return np.asarray(w * _mean_squared_slope(self.activation, q))[()]
        sd = np.sqrt(np.maximum(q, 1e-300))
        pair = means.pair(self.activation.derivative, sd, c, self.activation.kinks)
        return np.asarray(w * pair.product)[()]

    def fixed_variance(self, start: ArrayLike = 1.0) -> FloatArray:
        """Return the variance of drives in deep layers, to about 1e-12 relative.

        Of several fixed points it is the one to which the variance map leads from ``start``, a
        positive variance in the first layer.

        Examples
        --------
        >>> from olfnet.theory.activations import Tanh
        >>> RandomLayer(Tanh(), [0.9, 1.5]).fixed_variance().round(6)
        array([0.      , 0.286894])
        """
        (start,) = checks.at_least(0, start=start)
        if not (start > 0).all():
            raise ValueError("start must be positive, got 0")
        w, b, start = checks.broadcast(
            weight_variance=self.weight_variance, bias_variance=self.bias_variance, start=start
        )

        def growth(q: FloatArray, w: FloatArray, b: FloatArray) -> FloatArray:
            return _unless_rounding(w * _mean_square(self.activation, q) + b - q, q)

        at_start = growth(start, w, b)
        far, lost = _last_positive(lambda q: growth(q, w, b), start)
        if lost.any():
            raise ValueError(
                "weight_variance must let the variance settle, got "
                f"{w[lost].flat[0]:.12g}, for which it grows 10^9-fold or without end"
            )
        origin = np.where(self._variance_map(0 * w) > 0, 0.0, _SMALL * start)
        low, high = np.where(at_start > 0, (start, far), (origin, start))
        dies = (at_start < 0) & (growth(low, w, b) <= 0)
        root = elementwise.find_root(growth, (low, high), args=(w, b)).x
        return np.asarray(np.select([at_start == 0, dies], [start, 0.0], root))[()]

    @property
    def fixed_correlation(self) -> FloatArray:
        """Correlation of the drives that any two inputs cause in deep layers.

        1 in the ordered phase, where all inputs become similar (and where drives die out); less in
        the chaotic phase, where inputs that were nearly the same come apart.
        """
        return 1 - self._fixed_distance(np.asarray(self.fixed_variance()))[()]

    @property
    def correlation_depth(self) -> FloatArray:
        """Number of layers in which correlations come closer to their limit by 1 / e.

        -1 / ln of the slope of the correlation map at its fixed point; infinite at the edge of
        chaos.  Gradients fade or grow e-fold within as many layers if the fixed point is 1.
        """
        q = np.asarray(self.fixed_variance())
        distance = self._fixed_distance(q)
        slope = np.asarray(self.chi(q))
        if (chaos := distance > 0).any():
            pair = means.pair(self.activation, np.sqrt(q), 1 - distance, self.activation.kinks)
            slope = np.where(chaos, self.weight_variance * pair.slope, slope)
        return _depth(slope)

    @property
    def variance_depth(self) -> FloatArray:
        """Number of layers in which the variance comes closer to its limit by 1 / e.

        -1 / ln of the slope of the variance map, w E phi(sqrt(q) z)^2 (z^2 - 1) / (2 q), at its
        fixed point.
        """
        q = np.asarray(self.fixed_variance())
        at_zero = float(self.activation(0.0)) ** 2
        sd = np.sqrt(np.where(q > 0, q, 1.0))
        # By parts, so that no second derivative is needed and a jump counts.
        z_squared = means.mean(
            lambda u: (self.activation(u) ** 2 - at_zero) * ((u / sd) ** 2 - 1),
            sd,
            self.activation.kinks,
        )
        slope = self.weight_variance * z_squared / (2 * sd**2)
        return _depth(np.where(q > 0, slope, self.chi(0 * q)))

    def _variance_map(self, q: FloatArray) -> FloatArray:
        mean_square = _mean_square(self.activation, q)
        return np.asarray(self.weight_variance * mean_square + self.bias_variance)

    def _fixed_distance(self, q: FloatArray) -> FloatArray:
        """Return 1 less the fixed point of the correlation map.

        The map is convex between 0 and 1, and 1 is a fixed point.  There is another one if inputs
        that are nearly the same come apart, and it is the one that attracts.
        """
        alive, w = q > 0, np.asarray(self.weight_variance)
        q = np.where(alive, q, 1.0)

        def growth(apart: FloatArray, w: FloatArray, q: FloatArray) -> FloatArray:
            c = 1 - apart
            pair = means.pair(self.activation, np.sqrt(q), c, self.activation.kinks)
            return np.asarray(w * pair.distance / (q * (1 - c)) - 1)  # not apart, as c is rounded

        # Linear layers that keep the variance keep all correlations, but for rounding.
        chaos = alive & (growth(np.full(q.shape, _NEAR), w, q) > _UNCHANGED)
        distance = np.zeros(q.shape)
        if chaos.any():
            # To a little below 0, since without biases 0 is a fixed point of odd activations.
            ends = np.full((2, chaos.sum()), [[_NEAR], [1.001]])
            distance[chaos] = elementwise.find_root(
                growth, tuple(ends), args=(w[chaos], q[chaos])
            ).x
        return np.minimum(distance, 1.0)


def code_correlation(
    activation: Activation, correlation: ArrayLike, variance: ArrayLike = 1.0
) -> FloatArray:
    """Return the correlation, over units, of the activities of a layer: decorrelation of odors.

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
        subtracts the mean activity, so that covariances replace E phi(u) phi(v).

    Raises
    ------
    ValueError
        If a variance is negative, a correlation outside [-1, 1], or activity does not vary.

    Examples
    --------
    >>> from olfnet.theory.activations import Step, Thresholded
    >>> code_correlation(Thresholded(Step(), 1.2816), 0.5).round(4)  # a tenth is active
    np.float64(0.2489)
    """
    (q,) = checks.at_least(0, variance=variance)
    c = checks.within("correlation", correlation, -1, 1)
    q, c = checks.broadcast(variance=q, correlation=c)
    activation = checked(activation)
    pair = means.pair(activation, np.sqrt(q), c, activation.kinks)
    total = pair.covariance + pair.distance
    if not np.all(total > 0):
        raise ValueError(
            f"variance must make the output of {activation} vary, got {q[~(total > 0)].flat[0]:g}"
        )
    return np.asarray(pair.covariance / total)[()]


def _last_positive(
    function: means.Function, start: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Go on by factors of 4 until a function is not positive; return where, and whether it is."""
    x = start
    for _ in range(16):
        positive = function(x) > 0
        if not positive.any():
            break
        x = np.where(positive, 4 * x, x)
    return x, positive


def _mean_square(activation: Activation, variance: FloatArray) -> FloatArray:
    """E phi(sqrt(q) z)^2."""
    return means.mean(lambda z: activation(z) ** 2, np.sqrt(variance), activation.kinks)


def _mean_squared_slope(activation: Activation, variance: FloatArray) -> FloatArray:
    """E phi'(sqrt(q) z)^2; a variance of 0 stands for a small one."""
    sd = np.sqrt(np.maximum(variance, 1e-300))
    return means.mean(lambda z: activation.derivative(z) ** 2, sd, activation.kinks)


def _unless_rounding(difference: FloatArray, size: FloatArray) -> FloatArray:
    return np.where(np.abs(difference) > _ROUNDING * size, difference, 0.0)


def _depth(slope: FloatArray) -> FloatArray:
    size = np.abs(slope)
    size = np.select([size > 1 - 1e-12, size < 1e-14], [1.0, 0.0], size)  # rounding
    with np.errstate(divide="ignore"):
        return np.asarray(np.abs(1 / np.log(size)))[()]
