"""Edge lists as users download them: nothing is lost, nothing is invented, and bad tables."""

import numpy as np
import pandas as pd
import pytest

from olfnet.expansion.connectome import FLYWIRE, Columns, read_connectome

EDGES = pd.DataFrame(
    {
        "bodyId_pre": [1, 1, 2, 2, 3, 9, 1, 3],
        "bodyId_post": [11, 12, 11, 11, 12, 11, 3, 13],
        "weight": [3, 1, 4, 2, 5, 50, 7, 0],
    }
)
NEURONS = pd.DataFrame(
    {
        "bodyId": [1, 2, 3, 11, 12, 13, 9],
        "type": ["DA1_lPN", "DA1_vPN", "VC5_adPN", "KCg-m", "KCab", "KCg-d", "APL"],
    }
)
CHOICE = {"units": "KC.*", "inputs": r"(?P<glomerulus>.+)_.*PN"}
COUNTS = [[9, 0], [1, 5], [0, 0]]


def read(edges=EDGES, neurons=NEURONS, **options):
    return read_connectome(edges, neurons, **CHOICE | options)


def test_edges_become_a_table():
    connectome = read(source="made up", license="none")
    assert connectome.dims == ("unit", "input")
    assert list(connectome["unit"].values) == ["11", "12", "13"]
    assert list(connectome["input"].values) == ["DA1", "VC5"]
    np.testing.assert_array_equal(connectome, COUNTS)
    dropped = "2 rows between neurons that are not an input and a unit, 57 synapses"
    assert connectome.attrs["dropped"] == dropped
    assert (connectome.attrs["source"], connectome.attrs["license"]) == ("made up", "none")
    assert read().attrs["license"] == "not stated"


def test_threshold_counts_pairs_of_neurons():
    """Rows of a pair are added first, neurons of a glomerulus afterwards."""
    connectome = read(threshold=4)
    np.testing.assert_array_equal(connectome, [[6, 0], [0, 5], [0, 0]])
    assert "2 pairs with fewer than 4 synapses, 4 synapses" in connectome.attrs["dropped"]


def test_neurons_as_inputs():
    connectome = read(inputs=".*PN")
    assert list(connectome["input"].values) == ["1", "2", "3"]
    np.testing.assert_array_equal(connectome, [[3, 6, 0], [1, 0, 5], [0, 0, 0]])


def test_what_was_dropped_or_renamed_is_listed():
    neurons = NEURONS.assign(type=NEURONS["type"].mask(NEURONS["bodyId"] == 2)).iloc[:-1]
    connectome = read(neurons=neurons, threshold=3, naming="hemibrain_v1")
    np.testing.assert_array_equal(connectome, [[3, 0], [0, 5], [0, 0]])
    assert connectome.attrs["dropped"].splitlines() == [
        "1 neurons without a type",
        "3 rows with a neuron of no known type, 56 synapses",
        "1 rows between neurons that are not an input and a unit, 7 synapses",
        "1 pairs with fewer than 3 synapses, 1 synapses",
    ]
    assert list(connectome["input"].values) == ["DA1", "VM6"]
    assert connectome.attrs["renamed"] == "VC5 is VM6"
    assert int(connectome.sum()) + 56 + 7 + 1 == EDGES["weight"].sum()  # nothing else is missing


def test_files(tmp_path):
    """Text with tabs, ids beyond 2^53, and gzip files."""
    big, ends = 720575940600000000, ["pre_root_id", "post_root_id"]
    edges = EDGES.set_axis([*ends, "syn_count"], axis=1)
    edges[ends] += big
    neurons = NEURONS.set_axis(["root_id", "cell_type"], axis=1)
    neurons["root_id"] += big
    edges.to_csv(tmp_path / "edges.tsv", sep="\t", index=False)
    neurons.to_csv(tmp_path / "neurons.csv", index=False)
    connectome = read(tmp_path / "edges.tsv", tmp_path / "neurons.csv", columns=FLYWIRE)
    np.testing.assert_array_equal(connectome, COUNTS)
    assert connectome["unit"].values[0] == str(big + 11)
    EDGES.to_csv(tmp_path / "edges.csv.gz", index=False)
    NEURONS.to_csv(tmp_path / "neurons.tsv.gz", index=False, sep="\t")
    assert read(tmp_path / "edges.csv.gz", tmp_path / "neurons.tsv.gz").identical(read())


def test_names_of_neurons_may_be_text():
    """The same neurons as numbers in one table and as text in the other."""
    for edges, neurons in (
        (EDGES.astype({"bodyId_pre": str}), NEURONS),
        (EDGES.astype({"bodyId_post": float}), NEURONS.astype({"bodyId": str})),
        (EDGES.set_axis([0] * len(EDGES)), NEURONS.set_axis([0] * len(NEURONS))),
    ):
        assert read(edges, neurons).identical(read())
    neurons = NEURONS.assign(bodyId="n" + NEURONS["bodyId"].astype(str))
    edges = EDGES.assign(**{end: "n" + EDGES[end].astype(str) for end in EDGES.columns[:2]})
    connectome = read(edges, neurons)
    np.testing.assert_array_equal(connectome, COUNTS)
    assert connectome["unit"].values[0] == "n11"


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
        (
            {"edges": EDGES.assign(bodyId_pre=EDGES["bodyId_pre"].where(EDGES["weight"] < 5))},
            "bodyId_pre must name a neuron in each row, got none in row 4",
        ),
        (
            {"edges": EDGES.assign(bodyId_post=EDGES["bodyId_post"] + 7.2e17)},
            r"bodyId_post must be whole numbers below 2\*\*53, integers or text, got 7.2",
        ),
        ({"neurons": NEURONS.assign(bodyId=1.5)}, "bodyId must be whole numbers .* got 1.5"),
        (
            {"edges": EDGES.assign(bodyId_post="KC" + EDGES["bodyId_post"].astype(str))},
            "edges must connect an input to a unit, got none in 8 rows",
        ),
        (
            {"edges": pd.concat([EDGES, EDGES[["weight"]]], axis=1)},
            "edges must have one column weight, got 2",
        ),
        (
            {"inputs": "(?P<glomerulus>DA1)?.*PN"},
            "inputs must find a glomerulus in each type, got none in 'VC5_adPN'",
        ),
        ({"edges": "none.csv"}, "cannot be read: No such file"),
    ],
)
def test_bad_edges(changes, message):
    with pytest.raises(ValueError, match=message):
        read(**changes)


HEADER = "bodyId_pre,bodyId_post,weight\n"


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (HEADER + "1,11,3\n2,11,1,234\n", "must have 3 cells in each row"),
        (HEADER + "1,11\n", "weight must be .* got nan in row 0"),
        (HEADER + "1,11,3\n1;11;3\n", "must name a neuron in each row"),
        ("bodyId_pre,bodyId_post;weight\n1,11,3\n", "must use one separator .* got comma and semi"),
        (HEADER + "\xff,11,3\n", "must be UTF-8 text"),
        ("", "must use one separator .* got none"),
    ],
)
def test_bad_files(tmp_path, edges, message):
    """Neither cells beyond the header nor digits of long names are lost."""
    (tmp_path / "edges.csv").write_bytes(edges.encode("latin-1"))
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path / "edges.csv")
    assert len(str(caught.value).splitlines()) == 1
