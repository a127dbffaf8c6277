"""Spike trains against the laws of their point processes."""

import numpy as np
import pytest
import scipy.stats

from olfnet.expansion.trains import Gamma, Poisson, TimeCourse

DT = 1e-4
PROCESSES = [Poisson(), Gamma(1.0), Gamma(4.0), Gamma(0.5), Gamma(3.0, refractory=0.004)]


def trains(process, rate=50.0, seconds=2.0, n_inputs=500, course=None, seed=0):
    course = TimeCourse() if course is None else course
    expected = course.expected(np.full(n_inputs, rate), round(seconds / DT), DT)
    return process.draw(expected, DT, rng=np.random.default_rng(seed))


def intervals(inputs, steps):
    return np.diff(steps)[np.diff(inputs) == 0] * DT


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_contract(process):
    """Sorted, on the grid, at most one spike in a step, and as many as the rate says."""
    inputs, steps = trains(process)
    assert inputs.dtype == steps.dtype == np.int64
    assert (np.diff(inputs * 20_000 + steps) > 0).all()
    assert steps.min() >= 0
    assert steps.max() < 20_000
    counts = np.bincount(inputs, minlength=500)
    assert abs(counts.mean() - 100) < 4.5 * scipy.stats.sem(counts)
    # In equilibrium from the start: no more and no fewer spikes in the first tenth.
    early = np.bincount(inputs[steps < 2000], minlength=500)
    assert abs(early.mean() - 10) < 4.5 * scipy.stats.sem(early)


def law(process, rate):
    if isinstance(process, Poisson):
        return scipy.stats.expon(scale=1 / rate)
    free = 1 / rate - process.refractory
    return scipy.stats.gamma(process.order, process.refractory, free / process.order)


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_intervals_follow_their_law(process):
    """Of a long train, for short ones favor short intervals; the grid moves each by a step."""
    inputs, steps = trains(process, seconds=100.0, n_inputs=4)
    found = intervals(inputs, steps)
    distance = 1.95 / found.size**0.5  # of a Kolmogorov-Smirnov test at .001
    values = np.sort(found)
    below = np.arange(found.size) / found.size
    exact = law(process, 50.0)
    assert (exact.cdf(values - DT) - below < distance + 1 / found.size).all()
    assert (below - exact.cdf(values + DT) < distance).all()
    other = law(Gamma(2.0), 50.0)  # the test must be able to fail
    assert (np.abs(other.cdf(values) - below) > distance + 0.01).any()


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_rates_follow_the_time_course(process):
    course = TimeCourse(
        starts=(0.2, 0.7), length=0.3, overshoot=2.0, adaptation=0.1, spontaneous=20.0
    )
    n_inputs = 3000
    inputs, steps = trains(process, 40.0, 1.0, n_inputs, course)
    found = np.histogram(steps, bins=20, range=(0, 10_000))[0]
    expected = course.expected(np.full(1, 40.0), 10_000, DT)[0]
    wanted = n_inputs * np.diff(expected[::500])
    # Renewal counts of a bin vary by at most max(1, 1 / order) times Poisson's variance.
    spread = np.sqrt(wanted * 2.0)
    lag = 1.0 if isinstance(process, Poisson) or not process.refractory else 1.1
    assert (np.abs(found - wanted) < 4.5 * spread * lag + (lag - 1) * wanted).all()
    flat = np.full(20, found.mean())
    assert (np.abs(found - flat) > 4.5 * spread).any()


@pytest.mark.parametrize("refractory", [0.002, 0.005])
def test_a_dead_time_does_not_sharpen_an_onset(refractory):
    """Who has not spiked yet is not dead: rates are as wanted in the first milliseconds, too."""
    course = TimeCourse(starts=(0.1,), spontaneous=10.0)
    inputs, steps = trains(Gamma(1.0, refractory), 120.0, 0.15, 20_000, course)
    for start, stop in ((1000, 1025), (1025, 1050), (1050, 1100)):
        wanted = 20_000 * 120.0 * (stop - start) * DT
        found = ((steps >= start) & (steps < stop)).sum()
        # In the first step after the jump the dead share is read in its middle: a step's worth.
        assert abs(found - wanted) < 4.5 * wanted**0.5 + 20_000 * 120 * DT * 0.5


def test_spikes_in_one_step_are_moved_not_lost():
    inputs, steps = trains(Poisson(), rate=5000.0, seconds=0.1, n_inputs=400)
    counts = np.bincount(inputs, minlength=400)
    # Half of the steps are taken; only what is pushed over the end gets lost.
    assert abs(counts.mean() - 500) < 4.5 * scipy.stats.sem(counts) + 1
    assert (np.diff(inputs * 1000 + steps) > 0).all()


def test_silence():
    for process in PROCESSES:
        inputs, steps = trains(process, rate=0.0)
        assert inputs.size == steps.size == 0


def test_gain():
    times = np.linspace(0, 1, 1001)[:-1]
    course = TimeCourse(starts=(0.1, 0.5), length=0.2, rise=0.02, overshoot=1.0, adaptation=0.05)
    gain = course.gain(times)
    inside = ((times >= 0.1) & (times < 0.3)) | ((times >= 0.5) & (times < 0.7))
    assert (gain[~inside & (np.abs(times - 0.3) > 1e-9) & (np.abs(times - 0.7) > 1e-9)] == 0).all()
    u = 0.05
    np.testing.assert_allclose(
        course.gain(np.array([0.1 + u, 0.5 + u])), (1 - np.exp(-u / 0.02)) * (1 + np.exp(-u / 0.05))
    )
    assert (TimeCourse().gain(times) == 1).all()


def test_rates_below_spontaneous_ones():
    """An odor that inhibits an input takes it down to 0 at most, even with an overshoot."""
    course = TimeCourse(overshoot=3.0, adaptation=0.2, spontaneous=10.0)
    expected = course.expected(np.array([0.0, 5.0]), 1000, 1e-3)
    assert (np.diff(expected) >= 0).all()
    assert np.diff(expected)[0, 0] == 0
    np.testing.assert_allclose(
        np.diff(expected)[1, -1], (10 - 5 * (1 + 3 * np.exp(-5))) * 1e-3, rtol=1e-2
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: TimeCourse(starts=(0.2, 0.1)), "starts must rise"),
        (lambda: TimeCourse(starts=()), "starts must be 1-D with at least one entry"),
        (lambda: TimeCourse(starts=(-0.1,)), "starts must be non-negative"),
        (lambda: TimeCourse(length=0.0), "length must be positive, got 0"),
        (lambda: TimeCourse(overshoot=-1.5), "overshoot must be at least -1, got -1.5"),
        (lambda: TimeCourse(spontaneous=np.nan), "spontaneous must be finite"),
        (lambda: Gamma(order=0.0), "order must be positive"),
        (lambda: Gamma(refractory=-0.001), "refractory must be non-negative"),
        (
            lambda: trains(Gamma(2.0, refractory=0.02), rate=60.0),
            "refractory must be shorter than the mean interval, got 0.02 s at a rate of 60 Hz",
        ),
    ],
)
def test_bad_input(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
