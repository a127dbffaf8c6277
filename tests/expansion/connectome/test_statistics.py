"""Published statistics of adult wiring, and wirings with these statistics."""

import numpy as np
import pytest

import olfnet
from olfnet.expansion import wiring
from olfnet.expansion.connectome import statistics
from olfnet.receptors import glomerulus_names

SOURCES = {"caron_2013": 200, "fafb_zheng_2022": 440, "hemibrain_v1_ge3_synapses": 2033}


@pytest.mark.parametrize(("source", "n_units"), SOURCES.items())
def test_counts_and_their_labels(source, n_units):
    """Their means and standard deviations are claims, R17."""
    counts = statistics.claw_counts(source)
    assert int(counts.sum()) == n_units
    for labeled in (counts, statistics.glomerulus_usage()):
        assert {"units", "quantity", "source", "doi", "license"} <= set(labeled.attrs)
        assert all(labeled.attrs.values())
    probabilities = np.asarray(statistics.claws(source).probabilities)
    np.testing.assert_allclose(probabilities * n_units, counts)
    statistics.claws(source).probabilities[0] = 5  # a copy
    np.testing.assert_array_equal(statistics.claws(source).probabilities, probabilities)


def test_counts_of_two_sources_entry_by_entry():
    assert statistics.claw_counts("fafb_zheng_2022").values[:3].tolist() == [1, 4, 13]
    usage = statistics.glomerulus_usage(["VC3", "VC5", "VM6"])  # in the hemibrain VC3l, VC3m, VC5
    assert usage.values.tolist() == [287, 240, 145]
    assert len(statistics.glomerulus_usage()) == 51


def test_adult_wiring_has_these_statistics():
    """Each unit takes a glomerulus once, which makes usage a little more even: .50 for .53."""
    drawn = statistics.adult().draw(20000, 51, rng=0)
    assert abs(np.diff(drawn.indptr).mean() - 6.8) < 4 * 1.72 / np.sqrt(20000)
    usage, fan_out = statistics.glomerulus_usage().to_numpy(), drawn.sum(axis=0)
    assert np.corrcoef(fan_out, usage)[0, 1] > 0.98
    assert usage.std() / usage.mean() == pytest.approx(0.53, abs=0.005)
    assert fan_out.std() / fan_out.mean() == pytest.approx(0.50, abs=0.01)
    even = wiring.FixedFanIn(7).draw(20000, 51, rng=0)
    assert abs(np.corrcoef(even.sum(axis=0), usage)[0, 1]) < 0.5


def test_synonyms_of_glomeruli():
    usage = statistics.glomerulus_usage(["VA1lm", "D"])
    assert list(usage["glomerulus"].values) == ["VA1v", "D"]
    assert usage.equals(statistics.glomerulus_usage(["VA1v", "D"]))
    glomerulus_names.current_names()["D"] = "X"  # a copy
    assert "D" not in glomerulus_names.current_names()
    panel = olfnet.load_panel("hallem_carlson_2006")
    named = panel.sel(receptor=panel["glomerulus"] != "")
    assert statistics.adult(named["glomerulus"].values).draw(50, 22, rng=0).shape == (50, 22)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistics.claws("mine"), "source must be one of caron_2013, .*, got 'mine'"),
        (
            lambda: statistics.glomerulus_usage(["D", "XX"]),
            "glomeruli must be of those of the hemibrain, D, .*'XX'",
        ),
        (lambda: statistics.adult(["DM1", "DM1"]), "must be different, got 'DM1' twice"),
        (lambda: statistics.adult(["VA1v", "VA1lm"]), "must be different, got 'VA1v' twice"),
        (lambda: statistics.adult("DM1"), "glomeruli must be a list of names, got 'DM1'"),
        (lambda: statistics.adult([]), "glomeruli must name at least one"),
        (
            lambda: glomerulus_names.current_names("x"),
            "naming must be one of any, hemibrain_v1, got 'x'",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
