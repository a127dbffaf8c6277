"""The DoOR response matrix: what was not measured stays missing."""

import numpy as np
import pytest
import xarray as xr

from olfnet.receptors import (
    DivisiveNormalization,
    NoNormalization,
    ResponseGain,
    complete,
    load_door,
)

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
        DivisiveNormalization()(load_door(files[0]).assign_attrs(units="spikes/s"))


def test_what_computes_with_rates_refuses_responses_without_unit(files):
    block = complete(load_door(files[0]))
    for transform in (DivisiveNormalization(), ResponseGain(), NoNormalization()):
        with pytest.raises(ValueError, match="rates must be in spikes/s, got a panel in '1'"):
            transform(block)
        assert transform(block.assign_attrs(units="spikes/s")).shape == block.shape


def test_quoted_comments_may_span_lines(files):
    files[1].write_text(MAPPINGS.replace('"ab1";"DM1"', '"one;\nor two";"DM1"'))
    assert list(load_door(*files)["glomerulus"].values) == ["DM1", "", ""]


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
        (('"SFR"', '"XXX"'), "must have a row SFR and at least one odor, got XXX, AAA-N, BBB-N"),
        (('"BBB-N"', '"AAA-N"'), "must not repeat the odor 'AAA-N'"),
        (('"Or2"', '"Or1"'), "must not repeat the receptor 'Or1'"),
        (("0.4;1", "0.4"), r"must have 4 cells in each row, .* got \[3, 4\]"),
        (("0.4", "high"), "BBB-N, must hold numbers, got 'high'"),
        (("0.4", "inf"), "must hold finite numbers, got 'inf'"),
        (('"Or1";"Or2"', '"Or1","Or2"'), "must use one separator .* got comma and semicolon"),
        (('"Or2"', '""'), r"must have 3 cells in each row, .* got \[4\]"),
        (('"BBB-N"', '""'), "must name its odor, got an empty cell"),
        (("0.4", "150"), r"from -1 to 1, got 150 \(for rates in spikes/s see load_panel\)"),
        (("NA;0.5", "-3;0.5"), "must hold responses relative .* from -1 to 1, got -3"),
        ((MATRIX.split("NA;0.2\n")[1], ""), "must have a row SFR and at least one odor, got SFR"),
        ((MATRIX, ""), "must have a header and rows, got an empty file"),
    ],
)
def test_bad_tables(files, change, message):
    files[0].write_text(MATRIX.replace(*change))
    with pytest.raises(ValueError, match=message):
        load_door(files[0])


def test_all_ways_to_write_nothing_are_missing(files):
    for word in ("NA", "", " NA", "nan", "NaN"):
        files[0].write_text(MATRIX.replace('"AAA-N";NA', f'"AAA-N";{word}'))
        assert np.isnan(load_door(files[0]).values[0, 0])


def test_glomeruli_go_by_the_names_of_this_package(files):
    """DoOR writes VA1lm; receptors of two glomeruli, or of none known, are listed."""
    files[1].write_text(MAPPINGS.replace('"DM1"', '"VA1lm"') + '"4";"ab2B";"ab2";"?"\n')
    panel = load_door(*files)
    assert list(panel["glomerulus"].values) == ["VA1v", "", ""]
    assert panel.attrs["dropped"] == "glomerulus of Or2: 'DM5+DM3'\nglomerulus of ab2B: '?'"
    assert load_door(files[0]).attrs["dropped"] == ""


def test_mappings_must_agree(files):
    """DoOR names some sensory neurons twice, with the same glomeruli."""
    files[1].write_text(MAPPINGS + '"4";"Or1";"ab2";"DM1"\n')
    assert load_door(*files)["glomerulus"].values[0] == "DM1"
    files[1].write_text(MAPPINGS + '"4";"Or1";"ab2";"DM2"\n')
    with pytest.raises(ValueError, match="must give Or1 the same .* got 'DM1' and 'DM2'"):
        load_door(*files)
    files[1].write_text(MAPPINGS + '"4";"Or1"\n')
    with pytest.raises(ValueError, match="must have a glomerulus in each row, got"):
        load_door(*files)


def test_bad_mappings_and_panels(files):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_door(files[0].parent / "none.csv")
    with pytest.raises(ValueError, match="must be labeled by odor and receptor, got .* None"):
        complete(np.eye(2))
    files[1].write_text("a;b\n1;2\n")
    with pytest.raises(ValueError, match="must have columns receptor and glomerulus, got a, b"):
        load_door(*files)
    nothing = xr.DataArray(np.full((3, 2), np.nan), dims=("odor", "receptor"))
    with pytest.raises(ValueError, match="panel must hold a complete block, got none"):
        complete(nothing)
    with pytest.raises(ValueError, match="n_receptors must be at most 2, got 3"):
        complete(nothing, n_receptors=3)
