"""Spikes counted, cut and exported."""

import datetime

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import Response, Spikes, rate


@pytest.fixture
def spikes():
    rng = np.random.default_rng(0)
    odors, units = rng.integers(3, size=200), rng.integers(5, size=200)
    return Spikes(odors, units, rng.random(200) * 0.4, n_odors=4, n_units=6, stop=0.4)


def test_counts_and_times(spikes):
    for odor in range(4):
        for unit in range(6):
            mine = (spikes.odors == odor) & (spikes.units == unit)
            assert spikes.counts[odor, unit] == mine.sum()
            np.testing.assert_array_equal(spikes.times_of[odor, unit], np.sort(spikes.times[mine]))
    assert spikes.counts.sum() == 200


def test_between(spikes):
    part = spikes.between(0.1, 0.3)
    assert part.duration == pytest.approx(0.2)
    assert spikes.between(-1, 10).duration == pytest.approx(0.4)
    assert part.counts.sum() == ((spikes.times >= 0.1) & (spikes.times < 0.3)).sum()
    assert (part.counts <= spikes.counts).all()


def test_response(spikes):
    response = Response.of_spikes(spikes)
    np.testing.assert_allclose(response.rates, spikes.counts / 0.4)
    np.testing.assert_array_equal(response.active, spikes.counts > 0)
    assert response.spike_times[0, 0].dtype == float
    assert response.empty.tolist() == [False, False, False, True]


def test_rates_have_no_spikes():
    circuit = random_expansion(n_inputs=5, n_units=10, fan_in=2, coding_level=0.2, rng=0)
    response = rate.respond(circuit, np.ones((2, 5)))
    with pytest.raises(AttributeError, match="no spikes"):
        response.counts  # noqa: B018


def test_neo(spikes):
    pytest.importorskip("neo")
    block = spikes.to_neo()
    assert [len(segment.spiketrains) for segment in block.segments] == [6] * 4
    for odor, segment in enumerate(block.segments):
        for unit, train in enumerate(segment.spiketrains):
            np.testing.assert_allclose(train.rescale("s").magnitude, spikes.times_of[odor, unit])
            assert float(train.t_stop) == 0.4


@pytest.mark.filterwarnings("ignore:.*validate:FutureWarning")
def test_nwb(spikes, tmp_path):
    """What Neo writes as NWB, the library of that format reads."""
    neo = pytest.importorskip("neo")
    pynwb = pytest.importorskip("pynwb")
    block = spikes.to_neo()
    about = {
        "session_description": "test",
        "identifier": "olfnet",
        "session_start_time": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    }
    block.annotate(**about)
    file = tmp_path / "spikes.nwb"
    neo.io.NWBIO(str(file), mode="w").write_all_blocks([block])
    with pynwb.NWBHDF5IO(str(file), "r") as reader:
        units = reader.read().units
        trains = [np.asarray(units["spike_times"][i]) for i in range(len(units))]
    found = sorted(train.tolist() for train in trains if train.size)
    wanted = sorted(train.tolist() for train in spikes.times_of.ravel() if train.size)
    assert sum(map(len, found)) == sum(map(len, wanted)) == 200
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(wanted))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"units": [0]}, "one entry for each spike, got shapes"),
        ({"stop": 0.0}, "stop must be after start=0 s, got 0 s"),
        ({"units": [0, 0.5]}, "units must be integers"),
        ({"n_odors": 0}, "n_odors must be at least 1, got 0"),
        ({"units": [0, 2]}, "units must be at most 1, got 2"),
        ({"odors": [0, 5]}, "odors must be at most 0, got 5"),
        ({"times": [0.1, 1.2]}, "times must be from 0 to 1 s, got 1.2 s"),
    ],
)
def test_bad_input(change, sentence):
    good = {"odors": [0, 0], "units": [0, 1], "times": [0.1, 0.2], "n_odors": 1, "n_units": 2}
    with pytest.raises(ValueError, match=sentence):
        Spikes(**good | change)
