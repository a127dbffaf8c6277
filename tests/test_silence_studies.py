"""Silent Kenyon cells in circuits are as many as counting all wirings says."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from olfnet.lab import load_study

STUDY = Path(__file__).parents[1] / "studies" / "silent_cells.py"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.mark.parametrize("fan_in", [2, 5])
def test_circuits_have_as_many_as_counted(study, fan_in):
    """6000 cells; the exact binomial interval of 99.99 % at each of six thresholds.

    Their coding level lies within 4 standard errors, of the spread among all wirings.
    """
    module = study.measure.__globals__
    found = [
        study.measure(fan_in=fan_in, n_units=2000, rng=stream)
        for stream in np.random.default_rng(0).spawn(3)
    ]
    thresholds = tuple(module["THRESHOLDS"])
    exact, other = (module["counts"](k, thresholds) for k in (fan_in, fan_in - 1))
    silent = sum(one["silent"].sel(n_odors=110).values for one in found) * 2000
    for n, wanted in zip(silent.round(), exact[:, 0], strict=True):
        interval = scipy.stats.binomtest(int(n), 6000).proportion_ci(0.9999)
        assert interval.low <= wanted <= interval.high
    assert np.abs(silent / 6000 - other[:, 0]).max() > 0.02
    level = np.mean([one["level"].values for one in found], axis=0)
    share = np.arange(111) / 110
    wanted, square = exact @ share, exact @ share**2
    reach = 4 * np.sqrt((square - wanted**2) / 6000)
    assert (np.abs(level - wanted) <= reach).all()


def test_units_are_as_active_as_expected_of_normal_drives(study):
    """Sums of 6 inputs are not quite normal: a tenth.  Rates go with the root of the fan-in."""
    module = study.measure.__globals__
    found = [
        study.measure(fan_in=6, n_units=1000, rng=stream)
        for stream in np.random.default_rng(2).spawn(2)
    ]
    thresholds = module["THRESHOLDS"][:3]
    right, wrong = (module["expected_activity"](fan_in, thresholds) for fan_in in (6, 4))
    for name, wanted in zip(("level", "rate"), right, strict=True):
        mean = np.mean([one[name].values[:3] for one in found], axis=0)
        np.testing.assert_allclose(mean, wanted, rtol=0.1)
    np.testing.assert_allclose(right[0], scipy.stats.norm.sf(thresholds), rtol=1e-12)
    assert (np.abs(wrong[1] / mean - 1) > 0.12).all()


def test_small_panels_leave_more_silent(study):
    """Rarefied counts are within the scatter of 12 random orders: 4 standard errors."""
    module = study.measure.__globals__
    found = np.array([
        study.measure(fan_in=4, n_units=1000, rng=stream)["silent"].sel(threshold=2.0).values
        for stream in np.random.default_rng(1).spawn(12)
    ])  # fmt: skip
    counts = module["counts"](4, (2.0,))[0]
    wanted = module["silent_units"].rarefied(counts, module["SIZES"])
    reach = 4 * found.std(axis=0) / 12**0.5 + 1e-3
    assert (np.abs(found.mean(axis=0) - wanted) < reach).all()
    assert (np.diff(found, axis=1) <= 0).all()
    normal = module["normal_theory"](4, 2.0, module["SIZES"])
    assert abs(normal[-1] - found[:, -1].mean()) > reach[-1]


def test_normal_theories_lie_on_either_side(study):
    """Measured odors resemble each other more than one factor says, drives are not normal.

    So neither is exact at a threshold of two standard deviations: .34, .56 where .50 is true.
    """
    module = study.measure.__globals__
    exact = module["counts"](7, (2.0,))[0, 0]
    assert exact == pytest.approx(0.498, abs=5e-4)
    assert module["normal_theory"](7, 2.0, 110) == pytest.approx(0.338, abs=5e-4)
    assert module["joint_theory"](7, 2.0) == pytest.approx(0.561, abs=3e-3)


def test_one_factor_is_right_for_a_panel_of_its_kind(study):
    """Normal rates of 60 glomeruli that differ in their means only; .03 for one finite panel."""
    module = study.measure.__globals__
    measured = module["PROJECTIONS"]
    rng = np.random.default_rng(2)
    invented = 100 + 20 * rng.standard_normal(60) + 25 * rng.standard_normal((110, 60))
    module["PROJECTIONS"] = invented
    try:
        found = study.measure(fan_in=6, n_units=8000, rng=np.random.default_rng(3))["silent"]
        normal = module["normal_theory"](6, module["THRESHOLDS"], 110)
    finally:
        module["PROJECTIONS"] = measured
    np.testing.assert_allclose(found.sel(n_odors=110), normal, atol=0.03)
    alike = module["silent_units"].silent_fraction(110, module["THRESHOLDS"])
    assert np.abs(found.sel(n_odors=110) - alike).max() > 0.06
