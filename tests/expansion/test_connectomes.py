"""Measured wiring: the published statistics (R17), edge lists of users, and bad tables."""

import numpy as np
import pandas as pd
import pytest

import olfnet
from olfnet.expansion import anatomy, connectomes, edges, load_connectome, nulls, read_connectome
from olfnet.expansion.edges import FLYWIRE, Columns

EDGES = pd.DataFrame(
    [
        (1, 11, 3),
        (1, 12, 1),
        (2, 11, 4),
        (2, 11, 2),
        (3, 12, 5),
        (9, 11, 50),
        (1, 3, 7),
        (3, 13, 0),
    ],
    columns=["bodyId_pre", "bodyId_post", "weight"],
)
NEURONS = pd.DataFrame(
    {
        "bodyId": [1, 2, 3, 11, 12, 13, 9],
        "type": ["DA1_lPN", "DA1_vPN", "VC5_adPN", "KCg-m", "KCab", "KCg-d", "APL"],
    }
)
CHOICE = {"units": "KC.*", "inputs": r"(?P<glomerulus>.+)_.*PN"}


@pytest.mark.parametrize(
    ("name", "shape", "mean", "n_orphans"),
    [("eichler_2017_left", (101, 58), 4.33, 18), ("eichler_2017_right", (100, 63), 4.78, 19)],
)
def test_larval_wiring_is_the_published_one(name, shape, mean, n_orphans):
    connectome = load_connectome(name)
    claws = connectomes.weights(connectome).sum(axis=1)
    assert connectome.shape == shape
    assert round(float(claws.mean()), 2) == mean
    assert (claws == 0).sum() == n_orphans
    assert {"source", "doi", "license", "hemisphere", "units"} <= set(connectome.attrs)


def test_a_larval_circuit_and_its_null_model():
    weights = connectomes.weights(load_connectome("eichler_2017_left"), counted=True)
    drawn = nulls.SameDegrees(weights).draw(rng=1)
    np.testing.assert_array_equal(np.diff(drawn.indptr), np.diff(weights.indptr))
    circuit = olfnet.expansion.Circuit(drawn, olfnet.expansion.sparsify.TopK(0.1))
    assert circuit.drive(np.ones((3, 58))).shape == (3, 101)


def test_adult_statistics_are_the_published_ones():
    """R17: means, spreads and the coefficient of variation."""
    for source, mean, spread in (("caron_2013", 6.80, 1.72), ("fafb_zheng_2022", 5.06, 1.48)):
        chances = np.asarray(anatomy.claws(source).probabilities)
        numbers = np.arange(len(chances))
        assert round(float(chances @ numbers), 2) == mean
        assert abs(np.sqrt(chances @ (numbers - mean) ** 2) - spread) < 0.006
    chances = np.asarray(anatomy.claws("hemibrain_v1_ge3_synapses").probabilities)
    numbers = np.arange(len(chances))
    assert round(float(chances @ numbers / (1 - chances[0])), 1) == 5.2
    usage = anatomy.glomerulus_usage()
    assert len(usage) == 51
    assert round(float(usage.std() / usage.mean()), 2) == 0.53


def test_adult_wiring_has_these_statistics():
    """First claws are exactly proportional to usage; all claws together less so."""
    drawn = anatomy.adult().draw(20000, 51, rng=0)
    claws = np.diff(drawn.indptr)
    assert abs(claws.mean() - 6.8) < 4 * 1.72 / np.sqrt(20000)
    usage = anatomy.glomerulus_usage().to_numpy()
    assert np.corrcoef(drawn.sum(axis=0), usage)[0, 1] > 0.98
    even = olfnet.expansion.wiring.FixedFanIn(7).draw(20000, 51, rng=0)
    assert abs(np.corrcoef(even.sum(axis=0), usage)[0, 1]) < 0.5


def test_the_panel_s_receptors_have_glomeruli():
    panel = olfnet.load_panel("hallem_carlson_2006")
    named = panel.sel(receptor=panel["glomerulus"] != "")
    wiring = anatomy.adult(named["glomerulus"].values)
    assert wiring.draw(50, 22, rng=0).shape == (50, 22)


def test_edges_become_a_table():
    found = read_connectome(EDGES, NEURONS, **CHOICE, source="made up", license="none")
    assert found.dims == ("unit", "input")
    assert list(found["unit"].values) == ["11", "12", "13"]
    assert list(found["input"].values) == ["DA1", "VC5"]
    np.testing.assert_array_equal(found, [[9, 0], [1, 5], [0, 0]])
    assert found.attrs["dropped"] == (
        "2 rows between neurons that are not an input and a unit, 57 synapses"
    )
    assert (found.attrs["source"], found.attrs["license"]) == ("made up", "none")


def test_threshold_counts_pairs_of_neurons():
    """Rows of a pair are added up first, neurons of a glomerulus afterwards."""
    found = read_connectome(EDGES, NEURONS, **CHOICE, threshold=4)
    np.testing.assert_array_equal(found, [[6, 0], [0, 5], [0, 0]])
    assert "2 pairs with fewer than 4 synapses, 4 synapses" in found.attrs["dropped"]


def test_neurons_as_inputs():
    found = read_connectome(EDGES, NEURONS, units="KC.*", inputs=".*PN")
    assert list(found["input"].values) == ["1", "2", "3"]
    np.testing.assert_array_equal(found, [[3, 6, 0], [1, 0, 5], [0, 0, 0]])


def test_names_of_the_first_hemibrain():
    found = read_connectome(EDGES, NEURONS, **CHOICE, naming="hemibrain_v1")
    assert list(found["input"].values) == ["DA1", "VM6"]
    with pytest.raises(ValueError, match="naming must be one of any, hemibrain_v1, got 'x'"):
        connectomes.glomerulus_names("x")


def test_flywire_files(tmp_path):
    """Text files with tabs, ids beyond 2^53, and a pair split over two neuropils."""
    big = 720575940600000000
    pairs = EDGES.set_axis(["pre_root_id", "post_root_id", "syn_count"], axis=1)
    pairs[["pre_root_id", "post_root_id"]] += big
    cells = NEURONS.set_axis(["root_id", "cell_type"], axis=1)
    cells["root_id"] += big
    pairs.to_csv(tmp_path / "pairs.tsv", sep="\t", index=False)
    cells.to_csv(tmp_path / "cells.csv", index=False)
    found = read_connectome(
        tmp_path / "pairs.tsv", tmp_path / "cells.csv", **CHOICE, columns=FLYWIRE
    )
    np.testing.assert_array_equal(found, [[9, 0], [1, 5], [0, 0]])
    assert found["unit"].values[0] == str(big + 11)


def test_a_matrix_of_one_s_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("unit;A;B\nk1;2;0\nk2;0;7\n")
    found = load_connectome(file)
    np.testing.assert_array_equal(found, [[2, 0], [0, 7]])
    assert found.attrs["source"] == "mine.csv"
    np.testing.assert_array_equal(
        connectomes.weights(found, threshold=3, counted=True).toarray(), [[0, 0], [0, 7]]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit,A\nk1,-2\n", "A must be whole numbers of synapses, at least 0, got -2 in row k1"),
        ("unit,A\nk1,1.5\n", "got 1.5 in row k1"),
        ("unit,A\nk1,\n", "got nan in row k1"),
        ("unit,A\nk1,two\n", "got 'two' in row k1"),
        ("unit,A\nk1,1\nk1,2\n", "units must have different names, got k1 twice"),
        ("unit,A;B\nk1,1;2\n", "must have one kind of separator"),
        ("unit,A\nk1,1,2,3\nk2,1\n", "must have equally many cells in each row"),
        ("unit A\nk1 1\n", "must have one kind of separator"),
        ("unit,A\n", "a connectome must have a unit and an input"),
    ],
)
def test_bad_matrices(tmp_path, text, message):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_connectome(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": "X.*"}, "units must match a type of neuron, got 'X.*' among"),
        ({"inputs": "("}, "inputs must be a regular expression, got '\\('"),
        ({"threshold": 0}, "threshold must be at least 1, got 0"),
        ({"columns": FLYWIRE}, "edges must have a column pre_root_id, got bodyId_pre"),
        (
            {"columns": Columns("bodyId_pre", "bodyId_post", "weight", "id", "type")},
            "neurons must have a column id, got bodyId, type",
        ),
        ({"neurons": pd.concat([NEURONS, NEURONS])}, "neurons must name each neuron once, got 1"),
        ({"edges": EDGES.assign(weight=-1)}, "weight must be whole numbers of synapses"),
    ],
)
def test_bad_edges(changes, message):
    given = {"edges": EDGES, "neurons": NEURONS} | CHOICE | changes
    with pytest.raises(ValueError, match=message):
        read_connectome(given.pop("edges"), given.pop("neurons"), **given)


def test_unknown_names():
    with pytest.raises(ValueError, match="source must be eichler_2017_left, eichler_2017_right or"):
        load_connectome("eichler")
    with pytest.raises(ValueError, match="source must be one of caron_2013, .*, got 'mine'"):
        anatomy.claws("mine")
    with pytest.raises(ValueError, match="glomeruli must be of those of the hemibrain, D, .*'XX'"):
        anatomy.glomerulus_usage(["D", "XX"])
    transposed = load_connectome("eichler_2017_left").T
    with pytest.raises(ValueError, match=r"connectome must be \(unit, input\), got dimensions"):
        connectomes.weights(transposed)
    assert edges.NEUPRINT.pre == "bodyId_pre"


def n_modes(sample, width):
    """Count the maxima of a smoothed histogram."""
    grid = np.linspace(-5, 20, 800)
    density = np.exp(-0.5 * ((grid[:, None] - sample) / width) ** 2).sum(axis=1)
    return np.sum((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:]))


def chance_of_two_modes(sample, rng, n_samples=200):
    """Silverman's test (1981): how often a density of one mode only looks as split as this one."""
    low, high = 0.05, 10.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if n_modes(sample, middle) > 1 else (low, middle)
    drawn = rng.choice(sample, (n_samples, len(sample)))
    drawn = drawn + high * rng.standard_normal(drawn.shape)
    shrunk = sample.mean() + (drawn - sample.mean()) / np.sqrt(1 + (high / sample.std()) ** 2)
    return np.mean([n_modes(one, high) > 1 for one in shrunk])


def test_larval_claws_are_bimodal_in_one_hemisphere_only():
    """R17 says bimodal; the left hemisphere is so at 5 %, the right gives no evidence."""
    rng = np.random.default_rng(0)
    left, right = (
        np.diff(connectomes.weights(load_connectome(f"eichler_2017_{side}")).indptr).astype(float)
        for side in ("left", "right")
    )
    assert chance_of_two_modes(left, rng) < 0.08  # .04 +- .014
    assert chance_of_two_modes(right, rng) > 0.5  # .67 +- .03
    two, one = rng.normal([0, 8], 1, (100, 2)).ravel(), rng.normal(4, 2, 200)
    assert chance_of_two_modes(two, rng) < 0.01 < chance_of_two_modes(one, rng)
