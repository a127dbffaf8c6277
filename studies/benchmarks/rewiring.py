"""Time degree-preserving rewiring beside plain Python loops, trade for trade.

The peer trades between two rows at a time, with Python's sets, as curveball was published.  Mixing
is measured, too: the fraction of connections that a rewired matrix still has in common with the
measured one, which falls with every round of trades until it is that of a random matrix.
"""

import time
from itertools import product

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.expansion.connectome import null_models
from olfnet.expansion.connectome.statistics import claws
from olfnet.expansion.wiring import BiasedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results

ROUNDS = np.array([1, 2, 5, 10, 20, 50, 100])


def loops(links: np.ndarray, n_trades: int, rng: np.random.Generator) -> np.ndarray:
    """Curveball in plain Python: rows as sets, pairs of them traded one after the other."""
    rows = [set(np.flatnonzero(row).tolist()) for row in links]
    for _ in range(n_trades):
        i, j = rng.choice(len(rows), 2, replace=False)
        mine, yours = list(rows[i] - rows[j]), list(rows[j] - rows[i])
        pool = rng.permutation(mine + yours).tolist()
        both = rows[i] & rows[j]
        rows[i], rows[j] = both | set(pool[: len(mine)]), both | set(pool[len(mine) :])
    answer = np.zeros_like(links)
    for row, columns in zip(answer, rows, strict=True):
        row[list(columns)] = True
    return answer


def measure(
    *, n_units: int, n_inputs: int, rng: np.random.Generator
) -> dict[str, float | xr.DataArray]:
    """Rewire a matrix like the adult fly's: claws as measured, inputs unequally used."""
    usage = rng.gamma(4.0, size=n_inputs)  # a variation of 1/2, as over the glomeruli
    weights = BiasedFanIn(claws(), usage).draw(n_units, n_inputs, rng=rng)
    start = time.perf_counter()
    drawn = null_models.SameDegrees(weights).draw(rng=rng)
    seconds = time.perf_counter() - start
    exact = all((drawn.sum(axis=k) == weights.sum(axis=k)).all() for k in (0, 1))
    links = np.ascontiguousarray(weights.astype(bool).toarray().T)
    start = time.perf_counter()
    rewired = loops(links, null_models._N_ROUNDS * (n_inputs // 2), rng)
    peer = time.perf_counter() - start
    shared, now = [], links.copy()
    for done in range(1, ROUNDS[-1] + 1):
        null_models._trade(now, rng)
        if done in ROUNDS:
            shared.append(np.sum(now & links) / links.sum())
    wall = {
        "seconds": "wall time of one rewired matrix",
        "seconds_loops": "wall time of the peer's rewired matrix",
    }
    left = np.sum(rewired & links) / links.sum()
    return {
        **results.labeled_each(wall, (seconds, peer), "s"),
        "exact": results.labeled(int(exact), "whether all degrees are kept (0, 1)"),
        "shared": results.labeled(shared, "connections not yet moved", rounds=ROUNDS),
        "shared_loops": results.labeled(left, "connections not moved by the peer"),
    }


def table(dataset: xr.Dataset) -> Table:
    """Show times, their ratio, and the fraction left of the measured matrix."""
    middle, rows = dataset.median("repeat"), []
    for n_units, n_inputs in product(middle["n_units"].values, middle["n_inputs"].values):
        at = middle.sel(n_units=n_units, n_inputs=n_inputs)
        own, loops = float(at["seconds"]), float(at["seconds_loops"])
        cells = (f"{own:.2f}", f"{loops:.2f}", f"{loops / own:.1f}")
        left = (f"{float(at['shared'][-1]):.1%}", f"{float(at['shared_loops']):.1%}")
        rows.append((n_units, n_inputs, *cells, *left))
    title = f"Rewiring, {null_models._N_ROUNDS} rounds of trades, one thread"
    columns = ("units", "inputs", "s", "loops: s", "loops / olfnet", "shared", "loops")
    return results.table(title, columns, rows)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the fraction left of the measured matrix after some rounds of trades."""
    (axes,) = panels = drawing.panels(1, 1, (4.2, 3.0))
    largest = {name: dataset[name].values[-1] for name in ("n_units", "n_inputs")}
    samples = results.along(dataset, "shared", "rounds", **largest)
    drawing.points(axes, samples, scale=100, ls="-")
    if samples:
        peer = 100 * float(results.finished(dataset, **largest)["shared_loops"].mean())
        axes.axhline(peer, color=drawing.COLORS[1], lw=1, label="Python loops, all trades")
    axes.set(xscale="log", xlabel="rounds of trades", ylabel="connections not yet moved (%)")
    axes.set_ylim(bottom=0)
    drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="rewiring",
    question="How long does a degree-preserving null model of a wiring take?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter.count("n_units", 2000, "rows of the matrix", quick=200),
        Parameter.count("n_inputs", (50, 150), "columns of the matrix", quick=50),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=5,
    quick_repeats=2,
    alone=True,
)

if __name__ == "__main__":
    main(study)
