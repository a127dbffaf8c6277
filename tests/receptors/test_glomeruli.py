"""Antennal-lobe transforms: published numbers (R14), formulas entry by entry, rivalry."""

import math

import numpy as np
import pytest
import xarray as xr

from olfnet import load_panel
from olfnet.receptors import absolute_rates
from olfnet.receptors.glomeruli import DivisiveNormalization, NoNormalization, ResponseGain

TRANSFORMS = [DivisiveNormalization(), ResponseGain(), NoNormalization()]
NORMALIZING = [DivisiveNormalization, ResponseGain]


@pytest.fixture
def rates():
    return absolute_rates(load_panel("hallem_carlson_2006"))


def participation_ratio(responses):
    covariance = np.cov(responses, rowvar=False)
    return np.trace(covariance) ** 2 / np.trace(covariance @ covariance)


def variation_over_odors(responses):
    """Coefficient of variation of the mean response to an odor."""
    means = np.asarray(responses).mean(axis=1)
    return means.std() / means.mean()


def measures(responses):
    values = np.asarray(responses)
    return {
        "mean": values.mean(),
        "sd": values.std(),
        "dimension": participation_ratio(values),
        "variation": variation_over_odors(values),
    }


PUBLISHED = {"mean": 48.10, "sd": 37.02, "dimension": 10.1, "variation": 0.104}
ROUNDING = {"mean": 0.005, "sd": 0.005, "dimension": 0.05, "variation": 0.0005}


def agrees(responses):
    found = measures(responses)
    return [abs(found[k] - PUBLISHED[k]) <= ROUNDING[k] for k in PUBLISHED]


def test_published_numbers(rates):
    assert participation_ratio(rates) == pytest.approx(4.8, abs=0.05)
    assert variation_over_odors(rates) == pytest.approx(0.592, abs=0.0005)
    assert all(agrees(DivisiveNormalization()(rates)))


@pytest.mark.parametrize(
    "rival", [DivisiveNormalization(m=0), ResponseGain(), NoNormalization()], ids=str
)
def test_rivals_do_not_give_the_published_numbers(rates, rival):
    assert not any(agrees(rival(rates)))


def divisive(r, s):
    return 165 * r**1.5 / (r**1.5 + 12**1.5 + s**1.5)


def response_gain(r, s):
    return 165 * r**1.5 / (r**1.5 + 12**1.5) * 12**1.5 / (12**1.5 + s**1.5)


@pytest.mark.parametrize(
    ("transform", "formula"),
    [(DivisiveNormalization(), divisive), (ResponseGain(), response_gain)],
)
def test_formula_entry_by_entry(rates, transform, formula):
    responses = transform(rates).to_numpy()
    for row, response in zip(rates.to_numpy().tolist(), responses, strict=True):
        s = 10.63 * math.fsum(row) / 190
        expected = [formula(r, s) for r in row]
        np.testing.assert_allclose(response, expected, rtol=1e-12)
        assert not np.allclose(response, [formula(r, 1.01 * s) for r in row], rtol=1e-4)


def test_all_parameters_enter():
    r, background = 30.0, 400.0
    s = 2.0 * (r + background) / 190
    response = DivisiveNormalization(max_rate=50, sigma=9, m=2, exponent=2)([[r, background]])
    assert response[0, 0] == pytest.approx(50 * 900 / (900 + 81 + s**2), rel=1e-12)
    response = ResponseGain(max_rate=50, sigma=9, m=2, exponent=2)([[r, background]])
    assert response[0, 0] == pytest.approx(50 * 900 / (900 + 81) * 81 / (81 + s**2), rel=1e-12)


@pytest.mark.parametrize("kind", NORMALIZING)
def test_without_lateral_inhibition_both_are_one_hill_function(rates, kind):
    r = rates.to_numpy()
    hill = 165 * r**1.5 / (r**1.5 + 12**1.5)
    np.testing.assert_allclose(kind(m=0)(r), hill, rtol=1e-12)
    assert not np.allclose(kind()(r), hill, rtol=0.1)


def test_weak_inputs_see_the_same_inhibition_and_strong_ones_do_not():
    """One glomerulus from weak to strong on a fixed background of 2000 spikes/s elsewhere."""
    for r, alike in ((1e-3, True), (1e3, False)):
        odor = [[r, 2000.0]]
        shift, scale = (kind()(odor)[0, 0] for kind in NORMALIZING)
        assert (abs(shift / scale - 1) < 1e-5) == alike


def test_input_gain_keeps_the_ceiling_and_response_gain_the_half_saturation():
    """Total activity is held at 3000 spikes/s by a second glomerulus."""
    r = np.geomspace(0.01, 2999, 4000)
    s = 10.63 * 3000 / 190
    odors = np.column_stack([r, 3000 - r])
    half_input = (12**1.5 + s**1.5) ** (1 / 1.5)
    shifted, scaled = (kind()(odors)[:, 0] for kind in NORMALIZING)
    assert np.interp(165 / 2, shifted, r) == pytest.approx(half_input, rel=1e-3)
    ceiling = 165 * 12**1.5 / (12**1.5 + s**1.5)
    assert np.interp(ceiling / 2, scaled, r) == pytest.approx(12, rel=1e-3)
    assert scaled.max() < ceiling < 4


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
class TestContract:
    """What holds of every transform; a new rival joins the list above."""

    def test_labels_are_kept(self, transform, rates):
        before = rates.copy(deep=True)
        responses = transform(rates)
        assert isinstance(responses, xr.DataArray)
        assert responses.dims == rates.dims
        assert list(responses.coords) == list(rates.coords)
        assert responses.attrs["quantity"] == "projection-neuron rate"
        assert responses.attrs["units"] == "spikes/s"
        assert responses.attrs["doi"] == rates.attrs["doi"]
        xr.testing.assert_identical(rates, before)
        with pytest.raises(ValueError, match="must hold changes .* got 'projection-neuron rate'"):
            absolute_rates(responses)

    def test_arrays_give_arrays(self, transform, rates):
        values = rates.to_numpy()
        responses = transform(values)
        assert type(responses) is np.ndarray
        np.testing.assert_array_equal(responses, transform(rates).to_numpy())
        np.testing.assert_array_equal(transform(values.tolist()), responses)
        responses[:] = -1
        assert values.min() >= 0

    def test_glomeruli_are_equals_and_odors_strangers(self, transform, rates):
        values = rates.to_numpy()
        responses = transform(values)
        order = np.random.default_rng(1).permutation(24)
        np.testing.assert_allclose(transform(values[:, order]), responses[:, order], rtol=1e-12)
        np.testing.assert_allclose(transform(values[5:6]), responses[5:6], rtol=1e-12)

    def test_extreme_rates(self, transform):
        odors = [[0.0, 0.0, 0.0], [1e308, 1e308, 0.0], [1e-320, 5.0, 1e300]]
        responses = transform(odors)
        assert np.isfinite(responses).all()
        assert (responses >= 0).all()
        assert (responses[0] == 0).all()
        assert responses[1, 2] == 0

    @pytest.mark.parametrize(
        ("odors", "message"),
        [
            ([[1.0, -0.5]], "rates must be non-negative, got a smallest entry of -0.5"),
            ([[1.0, np.nan]], r"rates must be finite, got nan at \(0, 1\)"),
            ([[1.0, np.inf]], r"rates must be finite, got inf at \(0, 1\)"),
            ([1.0, 2.0], "rates must be 2-D"),
            ([["much"]], "rates must be a table of numbers"),
        ],
    )
    def test_bad_rates_are_refused(self, transform, odors, message):
        with pytest.raises(ValueError, match=message):
            transform(odors)

    def test_measured_changes_are_refused(self, transform):
        with pytest.raises(ValueError, match="rates must be non-negative"):
            transform(load_panel("hallem_carlson_2006"))


@pytest.mark.parametrize("kind", NORMALIZING)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_rate": 0}, "max_rate must be positive, got 0"),
        ({"sigma": -1}, "sigma must be positive, got -1"),
        ({"m": -0.1}, "m must be non-negative, got -0.1"),
        ({"exponent": np.nan}, "exponent must be finite, got nan"),
    ],
)
def test_bad_parameters_are_refused(kind, parameters, message):
    with pytest.raises(ValueError, match=message):
        kind(**parameters)
