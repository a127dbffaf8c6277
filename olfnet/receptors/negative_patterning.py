"""Negative patterning (XOR) problems: A+, B+, AB-."""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


def problems(odors: ArrayLike, air: ArrayLike = 0.0) -> tuple[FloatArray, FloatArray]:
    """Arrange odors as problems: each of two odors is rewarded, their mixture is not.

    Rates of the mixture are the sum of what its two odors add to the rates in clean air, so that
    A + B = AB + air: no linear readout of these rates solves a problem, whatever its threshold.

    Parameters
    ----------
    odors : array-like of shape (2 * n_problems, n_receptors)
        Rates in spikes/s, at least those in air; neighboring rows make a problem.
    air : number or array-like of shape (n_receptors,)
        Rates in clean air, in spikes/s, which are never rewarded.

    Returns
    -------
    patterns : array of shape (1 + 3 * n_problems, n_receptors)
        Air, then A, B and AB of each problem, in spikes/s.
    labels : array of shape (1 + 3 * n_problems,)
        1 if rewarded, else -1.

    Raises
    ------
    ValueError
        If the number of odors is odd, or a rate lies below that in air (rates clipped at zero do
        not add up).

    Notes
    -----
    Integer rates add up exactly. Sums of others are rounded, to about 1e-16 of their size, and
    ``olfnet.separate`` is exact enough to use that difference.

    References
    ----------
    Whitlow & Wagner 1972, Psychon. Sci. 27:299; in honeybees Deisig, Lachnit, Giurfa & Hellstern
    2001, Learn. Mem. 8:70.

    Examples
    --------
    >>> patterns, labels = problems([[30.0, 10.0], [10.0, 20.0]], air=10.0)
    >>> patterns.tolist(), labels.tolist()
    ([[10.0, 10.0], [30.0, 10.0], [10.0, 20.0], [30.0, 20.0]], [-1.0, 1.0, 1.0, -1.0])
    """
    odors = checks.matrix("odors", odors)
    if len(odors) % 2:
        raise ValueError(f"odors must be an even number of rows, got {len(odors)}")
    air, lowest = checks.broadcast(air=air, odors=odors.min(axis=0))
    if air.shape != odors.shape[1:] or not (air >= 0).all():
        raise ValueError(f"air must be non-negative, one rate or one per receptor, got {air}")
    if not (lowest >= air).all():
        worst = float((lowest - air).min())
        raise ValueError(f"odors must not lie below air, got {worst:g} spikes/s relative to it")
    a, b = odors[::2], odors[1::2]
    patterns = np.stack((a, b, a + b - air), axis=1).reshape(-1, odors.shape[1])
    return np.vstack((air, patterns)), np.append(-1.0, np.tile([1.0, 1.0, -1.0], len(a)))
