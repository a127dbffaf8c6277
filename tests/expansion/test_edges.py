"""Edge lists as users download them: nothing is lost, nothing is invented, and bad tables."""

import numpy as np
import pandas as pd
import pytest

from olfnet.expansion.connectome import FLYWIRE, Columns, read_connectome
from olfnet.receptors import glomerulus_names

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
    assert read_connectome(EDGES, NEURONS, **CHOICE).attrs["license"] == "not stated"


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
        glomerulus_names.current_names("x")


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
        ({"edges": EDGES.assign(weight=np.inf)}, "weight must be .* got inf in row 0"),
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
    ],
)
def test_bad_edges(changes, message):
    given = {"edges": EDGES, "neurons": NEURONS} | CHOICE | changes
    with pytest.raises(ValueError, match=message):
        read_connectome(given.pop("edges"), given.pop("neurons"), **given)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ("bodyId_pre,bodyId_post,weight\n1,11,1,234\n", "must have 3 cells in each row"),
        ("bodyId_pre,bodyId_post,weight\n1,11,3\n2,11,1,234\n", "must have 3 cells in each row"),
        ("bodyId_pre,bodyId_post,weight\n1,11\n", "weight must be .* got nan in row 0"),
        ("bodyId_pre,bodyId_post,weight\n1,11,3\n1;11;3\n", "must name a neuron in each row"),
        ("bodyId_pre,bodyId_post;weight\n1,11,3\n", "must use one separator .* got comma and semi"),
        ("bodyId_pre,bodyId_post,weight\n,11,3\n", "bodyId_pre must name a neuron in each row"),
        (b"bodyId_pre,bodyId_post,weight\n\xff,11,3\n", "must be UTF-8 text"),
        ("", "must use one separator .* got none"),
    ],
)
def test_bad_edge_files(tmp_path, edges, message):
    """Nothing is lost on the way: neither cells beyond the header nor digits of long names."""
    file = tmp_path / "edges.csv"
    file.write_bytes(edges if isinstance(edges, bytes) else edges.encode())
    with pytest.raises(ValueError, match=message) as caught:
        read_connectome(file, NEURONS, **CHOICE)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_connectome(tmp_path / "none.csv", NEURONS, **CHOICE)


def test_names_of_neurons_may_be_text():
    """The same neurons as numbers in one table and as text in the other."""
    wanted = read_connectome(EDGES, NEURONS, **CHOICE)
    for pairs, neurons in (
        (EDGES.astype({"bodyId_pre": str}), NEURONS),
        (EDGES.astype({"bodyId_post": float}), NEURONS.astype({"bodyId": str})),
        (EDGES.set_axis([0] * len(EDGES)), NEURONS.set_axis([0] * len(NEURONS))),
    ):
        found = read_connectome(pairs, neurons, **CHOICE)
        assert found.identical(wanted)
    texts = NEURONS.assign(bodyId="n" + NEURONS["bodyId"].astype(str))
    edges = EDGES.assign(**{end: "n" + EDGES[end].astype(str) for end in EDGES.columns[:2]})
    found = read_connectome(edges, texts, **CHOICE)
    np.testing.assert_array_equal(found, wanted)
    assert found["unit"].values[0] == "n11"


def test_what_was_dropped_or_renamed_is_listed():
    cells = NEURONS.assign(type=NEURONS["type"].mask(NEURONS["bodyId"] == 2)).iloc[:-1]
    found = read_connectome(EDGES, cells, **CHOICE, threshold=3, naming="hemibrain_v1")
    np.testing.assert_array_equal(found, [[3, 0], [0, 5], [0, 0]])
    assert found.attrs["dropped"].splitlines() == [
        "1 neurons without a type",
        "3 rows with a neuron of no known type, 56 synapses",
        "1 rows between neurons that are not an input and a unit, 7 synapses",
        "1 pairs with fewer than 3 synapses, 1 synapses",
    ]
    assert found.attrs["renamed"] == "VC5 is VM6"
    total = int(found.sum()) + 56 + 7 + 1
    assert total == EDGES["weight"].sum()  # nothing else is missing


def test_packed_files(tmp_path):
    EDGES.to_csv(tmp_path / "edges.csv.gz", index=False)
    NEURONS.to_csv(tmp_path / "neurons.tsv.gz", index=False, sep="\t")
    found = read_connectome(tmp_path / "edges.csv.gz", tmp_path / "neurons.tsv.gz", **CHOICE)
    assert found.identical(read_connectome(EDGES, NEURONS, **CHOICE))
