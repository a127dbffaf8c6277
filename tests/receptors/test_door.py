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


def test_what_is_missing_is_no_number(files):
    panel = load_door(*files)
    assert panel.shape == (3, 3)
    assert panel.attrs["n_missing"] == 2
    np.testing.assert_array_equal(
        panel.values, [[np.nan, 0.5, 0.9], [0.3, 0.4, 1], [0, 0.2, np.nan]]
    )
    np.testing.assert_array_equal(panel["spontaneous"], [0.1, np.nan, 0.2])
    assert list(panel["glomerulus"].values) == ["DM1", "", ""]
    assert list(panel["odor"].values) == ["AAA-N", "BBB-N", "CCC-N"]
    assert {"doi", "license", "source"} <= set(panel.attrs)


def test_what_computes_with_rates_refuses_it(files):
    with pytest.raises(ValueError, match="rates must be finite, got nan"):
        DivisiveNormalization()(load_door(files[0]))


def test_complete_blocks(files):
    panel = load_door(files[0])
    block = complete(panel)
    assert not np.isnan(block.values).any()
    assert block.attrs["n_missing"] == 0
    assert block.attrs["n_dropped_odors"] + block.attrs["n_dropped_receptors"] == 2
    best = complete(panel, n_receptors=1)
    assert list(best["receptor"].values) == ["Or2"]
    assert best.sizes["odor"] == 3


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
        (('"SFR"', '"XXX"'), "must have a row SFR, got none"),
        (('"BBB-N"', '"AAA-N"'), "must name each odor once, got 'AAA-N' twice"),
        (('"Or2"', '"Or1"'), "must name each receptor once, got 'Or1' twice"),
        (("0.4;1", "0.4"), r"must have 4 cells in each row, .* got \[3, 4\]"),
        (("0.4", "high"), "must hold numbers or NA, got 'high'"),
        (("0.4", "inf"), "must hold numbers or NA, got 'inf'"),
        (('"Or1";"Or2"', '"Or1","Or2"'), "must have one kind of separator in its header, got 2"),
    ],
)
def test_bad_tables(files, change, message):
    files[0].write_text(MATRIX.replace(*change))
    with pytest.raises(ValueError, match=message):
        load_door(files[0])


def test_bad_mappings_and_panels(files):
    files[1].write_text("a;b\n1;2\n")
    with pytest.raises(ValueError, match="must have columns receptor and glomerulus, got a, b"):
        load_door(*files)
    nothing = xr.DataArray(np.full((3, 2), np.nan), dims=("odor", "receptor"))
    with pytest.raises(ValueError, match="panel must hold a complete block, got none"):
        complete(nothing)
    with pytest.raises(ValueError, match="n_receptors must be at most 2, got 3"):
        complete(nothing, n_receptors=3)
