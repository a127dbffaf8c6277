"""The odor path as a network: the rooms' own answers, slopes, and bounds of the composition."""

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab import odor_network
from olfnet.lab.register import import_claims
from olfnet.receptors import NoNormalization, fly_odors
from olfnet.theory import lipschitz
from olfnet.theory.lipschitz import Ball, Enclosure, bound, enclosed
from olfnet.theory.network import Network

claims = vars(import_claims("certificates"))


@pytest.fixture(scope="module")
def circuit():
    return odor_network.expansion(120, 6, 0.1, np.random.default_rng(0))


@pytest.fixture(scope="module")
def path(circuit):
    return odor_network.nearest_code(circuit)


def test_layers_answer_as_the_rooms_do(circuit, path):
    rates = fly_odors()
    wanted = rate.respond(circuit, odor_network.LOBE(rates)).rates
    codes = Network(path.layers[:3])(rates)
    np.testing.assert_allclose(codes, wanted, atol=1e-10)
    assert wanted.astype(bool).mean() == pytest.approx(0.1, abs=1e-3)
    distances = np.sum((codes[:, None] - wanted[None]) ** 2, axis=2)
    outputs = path(rates)
    np.testing.assert_allclose(
        outputs - outputs.mean(axis=1, keepdims=True),
        (distances.mean(axis=1, keepdims=True) - distances) / 2,
        atol=1e-6,
    )
    np.testing.assert_array_equal(outputs.argmax(axis=1), np.arange(110))


def test_slopes_by_receptor_rates_are_differences(path):
    rates = fly_odors()[:30] + 0.5
    random, h = np.random.default_rng(1), 1e-5
    ways = random.standard_normal(rates.shape)
    weights = random.standard_normal((30, 110))
    pulled = path.linearized(rates)[1](weights)[0]
    along = np.sum(pulled * ways, axis=1)
    lines = np.sum(weights * (path(rates + h * ways) - path(rates - h * ways)), axis=1) / (2 * h)
    good = np.isclose(along, lines, rtol=1e-4, atol=1e-3 * np.abs(lines).max())
    assert good.mean() > 0.9  # but for drives that cross a threshold on the way


def test_projection_neurons_stay_enclosed():
    """At 100 places within reach of an odor; at four times the distance some do not."""
    layer, random = odor_network.AntennalLobe(odor_network.LOBE), np.random.default_rng(2)
    for odor in fly_odors()[::40]:
        for norm, size in ((2, 10.0), (np.inf, 3.0)):
            ball = Ball(size, norm)
            around = enclosed(layer, Enclosure.of_input(odor), ball)
            ways = random.standard_normal((100, 24))
            ways = ways if norm == 2 else np.sign(ways)
            ways = size * ways / np.linalg.norm(ways, norm, axis=1, keepdims=True)
            moved = np.maximum(odor + ways, 0)
            off = np.abs(layer.linearized(moved)[0] - around.value)
            assert (off <= around.half_width(ball)).all()
            near = np.array([slopes(layer, one) for one in moved])
            assert (np.abs(near - around.slope) <= around.slope_error * (1 + 1e-9) + 1e-12).all()
            far = np.array([slopes(layer, one) for one in np.maximum(odor + 4 * ways, 0)])
            assert (np.abs(far - around.slope) > around.slope_error).any()  # control


def slopes(layer, odor):
    return layer.linearized(np.tile(odor, (24, 1)))[1](np.eye(24))[0]


@pytest.mark.parametrize("norm", [2, np.inf])
def test_certified_odors_bear_attacks(path, norm):
    rates = fly_odors()[::11]
    wide = lipschitz.certify(path, rates, norm=norm).radius
    near = lipschitz.certify_near(path, rates, norm=norm).radius
    attacked = lipschitz.attacked_radius(path, rates, norm=norm, lower=0.0, n_rounds=6, rng=3)
    assert (0 < wide).all()
    assert (2 * wide < near).all()
    assert (near < attacked).all()
    assert np.median(near / attacked) > 0.3
    again = np.repeat(np.arange(len(rates)), 20)
    options = {"norm": norm, "lower": 0.0, "rng": 4}
    inside = lipschitz.descend(path, rates[again], 0.999999 * near[again], **options)
    assert not inside.succeeded.any()
    assert lipschitz.descend(path, rates[again], 3 * near[again], **options).succeeded.any()


def test_a_readout_taught_by_trials_is_certified_less_far(circuit, path):
    taught = odor_network.least_squares(circuit, np.random.default_rng(5))
    rates = fly_odors()[::11]
    known = taught(rates).argmax(axis=1) == np.arange(110)[::11]
    assert known.mean() > 0.8
    stored, learned = (lipschitz.certify_near(net, rates).radius for net in (path, taught))
    assert np.median(learned) < np.median(stored)


def test_raw_rates_have_a_constant_of_one():
    layer = odor_network.AntennalLobe(NoNormalization())
    assert bound(layer, 2, (24,)) == bound(layer, np.inf, (24,)) == 1
    with pytest.raises(ValueError, match="shape must be given"):
        bound(layer)


@pytest.mark.parametrize(
    ("sparsifier", "words"),
    [
        (sparsify.TopK(0.1), "sparsifier must not jump, got TopK"),
        (sparsify.GlobalThreshold(0.1), "sparsifier must be calibrated first"),
        (sparsify.FixedFeedback(1.0), "sparsifier must be a FixedThreshold, got FixedFeedback"),
    ],
)
def test_codes_that_cannot_be_certified_are_refused(sparsifier, words):
    weights = random_expansion(n_inputs=24, n_units=20, fan_in=6, coding_level=0.1, rng=0).weights
    with pytest.raises(ValueError, match=words):
        odor_network.network(
            odor_network.LOBE, Circuit(weights, sparsifier), np.eye(20), np.zeros(20)
        )


def test_attacks_are_counted():
    """Certificates hold, those eight times too large do not, and the count says how often."""
    net, inputs, radius = claims["image_network"](np.random.default_rng(6))

    def drawn(rng):
        return net, inputs, radius

    for times, won in ((0.999999, False), (8.0, True)):
        found = claims["successes"](drawn, times, 400, np.random.default_rng(7))
        assert (found.value > 0) == won
        assert found.low <= found.value <= found.high
