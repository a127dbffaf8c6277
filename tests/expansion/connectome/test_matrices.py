"""Connectomes as matrices: bundled ones, those of users, and bad tables."""

import numpy as np
import pytest
import xarray as xr

from olfnet.expansion.connectome import load_connectome, weights


@pytest.fixture
def table(tmp_path):
    def load(text, **labels):
        file = tmp_path / "mine.csv"
        file.write_text(text)
        return load_connectome(file, **labels)

    return load


@pytest.mark.parametrize("side", ["left", "right"])
def test_bundled_connectomes(side):
    """Their published statistics are claims, R17."""
    connectome = load_connectome(f"eichler_2017_{side}")
    assert (connectome.dims, connectome.attrs["units"]) == (("unit", "input"), "synapses")
    assert {"source", "doi", "hemisphere"} <= set(connectome.attrs)
    assert connectome.attrs["license"].startswith("MIT")
    connected = connectome.values > 0
    np.testing.assert_array_equal(weights(connectome).toarray(), connected)
    counted = weights(connectome, threshold=3, counted=True).toarray()
    np.testing.assert_array_equal(counted, np.where(connectome >= 3, connectome, 0))


def test_a_users_matrix(table):
    connectome = table("unit;A;B\nk1;2;0\nk2;0;7\n")
    np.testing.assert_array_equal(connectome, [[2, 0], [0, 7]])
    assert list(connectome["unit"].values) == ["k1", "k2"]
    assert connectome.attrs["source"] == "mine.csv"
    assert connectome.attrs["license"] == "not stated"
    assert table("unit,A\nk1,2\n", license="CC0").attrs["license"] == "CC0"


@pytest.mark.parametrize("cell", ["-2", "1.5", "", "NA", "two", "inf", "1e300"])
def test_bad_counts(table, cell):
    message = f"A must be whole numbers of synapses, at least 0, got '{cell}' in row k1"
    with pytest.raises(ValueError, match=message):
        table(f"unit,A\nk1,{cell}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit,A\nk1,1\nk1,2\n", "line 3 .* must not repeat the unit 'k1'"),
        ("unit,A, A\nk1,1,2\n", "line 1 .* must not repeat the input 'A'"),
        ("unit,A\n,1\n", "line 2 .* must name its unit"),
        ("unit,A,\nk1,1,2\n", "line 1 .* must name its input"),
        ("unit,A;B\nk1,1;2\n", "must use one separator .* got comma and semicolon"),
        ("unit,A\nk1,1,2\nk2,1,2\n", "line 2 .* must have 2 columns .* got 3"),
        ("unit,A\n", "line 1 .* must be followed by at least one unit"),
    ],
)
def test_bad_matrices(table, text, message):
    with pytest.raises(ValueError, match=message):
        table(text)


AREAS = xr.DataArray([[1.0]], dims=("unit", "input"), attrs={"units": "um2"})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_connectome("eichler"), "source must be eichler_2017_left, eichler_2017_rig"),
        (lambda: load_connectome(None), "source must be eichler.*, got None"),
        (lambda: load_connectome("./none.csv"), "cannot be read: No such file"),
        (
            lambda: load_connectome("eichler_2017_left", license="CC0"),
            "license must not be given for a bundled connectome, got 'CC0'",
        ),
        (lambda: weights(AREAS), "connectome must be in synapses, got 'um2'"),
        (lambda: weights(AREAS.T), r"connectome must be \(unit, input\), got dimensions"),
        (lambda: weights(np.eye(3)), r"must be \(unit, input\), got dimensions None"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
