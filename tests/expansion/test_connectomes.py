"""Measured wiring: the published statistics (R17), matrices of users, and bad tables."""

import numpy as np
import pytest

import olfnet
from olfnet.expansion.connectome import load_connectome, null_models, statistics
from olfnet.expansion.connectome import weights as weights_of
from olfnet.receptors import glomerulus_names


@pytest.mark.parametrize(
    ("name", "shape", "mean", "n_orphans"),
    [("eichler_2017_left", (101, 58), 4.33, 18), ("eichler_2017_right", (100, 63), 4.78, 19)],
)
def test_larval_wiring_is_the_published_one(name, shape, mean, n_orphans):
    connectome = load_connectome(name)
    claws = weights_of(connectome).sum(axis=1)
    assert connectome.shape == shape
    assert round(float(claws.mean()), 2) == mean
    assert (claws == 0).sum() == n_orphans
    assert {"source", "doi", "license", "hemisphere", "units"} <= set(connectome.attrs)


def test_a_larval_circuit_and_its_null_model():
    weights = weights_of(load_connectome("eichler_2017_left"), counted=True)
    drawn = null_models.SameDegrees(weights).draw(rng=1)
    np.testing.assert_array_equal(np.diff(drawn.indptr), np.diff(weights.indptr))
    circuit = olfnet.expansion.Circuit(drawn, olfnet.expansion.sparsify.TopK(0.1))
    assert circuit.drive(np.ones((3, 58))).shape == (3, 101)


def test_adult_statistics_are_the_published_ones():
    """R17: means, spreads and the coefficient of variation."""
    for source, mean, spread in (("caron_2013", 6.80, 1.72), ("fafb_zheng_2022", 5.06, 1.48)):
        chances = np.asarray(statistics.claws(source).probabilities)
        numbers = np.arange(len(chances))
        assert round(float(chances @ numbers), 2) == mean
        assert abs(np.sqrt(chances @ (numbers - mean) ** 2) - spread) < 0.006
    chances = np.asarray(statistics.claws("hemibrain_v1_ge3_synapses").probabilities)
    numbers = np.arange(len(chances))
    assert round(float(chances @ numbers / (1 - chances[0])), 1) == 5.2
    usage = statistics.glomerulus_usage()
    assert len(usage) == 51
    assert round(float(usage.std() / usage.mean()), 2) == 0.53


def test_adult_wiring_has_these_statistics():
    """First claws are exactly proportional to usage; all claws together less so."""
    drawn = statistics.adult().draw(20000, 51, rng=0)
    claws = np.diff(drawn.indptr)
    assert abs(claws.mean() - 6.8) < 4 * 1.72 / np.sqrt(20000)
    usage = statistics.glomerulus_usage().to_numpy()
    assert np.corrcoef(drawn.sum(axis=0), usage)[0, 1] > 0.98
    even = olfnet.expansion.wiring.FixedFanIn(7).draw(20000, 51, rng=0)
    assert abs(np.corrcoef(even.sum(axis=0), usage)[0, 1]) < 0.5


def test_adult_wiring_is_less_uneven_than_what_was_measured():
    """Each unit takes a glomerulus once; spread over 51 glomeruli of 20 000 x 6.8 claws."""
    fan_out = statistics.adult().draw(20000, 51, rng=0).sum(axis=0)
    assert fan_out.std() / fan_out.mean() == pytest.approx(0.50, abs=0.01)


def test_statistics_know_their_source_and_license():
    for found in (*map(statistics.claw_counts, statistics.CLAWS), statistics.glomerulus_usage()):
        assert {"units", "quantity", "source", "doi", "license"} <= set(found.attrs)
        assert all(found.attrs.values())
    assert [int(statistics.claw_counts(source).sum()) for source in statistics.CLAWS] == [
        200,
        440,
        2033,
    ]
    assert statistics.claw_counts("fafb_zheng_2022").values[:3].tolist() == [1, 4, 13]


def test_what_is_read_from_tables_cannot_be_spoiled():
    statistics.claws().probabilities[0] = 5
    glomerulus_names.current_names()["D"] = "X"
    assert statistics.claws().probabilities.sum() == pytest.approx(1)
    assert "D" not in glomerulus_names.current_names()


def test_older_names_of_glomeruli():
    usage = statistics.glomerulus_usage(["VA1lm", "D"])
    assert list(usage["glomerulus"].values) == ["VA1v", "D"]
    assert usage.equals(statistics.glomerulus_usage(["VA1v", "D"]))
    # In the hemibrain these were VC3l, VC3m and VC5.
    assert statistics.glomerulus_usage(["VC3", "VC5", "VM6"]).values.tolist() == [287, 240, 145]


def test_the_panel_s_receptors_have_glomeruli():
    panel = olfnet.load_panel("hallem_carlson_2006")
    named = panel.sel(receptor=panel["glomerulus"] != "")
    wiring = statistics.adult(named["glomerulus"].values)
    assert wiring.draw(50, 22, rng=0).shape == (50, 22)


def test_a_matrix_of_one_s_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("unit;A;B\nk1;2;0\nk2;0;7\n")
    found = load_connectome(file)
    np.testing.assert_array_equal(found, [[2, 0], [0, 7]])
    assert found.attrs["source"] == "mine.csv"
    np.testing.assert_array_equal(
        weights_of(found, threshold=3, counted=True).toarray(), [[0, 0], [0, 7]]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit,A\nk1,-2\n", "A must be whole numbers of synapses, at least 0, got '-2' in row k1"),
        ("unit,A\nk1,1.5\n", "got '1.5' in row k1"),
        ("unit,A\nk1,\n", "got '' in row k1"),
        ("unit,A\nk1,NA\n", "got 'NA' in row k1"),
        ("unit,A\nk1,two\n", "got 'two' in row k1"),
        ("unit,A\nk1,inf\n", "got 'inf' in row k1"),
        ("unit,A\nk1,1e300\n", "got '1e300' in row k1"),
        ("unit;A\nk1;1,5\n", "got '1,5' in row k1"),
        ("unit,A\nk1,1\nk1,2\n", "line 3 .* must not repeat the unit 'k1'"),
        ("unit,A,A\nk1,1,2\n", "line 1 .* must not repeat the input 'A'"),
        ("unit,A, A\nk1,1,2\n", "line 1 .* must not repeat the input 'A'"),
        ("unit,A\n,1\n", "line 2 .* must name its unit"),
        ("unit,A,\nk1,1,2\n", "line 1 .* must name its input"),
        ("unit,A;B\nk1,1;2\n", "must use one separator .* got comma and semicolon"),
        ("unit,A,B\nk1,1,2\nk2;3;4\n", r"line 3 .* must have 3 columns .* \(mixed separators"),
        ("unit,A\nk1,1,2\nk2,1,2\n", "line 2 .* must have 2 columns .* got 3"),
        ("unit A\nk1 1\n", "must use one separator .* got none"),
        ("unit,A\n", "line 1 .* must be followed by at least one unit"),
        ("", "must have a header and rows, got an empty file"),
    ],
)
def test_bad_matrices(tmp_path, text, message):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_connectome(file)


def test_every_connectome_has_a_license(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("unit,A\nk1,2\n")
    assert load_connectome("eichler_2017_left").attrs["license"].startswith("MIT")
    assert load_connectome(file).attrs["license"] == "not stated"
    assert load_connectome(file, license="CC0").attrs["license"] == "CC0"
    with pytest.raises(ValueError, match="license must not be given for what is in the box"):
        load_connectome("eichler_2017_left", license="CC0")


def test_unknown_names(tmp_path):
    with pytest.raises(ValueError, match="source must be eichler_2017_left, eichler_2017_right or"):
        load_connectome("eichler")
    with pytest.raises(ValueError, match="source must be one of caron_2013, .*, got 'mine'"):
        statistics.claws("mine")
    with pytest.raises(ValueError, match="glomeruli must be of those of the hemibrain, D, .*'XX'"):
        statistics.glomerulus_usage(["D", "XX"])
    for given, message in (
        (["DM1", "DM1"], "glomeruli must be different, got 'DM1' twice"),
        (["VA1v", "VA1lm"], "glomeruli must be different, got 'VA1v' twice"),
        ("DM1", "glomeruli must be a list of names, got 'DM1'"),
        ([], "glomeruli must name at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            statistics.adult(given)
    with pytest.raises(ValueError, match="source must be eichler.*, got None"):
        load_connectome(None)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_connectome(tmp_path / "none.csv")
    areas = load_connectome("eichler_2017_left").assign_attrs(units="um2")
    with pytest.raises(ValueError, match="connectome must be in synapses, got 'um2'"):
        weights_of(areas)
    with pytest.raises(ValueError, match=r"must be \(unit, input\), got dimensions None"):
        weights_of(np.eye(3))
    transposed = load_connectome("eichler_2017_left").T
    with pytest.raises(ValueError, match=r"connectome must be \(unit, input\), got dimensions"):
        weights_of(transposed)


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
        np.diff(weights_of(load_connectome(f"eichler_2017_{side}")).indptr).astype(float)
        for side in ("left", "right")
    )
    assert chance_of_two_modes(left, rng) < 0.08  # .04 +- .014
    assert chance_of_two_modes(right, rng) > 0.5  # .67 +- .03
    two, one = rng.normal([0, 8], 1, (100, 2)).ravel(), rng.normal(4, 2, 200)
    assert chance_of_two_modes(two, rng) < 0.01 < chance_of_two_modes(one, rng)
