"""How far codes can move when the drives of their units do: Lipschitz constants of sparsifiers."""

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
    """Return by how much more the rates of all units can differ than their drives do.

    Parameters
    ----------
    sparsifier : FixedThreshold or FixedFeedback
    norm : {2, np.inf}
        Differences are measured by their length, or by the largest one.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no such constant, it is not known, or the norm is another one.

    Notes
    -----
    A fixed threshold moves no rate further than its drive.

    Feedback of gain g is a proximal map, and these are 1-Lipschitz in the 2-norm (Moreau 1965): the
    rates minimize |r - (drive - threshold)|^2 / 2 + g sum(r)^2 / (2 n) over r >= 0, as the
    derivative, r_i - excess_i + g mean(r), is 0 for active units and not negative for others.  In
    the max norm m active units have slopes [i = j] - g / (n + m g), a row of which adds up, without
    signs, to 1 + (m - 2) g / (n + m g): less than 1 + g / (1 + g) for m <= n units.

    ``TopK`` has none.  Its rates jump where drives tie at the cut, since lower indices win: drives
    (1, 1, 0) give rates (1, 0, 0) for one winner, and (1.001, 1, 0) give (0.001, 0, 0).  Who wins,
    as zeros and ones, jumps with every change of rank, whatever the sparsifier.

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
        raise ValueError("sparsifier must not jump, got TopK, whose rates jump where drives tie")
    if isinstance(sparsifier, Calibratable):
        raise ValueError(f"sparsifier must be calibrated first, got {sparsifier!r}")
    raise ValueError(
        f"sparsifier must be one whose constant is known, got {type(sparsifier).__name__}"
    )
