"""Activations and their slopes against finite differences; each is a pure function."""

import numpy as np
import pytest

from olfnet.theory import activations
from olfnet.theory.activations import (
    Erf,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Step,
    Tanh,
    Thresholded,
)

MEMBERS = [
    Identity(), LeakyReLU(0.1), LeakyReLU(-0.5), ReLU(), Step(), Tanh(), Sigmoid(), Erf(),
    Thresholded(ReLU(), 0.7), Thresholded(Step(), 0.7), Thresholded(Tanh(), -1.2),
]  # fmt: skip
# Third derivatives of all of them are below 2.5, so that central differences err by less than
# 2.5 h^2 / 6, and rounding by eps |f| / h.
STEP = 1e-5
REACH = 2.5 * STEP**2 / 6 + 8 * np.finfo(float).eps / STEP


def inputs():
    return np.random.default_rng(0).uniform(-5, 5, (40, 3))


def test_every_member_is_under_contract():
    families = {c for c in vars(activations).values() if hasattr(c, "__dataclass_fields__")}
    assert families == {type(member) for member in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_slope_is_that_of_the_output(member):
    z = inputs()
    assert np.abs(z).min() > STEP, "no kink within a step"
    slope = (member(z + STEP) - member(z - STEP)) / (2 * STEP)
    np.testing.assert_allclose(member.derivative(z), slope, rtol=0, atol=REACH)


def test_the_test_would_notice_a_wrong_slope():
    z = inputs()
    slope = (Erf()(z + STEP) - Erf()(z - STEP)) / (2 * STEP)
    assert np.abs(np.sqrt(np.pi) / 2 * Erf().derivative(z) - slope).max() > 100 * REACH


@pytest.mark.parametrize(
    "activation", [Identity(), Tanh(), Sigmoid(), Erf(), ReLU(), LeakyReLU(0.1), Step()]
)
def test_derivatives(activation):
    inputs = np.concatenate([np.random.default_rng(7).normal(0, 3, 200), [-800.0, 800.0]])
    h = 1e-6
    slope = (activation(inputs + h) - activation(inputs - h)) / (2 * h)
    np.testing.assert_allclose(activation.derivative(inputs), slope, rtol=1e-5, atol=1e-9)
    assert not np.any(np.isnan(activation(inputs)))
    for kink in activation.kinks:
        left, right = activation.derivative([kink - 1e-9, kink + 1e-9])
        values = activation([kink - 1e-9, kink + 1e-9])
        assert left != right or abs(values[1] - values[0]) > 0.5


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_contract(member):
    z = inputs()
    before = z.copy()
    for answer in (member(z), member.derivative(z)):
        assert answer.shape == z.shape
        assert answer.dtype == np.float64
        assert not np.shares_memory(answer, z)
    assert np.array_equal(z, before)
    assert member(z.tolist()).shape == z.shape
    assert np.shape(member(0.5)) == ()


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_far_inputs_give_numbers(member):
    far = np.array([-1e308, -800.0, 800.0, 1e308])
    assert np.isfinite(member(far)).all()
    assert np.isfinite(member.derivative(far)).all()


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_it_is_straight_or_smooth_between_its_kinks(member):
    """At a kink the slope, or the output, jumps; nowhere else."""
    for place in (0.0, 0.7):
        right, left = member.derivative([place + 1e-9, place - 1e-9])
        jump = np.ptp(member([place + 1e-9, place - 1e-9]))
        assert (abs(right - left) > 0.1 or jump > 0.1) == (place in member.kinks)
        if place in member.kinks:
            assert member.derivative(place) == left


def test_infinite_inputs_give_limits():
    """Also where the slope is 0, which times infinity would be no number; NaN stays NaN."""
    ends = [-np.inf, np.inf]
    wanted = {ReLU(): [0, np.inf], LeakyReLU(0.1): ends, Step(): [0, 1], Tanh(): [-1, 1]}
    for member, values in wanted.items():
        assert member(ends).tolist() == values
    assert np.isnan(ReLU()(np.nan))


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
@pytest.mark.parametrize("inputs", ["a", [1j], [["b"]]])
def test_inputs_that_are_no_numbers(member, inputs):
    with pytest.raises(ValueError, match="inputs must be numbers, got"):
        member(inputs)


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_what_is_no_number_stays_none(member):
    assert np.isnan(member(np.nan))


def test_known_values():
    assert ReLU()([-2, 0, 3]).tolist() == [0, 0, 3]
    assert not np.signbit(ReLU()(-2.0))
    assert Step()([-1, 0, 1e-300]).tolist() == [0, 0, 1]
    assert Sigmoid().derivative(0.0) == 0.25 == Sigmoid().derivative(np.linspace(-9, 9, 181)).max()
    assert Tanh().derivative(400.0) == 0.0
    assert Sigmoid().derivative(-700.0) > 0, "tails are not rounded to 0"


def test_thresholds_move_an_activation():
    z = inputs()
    assert np.array_equal(Thresholded(Sigmoid(), 2.0)(z), Sigmoid()(z - 2.0))
    assert Thresholded(Step(), 2.0)([2.0, 2.1]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="threshold must be finite, got inf"):
        Thresholded(ReLU(), np.inf)


def test_bad_slope():
    with pytest.raises(ValueError, match="slope must be finite, got nan"):
        LeakyReLU(np.nan)
