"""Measured panels: labels, units, what is refused, and absolute rates."""

import numpy as np
import pytest
import xarray as xr

from olfnet import load_panel
from olfnet.receptors import (
    DivisiveNormalization,
    NoNormalization,
    ResponseGain,
    absolute_rates,
    noise,
    odors,
    surrogate,
)

LOBES = [DivisiveNormalization(), ResponseGain(), NoNormalization()]


@pytest.fixture
def table(tmp_path):
    def load(text, **labels):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return load_panel(path if labels else str(path), **labels)

    return load


@pytest.fixture
def packaged():
    return load_panel("hallem_carlson_2006")


def test_labels_of_the_packaged_panel(packaged, tmp_path):
    assert packaged.dims == ("odor", "receptor")
    assert packaged.attrs["units"] == "spikes/s"
    assert packaged.attrs["doi"] == "10.1016/j.cell.2006.01.050"
    assert packaged.attrs["n_missing"] == 0
    assert {"quantity", "source", "license"} <= set(packaged.attrs)
    assert len(set(packaged["odor"].values)) == 110
    assert packaged.sel(receptor="Or22a")["glomerulus"].item() == "DM2"
    unassigned = packaged["receptor"][packaged["glomerulus"] == ""]
    assert unassigned.values.tolist() == ["Or33b", "Or85b"]
    packaged.to_zarr(tmp_path / "panel.zarr", zarr_format=2)
    stored = xr.open_dataarray(tmp_path / "panel.zarr", engine="zarr")
    xr.testing.assert_equal(stored, packaged)


def test_labels_of_a_users_table(table):
    """Rates in another unit are refused by transforms, which compute with spikes/s."""
    text = "odor,Or1,Or2\na,1,\nb,0,2\n"
    plain = table(text)
    assert plain.dims == ("odor", "receptor")
    assert (plain["odor"].values.tolist(), plain["receptor"].values[1]) == (["a", "b"], "Or2")
    assert (plain.attrs["units"], plain.attrs["license"]) == ("spikes/s", "not stated")
    assert plain.attrs["n_missing"] == 1
    calcium = table(text, units="dF/F", license="CC BY 4.0").fillna(0)
    assert (calcium.attrs["units"], calcium.attrs["license"]) == ("dF/F", "CC BY 4.0")
    for lobe in LOBES:
        with pytest.raises(ValueError, match="rates must be in spikes/s, got a panel in 'dF/F'"):
            lobe(calcium)
        assert lobe(table(text, units="Hz").fillna(0)).attrs["units"] == "spikes/s"
    with pytest.raises(ValueError, match="must hold changes .*, got 'response'"):
        absolute_rates(calcium.assign_coords(spontaneous_rate=("receptor", [0.1, 0.1])))


@pytest.mark.parametrize("name", ["hallem", "", 3, None])
def test_unknown_panels(name):
    with pytest.raises(ValueError, match="known panel .hallem_carlson_2006. or .*, got"):
        load_panel(name)


@pytest.mark.parametrize("label", [{"units": "Hz"}, {"license": "CC0"}])
def test_packaged_panels_have_their_labels(label):
    with pytest.raises(ValueError, match="units and license must not be given"):
        load_panel("hallem_carlson_2006", **label)


@pytest.mark.parametrize(
    "use",
    [
        *LOBES,
        lambda rates: surrogate(rates, 5),
        lambda rates: noise.noisy_trials(rates, 5),
        lambda rates: odors.mixtures(5, 2, components=rates),
    ],
)
def test_missing_entries_and_transposed_panels_are_refused(table, use):
    panel = table("odor,Or1,Or2\na,1,\nb,3,4\n")
    with pytest.raises(ValueError, match=r"must be finite, got nan at \(0, 1\)"):
        use(panel)
    use(panel.fillna(0))
    with pytest.raises(ValueError, match="must have its odors first, got dimensions"):
        use(panel.fillna(0).T)


def test_absolute_rates_add_and_clip(table):
    panel = table("odor,Or1,Or2\na,1,-5\nb,,4\n")
    rates = absolute_rates(panel.assign_coords(spontaneous_rate=("receptor", [10.0, 2.0])))
    np.testing.assert_array_equal(rates, [[11, 0], [np.nan, 6]])
    assert rates.dims == panel.dims
    assert rates["receptor"].values.tolist() == ["Or1", "Or2"]
    with pytest.raises(ValueError, match="coordinate 'spontaneous_rate'"):
        absolute_rates(panel)


def test_absolute_rates_keep_the_labels_and_are_taken_once(packaged):
    rates = absolute_rates(packaged)
    assert list(rates.coords) == list(packaged.coords)
    assert rates.attrs == packaged.attrs | {"quantity": "absolute rate"}
    with pytest.raises(ValueError, match="must hold changes .*, got 'absolute rate'"):
        absolute_rates(rates)
    with pytest.raises(ValueError, match="must be a labeled xarray.DataArray, got ndarray"):
        absolute_rates(packaged.to_numpy())
