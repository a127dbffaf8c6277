"""Spike trains against the laws of their point processes."""

import numpy as np
import pytest
import scipy.stats

from olfnet.expansion.trains import Gamma, Poisson, TimeCourse

DT = 2e-4
PROCESSES = [Poisson(), Gamma(1.0), Gamma(4.0), Gamma(0.5), Gamma(3.0, refractory=0.004)]
family = pytest.mark.parametrize("process", PROCESSES, ids=str)


def trains(process, rate=50.0, seconds=1.0, n_inputs=300, course=None):
    course = TimeCourse() if course is None else course
    expected = course.expected(np.full(n_inputs, rate), round(seconds / DT), DT)
    return process.draw(expected, DT, rng=np.random.default_rng(0))


@family
def test_contract(process):
    """Sorted, on the grid, at most one spike in a step, and as many as the rate says."""
    inputs, steps = trains(process)
    assert inputs.dtype == steps.dtype == np.int64
    assert (np.diff(inputs * 5000 + steps) > 0).all()
    assert 0 <= steps.min() <= steps.max() < 5000
    # In equilibrium from the start: no more and no fewer spikes in the first tenth.
    for part, expected in ((steps >= 0, 50), (steps < 500, 5)):
        counts = np.bincount(inputs[part], minlength=300)
        assert abs(counts.mean() - expected) < 4.5 * scipy.stats.sem(counts)
    silent_inputs, silent_steps = trains(process, rate=0.0)
    assert silent_inputs.size == silent_steps.size == 0


def law(process, rate):
    if isinstance(process, Poisson):
        return scipy.stats.expon(scale=1 / rate)
    free = 1 / rate - process.refractory
    return scipy.stats.gamma(process.order, process.refractory, free / process.order)


@family
def test_intervals_follow_their_law(process):
    """Of a long train, since short ones favor short intervals; the grid moves each by a step."""
    inputs, steps = trains(process, seconds=40.0, n_inputs=4)
    values = np.sort(np.diff(steps)[np.diff(inputs) == 0] * DT)
    distance = 1.95 / values.size**0.5  # of a Kolmogorov-Smirnov test at .001
    below = np.arange(values.size) / values.size
    exact = law(process, 50.0)
    assert (exact.cdf(values - DT) - below < distance + 1 / values.size).all()
    assert (below - exact.cdf(values + DT) < distance).all()
    other = law(Gamma(2.0), 50.0)  # control
    assert (np.abs(other.cdf(values) - below) > distance + 0.01).any()


@family
def test_rates_follow_the_time_course(process):
    """Renewal counts have at most max(1, 1 / order) times Poisson's variance."""
    course = TimeCourse(
        starts=(0.2, 0.7), length=0.3, overshoot=2.0, adaptation=0.1, spontaneous=20.0
    )
    _, steps = trains(process, 40.0, 1.0, 800, course)
    counts = np.histogram(steps, bins=20, range=(0, 5000))[0]
    expected = 800 * np.diff(course.expected(np.full(1, 40.0), 5000, DT)[0, ::250])
    sd = np.sqrt(expected * 2.0)
    lag = 1.1 if getattr(process, "refractory", 0) else 1.0  # after a step in the rate
    assert (np.abs(counts - expected) < 4.5 * sd * lag + (lag - 1) * expected).all()
    assert (np.abs(counts - counts.mean()) > 4.5 * sd).any()  # control


@pytest.mark.parametrize("refractory", [0.002, 0.005])
def test_a_refractory_period_does_not_sharpen_an_onset(refractory):
    """Trains without a recent spike are not refractory: the first milliseconds have the rate."""
    course, n_inputs = TimeCourse(starts=(0.1,), spontaneous=10.0), 6000
    _, steps = trains(Gamma(1.0, refractory), 120.0, 0.12, n_inputs, course)
    for start, stop in ((500, 512), (512, 525), (525, 550)):
        expected = n_inputs * 120.0 * (stop - start) * DT
        count = ((steps >= start) & (steps < stop)).sum()
        # In the first step after the onset the refractory fraction is that of its middle.
        assert abs(count - expected) < 4.5 * expected**0.5 + n_inputs * 120 * DT * 0.5


def test_spikes_in_one_step_are_moved_not_lost():
    """Half of the steps have a spike; only those moved beyond the end are lost."""
    inputs, steps = trains(Poisson(), rate=2500.0, seconds=0.2)
    counts = np.bincount(inputs, minlength=300)
    assert abs(counts.mean() - 500) < 4.5 * scipy.stats.sem(counts) + 1
    assert (np.diff(inputs * 1000 + steps) > 0).all()


def test_rates_below_spontaneous_ones():
    """They are 0 at least, even with an overshoot."""
    course = TimeCourse(overshoot=3.0, adaptation=0.2, spontaneous=10.0)
    spikes = np.diff(course.expected(np.array([0.0, 5.0]), 1000, 1e-3))
    assert spikes.min() == spikes[0, 0] == 0
    exact = (10 - 5 * (1 + 3 * np.exp(-5))) * 1e-3
    np.testing.assert_allclose(spikes[1, -1], exact, rtol=1e-2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TimeCourse(starts=(0.2, 0.1)), "starts must rise"),
        (lambda: TimeCourse(starts=()), "starts must be 1-D with at least one entry"),
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
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
