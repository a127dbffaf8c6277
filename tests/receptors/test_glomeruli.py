"""Antennal-lobe transforms: formulas entry by entry, and what holds of all of them."""

import math

import numpy as np
import pytest
import xarray as xr

from olfnet import load_panel
from olfnet.receptors import DivisiveNormalization, NoNormalization, ResponseGain, absolute_rates

TRANSFORMS = [DivisiveNormalization(), ResponseGain(), NoNormalization()]
NORMALIZING = [DivisiveNormalization, ResponseGain]
family = pytest.mark.parametrize("transform", TRANSFORMS, ids=str)


@pytest.fixture
def rates():
    return absolute_rates(load_panel("hallem_carlson_2006"))


def divisive(r, s, max_rate=165, sigma=12, n=1.5):
    return max_rate * r**n / (r**n + sigma**n + s**n)


def response_gain(r, s, max_rate=165, sigma=12, n=1.5):
    return max_rate * r**n / (r**n + sigma**n) * sigma**n / (sigma**n + s**n)


@pytest.mark.parametrize(
    ("kind", "formula"), [(DivisiveNormalization, divisive), (ResponseGain, response_gain)]
)
def test_formula_entry_by_entry(rates, kind, formula):
    """With published and other parameters; without inhibition both are one Hill function."""
    for row, response in zip(rates.values[:9].tolist(), kind()(rates)[:9].values, strict=True):
        s = 10.63 * math.fsum(row) / 190
        np.testing.assert_allclose(response, [formula(r, s) for r in row], rtol=1e-12)
        assert not np.allclose(response, [formula(r, 1.01 * s) for r in row], rtol=1e-4)
    other = kind(max_rate=50, sigma=9, m=2, exponent=2)([[30.0, 400.0]])
    assert other[0, 0] == pytest.approx(formula(30.0, 2 * 430 / 190, 50, 9, 2), rel=1e-12)
    r = rates.values
    np.testing.assert_allclose(kind(m=0)(r), 165 * r**1.5 / (r**1.5 + 12**1.5), rtol=1e-12)


@family
def test_labels_are_kept(transform, rates):
    before = rates.copy(deep=True)
    responses = transform(rates)
    assert responses.dims == rates.dims
    assert list(responses.coords) == list(rates.coords)
    assert responses.attrs == rates.attrs | {"quantity": "projection-neuron rate"}
    xr.testing.assert_identical(rates, before)
    with pytest.raises(ValueError, match="must hold changes .* got 'projection-neuron rate'"):
        absolute_rates(responses)


@family
def test_arrays_give_arrays_glomeruli_are_equal_and_odors_independent(transform, rates):
    values = rates.to_numpy()
    responses = transform(values)
    assert type(responses) is np.ndarray
    np.testing.assert_array_equal(responses, transform(rates).to_numpy())
    np.testing.assert_array_equal(transform(values.tolist()), responses)
    order = np.random.default_rng(1).permutation(24)
    np.testing.assert_allclose(transform(values[:, order]), responses[:, order], rtol=1e-12)
    np.testing.assert_allclose(transform(values[5:6]), responses[5:6], rtol=1e-12)
    responses[:] = -1
    assert values.min() >= 0


@family
def test_extreme_rates(transform):
    odors = [[0.0, 0.0, 0.0], [1e308, 1e308, 0.0], [1e-320, 5.0, 1e300]]
    responses = transform(odors)
    assert np.isfinite(responses).all()
    assert (responses >= 0).all()
    assert (responses[0] == 0).all()
    assert responses[1, 2] == 0


@family
@pytest.mark.parametrize(
    ("odors", "message"),
    [
        ([[1.0, -0.5]], "rates must be non-negative, got a smallest entry of -0.5"),
        (load_panel("hallem_carlson_2006"), "rates must be non-negative"),
        ([[1.0, np.inf]], r"rates must be finite, got inf at \(0, 1\)"),
        ([1.0, 2.0], "rates must be 2-D"),
        ([["much"]], "rates must be a table of numbers"),
    ],
)
def test_bad_rates(transform, odors, message):
    with pytest.raises(ValueError, match=message):
        transform(odors)


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
def test_bad_parameters(kind, parameters, message):
    with pytest.raises(ValueError, match=message):
        kind(**parameters)
