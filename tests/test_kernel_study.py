"""The expansion as its kernel: distances as theory has them, claws that miss it, learning."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study

STUDIES = Path(__file__).parents[1] / "studies"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDIES / "kernel_limit.py").measure


def repeated(measure, n_repeats, name, **settings):
    streams = np.random.default_rng(0).spawn(n_repeats)
    return np.array(
        [measure(coding_level=0.1, **settings, rng=stream)[name].values for stream in streams]
    )


@pytest.mark.parametrize("layer", ["steps", "rectifiers"])
def test_circuits_are_as_far_from_the_kernel_as_theory_says(study, layer):
    """Mean square over 24 circuits; 4 standard errors of its own."""
    found = repeated(study, 24, "deviation", layer=layer, n_units=400) ** 2
    expected = study.__globals__["expected"]
    reach = 4 * found.std() / 24**0.5
    assert found.mean() == pytest.approx(expected(layer, 0.1, 400) ** 2, abs=reach)
    assert abs(found.mean() - expected(layer, 0.1, 100) ** 2) > reach


@pytest.mark.parametrize("layer", ["steps", "claws, inhibited", "tanh network"])
def test_kernels_are_met_at_every_angle(study, layer):
    """Mean over 24 draws of 300 units; 4 standard errors, and 1 % for higher orders."""
    found = repeated(study, 24, "kernel", layer=layer, n_units=300)
    module = study.__globals__
    line = module["limit"](layer, 0.1, module["ANGLES"])
    off = np.abs(found.mean(axis=0) - line / line[0])
    assert (off < 4 * found.std(axis=0) / 24**0.5 + 0.01).all()
    turned = np.abs(found.mean(axis=0) - np.roll(line, 1) / line[0])
    assert (turned > 4 * found.std(axis=0) / 24**0.5 + 0.01).any()


def test_claws_miss_the_kernel_unless_inhibition_takes_the_mean_away(study):
    few, many, inhibited, normal = (
        np.sqrt(np.mean(repeated(study, 10, "deviation", layer=layer, n_units=n) ** 2))
        for layer, n in (
            ("claws", 400),
            ("claws", 6000),
            ("claws, inhibited", 6000),
            ("steps", 6000),
        )
    )
    assert many > 0.6 * few  # not the quarter that chance alone would leave
    assert normal < inhibited < 0.5 * many


@pytest.mark.parametrize("layer", ["rectifiers", "tanh network"])
def test_many_units_learn_as_the_kernel_does(study, layer):
    module = study.__globals__
    line = module["answers_in_the_limit"](layer, 0.1, module["STEPS"])
    few, many = (
        np.abs(repeated(study, 3, "answer", layer=layer, n_units=n) - line).max(axis=1)
        for n in (40, 2048)
    )
    assert many.mean() < 0.1 * line[-1]
    assert many.mean() < 0.5 * few.mean()
    assert line[-1] > 0.5 > np.abs(line[0])


def test_odors_are_told_apart_that_no_line_can(study):
    """Every other quarter of the circle: opposite odors share their label."""
    module = study.__globals__
    odors = np.column_stack([np.cos(module["LEARNED"]), np.sin(module["LEARNED"])])
    assert np.abs(odors.T @ module["LABELS"]).max() < 1e-14
    flow = module["descent"]("steps", 0.1)
    assert (np.sign(flow.learned([80 * flow.learning_rate])[0]) == module["LABELS"]).all()
