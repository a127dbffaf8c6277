"""How networks generalize: counts of what can be fitted, and the error of random features.

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
    """Count the numbers that learning may change.

    Parameters
    ----------
    layer : Layer
        A layer or a whole network; weights that are shared count once.

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


def vc_bound(widths: ArrayLike) -> float:
    """Upper bound of the VC dimension of a dense ReLU network with a threshold at its end.

    Parameters
    ----------
    widths : int array of shape (n_layers + 1,)
        Inputs, hidden units of each layer, and 1.

    Returns
    -------
    float
        ``L + W' log2(4 e R log2(2 e R))`` with W' the sum over the L layers of all parameters up to
        each of them, and R the sum of i k_i over layers i of k_i units.

    Raises
    ------
    ValueError
        If there are fewer than two widths, or the last one is not 1.

    References
    ----------
    Bartlett, Harvey, Liaw & Mehrabian 2019, JMLR 20(63), theorem 7, with one breakpoint.

    Examples
    --------
    >>> vc_bound([10, 20, 1]) > vc_bound([10, 5, 1]) > 10
    True
    """
    widths = checks.integers("widths", widths)
    for width in widths:
        checks.count("widths", width)
    if len(widths) < 2 or widths[-1] != 1:
        raise ValueError(f"widths must hold those of inputs and outputs, 1 at last, got {widths}")
    return _vc_bound(widths[1:].astype(float), widths[1:] * (widths[:-1] + 1.0))


def network_vc_bound(network: Network, shape: tuple[int, ...]) -> float:
    """Upper bound of the VC dimension of a network whose weights may be shared between places.

    Parameters
    ----------
    network : Network
        Dense layers and convolutions, with rectifiers (leaky or not) and means over the grid; one
        output, with a threshold behind it.
    shape : tuple of int
        Of one input.

    Returns
    -------
    float
        As :func:`vc_bound`, whose proof counts the regions into which the units' turns cut the
        space of parameters: a convolution has all units of its grid, and each kernel once.

    Raises
    ------
    ValueError
        If there are other layers or activations, or not one output.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> looking = Network([Convolution(np.ones((1, 1, 5))), Activate(ReLU()), MeanPool()])
    >>> round(network_vc_bound(looking.then(Dense([[1.0]])), shape=(1, 32)))
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
    return _vc_bound(np.array(units), np.array(parameters))


def _vc_bound(units: FloatArray, parameters: FloatArray) -> float:
    reach = np.sum(np.arange(1, len(units) + 1) * units)
    seen = np.cumsum(parameters).sum()
    return float(len(units) + seen * np.log2(4 * math.e * reach * np.log2(2 * math.e * reach)))


def least_squares_error(
    n_samples: ArrayLike, n_features: ArrayLike, noise_variance: ArrayLike = 1.0
) -> FloatArray:
    """Excess error of least squares with fewer Gaussian features than samples.

    Parameters
    ----------
    n_samples, n_features : arrays that broadcast together
        At least two more samples than features.
    noise_variance : array
        Of the targets.

    Returns
    -------
    array
        ``noise_variance * n_features / (n_samples - n_features - 1)``, exact for independent
        features of any covariance.

    Raises
    ------
    ValueError
        If a number is not legal, or there are too few samples: the mean error is infinite.

    References
    ----------
    Breiman & Freedman 1983, J. Am. Stat. Assoc. 78:131.
    """
    n_samples, n_features, noise = checks.at_least(
        0, n_samples=n_samples, n_features=n_features, noise_variance=noise_variance
    )
    left = n_samples - n_features - 1
    if (left <= 0).any():
        raise ValueError(
            "n_samples must be at least n_features + 2, got "
            f"{n_samples[left <= 0][0]:g} for {n_features[left <= 0][0]:g}"
        )
    return np.asarray(noise * n_features / left)


def random_feature_error(
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    n_samples: ArrayLike,
    n_features: ArrayLike,
    *,
    ridge: float = 0.0,
    noise_variance: float = 0.0,
) -> FloatArray:
    """Mean squared test error of ridge regression on random features.

    Parameters
    ----------
    eigenvalues : array of shape (n_modes,)
        Of the kernel of infinitely many features, for the distribution of inputs; positive.
    coefficients : array of shape (n_modes,)
        Of the target, by the orthonormal eigenfunctions of that kernel.
    n_samples, n_features : arrays that broadcast together
    ridge : float
        Penalty of the squared weights, for features whose products have the kernel as their mean;
        0 for the least weights among all that fit.
    noise_variance : float
        Of the targets, both learned and tested.

    Returns
    -------
    array
        Infinite where samples and features are as many and nothing damps.

    Raises
    ------
    ValueError
        If a number is not legal, or there are not enough modes for so many samples and features.

    Notes
    -----
    Simon, Karkada, Ghosh & Belkin 2024 (arXiv 2311.14646), eqs. 6-9: with z = sum lambda / (lambda
    + g) and q = sum (lambda / (lambda + g))^2, where (n - z)(k - z) g = k ridge, the error is

        (sum (g / (lambda + g) - g lambda / (lambda + g)^2 (k - z) / (k - q)) v^2 + noise)
        / (1 - (q (k - 2 z) + z^2) / (n (k - q))).

    It takes features as Gaussian ones with the same kernel.

    Examples
    --------
    Fewer features than samples and a target that they can express: noise alone.

    >>> random_feature_error(np.ones(500), np.zeros(500), 100, 50, noise_variance=1.0).round(6)
    np.float64(2.0)
    """
    modes = checks.vector("eigenvalues", eigenvalues)
    if modes.min() <= 0:
        raise ValueError(f"eigenvalues must be positive, got {modes.min():g}")
    weights = checks.vector("coefficients", coefficients) ** 2
    if len(weights) != len(modes):
        raise ValueError(f"coefficients must have {len(modes)} entries, got {len(weights)}")
    ridge = checks.nonnegative("ridge", ridge)
    noise = checks.nonnegative("noise_variance", noise_variance)
    n, k = checks.at_least(0, n_samples=n_samples, n_features=n_features)
    if min(n.min(), k.min()) < 1:
        raise ValueError(
            f"n_samples and n_features must be at least 1, got {min(n.min(), k.min())}"
        )
    if np.minimum(n, k).max() >= len(modes):
        raise ValueError(
            f"eigenvalues must be more than samples or features, {np.minimum(n, k).max():g}, got "
            f"{len(modes)}"
        )

    def unbalanced(log_g: FloatArray, n: FloatArray, k: FloatArray) -> FloatArray:
        z = _learned(modes, np.exp(log_g)).sum(axis=-1)
        if ridge == 0:
            return np.asarray(z - np.minimum(n, k))
        # The left side falls with z down to 0 at the lesser number, and z falls with g.
        left = np.maximum(np.minimum(n, k) - z, 0) * (np.maximum(n, k) - z)
        return np.asarray(ridge * k * np.exp(-log_g) - left)

    # z lies between 0 and the lesser number: g is at most what makes each mode's share small.
    low = np.log(modes.min()) - np.log(len(modes)) - 40.0
    high = np.log(modes.sum() + ridge * k.max()) + 40.0
    bracket = np.full(n.shape, low), np.full(n.shape, high)
    g = np.exp(scipy.optimize.elementwise.find_root(unbalanced, bracket, args=(n, k)).x)
    shares = _learned(modes, g)
    z, q = shares.sum(axis=-1), (shares**2).sum(axis=-1)
    kept = ((k - z) / (k - q))[..., None]
    missed = np.sum((1 - shares) * (1 - shares * kept) * weights, axis=-1)
    damping = _damping(n, k, z, q)
    endless = (n == k) & (ridge == 0)
    return np.where(endless, np.inf, (missed + noise) / np.where(endless, 1.0, damping))[()]


def _learned(modes: FloatArray, g: FloatArray) -> FloatArray:
    """Share of each mode that is learned, modes last."""
    return np.asarray(modes / (modes + g[..., None]))


def _damping(n: FloatArray, k: FloatArray, z: FloatArray, q: FloatArray) -> FloatArray:
    """1 - (q (k - 2 z) + z^2) / (n (k - q)), without the difference of nearly equal numbers."""
    return np.asarray(((n - z) * (k - q) + (z - q) * (k - z)) / (n * (k - q)))
