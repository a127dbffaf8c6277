"""Spikes counted, cut and exported."""

import datetime
import sys

import numpy as np
import pytest

from olfnet.expansion import Response, Spikes


@pytest.fixture
def spikes():
    rng = np.random.default_rng(0)
    odors, units = rng.integers(3, size=200), rng.integers(5, size=200)
    return Spikes(odors, units, rng.random(200) * 0.4, n_odors=4, n_units=6, stop=0.4)


def test_counts_and_times(spikes):
    for odor in range(4):
        for unit in range(6):
            own = (spikes.odors == odor) & (spikes.units == unit)
            assert spikes.counts[odor, unit] == own.sum()
            np.testing.assert_array_equal(spikes.times_of[odor, unit], np.sort(spikes.times[own]))
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


@pytest.mark.filterwarnings("ignore:.*validate:FutureWarning")
def test_neo_and_nwb(spikes, tmp_path):
    """What Neo writes as NWB, the library of that format reads."""
    neo = pytest.importorskip("neo")
    block = spikes.to_neo()
    assert [len(segment.spiketrains) for segment in block.segments] == [6] * 4
    for odor, segment in enumerate(block.segments):
        for unit, train in enumerate(segment.spiketrains):
            np.testing.assert_allclose(train.rescale("s").magnitude, spikes.times_of[odor, unit])
            assert float(train.t_stop) == 0.4
    pynwb = pytest.importorskip("pynwb")
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    block.annotate(session_description="test", identifier="olfnet", session_start_time=start)
    file = tmp_path / "spikes.nwb"
    neo.io.NWBIO(str(file), mode="w").write_all_blocks([block])
    with pynwb.NWBHDF5IO(str(file), "r") as reader:
        units = reader.read().units
        trains = [np.asarray(units["spike_times"][i]) for i in range(len(units))]
    read = sorted(train.tolist() for train in trains if train.size)
    written = sorted(train.tolist() for train in spikes.times_of.ravel() if train.size)
    np.testing.assert_allclose(np.concatenate(read), np.concatenate(written))


def test_without_neo(spikes, monkeypatch):
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(ImportError, match=r"to_neo needs Neo: pip install 'olfnet\[neo\]'"):
        spikes.to_neo()


@pytest.mark.parametrize(
    ("change", "message"),
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
def test_bad_input(change, message):
    good = {"odors": [0, 0], "units": [0, 1], "times": [0.1, 0.2], "n_odors": 1, "n_units": 2}
    with pytest.raises(ValueError, match=message):
        Spikes(**good | change)
