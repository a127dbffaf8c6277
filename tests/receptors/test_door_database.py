"""The DoOR response matrix: what was not measured stays missing."""

import numpy as np
import pytest
import xarray as xr

from olfnet.receptors import DivisiveNormalization, complete, load_door

MATRIX = """"Or1";"Or2";"ab2B"
"SFR";0.1;NA;0.2
"AAA-N";NA;0.5;0.9
"BBB-N";0.3;0.4;1
"CCC-N";0;0.2;NA
"""
MAPPINGS = """"receptor";"sensillum";"glomerulus"
"1";"Or1";"ab1";"DM1"
"2";"Or2";"ab1";"DM5+DM3"
"3";"Or9";"ab1";"?"
"""


@pytest.fixture
def files(tmp_path):
    matrix, mappings = tmp_path / "door_response_matrix.csv", tmp_path / "door_mappings.csv"
    matrix.write_text(MATRIX)
    mappings.write_text(MAPPINGS)
    return matrix, mappings


@pytest.mark.parametrize("word", ["NA", "", " NA", "nan", "NaN"])
def test_missing_entries_are_no_numbers(files, word):
    files[0].write_text(MATRIX.replace('"AAA-N";NA', f'"AAA-N";{word}'))
    panel = load_door(*files)
    assert panel.attrs["n_missing"] == 2
    np.testing.assert_array_equal(panel, [[np.nan, 0.5, 0.9], [0.3, 0.4, 1], [0, 0.2, np.nan]])
    np.testing.assert_array_equal(panel["spontaneous"], [0.1, np.nan, 0.2])
    assert list(panel["glomerulus"].values) == ["DM1", "", ""]
    assert list(panel["odor"].values) == ["AAA-N", "BBB-N", "CCC-N"]
    assert {"doi", "license", "source"} <= set(panel.attrs)


def test_responses_are_no_rates(files):
    panel = load_door(files[0])
    with pytest.raises(ValueError, match="rates must be in spikes/s, got a panel in '1'"):
        DivisiveNormalization()(complete(panel))
    with pytest.raises(ValueError, match="rates must be finite, got nan"):
        DivisiveNormalization()(panel.assign_attrs(units="spikes/s"))


def test_complete_blocks(files):
    panel = load_door(files[0])
    block = complete(panel)
    assert not np.isnan(block.values).any()
    assert block.attrs["n_missing"] == 0
    assert block.attrs["n_dropped_odors"] + block.attrs["n_dropped_receptors"] == 2
    best = complete(panel, n_receptors=1)
    assert (best["receptor"].item(), best.sizes["odor"]) == ("Or2", 3)


def test_complete_finds_a_planted_block():
    rng = np.random.default_rng(0)
    values = np.where(rng.random((200, 40)) < 0.7, np.nan, 1.0)
    values[:80, :15] = 1.0
    block = complete(xr.DataArray(values, dims=("odor", "receptor")))
    assert block.size >= 0.8 * 80 * 15
    assert not np.isnan(block.values).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"SFR"', '"XXX"'), "must have a row SFR and at least one odor, got XXX, AAA-N, BBB-N"),
        (('"BBB-N"', '"AAA-N"'), "must not repeat the odor 'AAA-N'"),
        (("0.4;1", "0.4"), r"must have 4 cells in each row, .* got \[3, 4\]"),
        (("0.4", "high"), "BBB-N, must hold numbers, got 'high'"),
        (('"Or2"', '""'), r"must have 3 cells in each row, .* got \[4\]"),
        (("0.4", "150"), r"from -1 to 1, got 150 \(for rates in spikes/s see load_panel\)"),
        (("NA;0.5", "-3;0.5"), "must hold responses relative .* from -1 to 1, got -3"),
        ((MATRIX.split("NA;0.2\n")[1], ""), "must have a row SFR and at least one odor, got SFR"),
    ],
)
def test_bad_tables(files, change, message):
    files[0].write_text(MATRIX.replace(*change))
    with pytest.raises(ValueError, match=message):
        load_door(files[0])


def test_glomeruli_have_current_names(files):
    """DoOR writes VA1lm; receptors of two glomeruli, or of none known, are listed."""
    text = MAPPINGS.replace('"ab1";"DM1"', '"quoted;\nlines";"VA1lm"') + '"4";"ab2B";"ab2";"?"\n'
    files[1].write_text(text)
    panel = load_door(*files)
    assert list(panel["glomerulus"].values) == ["VA1v", "", ""]
    assert panel.attrs["dropped"] == "glomerulus of Or2: 'DM5+DM3'\nglomerulus of ab2B: '?'"
    assert load_door(files[0]).attrs["dropped"] == ""
    files[1].write_text(MAPPINGS + '"4";"Or1";"ab2";"DM1"\n')  # twice, in agreement
    assert load_door(*files)["glomerulus"].values[0] == "DM1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MAPPINGS + '"4";"Or1";"ab2";"DM2"\n', "must give Or1 the same .* got 'DM1' and 'DM2'"),
        (MAPPINGS + '"4";"Or1"\n', "must have a glomerulus in each row, got"),
        ("a;b\n1;2\n", "must have columns receptor and glomerulus, got a, b"),
    ],
)
def test_bad_mappings(files, text, message):
    files[1].write_text(text)
    with pytest.raises(ValueError, match=message):
        load_door(*files)


NOTHING = xr.DataArray(np.full((3, 2), np.nan), dims=("odor", "receptor"))


@pytest.mark.parametrize(
    ("panel", "n_receptors", "message"),
    [
        (np.eye(2), None, "panel must be labeled by odor and receptor, got .* None"),
        (NOTHING, None, "panel must hold a complete block, got none"),
        (NOTHING, 3, "n_receptors must be at most 2, got 3"),
    ],
)
def test_bad_panels(panel, n_receptors, message):
    with pytest.raises(ValueError, match=message):
        complete(panel, n_receptors=n_receptors)
