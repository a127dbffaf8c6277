"""Generalization: counts of parameters, bounds of the VC dimension, and errors of random features.

A circuit that learns only its readout is a regression on random features.  Its error peaks where
there are as many features as samples, and falls again beyond (double descent): that is why a
mushroom body of thousands of units can learn from tens of odors.
"""

import math

import numpy as np
import scipy.optimize.elementwise
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Identity, LeakyReLU
from olfnet.theory.approximation import flattened
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, Layer, MeanPool, Network


def n_parameters(layer: Layer) -> int:
    """Count the parameters of a layer or network.

    Parameters
    ----------
    layer : Layer
        Shared weights count once.

    Returns
    -------
    int

    Examples
    --------
    Eight kernels of five weights over a signal, and dense units that could do the same.

    >>> from olfnet.theory.network import Convolution, Dense
    >>> n_parameters(Convolution(np.ones((8, 1, 5))))
    48
    >>> n_parameters(Dense(np.ones((8 * 32, 32))))
    8448
    """
    return sum(array.size for array in layer.parameters)


def vc_bound(network: Network, shape: tuple[int, ...]) -> float:
    """Return an upper bound of the VC dimension of a network with shared weights.

    Parameters
    ----------
    network : Network
        Dense layers and convolutions, with rectifiers (leaky or not) and means over the grid; one
        output, followed by a threshold.
    shape : tuple of int
        Of one input.

    Returns
    -------
    float
        ``L + W' log2(4 e R log2(2 e R))`` with W' the sum over the L layers of all parameters up to
        each of them, and R the sum of i k_i over layers i of k_i units.  A convolution has units
        all over its grid, and each kernel once, since the proof counts the regions into which the
        kinks of units cut the space of parameters.

    Raises
    ------
    ValueError
        If there are other layers or activations, or not one output.

    References
    ----------
    Bartlett, Harvey, Liaw & Mehrabian 2019, JMLR 20(63), theorem 7, with one breakpoint.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> shared = Network([Convolution(np.ones((1, 1, 5))), Activate(ReLU()), MeanPool()])
    >>> round(vc_bound(shared.then(Dense([[1.0]])), shape=(1, 32)))
    159
    """
    signal, units, parameters = np.zeros((1, *shape)), [], []
    for layer in flattened(network):
        straight = (Identity, LeakyReLU)
        signal = layer.linearized(signal)[0]
        if isinstance(layer, (Dense, Convolution)):
            units.append(float(signal.size))
            parameters.append(float(n_parameters(layer)))
        elif not (
            isinstance(layer, (Flatten, MeanPool))
            or (isinstance(layer, Activate) and isinstance(layer.activation, straight))
        ):
            raise ValueError(
                f"network must have dense layers, convolutions and rectifiers only, got {layer!r}"
            )
    if signal.size != 1 or not units:
        raise ValueError(f"network must have weights and one output, got {signal.size} outputs")
    r = np.sum(np.arange(1, len(units) + 1) * np.array(units))
    w = np.cumsum(parameters).sum()
    return float(len(units) + w * np.log2(4 * math.e * r * np.log2(2 * math.e * r)))


def random_feature_error(
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    n_samples: ArrayLike,
    n_features: ArrayLike,
    *,
    ridge: float = 0.0,
    noise_variance: float = 0.0,
) -> FloatArray:
    """Return the mean squared test error of ridge regression on random features.

    Parameters
    ----------
    eigenvalues : array of shape (n_modes,)
        Of the kernel of infinitely many features, for the distribution of inputs; positive.
    coefficients : array of shape (n_modes,)
        Of the target, in the orthonormal eigenfunctions of that kernel.
    n_samples, n_features : arrays that broadcast together
    ridge : float
        Penalty of the squared weights, for features whose mean product is the kernel; 0 for the
        smallest weights that fit.
    noise_variance : float
        Of the targets, both learned and tested.

    Returns
    -------
    array
        Infinite without ridge where samples and features are equally many.

    Raises
    ------
    ValueError
        If a number is out of range, or modes are not more than samples or features.

    Notes
    -----
    Simon, Karkada, Ghosh & Belkin 2024 (arXiv 2311.14646), eqs. 6-9: with z = sum lambda / (lambda
    + g) and q = sum (lambda / (lambda + g))^2, where (n - z)(k - z) g = k ridge, the error is

        (sum (g / (lambda + g) - g lambda / (lambda + g)^2 (k - z) / (k - q)) v^2 + noise)
        / (1 - (q (k - 2 z) + z^2) / (n (k - q))).

    Features are approximated by Gaussian ones with the same kernel.

    Examples
    --------
    Noise alone, with fewer features than samples and a target that they can express:

    >>> random_feature_error(np.ones(500), np.zeros(500), 100, 50, noise_variance=1.0).round(6)
    np.float64(2.0)
    """
    modes = checks.vector("eigenvalues", eigenvalues)
    if modes.min() <= 0:
        raise ValueError(f"eigenvalues must be positive, got {modes.min():g}")
    weights = checks.vector("coefficients", coefficients, length=len(modes)) ** 2
    ridge = checks.nonnegative("ridge", ridge)
    noise = checks.nonnegative("noise_variance", noise_variance)
    n, k = checks.at_least(1, n_samples=n_samples, n_features=n_features)
    if np.minimum(n, k).max() >= len(modes):
        raise ValueError(
            f"eigenvalues must be more than samples or features, {np.minimum(n, k).max():g}, got "
            f"{len(modes)}"
        )

    def unbalanced(log_g: FloatArray, n: FloatArray, k: FloatArray) -> FloatArray:
        z = _learned(modes, np.exp(log_g)).sum(axis=-1)
        if ridge == 0:
            return np.asarray(z - np.minimum(n, k))
        # The left side falls with z down to 0 at the smaller number, and z falls with g.
        left = np.maximum(np.minimum(n, k) - z, 0) * (np.maximum(n, k) - z)
        return np.asarray(ridge * k * np.exp(-log_g) - left)

    # z lies between 0 and the smaller number; at the upper end each mode's fraction is small.
    low = np.log(modes.min()) - np.log(len(modes)) - 40.0
    high = np.log(modes.sum() + ridge * k.max()) + 40.0
    bracket = np.full(n.shape, low), np.full(n.shape, high)
    g = np.exp(scipy.optimize.elementwise.find_root(unbalanced, bracket, args=(n, k)).x)
    learned = _learned(modes, g)
    z, q = learned.sum(axis=-1), (learned**2).sum(axis=-1)
    kept = ((k - z) / (k - q))[..., None]
    missed = np.sum((1 - learned) * (1 - learned * kept) * weights, axis=-1)
    # 1 - (q (k - 2 z) + z^2) / (n (k - q)), without the difference of nearly equal numbers.
    damping = ((n - z) * (k - q) + (z - q) * (k - z)) / (n * (k - q))
    diverges = (n == k) & (ridge == 0)
    return np.where(diverges, np.inf, (missed + noise) / np.where(diverges, 1.0, damping))[()]


def _learned(modes: FloatArray, g: FloatArray) -> FloatArray:
    """Fraction of each mode that is learned, modes last."""
    return np.asarray(modes / (modes + g[..., None]))
