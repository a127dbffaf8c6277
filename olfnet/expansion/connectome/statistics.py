"""Adult wiring from published statistics of claws and of glomeruli.

The statistics are in ``data/wiring_statistics.csv``, their sources in ``data/README.md``.
"""

import csv
from collections.abc import Sequence
from functools import cache

import numpy as np
import xarray as xr

from olfnet import checks
from olfnet.expansion.wiring import BiasedFanIn, ClawDistribution
from olfnet.receptors.glomerulus_names import current_names
from olfnet.receptors.tables import data_folder

_FACTS = "facts of measurement; cite the article"
_HEMIBRAIN = {
    "quantity": "glomeruli_per_unit",
    "source": "hemibrain v1, Scheffer et al. 2020, eLife 9:e57443; at least 3 synapses",
    "doi": "10.7554/eLife.57443",
    "license": "CC BY 4.0",
}
# Rows of data/wiring_statistics.csv that count inputs of units, and their sources.
_CLAWS = {
    "caron_2013": {
        "quantity": "claws_per_unit",
        "source": "Caron et al. 2013, Nature 497:113-117",
        "doi": "10.1038/nature12063",
        "license": _FACTS,
    },
    "fafb_zheng_2022": {
        "quantity": "inputs_per_unit",
        "source": "Zheng et al. 2022, Curr. Biol. 32:3334-3349",
        "doi": "10.1016/j.cub.2022.06.031",
        "license": _FACTS,
    },
    "hemibrain_v1_ge3_synapses": _HEMIBRAIN,
}
_USAGE = "hemibrain_v1_ge3_synapses"


def claw_counts(source: str = "caron_2013") -> xr.DataArray:
    """Return the numbers of Kenyon cells with 0, 1, 2, ... inputs.

    Parameters
    ----------
    source : str
        ``"caron_2013"``: claws of 200 cells, dye-filled (10.1038/nature12063);
        ``"fafb_zheng_2022"``: inputs of 440 cells in electron microscopy
        (10.1016/j.cub.2022.06.031); ``"hemibrain_v1_ge3_synapses"``: glomeruli with at least three
        synapses on each of 2033 cells, some of which have none.

    Returns
    -------
    DataArray of shape (most_claws + 1,)
        Cells, along the dimension ``claws``; ``attrs`` holds quantity, source and license.

    Raises
    ------
    ValueError
        If there is no such source.

    Examples
    --------
    >>> counts = claw_counts("fafb_zheng_2022")
    >>> int(counts.sum()), int(counts.sel(claws=5))
    (440, 124)
    """
    about = _CLAWS[checks.one_of("source", source, known=_CLAWS)]
    counts = {int(key): n for key, n in _statistics(source, about["quantity"]).items()}
    numbers = np.arange(max(counts) + 1)
    return xr.DataArray(
        [counts.get(n, 0) for n in numbers.tolist()],
        {"claws": numbers},
        ["claws"],
        name="units",
        attrs={"units": "Kenyon cells", **about},
    )


def claws(source: str = "caron_2013") -> ClawDistribution:
    """Return the distribution of the inputs of Kenyon cells as a wiring.

    Parameters
    ----------
    source : str
        See :func:`claw_counts`.

    Returns
    -------
    ClawDistribution

    Examples
    --------
    >>> probabilities = claws().probabilities
    >>> round(float(probabilities @ np.arange(len(probabilities))), 2)
    6.8
    """
    counts = claw_counts(source).to_numpy()
    return ClawDistribution(counts / counts.sum())


def glomerulus_usage(glomeruli: Sequence[str] | None = None) -> xr.DataArray:
    """Return the number of Kenyon cells with input from each glomerulus of the hemibrain.

    Parameters
    ----------
    glomeruli : sequence of str, optional
        Current names or synonyms; all 51 without it.

    Returns
    -------
    DataArray of shape (n_glomeruli,)
        Kenyon cells with at least three synapses from the glomerulus, of 2033, in the order of
        ``glomeruli``; ``attrs`` holds source and license.

    Raises
    ------
    ValueError
        If a glomerulus is not among them, or given twice.

    Examples
    --------
    >>> glomerulus_usage(["DM1", "DA3"]).to_numpy()
    array([386,  38])
    """
    current = current_names("hemibrain_v1")
    written = _statistics(_USAGE, "units_per_glomerulus")
    counts = {current.get(name, name): count for name, count in written.items()}
    chosen = list(counts) if glomeruli is None else _chosen(glomeruli, list(counts))
    return xr.DataArray(
        [counts[name] for name in chosen],
        {"glomerulus": chosen},
        ["glomerulus"],
        name="units",
        attrs={"units": "Kenyon cells", **_HEMIBRAIN, "quantity": "units_per_glomerulus"},
    )


def adult(glomeruli: Sequence[str] | None = None, *, source: str = "caron_2013") -> BiasedFanIn:
    """Return a wiring like the adult fly's: claws and usage of glomeruli as measured.

    A claw takes a glomerulus in proportion to its usage.  As a unit takes each glomerulus once, the
    numbers of units per glomerulus vary a little less than the measured ones: their coefficient of
    variation is .50 instead of .53 for all 51.

    Parameters
    ----------
    glomeruli : sequence of str, optional
        The inputs of the circuit, for instance those of a panel's receptors, at least as many as
        the most claws of a unit; all 51 without it.
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


def _chosen(glomeruli: Sequence[str], known: list[str]) -> list[str]:
    """Return current names of glomeruli that are all known and all different."""
    if isinstance(glomeruli, str):
        raise ValueError(f"glomeruli must be a list of names, got {glomeruli!r}")
    current = current_names()
    chosen = [current.get(str(name), str(name)) for name in glomeruli]
    if not chosen:
        raise ValueError("glomeruli must name at least one, got none")
    for k, name in enumerate(chosen):
        if name not in known:
            raise ValueError(
                f"glomeruli must be of those of the hemibrain, {', '.join(known)}, got {name!r}"
            )
        if name in chosen[:k]:
            raise ValueError(f"glomeruli must be different, got {name!r} twice")
    return chosen


@cache
def _statistics(source: str, quantity: str) -> dict[str, int]:
    """Read the counts of one quantity by key, in the order of the table."""
    with (data_folder() / "wiring_statistics.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["key"]: int(row["count"])
            for row in csv.DictReader(file)
            if (row["source"], row["quantity"]) == (source, quantity)
        }
