"""Figures: intervals and limits where they belong, networks by their weights."""

import numpy as np
import pytest
import scipy.stats
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from olfnet.lab import drawing
from olfnet.theory import approximation, network
from olfnet.theory.activations import ReLU
from olfnet.theory.network import Activate, Convolution, Dense, Network


def panel():
    return Figure().subplots()


def test_points_are_means_with_intervals_of_student():
    axes = panel()
    samples = {1.0: [0.0, 1.0, 2.0], 4.0: [3.0, 3.0, 6.0]}
    drawing.points(axes, samples, 1, scale=100, label="x")
    drawing.points(axes, {}, 2)
    (bars,) = axes.containers
    points, _, (lines,) = bars
    np.testing.assert_allclose(points.get_xydata(), [[1, 100], [4, 400]])
    for segment, values in zip(lines.get_segments(), samples.values(), strict=True):
        low, high = scipy.stats.ttest_1samp(values, 0.0).confidence_interval()
        np.testing.assert_allclose(segment[:, 1], [100 * low, 100 * high])
    assert (points.get_color(), points.get_marker()) == (drawing.COLORS[1], drawing.MARKERS[1])


def test_limits_are_drawn_at_zero():
    """Exact samples on 1 + 2 / n, relative to a theory of 0.5; none for a single size."""
    axes = panel()
    samples = {n: 1 + 2 / n + np.array([-0.1, 0.0, 0.1]) for n in (10, 20, 40)}
    drawing.draw_limit(axes, samples, 0.5, 1, "x")
    points, line, limit = axes.lines[0], axes.lines[1], axes.lines[2]
    x = np.array([0.1, 0.05, 0.025])
    np.testing.assert_allclose(points.get_xydata(), np.transpose([x, 2 * (1 + 2 * x)]))
    np.testing.assert_allclose(line.get_xydata(), [[0, 2], [0.1, 2.4]])
    np.testing.assert_allclose(limit.get_xydata(), [[0, 2]])
    drawing.draw_limit(empty := panel(), {10: samples[10]}, 0.5, 1, "x")
    assert not empty.lines


def test_panels_are_lettered_if_there_are_several():
    one, two = drawing.panels(1, 2, (4, 2))
    figure = drawing.finish([one, two])
    assert figure.axes == [one, two]
    assert [axes.get_title(loc="left") for axes in (one, two)] == ["a", "b"]
    (alone,) = drawing.panels(1, 1, (2, 2))
    assert drawing.finish([alone]).axes[0].get_title(loc="left") == ""
    drawing.log_ticks(alone, (0.5, 4))
    assert [text.get_text() for text in alone.get_xticklabels()] == ["0.5", "4"]


def test_strokes_are_the_weights():
    """A weight of 0 has none; the thickest of a layer is five times that of a weak one."""
    axes = panel()
    drawing.draw_network(
        axes, Network([Dense([[2.0, 0.0], [-1.0, 1e-9]]), Activate(ReLU()), Dense([[1.0, -3.0]])])
    )
    first, second = axes.collections
    np.testing.assert_allclose(first.get_linewidths(), [2.0, 1.2, 0.4])
    blue, red = (color.lower() for color in drawing.COLORS[:2])
    assert [to_hex(color) for color in first.get_colors()] == [blue, red, blue]
    assert [to_hex(color) for color in second.get_colors()] == [blue, red]
    ends = [segment.tolist() for segment in first.get_segments()]
    assert ends == [[[0, 0.5], [1, 0.5]], [[0, 0.5], [1, -0.5]], [[0, -0.5], [1, -0.5]]]
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 2, 1]


def test_networks_inside_are_drawn_as_one():
    axes = panel()
    drawing.draw_network(axes, approximation.deep_square(3))
    # Inputs, two units, twice three, output.
    assert [len(line.get_xdata()) for line in axes.lines] == [1, 2, 3, 3, 1]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (
            lambda axes: drawing.draw_network(axes, Network([Convolution(np.ones((1, 1, 2)))])),
            "network must be dense layers and activations, got .*Convolution",
        ),
        (
            lambda axes: drawing.draw_network(axes, network.dense([100, 51], ReLU(), rng=0)),
            "network must have at most 5000 weights, got 5100",
        ),
    ],
)
def test_bad_requests(draw, words):
    with pytest.raises(ValueError, match=words):
        draw(panel())
