"""The odor path as a network: rates, slopes, bounds of the layers, and certified radii."""

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab import odor_network
from olfnet.receptors import NoNormalization, fly_odors
from olfnet.theory import lipschitz
from olfnet.theory.lipschitz import Ball, Enclosure, bound, enclosed
from olfnet.theory.network import Network


@pytest.fixture(scope="module")
def circuit():
    return odor_network.expansion(120, 6, 0.1, np.random.default_rng(0))


@pytest.fixture(scope="module")
def path(circuit):
    return odor_network.nearest_code(circuit)


def test_layers_give_the_rates_of_the_circuit(circuit, path):
    rates = fly_odors()
    expected = rate.respond(circuit, odor_network.ANTENNAL_LOBE(rates)).rates
    codes = Network(path.layers[:3])(rates)
    np.testing.assert_allclose(codes, expected, atol=1e-10)
    assert expected.astype(bool).mean() == pytest.approx(0.1, abs=1e-3)
    distances = np.sum((codes[:, None] - expected[None]) ** 2, axis=2)
    outputs = path(rates)
    np.testing.assert_allclose(
        outputs - outputs.mean(axis=1, keepdims=True),
        (distances.mean(axis=1, keepdims=True) - distances) / 2,
        atol=1e-6,
    )
    np.testing.assert_array_equal(outputs.argmax(axis=1), np.arange(110))


def test_slopes_with_respect_to_receptor_rates_are_finite_differences(path):
    rates = fly_odors()[:30] + 0.5
    random, h = np.random.default_rng(1), 1e-5
    directions = random.standard_normal(rates.shape)
    weights = random.standard_normal((30, 110))
    slopes = np.sum(path.linearized(rates)[1](weights)[0] * directions, axis=1)
    change = path(rates + h * directions) - path(rates - h * directions)
    differences = np.sum(weights * change, axis=1) / (2 * h)
    equal = np.isclose(slopes, differences, rtol=1e-4, atol=1e-3 * np.abs(differences).max())
    assert equal.mean() > 0.9  # but for drives that cross a threshold on the way


@pytest.mark.parametrize(("norm", "radius"), [(2, 10.0), (np.inf, 3.0)])
def test_rates_and_slopes_of_projection_neurons_stay_enclosed(norm, radius):
    """At 50 points of a ball around an odor; at four times the distance some slopes do not."""
    layer, random = odor_network.AntennalLobe(odor_network.ANTENNAL_LOBE), np.random.default_rng(2)

    def jacobian(odor):
        return layer.linearized(np.tile(odor, (24, 1)))[1](np.eye(24))[0]

    for odor in fly_odors()[::40]:
        ball = Ball(radius, norm)
        region = enclosed(layer, Enclosure.of_input(odor), ball)
        steps = random.standard_normal((50, 24))
        steps = steps if norm == 2 else np.sign(steps)
        steps = radius * steps / np.linalg.norm(steps, norm, axis=1, keepdims=True)
        moved = np.maximum(odor + steps, 0)
        off = np.abs(layer.linearized(moved)[0] - region.value)
        assert (off <= region.half_width(ball)).all()
        near = np.array([jacobian(x) for x in moved])
        assert (np.abs(near - region.slope) <= region.slope_error * (1 + 1e-9) + 1e-12).all()
        far = np.array([jacobian(x) for x in np.maximum(odor + 4 * steps, 0)])
        assert (np.abs(far - region.slope) > region.slope_error).any()  # control


@pytest.mark.parametrize("norm", [2, np.inf])
def test_certificates_are_ordered_and_no_attack_within_them_succeeds(path, norm):
    rates = fly_odors()[::11]
    wide = lipschitz.certify(path, rates, norm=norm).radius
    near = lipschitz.certify_near(path, rates, norm=norm).radius
    assert (0 < wide).all()
    assert (2 * wide < near).all()
    repeated = np.repeat(np.arange(len(rates)), 5)
    options = {"norm": norm, "lower": 0.0, "rng": 4}
    inside = lipschitz.descend(path, rates[repeated], 0.999999 * near[repeated], **options)
    assert not inside.succeeded.any()
    assert lipschitz.descend(path, rates[repeated], 3 * near[repeated], **options).succeeded.any()


def test_a_readout_trained_on_noise_is_certified_for_smaller_radii(circuit, path):
    trained = odor_network.least_squares(circuit, np.random.default_rng(5))
    rates = fly_odors()[::11]
    correct = trained(rates).argmax(axis=1) == np.arange(110)[::11]
    assert correct.mean() > 0.8
    stored, learned = (lipschitz.certify_near(net, rates).radius for net in (path, trained))
    assert np.median(learned) < np.median(stored)


def test_raw_rates_have_a_constant_of_one():
    layer = odor_network.AntennalLobe(NoNormalization())
    assert bound(layer, 2, (24,)) == bound(layer, np.inf, (24,)) == 1
    with pytest.raises(ValueError, match="shape must be given"):
        bound(layer)


@pytest.mark.parametrize(
    ("sparsifier", "words"),
    [
        (sparsify.TopK(0.1), "TopK is not Lipschitz continuous"),
        (sparsify.GlobalThreshold(0.1), "sparsifier must be calibrated first"),
        (sparsify.FixedFeedback(1.0), "sparsifier must be a FixedThreshold, got FixedFeedback"),
    ],
)
def test_codes_that_cannot_be_certified_are_refused(sparsifier, words):
    weights = random_expansion(n_inputs=24, n_units=20, fan_in=6, coding_level=0.1, rng=0).weights
    with pytest.raises(ValueError, match=words):
        odor_network.network(
            odor_network.ANTENNAL_LOBE, Circuit(weights, sparsifier), np.eye(20), np.zeros(20)
        )
