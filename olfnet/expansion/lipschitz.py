"""Lipschitz constants of sparsifiers."""

import numpy as np

from olfnet import checks
from olfnet.expansion.sparsify import (
    Calibratable,
    FixedFeedback,
    FixedThreshold,
    Sparsifier,
    TopK,
)


def lipschitz_bound(sparsifier: Sparsifier, norm: float = 2) -> float:
    """Return a Lipschitz constant of rates as a function of drives.

    Parameters
    ----------
    sparsifier : FixedThreshold or FixedFeedback
    norm : {2, np.inf}
        Norm of differences of rates.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no such constant, it is unknown, or the norm is another one.

    Notes
    -----
    With a fixed threshold no rate changes more than its drive.

    Feedback of gain g is a proximal map, and these are 1-Lipschitz in the 2-norm (Moreau 1965): the
    rates minimize |r - (drive - threshold)|^2 / 2 + g sum(r)^2 / (2 n) over r >= 0, as the
    derivative, r_i - excess_i + g mean(r), is 0 for active units and not negative for others.  In
    the max norm m active units have slopes [i = j] - g / (n + m g), a row of which adds up, without
    signs, to 1 + (m - 2) g / (n + m g): less than 1 + g / (1 + g) for m <= n units.

    ``TopK`` has none.  Its rates are discontinuous where drives tie at the cut: for k = 1 drives
    (1, 1, 0) give rates (1, 0, 0), and (1.001, 1, 0) give (0.001, 0, 0).  Binary codes are
    discontinuous with any sparsifier.

    Examples
    --------
    >>> lipschitz_bound(FixedThreshold(2.0)), lipschitz_bound(FixedFeedback(3.0), np.inf)
    (1.0, 1.75)
    """
    checks.one_of("norm", norm, known=(2, np.inf))
    if isinstance(sparsifier, FixedThreshold):
        return 1.0
    if isinstance(sparsifier, FixedFeedback):
        gain = float(sparsifier.gain)
        return 1.0 if norm == 2 else 1 + gain / (1 + gain)
    if isinstance(sparsifier, TopK):
        raise ValueError(
            "TopK is not Lipschitz continuous (its rates are discontinuous at ties); "
            "use FixedThreshold or FixedFeedback"
        )
    if isinstance(sparsifier, Calibratable):
        raise ValueError(f"sparsifier must be calibrated first, got {sparsifier!r}")
    raise ValueError(
        f"sparsifier must be one whose constant is known, got {type(sparsifier).__name__}"
    )
