"""The study of pruning: theory of what stays active, and that it matters which connections go."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study

measure = load_study(Path(__file__).parents[1] / "studies" / "pruning.py").measure


@pytest.fixture(scope="module")
def found():
    """Six circuits of 60 units for each way to prune half of the connections."""
    streams = np.random.default_rng(0).spawn(6)
    kinds = {"important": 0.5, "random": 0.5, "intact": 0.0}
    return {
        kind: [
            measure(
                kept="random" if kind == "intact" else kind,
                pruned=pruned,
                n_units=60,
                fan_in=7,
                rng=np.random.default_rng(int(stream.integers(2**32))),
            )
            for stream in streams
        ]
        for kind, pruned in kinds.items()
    }


def mean(outcomes, name):
    return np.mean([float(outcome[name]) for outcome in outcomes])


def test_an_intact_circuit_keeps_everything(found):
    assert mean(found["intact"], "overlap") == 1
    assert mean(found["intact"], "recalled") == 1
    assert mean(found["intact"], "predicted") == pytest.approx(1)


def test_it_matters_which_connections_go(found):
    assert mean(found["important"], "overlap") > mean(found["random"], "overlap") + 0.2
    assert mean(found["important"], "recalled") > mean(found["random"], "recalled")


def test_theory_tells_how_much_stays_active(found):
    """Inputs correlate, which theory leaves out: a tenth; the other way to prune is far off."""
    for kind, other in (("important", "random"), ("random", "important")):
        overlap = mean(found[kind], "overlap")
        assert overlap == pytest.approx(mean(found[kind], "predicted"), abs=0.1)
        assert abs(overlap - mean(found[other], "predicted")) > 0.2


def test_capacity_stays_below_its_bound(found):
    for outcomes in found.values():
        for outcome in outcomes:
            # A sequence ends at twice the rank on average, with a variance of twice the rank.
            rank = 60 * float(outcome["rank"])
            assert 60 * float(outcome["capacity"]) < 2 * rank + 5 * np.sqrt(2 * rank)
