"""Certified odors on small numbers: lower bounds below upper ones, and what they are made of."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study, odor_network, run
from olfnet.receptors import fly_odors
from olfnet.theory import lipschitz

STUDY = Path(__file__).parents[1] / "studies" / "certified_odors.py"


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    study = load_study(STUDY)
    settings = {"readout": ("nearest code", "least squares"), "n_odors": 5, "n_units": 60}
    out = tmp_path_factory.mktemp("odors") / "r"
    return study, run(study, quick=True, settings=settings, out=out, n_workers=1).dataset


def test_certified_radii_lie_below_attacked_ones(quick):
    _, dataset = quick
    attacked, certified, product = (
        dataset[name].values for name in ("attacked", "certified", "product")
    )
    assert (dataset["status"] == 1).all()
    named = attacked > 0
    assert named.mean() > 0.3
    assert (product[named] > 0).all()
    assert (product[named] < certified[named]).all()
    assert (certified[named] < attacked[named]).all()
    assert not (2.5 * certified[named] < attacked[named]).all()  # control: not far below either
    assert (certified[~named] == 0).all()
    by_norm = dataset["attacked"].transpose("norm", ...).values
    assert (
        by_norm[0] >= by_norm[1] * (1 - 1e-9)
    ).all()  # no change is shorter than its largest part


def test_radii_are_those_of_the_odor_path(quick):
    study, _ = quick
    options = {"readout": "nearest code", "coding_level": 0.1, "n_units": 60, "fan_in": 6}
    found = study.measure(**options, n_odors=8, rng=np.random.default_rng(4))
    wiring = np.random.default_rng(4).spawn(2)[0]
    net = odor_network.nearest_code(odor_network.expansion(60, 6, 0.1, wiring))
    chosen = np.linspace(0, 109, 8).round().astype(int)
    rates = fly_odors()[chosen]
    right = net(rates).argmax(axis=1) == chosen
    for k, norm in enumerate((2, np.inf)):
        near = lipschitz.certify_near(net, rates, norm=norm, n_halvings=8).radius
        wide = lipschitz.certify(net, rates, norm=norm).radius
        np.testing.assert_allclose(found["certified"][k], np.where(right, near, 0), rtol=1e-12)
        np.testing.assert_allclose(found["product"][k], np.where(right, wide, 0), rtol=1e-12)
    assert not np.allclose(found["certified"][0], found["certified"][1])


def test_shares_leave_out_odors_that_get_a_wrong_name(quick):
    study, _ = quick
    shares = study.table.__globals__["shares"]
    values = np.array([[[4.0, 0.0, 2.0], [1.0, 0.0, 1.5], [0.4, 0.0, 0.2]]])
    np.testing.assert_allclose(shares(values), [[0.5, 0.1]])


def test_tables_and_figures_bear_holes(quick):
    study, dataset = quick
    assert study.table(dataset).row_count == 4
    left, _, right = study.figure(dataset).axes
    assert left.get_ylabel() == "length of the change (spikes/s)"
    assert right.get_xlabel() == "active units (%)"
    holes = dataset.copy(deep=True)
    holes["status"][{"repeat": 0}] = 2
    study.table(holes)
    study.figure(holes)
    holes["status"][:] = 0
    assert study.table(holes).row_count == 0
    study.figure(holes)
