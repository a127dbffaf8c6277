"""Mixtures of odors in which a response must be measured to be predicted for all.

A receptor binds odors that compete for it, with affinities drawn at random; its response is
measured in mixtures on a full grid of concentrations, on a sparse one, and on one that adapts, and
interpolated for all others.  Beside it stands a product of parabolas, for which theory gives the
error of the integral on either grid of piecewise linear functions.
"""

from itertools import product

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.theory.sparse_grids import (
    Interpolant,
    Polynomial,
    SparseGrid,
    adaptive,
    full,
    interpolate,
    n_points,
    parabola_error,
    regular,
)

GRIDS = ("full", "sparse", "adaptive")
LEVELS = np.arange(1, 8)
MOST_POINTS, N_TESTED = 5000, 500
MEANINGS = {
    "error": "largest error of the response, relative to the largest rate",
    "n_points": "mixtures measured",
    "parabola_error": "relative error of the integral of parabolas",
    "parabola_points": "points at which the parabolas are evaluated",
}


class Response:
    """Rate of one receptor in mixtures of odors that compete for it, relative to the largest.

    ``r = sum e_i k_i c_i / (1 + sum k_i c_i)`` with log-normal affinities k and uniform efficacies
    e, at concentrations c between 0 and 1 (Reddy et al. 2018, 10.7554/eLife.34958).
    """

    def __init__(self, n_odors: int, rng: np.random.Generator) -> None:
        self.affinity = rng.lognormal(0.0, 1.0, n_odors)
        self.efficacy = rng.random(n_odors)

    def __call__(self, mixtures: np.ndarray) -> np.ndarray:
        """Return the rates for mixtures of shape (n_mixtures, n_odors)."""
        bound = mixtures * self.affinity
        return bound @ self.efficacy / (1 + bound.sum(axis=1))


def laid_out(grid: str, n_dims: int, level: int) -> SparseGrid | None:
    """Return a grid of piecewise linear functions, unless it has too many points."""
    size = float(2**level - 1) ** n_dims if grid == "full" else 0
    made = None if size > MOST_POINTS else (full if grid == "full" else regular)(n_dims, level)
    return None if made is None or made.n_points > MOST_POINTS else made


def learned(grid: str, n_dims: int, level: int, response: Response) -> Interpolant | None:
    """Interpolate a response on a grid of this level, unless it has too many points."""
    if grid == "adaptive":
        found = adaptive(
            response, n_dims, tolerance=10.0**-level, max_points=MOST_POINTS, basis=Polynomial()
        )
        return found.interpolant if found.error <= 10.0**-level else None
    if grid == "full" and float(2 ** (level - 1) + 1) ** n_dims > MOST_POINTS:
        return None
    made = (full if grid == "full" else regular)(n_dims, level, Polynomial())
    return None if made.n_points > MOST_POINTS else interpolate(response, made)


def parabola(points: np.ndarray) -> np.ndarray:
    """Product of parabolas, whose integral is 6^-n_dims."""
    return np.prod(points * (1 - points), axis=1)


def measure(*, grid: str, n_dims: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Errors on grids of all levels; NaN where there would be too many points."""
    response, mixtures = Response(n_dims, rng), rng.random((N_TESTED, n_dims))
    measured = np.full((4, len(LEVELS)), np.nan)
    for nth, level in enumerate(LEVELS.tolist()):
        interpolant = learned(grid, n_dims, level, response)
        if interpolant is not None:
            measured[0, nth] = np.abs(interpolant(mixtures) - response(mixtures)).max()
            measured[1, nth] = interpolant.grid.n_points
        linear = None if grid == "adaptive" else laid_out(grid, n_dims, level)
        if linear is not None:
            measured[2, nth] = 1 - interpolate(parabola, linear).integral * 6.0**n_dims
            measured[3, nth] = linear.n_points
    return results.labeled_each(MEANINGS, measured, level=LEVELS)


def samples(dataset: xr.Dataset, grid: str, n_dims: int, name: str) -> np.ndarray:
    """Finished repeats at the levels at which none is missing, shape (n_repeats, n_levels)."""
    if grid not in dataset["grid"].values:
        return np.empty((0, 0))
    done = results.finished(dataset, grid=grid, n_dims=n_dims)
    complete = np.isfinite(done[name].values).all(axis=0)
    return done[name].values[:, complete]


def theory(grid: str, n_dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and relative error of the integral of parabolas, for twelve levels."""
    levels = np.arange(1, 13)
    if grid == "full":
        return (2.0**levels - 1) ** n_dims, 1 - (1 - 4.0**-levels) ** n_dims
    sizes = [n_points(n_dims, level) for level in levels.tolist()]
    errors = [parabola_error(n_dims, level) * 6.0**n_dims for level in levels.tolist()]
    return np.array(sizes), np.array(errors)


def table(dataset: xr.Dataset) -> Table:
    """Mixtures that are needed, and the remaining error."""
    rows = []
    for n_dims, grid in product(dataset["n_dims"].values, dataset["grid"].values):
        errors, sizes = (samples(dataset, grid, n_dims, name) for name in ("error", "n_points"))
        for error, size in zip(errors.T, sizes.T, strict=True) if len(errors) else ():
            mean, half_width = results.mean_and_half_width(error)
            cells = (f"{size.mean():.0f}", f"{mean:.2g}", f"±{half_width:.1g}")
            rows.append((n_dims, grid, *cells))
        rows.append(None)
    title = "A receptor's response to mixtures, interpolated (means)"
    columns = ("odors", "grid", "mixtures", "largest error", "95 %")
    return results.table(title, columns, rows, left=["grid"])


def draw_parabolas(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the error of the integral, theory as lines; full grids hollow."""
    for nth, n_dims in enumerate(dataset["n_dims"].values):
        color = drawing.COLORS[nth]
        for grid, ls, mfc in (("sparse", "-", color), ("full", "--", "white")):
            sizes, errors = theory(grid, int(n_dims))
            shown = sizes < 1e6
            axes.plot(sizes[shown], errors[shown], ls, lw=1, color=color)
            sizes, errors = (
                samples(dataset, grid, n_dims, name)
                for name in ("parabola_points", "parabola_error")
            )
            if len(errors):
                label = f"{n_dims} dimensions" if grid == "sparse" else None
                style = {"ms": 4, "color": color, "mfc": mfc, "label": label}
                axes.plot(sizes[0], errors[0], drawing.MARKERS[nth], **style)
    axes.set(xlabel="points", ylabel="relative error of the integral")


def draw_responses(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the error of the response for the most odors, against mixtures measured."""
    n_dims = int(dataset["n_dims"].values[-1])
    for nth, grid in enumerate(dataset["grid"].values, start=3):
        errors, sizes = (samples(dataset, grid, n_dims, name) for name in ("error", "n_points"))
        if len(errors):
            mean, half_width = results.mean_and_half_width(errors)
            low = np.minimum(half_width, 0.9 * mean)  # an axis of logarithms has no zero
            style = {"ls": "-", "label": f"{grid} grid"}
            drawing.errorbars(axes, sizes.mean(axis=0), mean, (low, half_width), nth, **style)
    axes.set(xlabel=f"mixtures of {n_dims} odors measured", ylabel="largest error of the rate")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against points, for parabolas beside theory and for a receptor."""
    panels = drawing.panels(1, 2, (7.6, 3.3))
    draw_parabolas(panels[0], dataset)
    draw_responses(panels[1], dataset)
    titles = ("filled: sparse, hollow: full;\nlines: theory", None)
    for axes, title in zip(panels, titles, strict=True):
        axes.set(xscale="log", yscale="log")
        drawing.legend(axes, title=title, loc="lower left")
    return drawing.finish(panels)


study = Study(
    name="mixture_grids",
    question="In how many mixtures must a response be measured to be predicted for all?",
    source="Bungartz & Griebel 2004, 10.1017/S0962492904000182",
    parameters=(
        Parameter.choice("grid", GRIDS, "grid of concentrations"),
        Parameter.count("n_dims", (2, 4, 6), "odors in a mixture", quick=(2, 3)),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
