"""What the figures of the studies share: colors for all eyes, letters, means, small networks."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import scipy.stats
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.capacity import Extrapolation, extrapolate
from olfnet.checks import FloatArray
from olfnet.theory.approximation import composed
from olfnet.theory.network import Activate, Dense, Network

# Okabe & Ito's colors, which readers with any color vision tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_WEIGHTS = 5000  # that can be told apart in a figure


def finish(panels: Iterable[Axes]) -> None:
    """Give panels their letters, and take away the frame on two sides."""
    for letter, axes in zip("abcdefgh", panels, strict=False):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(letter, loc="left", fontsize="medium", fontweight="bold")


def legend(axes: Axes, **options: Any) -> None:
    """Explain what is drawn, if anything is."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small", **options)


def mean_and_reach(samples: ArrayLike, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Mean over the first axis, and half the width of Student's interval.

    Parameters
    ----------
    samples : array of shape (n_samples, ...)
    confidence : float

    Returns
    -------
    tuple of arrays of shape (...)
        A single sample says nothing about its error: tables show its width as nan, figures draw
        none.

    Examples
    --------
    >>> [float(number.round(2)) for number in mean_and_reach([1.0, 2.0, 3.0])]
    [2.0, 2.48]
    >>> mean, reach = mean_and_reach([1.0])
    >>> f"{mean:.1f} ±{reach:.1f}"
    '1.0 ±nan'
    """
    samples = np.asarray(samples, dtype=float)
    value = samples.mean(axis=0)
    if len(samples) < 2:
        return value, np.full_like(value, np.nan)
    reach = scipy.stats.t.ppf((1 + confidence) / 2, len(samples) - 1)
    return value, np.asarray(reach * scipy.stats.sem(samples, axis=0))


def limit_of_size(samples: Mapping[int, ArrayLike]) -> Extrapolation:
    """Extrapolate capacities to infinite size, from repeated measurements at each size."""
    return extrapolate(list(samples), list(samples.values()))


def limit_cells(samples: Mapping[int, ArrayLike]) -> tuple[str, str, str]:
    """Limit with its interval, chance of such a stray line, and the largest size, as texts."""
    value, reach = mean_and_reach(samples[max(samples)])
    largest = f"{value:.3f} ±{reach:.3f}" if np.size(samples[max(samples)]) > 1 else f"{value:.3f}"
    if len(samples) < 2 or min(map(np.size, samples.values())) < 2:
        return "", "", largest
    end = limit_of_size(samples)
    chance = "" if end.p_value is None else f"{end.p_value:.2f}"
    return f"{end.value:.3f} ±{end.high - end.value:.3f}", chance, largest


def draw_sizes(axes: Axes, values: ArrayLike, samples: Mapping[int, ArrayLike], words: str) -> None:
    """Draw points of the smallest and the largest size; ``words`` name what is counted."""
    for n, color, marker in zip(
        sorted({min(samples), max(samples)}), COLORS, MARKERS, strict=False
    ):
        mean, reach = mean_and_reach(samples[n])
        axes.errorbar(
            values, mean, reach, ls="", marker=marker, ms=4, lw=1, color=color, label=f"{n} {words}"
        )


def draw_limit(
    axes: Axes, samples: Mapping[int, ArrayLike], theory: float, nth: int, label: str
) -> None:
    """Draw capacities relative to theory against 1 / size, with their limit at zero."""
    if len(samples) < 2 or min(map(np.size, samples.values())) < 2:
        return
    # The first two colors stand for the smallest and the largest size.
    color, marker, shift = COLORS[nth + 2], MARKERS[nth + 2], (nth - 1) * 2e-4
    sizes, found = np.array(list(samples)), limit_of_size(samples)
    values, reach = np.transpose([mean_and_reach(one) for one in samples.values()]) / theory
    axes.errorbar(
        1 / sizes + shift, values, reach, ls="", marker=marker, ms=4, lw=1, color=color, label=label
    )
    ends = np.array([0.0, 1 / sizes.min()])
    axes.plot(ends + shift, (found.value + found.slope * ends) / theory, lw=1, color=color)
    reach = (found.high - found.value) / theory
    axes.errorbar(
        [shift], [found.value / theory], reach, marker=marker, ms=6, mfc="white", lw=1, color=color
    )


def draw_function(axes: Axes, network: Network, low: float, high: float, **style: Any) -> None:
    """Draw what a network of one input and one output makes of the numbers between two ends.

    Parameters
    ----------
    axes : Axes
    network : Network
    low, high : float
    **style
        Of the line, as for ``Axes.plot``.

    Raises
    ------
    ValueError
        If the ends are not in order, or there is more than one input or output.
    """
    low, high = checks.finite("low", low), checks.finite("high", high)
    if not low < high:
        raise ValueError(f"low must be below high, got {low:g} and {high:g}")
    x = np.linspace(low, high, 1001)
    found = network(x[:, None])
    if found.shape != (x.size, 1):
        raise ValueError(f"network must have one output, got shape {found.shape[1:]}")
    axes.plot(x, found[:, 0], **style)


def draw_network(axes: Axes, network: Network) -> None:
    """Draw a dense network: units in columns, and lines for weights, blue where they excite.

    Lines are the thicker the larger the weight is among those of its layer; no line for none.

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
        onto, source = np.nonzero(layer.weights)
        found = layer.weights[onto, source]
        ends = zip(heights[nth][source], heights[nth + 1][onto], strict=True)
        lines = LineCollection(
            [[(nth, one), (nth + 1, other)] for one, other in ends],
            linewidths=0.4 + 1.6 * np.abs(found) / np.abs(layer.weights).max(),
            colors=[COLORS[0] if weight > 0 else COLORS[1] for weight in found],
            zorder=1,
        )
        axes.add_collection(lines)
    for nth, column in enumerate(heights):
        axes.plot(
            np.full(column.size, nth), column, "o", ms=6, mfc="white", color="0.3", clip_on=False
        )
    axes.set_axis_off()
