"""A user's own tables, and absolute rates."""

import numpy as np
import pytest
import xarray as xr

from olfnet import load_panel
from olfnet.receptors import absolute_rates, fly_odors, glomeruli, noise, odors, surrogate

WIDE = 'odor,Or1,Or2\nwater,1,-2.5\n"2,3-butanedione",3e1,4\n'
TIDY = 'odor,receptor,rate\nwater,Or1,1\nwater,Or2,-2.5\n"2,3-butanedione",Or1,30\n'


@pytest.fixture
def save(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def swap(text, mark):
    """Write the same table with another separator."""
    return (
        text.replace('"2,3-butanedione"', "@").replace(",", mark).replace("@", '"2,3-butanedione"')
    )


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["table.csv", "table.tsv", "no extension"])
def test_wide_table(save, mark, name):
    panel = load_panel(save(swap(WIDE, mark), name))
    assert panel.dims == ("odor", "receptor")
    assert panel["odor"].values.tolist() == ["water", "2,3-butanedione"]
    assert panel["receptor"].values.tolist() == ["Or1", "Or2"]
    np.testing.assert_array_equal(panel, [[1, -2.5], [30, 4]])
    assert panel.attrs["n_missing"] == 0
    assert panel.attrs["units"] == "spikes/s"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tidy_table_masks_pairs_that_it_lacks(save, mark):
    panel = load_panel(str(save(swap(TIDY, mark))))
    np.testing.assert_array_equal(panel, [[1, -2.5], [30, np.nan]])
    assert panel.attrs["n_missing"] == 1


@pytest.mark.parametrize("word", ["", " ", "NA", "nan", "N/A"])
def test_missing_entries_are_masked_and_counted(save, word):
    panel = load_panel(save(f"odor,Or1,Or2\na,1,{word}\nb,0,2\n"))
    np.testing.assert_array_equal(panel, [[1, np.nan], [0, 2]])
    assert panel.attrs["n_missing"] == 1


@pytest.mark.parametrize(
    "text", ["\ufeff" + WIDE, WIDE.replace("\n", "\r\n"), "\n" + WIDE + "\n\n"]
)
def test_byte_order_mark_line_ends_and_blank_lines_do_not_matter(save, text):
    np.testing.assert_array_equal(load_panel(save(text)), [[1, -2.5], [30, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have a header and rows, got an empty file"),
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
            "line 1 .* must name the columns odor, receptor and",
        ),
        ("odor,Or1\n,1\n", "line 2 .* must name its odor"),
        ("odor,Or1,\na,1,2\n", "line 1 .* must name its receptor"),
        ("odor,receptor,rate\na,,1\n", "line 2 .* must name its receptor"),
        ("odor,Or1\na,strong\n", "line 2 .* must hold numbers, got 'strong'"),
        ("odor;Or1\na;1,5\n", "line 2 .* must hold numbers, got '1,5'"),
        ("odor,receptor,rate\na,Or1,-inf\n", "line 2 .* must hold finite numbers, got '-inf'"),
        ("odor,Or1\na,1e999\n", "line 2 .* must hold finite numbers, got '1e999'"),
        ('odor,Or1\n"a,1\n', "line 2 .* cannot be read"),
        (b"odor,Or1\n\xff,1\n", "must be UTF-8 text"),
    ],
)
def test_bad_tables_are_refused(save, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_panel(save(text))
    assert len(str(caught.value).splitlines()) == 1


def test_unit_and_license_travel_with_a_table(save):
    """Rates in another unit are refused by what computes with spikes/s."""
    plain, table = load_panel(save(WIDE)), save(WIDE.replace("-2.5", "2.5"))
    assert (plain.attrs["units"], plain.attrs["license"]) == ("spikes/s", "not stated")
    calcium = load_panel(table, units="dF/F", license="CC BY 4.0")
    assert (calcium.attrs["units"], calcium.attrs["license"]) == ("dF/F", "CC BY 4.0")
    for use in (glomeruli.DivisiveNormalization(), glomeruli.NoNormalization()):
        with pytest.raises(ValueError, match="rates must be in spikes/s, got a panel in 'dF/F'"):
            use(calcium)
        assert use(load_panel(table, units="Hz")).attrs["units"] == "spikes/s"
    with pytest.raises(ValueError, match="must hold changes .*, got 'response'"):
        absolute_rates(calcium.assign_coords(spontaneous_rate=("receptor", [0.1, 0.1])))
    for given in ({"units": "Hz"}, {"license": "CC0"}):
        with pytest.raises(ValueError, match="units and license must not be given"):
            load_panel("hallem_carlson_2006", **given)


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_panel("missing.csv")
    with pytest.raises(ValueError, match="cannot be read"):
        load_panel(tmp_path)


@pytest.mark.parametrize("name", ["hallem", "", 3, None])
def test_unknown_panels_are_refused_with_the_known_names(name):
    with pytest.raises(ValueError, match="known panel .hallem_carlson_2006. or .*, got"):
        load_panel(name)


def test_missing_entries_are_refused_by_all_that_computes(save):
    panel = load_panel(save("odor,Or1,Or2\na,1,\nb,3,4\n"))
    message = r"must be finite, got nan at \(0, 1\)"
    for use in (
        glomeruli.DivisiveNormalization(),
        glomeruli.ResponseGain(),
        glomeruli.NoNormalization(),
        lambda rates: surrogate(rates, 5),
        lambda rates: noise.noisy_trials(rates, 5),
        lambda rates: odors.mixtures(5, 2, components=rates),
    ):
        with pytest.raises(ValueError, match=message):
            use(panel)
        use(panel.fillna(0))


def test_transposed_panels_are_refused():
    rates = absolute_rates(load_panel("hallem_carlson_2006"))
    for use in (glomeruli.DivisiveNormalization(), lambda panel: surrogate(panel, 5)):
        use(rates)
        with pytest.raises(ValueError, match="must have its odors first, got dimensions"):
            use(rates.T)


def test_absolute_rates_add_and_clip(save):
    panel = load_panel(save("odor,Or1,Or2\na,1,-5\nb,,4\n"))
    with pytest.raises(ValueError, match="coordinate 'spontaneous_rate'"):
        absolute_rates(panel)
    rates = absolute_rates(panel.assign_coords(spontaneous_rate=("receptor", [10.0, 2.0])))
    np.testing.assert_array_equal(rates, [[11, 0], [np.nan, 6]])
    assert rates.dims == panel.dims
    assert rates["receptor"].values.tolist() == ["Or1", "Or2"]
    assert rates.attrs["units"] == "spikes/s"


def test_absolute_rates_keep_the_labels_and_are_taken_once():
    panel = load_panel("hallem_carlson_2006")
    rates = absolute_rates(panel)
    assert list(rates.coords) == list(panel.coords)
    assert rates.attrs["doi"] == panel.attrs["doi"]
    assert (panel.attrs["quantity"], rates.attrs["quantity"]) == ("change of rate", "absolute rate")
    with pytest.raises(ValueError, match="must hold changes .*, got 'absolute rate'"):
        absolute_rates(rates)
    with pytest.raises(ValueError, match="must be a labeled xarray.DataArray, got ndarray"):
        absolute_rates(panel.to_numpy())


def test_labels_survive_being_saved(tmp_path):
    panel = load_panel("hallem_carlson_2006")
    panel.to_zarr(tmp_path / "panel.zarr", zarr_format=2)
    xr.testing.assert_equal(xr.open_dataarray(tmp_path / "panel.zarr", engine="zarr"), panel)


def test_fly_odors_are_the_measured_rates_or_surrogates_of_them():
    measured = absolute_rates(load_panel("hallem_carlson_2006"))
    np.testing.assert_array_equal(fly_odors(), measured.values)
    np.testing.assert_array_equal(fly_odors(7, rng=3), surrogate(measured, 7, rng=3))
    fly_odors()[:] = 0  # nobody's but the caller's
    assert fly_odors().max() > 200
    with pytest.raises(ValueError, match="n_odors must be at least 1, got 0"):
        fly_odors(0)
