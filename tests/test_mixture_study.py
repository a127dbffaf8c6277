"""The study of mixtures: binding in closed form, grids as theory counts them, adaptation."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study

study = load_study(Path(__file__).parents[1] / "studies" / "mixture_grids.py")
inside = study.measure.__globals__


@pytest.fixture(scope="module")
def found():
    return {
        grid: {
            name: array.values
            for name, array in study.measure(
                grid=grid, n_dims=3, rng=np.random.default_rng(2)
            ).items()
        }
        for grid in inside["GRIDS"]
    }


def test_one_odor_binds_by_the_hill_curve_and_mixtures_compete():
    response = inside["Response"](2, np.random.default_rng(0))
    (k, other), (e, _) = response.affinity, response.efficacy
    assert response(np.array([[0.7, 0.0]]))[0] == pytest.approx(e * 0.7 * k / (1 + 0.7 * k))
    alone = response(np.array([[1.0, 0.0], [0.0, 1.0]])).sum()
    assert response(np.array([[1.0, 1.0]]))[0] < alone
    assert response(np.array([[1.0, 1.0]]))[0] == pytest.approx(
        (e * k + response.efficacy[1] * other) / (1 + k + other)
    )


@pytest.mark.parametrize("grid", ["sparse", "full"])
def test_parabolas_err_as_theory_says(found, grid):
    sizes, errors = inside["of_theory"](grid, 3)
    known = np.isfinite(found[grid]["parabola_error"])
    assert known.sum() >= 4
    n = np.flatnonzero(known).max() + 1
    assert found[grid]["parabola_points"][:n] == pytest.approx(sizes[:n], rel=1e-12)
    assert found[grid]["parabola_error"][:n] == pytest.approx(errors[:n], rel=1e-9)
    other = inside["of_theory"]("full" if grid == "sparse" else "sparse", 3)[1]
    assert np.abs(found[grid]["parabola_error"][1:n] / other[1:n] - 1).min() > 0.1


def test_too_many_points_are_not_asked_for(found):
    for grid in found.values():
        assert np.nanmax(grid["n_points"]) <= inside["MOST_POINTS"]
    assert np.isnan(found["full"]["error"][-1])


def test_a_finer_tolerance_leaves_less_error(found):
    errors = found["adaptive"]["error"]
    assert errors[0] > 10 * errors[4] > 100 * 2.0**-52
    assert np.nanmin(found["sparse"]["error"]) < found["full"]["error"][1]
