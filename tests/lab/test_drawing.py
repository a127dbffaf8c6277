"""Drawn networks: lines are their functions, strokes their weights."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from olfnet.lab import drawing
from olfnet.theory import approximation, network
from olfnet.theory.activations import ReLU
from olfnet.theory.network import Activate, Convolution, Dense, Network


def panel():
    return Figure().subplots()


def test_the_line_is_the_function():
    axes = panel()
    drawing.draw_function(axes, approximation.square(3), 0.0, 1.0, color="k")
    (line,) = axes.lines
    x, y = line.get_data()
    assert (x[0], x[-1]) == (0.0, 1.0)
    knots = np.linspace(0, 1, 4)
    np.testing.assert_allclose(y, np.interp(x, knots, knots**2), atol=1e-15)
    assert np.abs(y - x**2).max() > 0.02
    assert line.get_color() == "k"


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
            lambda axes: drawing.draw_function(axes, approximation.square(2), 1.0, 0.0),
            "low must be below high, got 1 and 0",
        ),
        (
            lambda axes: drawing.draw_function(axes, approximation.maximum(2), 0.0, 1.0),
            "inputs must have 2 columns",
        ),
        (
            lambda axes: drawing.draw_function(axes, Network([Dense([[1.0], [1.0]])]), 0, 1),
            r"network must have one output, got shape \(2,\)",
        ),
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
