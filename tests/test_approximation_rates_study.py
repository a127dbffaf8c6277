"""Networks err as theory says, in a study whose networks all have the same number of units."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study, run

STUDY = Path(__file__).parents[1] / "studies" / "approximation_rates.py"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.mark.parametrize("m", [1, 2, 5, 9])
def test_errors_are_those_of_theory(study, m):
    """Rounding: 8 eps for each of n units of equal knots; sawtooths are exact."""
    found = {
        k: float(v)
        for k, v in study.measure(n_compositions=m, rng=np.random.default_rng(1)).items()
    }
    n = 3 * m - 1
    rounding = 8 * n * np.finfo(float).eps
    assert found["deep"] == 2.0 ** -(2 * m + 2)
    assert found["interpolated"] == pytest.approx(1 / (4 * n**2), abs=rounding)
    assert found["balanced"] == pytest.approx(1 / (8 * n**2), abs=rounding)
    assert found["random"] > found["interpolated"]
    predicted = study.measure.__globals__["predicted"]
    for name in ("deep", "interpolated", "balanced"):
        assert found[name] == pytest.approx(float(predicted(name, n)), rel=1e-9)
        assert found[name] != pytest.approx(float(predicted(name, n + 1)), rel=1e-2)


def test_random_knots_err_by_their_mean(study):
    """Mean of 200 networks of 14 units: 4 standard errors; not that of 17."""
    streams = np.random.default_rng(0).spawn(200)
    found = [float(study.measure(n_compositions=5, rng=one)["random"]) for one in streams]
    predicted = study.measure.__globals__["predicted"]
    reach = 4 * np.std(found) / 200**0.5
    assert np.mean(found) == pytest.approx(float(predicted("random", 14)), abs=reach)
    assert abs(np.mean(found) - float(predicted("random", 17))) > reach


def test_rates_are_fitted_and_shown(study, tmp_path):
    settings = {"n_compositions": (2, 4, 7)}
    with ThreadPoolExecutor(1) as executor:
        options = {"settings": settings, "repeats": 2, "executor": executor}
        dataset = run(study, out=tmp_path / "r", **options).dataset
    slopes = study.measure.__globals__["fitted"](dataset)
    assert slopes == pytest.approx({"interpolated": -2.0, "deep": -2.0}, abs=1e-9)
    table = study.table(dataset)
    assert table.row_count == 6
    assert "-2.0000" in table.caption
    deep, functions, axes = study.figure(dataset).axes
    assert len(deep.collections) == 4
    assert len(functions.lines) == 4
    assert len(axes.get_legend().get_texts()) == 4
    holes = dataset.copy(deep=True)
    holes["status"][{"n_compositions": 1}] = 0
    assert study.table(holes).row_count == 4
    study.figure(holes)


def test_too_deep(study):
    with pytest.raises(ValueError, match="n_compositions must be at most 20, got 21"):
        run(study, settings={"n_compositions": 21})
