"""Activations: one contract for all of them, and known values."""

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
TOLERANCE = 2.5 * STEP**2 / 6 + 8 * np.finfo(float).eps / STEP


def test_every_member_is_under_contract():
    families = {c for c in vars(activations).values() if hasattr(c, "__dataclass_fields__")}
    assert families == {type(member) for member in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_slope_is_that_of_the_output(member):
    z = np.random.default_rng(0).uniform(-5, 5, (40, 3))
    assert np.abs(z).min() > STEP, "no kink within a step"
    slope = (member(z + STEP) - member(z - STEP)) / (2 * STEP)
    np.testing.assert_allclose(member.derivative(z), slope, rtol=0, atol=TOLERANCE)
    if member == Erf():
        assert np.abs(0.9 * member.derivative(z) - slope).max() > 100 * TOLERANCE


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_contract(member):
    z = np.random.default_rng(1).uniform(-5, 5, (40, 3))
    before = z.copy()
    for values in (member(z), member.derivative(z)):
        assert values.shape == z.shape
        assert values.dtype == np.float64
        assert not np.shares_memory(values, z)
    assert np.array_equal(z, before)
    assert member(z.tolist()).shape == z.shape
    assert np.shape(member(0.5)) == ()
    far = np.array([-1e308, -800.0, 800.0, 1e308])
    assert np.isfinite([member(far), member.derivative(far)]).all()
    assert np.isnan(member(np.nan))
    for inputs in ("a", [1j], [["b"]]):
        with pytest.raises(ValueError, match="inputs must be numbers, got"):
            member(inputs)


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_it_is_straight_or_smooth_between_its_kinks(member):
    """At a kink the slope, or the output, jumps; nowhere else."""
    for z in (0.0, 0.7):
        right, left = member.derivative([z + 1e-9, z - 1e-9])
        jump = np.ptp(member([z + 1e-9, z - 1e-9]))
        assert (abs(right - left) > 0.1 or jump > 0.1) == (z in member.kinks)
        if z in member.kinks:
            assert member.derivative(z) == left


def test_known_values():
    ends = [-np.inf, np.inf]
    limits = {ReLU(): [0, np.inf], LeakyReLU(0.1): ends, Step(): [0, 1], Tanh(): [-1, 1]}
    for member, values in limits.items():
        assert member(ends).tolist() == values
    assert ReLU()([-2, 0, 3]).tolist() == [0, 0, 3]
    assert not np.signbit(ReLU()(-2.0))
    assert Step()([-1, 0, 1e-300]).tolist() == [0, 0, 1]
    assert Sigmoid().derivative(0.0) == 0.25 == Sigmoid().derivative(np.linspace(-9, 9, 181)).max()
    assert Tanh().derivative(400.0) == 0.0
    assert Sigmoid().derivative(-700.0) > 0, "tails are not rounded to 0"
    assert Thresholded(Step(), 2.0)([2.0, 2.1]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LeakyReLU(np.nan), "slope must be finite, got nan"),
        (lambda: Thresholded(ReLU(), np.inf), "threshold must be finite, got inf"),
        (lambda: Thresholded(ReLU, 1.0), r"activation must be one such as ReLU\(\), got <class"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
