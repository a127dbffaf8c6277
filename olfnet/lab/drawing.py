"""Drawing for figures of studies: panels, points with intervals, limits, small networks."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from olfnet.lab.results import limit_of_size, mean_and_half_width
from olfnet.theory.approximation import composed
from olfnet.theory.network import Activate, Dense, Network

# Okabe & Ito's colors, which readers with any color vision tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_WEIGHTS = 5000  # that can be told apart in a figure


def panels(n_rows: int, n_columns: int, size: tuple[float, float], **options: Any) -> list[Axes]:
    """Return the panels of a new figure, row by row.

    Parameters
    ----------
    n_rows, n_columns : int
    size : tuple of float
        Width and height in inches.
    **options
        As for ``Figure.subplots``.
    """
    figure = Figure(figsize=size, layout="constrained")
    return list(figure.subplots(n_rows, n_columns, squeeze=False, **options).ravel())


def finish(panels: Iterable[Axes]) -> Figure:
    """Remove the frame on two sides, letter the panels if there are several; return the figure."""
    panels = list(panels)
    for letter, axes in zip("abcdefgh", panels, strict=False):
        axes.spines[["top", "right"]].set_visible(False)
        if len(panels) > 1:
            axes.set_title(letter, loc="left", fontsize="medium", fontweight="bold")
    figure = panels[0].get_figure()
    assert isinstance(figure, Figure)
    return figure


def legend(axes: Axes, **options: Any) -> None:
    """Explain what is drawn, if anything is."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small", title_fontsize="small", **options)


def log_ticks(axes: Axes, values: ArrayLike, texts: Iterable[str] | None = None) -> None:
    """Make the horizontal axis logarithmic, with ticks at these values only.

    Parameters
    ----------
    axes : Axes
    values : array of shape (n_ticks,)
    texts : iterable of str, optional
        The values by default.
    """
    values = np.asarray(values)
    axes.set_xscale("log")
    axes.set_xticks(values, texts or [f"{value:g}" for value in values])
    axes.minorticks_off()


def errorbars(
    axes: Axes,
    x: ArrayLike,
    values: ArrayLike,
    errors: ArrayLike | None,
    nth: int = 0,
    **style: Any,
) -> None:
    """Draw points with error bars, in the nth color and with the nth marker.

    Parameters
    ----------
    axes : Axes
    x, values : array of shape (n_points,)
    errors : array of shape (n_points,) or (2, n_points), or None
        Half-widths, or distances to the lower and upper ends.
    nth : int
    **style
        As for ``Axes.errorbar``; points are not joined by default.
    """
    look: dict[str, Any] = {
        "ls": "",
        "marker": MARKERS[nth % 7],
        "ms": 4,
        "lw": 1,
        "color": COLORS[nth % 7],
    }
    # A list, since Matplotlib takes the rows of an array for numbers if they have one entry.
    lengths = None if errors is None else np.asarray(errors).tolist()
    axes.errorbar(x, values, lengths, **look | style)


def points(
    axes: Axes,
    samples: Mapping[Any, ArrayLike],
    nth: int = 0,
    *,
    scale: float = 1.0,
    **style: Any,
) -> None:
    """Draw means with their intervals, in the nth color and with the nth marker.

    Parameters
    ----------
    axes : Axes
    samples : mapping of position to array of shape (n_samples,)
        As `olfnet.lab.results.along` returns them; nothing is drawn if there are none.
    nth : int
    scale : float
        Factor of the values: 100 for percent.
    **style
        As for ``Axes.errorbar``.
    """
    if samples:
        mean, half_width = np.transpose([mean_and_half_width(part) for part in samples.values()])
        errorbars(axes, list(samples), scale * mean, scale * half_width, nth, **style)


def medians(axes: Axes, values: xr.DataArray, nth: int = 0, **style: Any) -> None:
    """Draw medians over repeats with their range along the other dimension.

    Parameters
    ----------
    axes : Axes
    values : DataArray
        With the dimension ``repeat`` and one more.
    nth : int
    **style
        As for ``Axes.errorbar``.
    """
    (dim,) = (name for name in values.dims if name != "repeat")
    middle = values.median("repeat")
    ends = [middle - values.min("repeat"), values.max("repeat") - middle]
    errorbars(axes, values[dim], middle, ends, nth, **style)


def ranges(axes: Axes, samples: Mapping[str, ArrayLike]) -> None:
    """Draw the median and the range of each sample in a row of its own, with its name.

    Parameters
    ----------
    axes : Axes
    samples : mapping of name to array of shape (n_samples,)
        Rows without samples have a name only.
    """
    for row, values in enumerate(map(np.asarray, samples.values())):
        if values.size:
            middle = np.median(values)
            ends = [[middle - values.min()], [values.max() - middle]]
            errorbars(axes, [middle], [-row], None, xerr=ends, ms=6, lw=1.5)
    axes.set_yticks(-np.arange(len(samples)), list(samples))
    axes.set_ylim(0.5 - max(len(samples), 1), 0.5)


def draw_limit(
    axes: Axes, samples: Mapping[int, ArrayLike], theory: float, nth: int, label: str
) -> None:
    """Draw capacities relative to theory against 1 / size, with their limit at zero.

    Parameters
    ----------
    axes : Axes
    samples : mapping of size to array of shape (n_samples,)
        Nothing is drawn if there is a single size, or a single sample.
    theory : float
    nth : int
        The first two colors are those of the smallest and the largest size.
    label : str
    """
    limit, shift = limit_of_size(samples), (nth - 1) * 2e-4
    if limit is None:
        return
    relative = {1 / n + shift: np.asarray(part) / theory for n, part in samples.items()}
    points(axes, relative, nth + 2, label=label)
    ends = np.array([0.0, 1 / min(samples)])
    line = (limit.value + limit.slope * ends) / theory
    axes.plot(ends + shift, line, lw=1, color=COLORS[nth + 2])
    half_width = (limit.high - limit.value) / theory
    errorbars(axes, [shift], [limit.value / theory], half_width, nth + 2, ms=6, mfc="white")


def draw_network(axes: Axes, network: Network) -> None:
    """Draw a dense network: units in columns, lines for weights, blue where they excite.

    The width of a line is proportional to the weight, relative to the largest of its layer; weights
    of 0 have no line.

    Parameters
    ----------
    axes : Axes
    network : Network
        Of dense layers and activations.

    Raises
    ------
    ValueError
        If there are other layers, or too many weights to see.
    """
    layers = composed(network).layers
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    others = [layer for layer in layers if not isinstance(layer, (Dense, Activate))]
    if others or not dense:
        raise ValueError(f"network must be dense layers and activations, got {others}")
    n_weights = sum(layer.weights.size for layer in dense)
    if n_weights > _MOST_WEIGHTS:
        raise ValueError(f"network must have at most {_MOST_WEIGHTS} weights, got {n_weights}")
    sizes = [dense[0].weights.shape[1], *(len(layer.weights) for layer in dense)]
    heights = [(n - 1) / 2 - np.arange(n) for n in sizes]
    for nth, layer in enumerate(dense):
        target, source = np.nonzero(layer.weights)
        weights = layer.weights[target, source]
        ends = zip(heights[nth][source], heights[nth + 1][target], strict=True)
        lines = LineCollection(
            [[(nth, start), (nth + 1, end)] for start, end in ends],
            linewidths=0.4 + 1.6 * np.abs(weights) / np.abs(layer.weights).max(),
            colors=[COLORS[0] if weight > 0 else COLORS[1] for weight in weights],
            zorder=1,
        )
        axes.add_collection(lines)
    for nth, column in enumerate(heights):
        style: dict[str, Any] = {"ms": 6, "mfc": "white", "color": "0.3", "clip_on": False}
        axes.plot(np.full(column.size, nth), column, "o", **style)
    axes.set_axis_off()
