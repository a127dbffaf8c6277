"""The study of gain: theory is right where its assumptions hold, measured odors are near it."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study
from olfnet.receptors import fly_odors

STUDY = Path(__file__).parents[1] / "studies" / "attention_gain.py"
SETTINGS = {"uninhibited": 0.2, "fan_in": 7, "n_units": 1000}


@pytest.fixture
def study():
    """Loaded anew for each test, which may exchange its odors."""
    return load_study(STUDY)


def test_measured_odors(study):
    """Shares without saturation are R^n / sum R^n; normalization keeps codes spread, gain not."""
    module = study.measure.__globals__
    found = study.measure(**SETTINGS, rng=np.random.default_rng(0))
    rates = fly_odors()
    glomeruli = found["glomeruli"].mean("odor")
    for exponent in (1.0, 4.0):
        shares = rates**exponent / (rates**exponent).sum(axis=1, keepdims=True)
        logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
        wanted = -(shares * logs).sum(axis=1).mean()
        soft = glomeruli.sel(lobe="without saturation", exponent=exponent)
        assert float(soft) == pytest.approx(wanted, abs=1e-6)
        assert float(glomeruli.sel(lobe="divisive normalization", exponent=exponent)) > wanted + 0.1
    # Normal log rates are but an approximation here: within .1 and .35 nats of what is measured.
    exponents = module["EXPONENTS"]
    lobe, soft = module["lobe_theory"](exponents), module["softmax_theory"](exponents)
    assert np.abs(glomeruli.values[0] - lobe).max() < 0.1
    assert 0.1 < np.abs(glomeruli.values[1] - soft).max() < 0.35
    assert (np.diff(found["units"].mean("odor")) < 0).all()
    assert float(found["fly"]) > 1


def test_theory_is_right_for_normal_logarithms(study):
    """3000 lognormal odors with the measured mean and spread; 4 standard errors.

    A softmax is exact but for inhibition that is not infinite (1e-3).  Where neurons saturate,
    theory takes one inhibition for all odors, whatever they sum up to: .1 nats are allowed.
    """
    module = study.measure.__globals__
    mean, sd = module["log_rates"]()
    odors = np.exp(mean + sd * np.random.default_rng(1).standard_normal((3000, 24)))
    module["LEAST"] = 1e-9
    module["fly_odors"] = lambda: odors
    module["log_rates"].cache_clear()
    found = study.measure(**SETTINGS, rng=np.random.default_rng(0))["glomeruli"]
    reach = 4 * found.std("odor").values / 3000**0.5
    means, exponents = found.mean("odor").values, module["EXPONENTS"]
    for nth, (theory, allowed) in enumerate((("lobe_theory", 0.1), ("softmax_theory", 1e-3))):
        off = np.abs(means[nth] - module[theory](exponents))
        assert (off < reach[nth] + allowed).all()
        steeper = np.abs(means[nth] - module[theory](1.3 * exponents))
        assert steeper.max() > reach[nth].max() + allowed
    module["log_rates"].cache_clear()


def test_silent_odors_have_no_entropy(study):
    entropies = study.measure.__globals__["entropies"]
    np.testing.assert_allclose(entropies(np.array([[0.0, 0.0], [1.0, 1.0]])), [0, np.log(2)])
