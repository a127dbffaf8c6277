"""The study of signal propagation: its points agree with theory, and would not with another one."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study, run

FILE = Path(__file__).parents[1] / "studies" / "signal_propagation.py"


@pytest.fixture(scope="module")
def study():
    return load_study(FILE)


@pytest.fixture(scope="module")
def dataset(study, tmp_path_factory):
    """Quick trial, with deep layers that are small."""
    out = tmp_path_factory.mktemp("studies") / "r"
    settings = {"n_units": 30, "depth": 8, "n_kenyon": 500}
    return run(study, settings=settings, quick=True, repeats=12, n_workers=1, out=out).dataset


def within(samples, theory, slack):
    """At 4.5 standard errors, for 12 repeats as sure as 3.3 are for many, and a finite size."""
    mean, error = samples.mean(axis=0), samples.std(axis=0, ddof=1) / len(samples) ** 0.5
    return np.abs(mean - theory) <= 4.5 * error + slack


def test_codes_follow_the_correlation_map(study, dataset):
    """Exact at any size; where hardly any unit responds, 3 of 6000 may make the difference."""
    module = study.measure.__globals__
    samples = module["finished"](dataset, "correlation")
    theory = np.array([module["code_theory"](f, module["CORRELATIONS"]) for f in module["LEVELS"]])
    levels = module["LEVELS"][:, None]
    counts = 3 / 6000 / (levels * (1 - levels))
    assert within(samples, theory, counts).all()
    assert not within(samples, theory[::-1], counts).all()


def test_gradients_follow_theory(study, dataset):
    """Finite size counts one part in 30 for each of 8 layers."""
    module = study.measure.__globals__
    samples = module["finished"](dataset, "gradient")[:, :, -1]
    profile = module["propagation"].profile
    theory = np.array(
        [
            profile(layer, 8, residual=residual).gradient[0] ** 2
            for layer, residual in module["KINDS"].values()
        ]
    )
    assert within(samples, theory, theory * 8 / 30).all()
    other = theory[[1, 2, 3, 1]]
    # All but chaotic gradients, which vary too much for a few repeats to tell.
    assert not within(samples, other, other * 8 / 30)[1:].any()


def test_edges_and_depth_scales_are_found(study):
    """What the figure does to exact input: growth chi^8, and deviations that decay."""
    module = study.measure.__globals__
    exact = np.exp(8 * 0.4 * np.log(module["TRIED"])) * np.ones((5, 1))
    layer, tanh = module["RandomLayer"], module["Tanh"]()
    edge = layer.critical(tanh, module["BIASES"]).weight_variance
    np.testing.assert_allclose(module["edges"](exact), edge, rtol=1e-12)
    assert (module["edges"](1.1 * exact) < 0.99 * edge).all()
    depths = layer(tanh, module["WEIGHTS"], module["BIAS"]).correlation_depth
    layers = np.array([module["expected"](weight)[2] for weight in module["WEIGHTS"]])
    np.testing.assert_allclose(module["depths"](np.exp(-layers / depths)), depths, rtol=1e-12)


def test_jackknife_of_a_mean_is_students_interval(study):
    module = study.measure.__globals__
    samples = np.random.default_rng(0).standard_normal((20, 3))
    found = module["jackknife"](samples, lambda mean: mean)
    np.testing.assert_allclose(found, module["drawing"].mean_and_reach(samples), rtol=1e-10)
    assert not module["jackknife"](samples[:2], lambda mean: mean)[1].any()


def test_table_and_figure_show_everything(study, dataset):
    assert study.table(dataset).row_count == 5 + 8 + 4 + 3
    drawn = study.figure(dataset)
    assert len(drawn.axes) == 4
    holes = dataset.copy(deep=True)
    holes["status"][:] = 2
    assert study.table(holes).row_count == 0
    assert len(study.figure(holes).axes) == 4
