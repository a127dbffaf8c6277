"""Spiking simulation of a circuit."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet.checks import Seed
from olfnet.expansion.circuit import Circuit, Response
from olfnet.expansion.dynamics import Dynamics
from olfnet.expansion.spiking._network import assemble
from olfnet.expansion.spiking._plan import Plan
from olfnet.expansion.spiking._results import response_of
from olfnet.expansion.spiking._targets import Execution, run
from olfnet.expansion.trains import Process, TimeCourse


def respond(
    circuit: Circuit,
    odors: Any,
    *,
    duration: float,
    rng: Seed = None,
    dynamics: Dynamics | None = None,
    process: Process | None = None,
    course: TimeCourse | None = None,
    dt: float = 1e-4,
    record: ArrayLike = (),
    target: str | None = None,
    batch_size: int | None = None,
    n_workers: int = 1,
) -> Response:
    """Simulate the spikes of all units in response to each odor.

    The circuit's sparsifier is not used: inhibition and thresholds of cells keep the code sparse.
    Cells begin at rest.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like or sparse array, shape (n_odors, n_inputs)
        Rates of the inputs (projection neurons), in Hz.  Rows of the same odor have independent
        noise.
    duration : float
        In s, rounded to whole time steps, as are delays and refractory periods.
    rng : numpy.random.Generator or int, optional
        Source of the inputs' spikes and of noise; each odor has a stream of its own.
    dynamics : Dynamics, optional
        Cells and synapses; ``presets.rapp_nawrot_2020()`` without it.
    process : Process, optional
        Point process of the inputs' spikes, ``trains.Poisson()`` or ``trains.Gamma(...)``.
    course : TimeCourse, optional
        Time course of the rates; constant without it.
    dt : float
        Time step, in s.
    record : list of int
        Units whose potentials are recorded.
    target : {"numpy", "standalone", "cython"}, optional
        How Brian2 runs; without it, the one with the shortest expected time.
    batch_size : int, optional
        Odors side by side in one network; without it, as many as memory and cache hold.
    n_workers : int
        Processes that share the batches.  Target, batches and workers change time and memory, but
        no spikes.

    Returns
    -------
    Response
        With ``counts``, ``rates`` in Hz, ``spike_times`` in s, ``spikes`` for export and, if
        recorded, ``voltages`` in V.

    Raises
    ------
    ValueError
        If rates are negative or not finite, times are not positive, the time step is too long for
        the cells, or the target has no compiler.

    Examples
    --------
    >>> import olfnet
    >>> circuit = olfnet.random_expansion(
    ...     n_inputs=50, n_units=100, fan_in=6, coding_level=0.1, rng=1
    ... )
    >>> odors = np.random.default_rng(2).exponential(30.0, size=(2, 50))
    >>> response = respond(circuit, odors, duration=0.05, rng=3)
    >>> response.counts.shape, response.rates.max() > 0
    ((2, 100), np.True_)
    """
    plan = Plan.of(
        circuit,
        duration=duration,
        dynamics=dynamics,
        process=process,
        course=course,
        dt=dt,
        record=record,
    )
    rates = plan.rates(odors)
    how = Execution.of(plan, len(rates), target=target, batch_size=batch_size, n_workers=n_workers)
    streams = np.random.default_rng(rng).spawn(len(rates))
    return response_of(plan, run(plan, rates, streams, how))


def build(
    circuit: Circuit, odors: Any, *, duration: float, rng: Seed = None, **options: Any
) -> Any:
    """Return the Brian2 network that :func:`respond` would run, to be extended at will.

    Its objects, by name: the groups ``inputs`` (odor by odor, n_inputs each), ``units`` (n_units
    each) and ``inhibitor`` (one for each odor), the synapses ``excitation``, ``to_inhibitor`` and
    ``from_inhibitor``, and the monitors ``spikes``, ``inhibitor_spikes`` and ``voltages``, as far
    as the dynamics have them.

    Parameters
    ----------
    circuit, odors, duration, rng
        As for :func:`respond`.
    **options
        ``dynamics``, ``process``, ``course``, ``dt`` and ``record`` of :func:`respond`.

    Returns
    -------
    brian2.Network
        For Brian2's present device and target.

    Examples
    --------
    >>> import olfnet
    >>> circuit = olfnet.random_expansion(
    ...     n_inputs=50, n_units=100, fan_in=6, coding_level=0.1, rng=1
    ... )
    >>> network = build(circuit, np.full((2, 50), 30.0), duration=0.05, rng=3)
    >>> len(network["units"]), len(network["inhibitor"])
    (200, 2)
    """
    plan = Plan.of(circuit, duration=duration, **options)
    rates = plan.rates(odors)
    streams = np.random.default_rng(rng).spawn(len(rates))
    return assemble(plan, plan.draw(rates, streams, len(rates)))
