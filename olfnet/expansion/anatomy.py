"""Adult wiring from published statistics: how many claws units grow, and which inputs they find.

With it a circuit is wired like the fly's without downloading a connectome.  The statistics are in
``data/wiring_statistics.csv``, their sources in ``data/README.md``.
"""

import csv
from collections.abc import Sequence
from functools import cache

import numpy as np
import xarray as xr

from olfnet import checks
from olfnet.expansion.wiring import BiasedFanIn, ClawDistribution
from olfnet.receptors.naming import glomerulus_names
from olfnet.receptors.panels import data_folder

CLAWS = {
    "caron_2013": "claws_per_unit",
    "fafb_zheng_2022": "inputs_per_unit",
    "hemibrain_v1_ge3_synapses": "glomeruli_per_unit",
}
USAGE = "hemibrain_v1_ge3_synapses"


@cache
def claws(source: str = "caron_2013") -> ClawDistribution:
    """Return how many inputs Kenyon cells have, as measured.

    Parameters
    ----------
    source : str
        ``"caron_2013"``: claws of 200 cells, dye-filled (10.1038/nature12063);
        ``"fafb_zheng_2022"``: inputs of 440 cells in electron microscopy
        (10.1016/j.cub.2022.06.031); ``"hemibrain_v1_ge3_synapses"``: glomeruli with at least three
        synapses on each of 2033 cells, some of which have none.

    Returns
    -------
    ClawDistribution

    Examples
    --------
    >>> chances = claws().probabilities
    >>> round(float(chances @ np.arange(len(chances))), 2)
    6.8
    """
    quantity = CLAWS[checks.one_of("source", source, known=CLAWS)]
    counts = {int(key): n for key, n in _statistics(source, quantity).items()}
    numbers = np.array([counts.get(n, 0) for n in range(max(counts) + 1)])
    return ClawDistribution(numbers / numbers.sum())


def glomerulus_usage(glomeruli: Sequence[str] | None = None) -> xr.DataArray:
    """Return how many Kenyon cells listen to each glomerulus of the hemibrain.

    Parameters
    ----------
    glomeruli : sequence of str, optional
        Names to choose, in the order wanted; all 51 without it.  Names are those of today, see
        ``receptors.naming.glomerulus_names``.

    Returns
    -------
    DataArray of shape (n_glomeruli,)
        Kenyon cells with at least three synapses from the glomerulus, of 2033.

    Raises
    ------
    ValueError
        If a glomerulus is not among them.

    Examples
    --------
    >>> glomerulus_usage(["DM1", "DA3"]).to_numpy()
    array([386,  38])
    """
    renamed = glomerulus_names("hemibrain_v1")
    written = _statistics(USAGE, "units_per_glomerulus")
    counts = {renamed.get(name, name): count for name, count in written.items()}
    chosen = list(counts) if glomeruli is None else [str(name) for name in glomeruli]
    for name in chosen:
        if name not in counts:
            raise ValueError(
                f"glomeruli must be of those of the hemibrain, {', '.join(counts)}, got {name!r}"
            )
    return xr.DataArray(
        [counts[name] for name in chosen],
        {"glomerulus": chosen},
        ["glomerulus"],
        name="units",
        attrs={"units": "Kenyon cells", "source": "hemibrain v1, at least 3 synapses"},
    )


def adult(glomeruli: Sequence[str] | None = None, *, source: str = "caron_2013") -> BiasedFanIn:
    """Return a wiring like the adult fly's: claws and usage of glomeruli as measured.

    Parameters
    ----------
    glomeruli : sequence of str, optional
        The inputs of the circuit, for instance those of a panel's receptors; all 51 without it.
    source : str
        Of the claws, see :func:`claws`.

    Returns
    -------
    BiasedFanIn

    Examples
    --------
    >>> drawn = adult().draw(2000, 51, rng=1)
    >>> round(float(drawn.sum(axis=1).mean()), 1)
    6.8
    """
    return BiasedFanIn(claws(source), glomerulus_usage(glomeruli).to_numpy())


@cache
def _statistics(source: str, quantity: str) -> dict[str, int]:
    """Read the counts of one quantity by key, in the order of the table."""
    with (data_folder() / "wiring_statistics.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["key"]: int(row["count"])
            for row in csv.DictReader(file)
            if (row["source"], row["quantity"]) == (source, quantity)
        }
