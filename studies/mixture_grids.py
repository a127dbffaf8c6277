"""Ask in how many mixtures of odors a response must be measured to be known in all.

A receptor binds odors that compete for it, with affinities drawn at random; its response is
measured in mixtures on a full grid of concentrations, on a sparse one, and on one that adapts, and
interpolated for all others.  Beside it stands a product of parabolas, of which theory knows the
error of the integral on either grid of piecewise linear functions.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
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
        held = mixtures * self.affinity
        return held @ self.efficacy / (1 + held.sum(axis=1))


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
    found = np.full((4, len(LEVELS)), np.nan)
    for nth, level in enumerate(LEVELS.tolist()):
        known = learned(grid, n_dims, level, response)
        if known is not None:
            found[0, nth] = np.abs(known(mixtures) - response(mixtures)).max()
            found[1, nth] = known.grid.n_points
        made = None if grid == "adaptive" else laid_out(grid, n_dims, level)
        if made is not None:
            found[2, nth] = 1 - interpolate(parabola, made).integral * 6.0**n_dims
            found[3, nth] = made.n_points
    names = ("error", "n_points", "parabola_error", "parabola_points")
    meanings = (
        "largest error of the response, in parts of the largest rate",
        "mixtures measured",
        "relative error of the integral of parabolas",
        "points for it",
    )
    return {
        name: xr.DataArray(row, {"level": LEVELS}, "level", attrs={"meaning": meaning})
        for name, meaning, row in zip(names, meanings, found, strict=True)
    }


def chosen(dataset: xr.Dataset, grid: str, n_dims: int, name: str) -> np.ndarray:
    """Finished repeats, shape (n_repeats, n_levels)."""
    return results.finished(dataset, grid=grid, n_dims=n_dims)[name].values


def of_theory(grid: str, n_dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and relative error of the integral of parabolas, for twelve levels."""
    levels = np.arange(1, 13)
    if grid == "full":
        return (2.0**levels - 1) ** n_dims, 1 - (1 - 4.0**-levels) ** n_dims
    sizes = [n_points(n_dims, level) for level in levels.tolist()]
    errors = [parabola_error(n_dims, level) * 6.0**n_dims for level in levels.tolist()]
    return np.array(sizes), np.array(errors)


def table(dataset: xr.Dataset) -> Table:
    """Mixtures that are needed, and what error is left."""
    rows = Table(title="A receptor's response to mixtures, interpolated (means)")
    for column in ("odors", "grid", "mixtures", "largest error", "95 %"):
        rows.add_column(column, justify="left" if column == "grid" else "right", no_wrap=True)
    for n_dims in dataset["n_dims"].values:
        for grid in dataset["grid"].values:
            errors, sizes = (chosen(dataset, grid, n_dims, name) for name in ("error", "n_points"))
            for nth in np.flatnonzero(np.isfinite(errors).all(axis=0)) if len(errors) else ():
                mean, reach = drawing.mean_and_reach(errors[:, nth])
                rows.add_row(
                    str(n_dims), str(grid), f"{sizes[:, nth].mean():.0f}", f"{mean:.2g}",
                    f"±{reach:.1g}",
                )  # fmt: skip
            rows.add_section()
    return rows


def draw_parabolas(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the error of the integral, theory as lines; full grids hollow."""
    for nth, n_dims in enumerate(dataset["n_dims"].values):
        for grid in ("sparse", "full"):
            color, style = drawing.COLORS[nth], "-" if grid == "sparse" else "--"
            sizes, errors = of_theory(grid, int(n_dims))
            near = sizes < 1e6
            axes.plot(sizes[near], errors[near], style, lw=1, color=color)
            if grid in dataset["grid"].values and len(chosen(dataset, grid, n_dims, "error")):
                axes.plot(
                    chosen(dataset, grid, n_dims, "parabola_points")[0],
                    chosen(dataset, grid, n_dims, "parabola_error")[0],
                    drawing.MARKERS[nth], ms=4, color=color,
                    mfc=color if grid == "sparse" else "white",
                    label=f"{n_dims} dimensions" if grid == "sparse" else None,
                )  # fmt: skip
    axes.set(xlabel="points", ylabel="relative error of the integral")


def draw_responses(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the error of the response for the most odors, against mixtures measured."""
    n_dims = int(dataset["n_dims"].values[-1])
    for nth, grid in enumerate(dataset["grid"].values):
        errors, sizes = (chosen(dataset, grid, n_dims, name) for name in ("error", "n_points"))
        if not len(errors):
            continue
        known = np.isfinite(errors).all(axis=0)
        mean, reach = drawing.mean_and_reach(errors[:, known])
        low = np.minimum(reach, 0.9 * mean)  # an axis of logarithms has no zero
        axes.errorbar(
            sizes[:, known].mean(axis=0), mean, (low, reach), marker=drawing.MARKERS[nth + 3], ms=4,
            lw=1, color=drawing.COLORS[nth + 3], label=f"{grid} grid",
        )  # fmt: skip
    axes.set(xlabel=f"mixtures of {n_dims} odors measured", ylabel="largest error of the rate")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against points, for parabolas beside theory and for a receptor."""
    drawn = Figure(figsize=(7.6, 3.3), layout="constrained")
    panels = drawn.subplots(1, 2)
    draw_parabolas(panels[0], dataset)
    draw_responses(panels[1], dataset)
    titles = ("filled: sparse, hollow: full;\nlines: theory", None)
    for axes, title in zip(panels, titles, strict=True):
        axes.set(xscale="log", yscale="log")
        drawing.legend(axes, title=title, title_fontsize="small", loc="lower left")
    drawing.finish(panels)
    return drawn


study = Study(
    name="mixture_grids",
    question="In how many mixtures must a response be measured to be known in all?",
    source="Bungartz & Griebel 2004, 10.1017/S0962492904000182",
    parameters=(
        Parameter("grid", GRIDS, "where it is measured", check=partial(checks.one_of, known=GRIDS)),
        Parameter("n_dims", (2, 4, 6), "odors in a mixture", quick=(2, 3), check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
