"""Capacity for labels of which one is rare."""

import numpy as np
import pytest

import olfnet
from olfnet.theory import gardner


def gaussian(n, rng):
    return rng.standard_normal((n, 30))


def test_rare_labels_are_stored_more_easily():
    options = {"n_patterns": range(10, 400, 10), "n_trials": 60, "bias": True, "rng": 1}
    even = olfnet.measure_capacity(gaussian, **options)
    rare = olfnet.measure_capacity(gaussian, **options, label_fraction=0.1)
    low, high = rare.capacity_interval(0.999)
    assert low <= gardner.capacity(label_fraction=0.1) <= high
    assert even.capacity_interval(0.999)[1] < low
    assert "with 0.1 positive labels" in rare.definition
    assert "positive" not in even.definition
    assert rare.to_xarray().attrs["label_fraction"] == 0.1


def test_one_label_is_always_stored():
    points = olfnet.breaking_points(
        gaussian, max_patterns=200, n_trials=5, bias=True, label_fraction=1.0, rng=1
    )
    assert (points == 200).all()


def test_anew():
    curve = olfnet.measure_capacity(
        gaussian,
        n_patterns=[40, 200],
        n_trials=20,
        bias=True,
        label_fraction=0.1,
        nested=False,
        rng=1,
    )
    assert curve.n_separable[0] == 20
    assert curve.n_separable[1] < 20
    assert np.isclose(curve.label_fraction, 0.1)


def test_bad_fraction():
    with pytest.raises(ValueError, match=r"label_fraction must be in \[0, 1\], got 1.5"):
        olfnet.breaking_points(gaussian, max_patterns=9, n_trials=1, label_fraction=1.5)
