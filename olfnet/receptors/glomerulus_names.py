"""Synonyms of glomerulus names."""

import csv
from functools import cache

from olfnet import checks
from olfnet.receptors.tables import data_folder


def current_names(naming: str = "any") -> dict[str, str]:
    """Return the current name of glomeruli by their synonyms, of ``data/glomerulus_names.csv``.

    Parameters
    ----------
    naming : str
        ``"any"`` for synonyms that are unambiguous; ``"hemibrain_v1"`` for those of the first
        versions of the hemibrain as well, some of which mean another glomerulus today.

    Returns
    -------
    dict
        From synonym to current name; names that are not in it are current ones.

    Raises
    ------
    ValueError
        If there is no such naming.

    Examples
    --------
    >>> current_names("hemibrain_v1")["VC5"], current_names()["VA1lm"]
    ('VM6', 'VA1v')
    """
    rows = _rows()
    checks.one_of("naming", naming, known=sorted({row[0] for row in rows}))
    return {written: name for known, written, name in rows if known in ("any", naming)}


@cache
def _rows() -> tuple[tuple[str, ...], ...]:
    """Naming, name as written, and name of this package."""
    with (data_folder() / "glomerulus_names.csv").open(newline="", encoding="utf-8") as file:
        return tuple(tuple(row) for row in csv.reader(file))[1:]
