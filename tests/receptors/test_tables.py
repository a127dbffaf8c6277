"""Text tables of users, and the packaged ones, unaltered."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from olfnet import load_panel
from olfnet.receptors import tables

WIDE = 'odor,Or1,Or2\nwater,1,-2.5\n"2,3-butanedione",3e1,4\n'
TIDY = 'odor,receptor,rate\nwater,Or1,1\nwater,Or2,-2.5\n"2,3-butanedione",Or1,30\n'
VALUES = [[1, -2.5], [30, 4]]
DATA = Path(__file__).parents[2] / "data"
README = (DATA / "README.md").read_text()
STATED = dict(re.findall(r"^\| `([\w.]+)` \| `([0-9a-f]{64})` \|$", README, re.M))


@pytest.fixture
def save(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("name", ["table.csv", "no extension"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_wide_and_tidy_tables(save, mark, name):
    for text, values in ((WIDE, VALUES), (TIDY, [[1, -2.5], [30, np.nan]])):
        quoted = text.replace('"2,3-butanedione"', "@").replace(",", mark)
        table = tables.read_table(save(quoted.replace("@", '"2,3-butanedione"'), name))
        assert table.odors == ["water", "2,3-butanedione"]
        assert table.receptors == ["Or1", "Or2"]
        np.testing.assert_array_equal(table.values, values)


@pytest.mark.parametrize("word", ["", " ", "NA", "nan", "N/A"])
def test_missing_entries(save, word):
    table = tables.read_table(save(f"odor,Or1,Or2\na,1,{word}\nb,0,2\n"))
    np.testing.assert_array_equal(table.values, [[1, np.nan], [0, 2]])


@pytest.mark.parametrize(
    "text", ["\ufeff" + WIDE, WIDE.replace("\n", "\r\n"), "\n" + WIDE + "\n\n"]
)
def test_byte_order_mark_line_ends_and_blank_lines_do_not_matter(save, text):
    np.testing.assert_array_equal(tables.read_table(save(text)).values, VALUES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n\n", "must have a header and rows, got an empty file"),
        ("odor,Or1\n", "must be followed by at least one row of numbers"),
        ("odor,receptor,rate\n", "must be followed by at least one row of numbers"),
        ("odor\na\n", "must use one separator .* got none"),
        ("odor,Or1;Or2\na,1;2\n", "must use one separator .* got comma and semicolon"),
        ("odor,Or1,Or2\na,1,2\nb;3;4\n", r"line 3 .* must have 3 columns .* got 1 \(mixed sep"),
        ("odor,Or1\na,1,2\n", "line 2 .* must have 2 columns .* got 3"),
        ("odor,Or1\na,1\na,2\n", "line 3 .* must not repeat the odor 'a'"),
        ("odor,Or1,Or1\na,1,2\n", "line 1 .* must not repeat the receptor 'Or1'"),
        ("odor,receptor,rate\na,Or1,1\na,Or1,1\n", "line 3 .* must not repeat the odor 'a' for"),
        (
            "odor,receptor,rate,sd\na,Or1,1,2\n",
            "line 1 .* must name the columns odor, rec",
        ),
        ("odor,Or1\n,1\n", "line 2 .* must name its odor"),
        ("odor,Or1,\na,1,2\n", "line 1 .* must name its receptor"),
        ("odor,receptor,rate\na,,1\n", "line 2 .* must name its receptor"),
        ("odor,Or1\na,strong\n", "line 2 .* must hold numbers, got 'strong'"),
        ("odor;Or1\na;1,5\n", "line 2 .* must hold numbers, got '1,5'"),
        ("odor,receptor,rate\na,Or1,-inf\n", "line 2 .* must hold finite numbers, got '-inf'"),
        ('odor,Or1\n"a,1\n', "line 2 .* cannot be read"),
        (b"odor,Or1\n\xff,1\n", "must be UTF-8 text"),
    ],
)
def test_bad_tables(save, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        tables.read_table(save(text))
    assert len(str(caught.value).splitlines()) == 1


def test_unreadable_files(tmp_path):
    for path in ("missing.csv", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            tables.read_table(path)


@pytest.mark.parametrize("name", sorted(file.name for file in DATA.glob("*.csv")))
def test_packaged_tables_are_unaltered_and_have_source_and_license(name):
    content = (DATA / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == STATED[name]
    assert hashlib.sha256(content.replace(b"1", b"2", 1)).hexdigest() != STATED[name]
    sections = re.split(r"^## ", README, flags=re.M)[1:]
    (section,) = (section for section in sections if name in section.splitlines()[0])
    assert re.search(r"^- \*\*Source.*\*\*", section, re.M)
    assert re.search(r"\*\*(Source, licence|Licence)\*\*", section)


def test_texts_of_licenses_are_shipped():
    """The MIT license requires its notice in every copy."""
    (named,) = re.findall(r"`(LICENSE-[\w.]+)`", README)
    text = (DATA / named).read_text()
    assert "Copyright (c) Microsoft Corporation" in text
    assert "permission notice shall be included" in " ".join(text.split())


def test_entries_agree_with_an_independent_copy():
    """Or82a in ropensci/DoOR.data (study Hallem.2006.EN, absolute rates), the first 85 odors."""
    amines_to_sulfur = [18, 12, 14, 9, 21, 36, 8, 11, 8, 26, 23, 23, 41, 35, 11, 9, 9, 9, 27, 40]
    amines_to_sulfur += [8, 10, 11, 46, 18]
    terpenes = [11, 13, 14, 11, 18, 8, 9, 15, 4, 257, 19, 45, 17, 28, 21, 43]
    aldehydes_and_ketones = [26, 1, 23, 26, 24, 10, 55, 11, 12, 33, 48, 48, 77, 36]
    aromatics = [41, 39, 11, 47, 12, 35, 6, 25, 0, 15, 2, 9, 15]
    alcohols = [19, 32, 33, 54, 71, 74, 51, 76, 74, 58, 61, 50, 32, 53, 50, 50, 12]
    copy = amines_to_sulfur + terpenes + aldehydes_and_ketones + aromatics + alcohols
    panel = load_panel("hallem_carlson_2006")
    for receptor, equal in (("Or82a", True), ("Or85a", False)):
        column = panel.sel(receptor=receptor)
        rates = column[: len(copy)] + column["spontaneous_rate"]
        assert (rates.to_numpy() == copy).all() == equal


def test_tables_are_found_inside_an_installed_package(tmp_path, monkeypatch):
    module = tmp_path / "olfnet" / "receptors" / "tables.py"
    monkeypatch.setattr(tables, "__file__", str(module))
    assert tables.data_folder() == tmp_path / "data"
    (tmp_path / "olfnet" / "_data").mkdir(parents=True)
    assert tables.data_folder() == tmp_path / "olfnet" / "_data"
