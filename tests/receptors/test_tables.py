"""The packaged tables are the published ones (R13), unaltered, and are found."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from olfnet import load_panel
from olfnet.receptors import absolute_rates, tables

DATA = Path(__file__).parents[2] / "data"
STATED = dict(
    re.findall(r"^\| `([\w.]+)` \| `([0-9a-f]{64})` \|$", (DATA / "README.md").read_text(), re.M)
)


@pytest.fixture
def panel():
    return load_panel("hallem_carlson_2006")


def participation_ratio(responses):
    covariance = np.cov(responses, rowvar=False)
    return np.trace(covariance) ** 2 / np.trace(covariance @ covariance)


@pytest.mark.parametrize("name", sorted(file.name for file in DATA.glob("*.csv")))
def test_checksums_are_those_of_the_readme(name):
    content = (DATA / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == STATED[name]
    assert hashlib.sha256(content.replace(b"1", b"2", 1)).hexdigest() != STATED[name]


@pytest.mark.parametrize("name", sorted(file.name for file in DATA.glob("*.csv")))
def test_every_table_has_a_source_and_a_license_in_the_readme(name):
    sections = re.split(r"^## ", (DATA / "README.md").read_text(), flags=re.M)[1:]
    (section,) = (one for one in sections if name in one.splitlines()[0])
    assert re.search(r"^- \*\*Source.*\*\*", section, re.M)
    assert re.search(r"\*\*(Source, licence|Licence)\*\*", section)


def test_texts_of_licenses_are_shipped():
    """The MIT license wants its notice in every copy."""
    (named,) = re.findall(r"`(LICENSE-[\w.]+)`", (DATA / "README.md").read_text())
    text = (DATA / named).read_text()
    assert "Copyright (c) Microsoft Corporation" in text
    assert "permission notice shall be included" in " ".join(text.split())


def test_published_statistics_of_the_changes(panel):
    changes = panel.to_numpy()
    assert changes.shape == (110, 24)
    assert changes.mean() == pytest.approx(26.76, abs=0.005)
    assert changes.std() == pytest.approx(52.57, abs=0.005)
    assert np.median(changes) == 8
    assert (changes.min(), changes.max()) == (-52, 288)
    assert (changes < 0).mean() == pytest.approx(0.308, abs=0.0005)
    assert (changes >= 100).sum() == 235
    assert panel.attrs["n_missing"] == 0


def test_published_statistics_of_the_spontaneous_rates(panel):
    spontaneous = panel["spontaneous_rate"].to_numpy()
    assert spontaneous.mean() == 13.75
    assert (spontaneous.min(), spontaneous.max()) == (1, 47)


def test_published_statistics_of_the_absolute_rates(panel):
    rates = absolute_rates(panel)
    unclipped = panel.to_numpy() + panel["spontaneous_rate"].to_numpy()
    assert (unclipped < 0).sum() == 80
    assert rates.to_numpy().mean() == pytest.approx(40.67, abs=0.005)
    assert rates.to_numpy().std() == pytest.approx(50.91, abs=0.005)
    assert participation_ratio(rates) == pytest.approx(4.8, abs=0.05)
    # Control: a table with its rows torn apart keeps every moment, but not its dimension.
    torn = np.random.default_rng(1).permuted(rates.to_numpy(), axis=0)
    assert participation_ratio(torn) > 10


def test_entries_agree_with_an_independent_copy(panel):
    """Or82a in ropensci/DoOR.data (study Hallem.2006.EN, absolute rates), the first 85 odors."""
    amines_to_sulfur = [18, 12, 14, 9, 21, 36, 8, 11, 8, 26, 23, 23, 41, 35, 11, 9, 9, 9, 27, 40]
    amines_to_sulfur += [8, 10, 11, 46, 18]
    terpenes = [11, 13, 14, 11, 18, 8, 9, 15, 4, 257, 19, 45, 17, 28, 21, 43]
    aldehydes_and_ketones = [26, 1, 23, 26, 24, 10, 55, 11, 12, 33, 48, 48, 77, 36]
    aromatics = [41, 39, 11, 47, 12, 35, 6, 25, 0, 15, 2, 9, 15]
    alcohols = [19, 32, 33, 54, 71, 74, 51, 76, 74, 58, 61, 50, 32, 53, 50, 50, 12]
    copy = amines_to_sulfur + terpenes + aldehydes_and_ketones + aromatics + alcohols
    for receptor, equal in (("Or82a", True), ("Or85a", False)):
        column = panel.sel(receptor=receptor)
        rates = column[: len(copy)] + column["spontaneous_rate"]
        assert (rates.to_numpy() == copy).all() == equal


def test_labels(panel):
    assert panel.dims == ("odor", "receptor")
    assert panel.attrs["units"] == "spikes/s"
    assert panel.attrs["doi"] == "10.1016/j.cell.2006.01.050"
    assert {"quantity", "source", "license"} <= set(panel.attrs)
    assert len(set(panel["odor"].values)) == 110
    assert panel.indexes["receptor"][:2].tolist() == ["Or2a", "Or7a"]
    assert panel.sel(receptor="Or22a")["glomerulus"].item() == "DM2"
    unassigned = panel["receptor"][panel["glomerulus"] == ""]
    assert unassigned.values.tolist() == ["Or33b", "Or85b"]


def test_odor_names_are_clean(panel):
    names = panel["odor"].values.tolist()
    assert {"alpha-pinene", "beta-citronellol", "gamma-hexalactone", "delta-decalactone"} <= {
        *names
    }
    messy = re.compile(r"^\s|\s$|\s{2}|\s-|^[abgd]-")
    assert not [name for name in names if messy.search(name)]
    assert messy.search("a -pinene")
    assert messy.search("g-hexalactone")


def test_tables_are_found_inside_an_installed_package(tmp_path, monkeypatch):
    module = tmp_path / "olfnet" / "receptors" / "tables.py"
    monkeypatch.setattr(tables, "__file__", str(module))
    assert tables.data_folder() == tmp_path / "data"
    (tmp_path / "olfnet" / "_data").mkdir(parents=True)
    assert tables.data_folder() == tmp_path / "olfnet" / "_data"
