"""Networks side by side, each of which sees its own columns."""

import numpy as np
import pytest

from olfnet.theory import network
from olfnet.theory.activations import Tanh
from olfnet.theory.network import Network


def test_parallel_parts_add_up_and_share_no_column_by_chance():
    """Gradients against complex-free central differences, for parts that share a column."""
    rng = np.random.default_rng(3)
    parts = [network.dense([2, 5, 1], Tanh(), rng=rng), network.dense([1, 4, 1], Tanh(), rng=rng)]
    net = Network([network.Parallel(parts, [[0, 2], [2]])])
    inputs, targets = rng.standard_normal((6, 3)), rng.standard_normal((6, 1))
    assert net(inputs) == pytest.approx(parts[0](inputs[:, [0, 2]]) + parts[1](inputs[:, [2]]))
    slopes = network.gradient(net, inputs, targets, network.SquaredLoss())[1]
    direction = [rng.standard_normal(array.shape) for array in net.parameters]

    def loss(by):
        moved = [a + by * d for a, d in zip(net.parameters, direction, strict=True)]
        return network.gradient(net.with_parameters(moved), inputs, targets, network.SquaredLoss())[
            0
        ]

    along = sum(np.sum(s * d) for s, d in zip(slopes, direction, strict=True))
    assert along == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-6)
    outputs, pull = net.linearized(inputs)
    back, step = pull(np.ones_like(outputs))[0], 1e-6 * np.eye(3)[2]
    moved = (net(inputs + step) - net(inputs - step)).sum(axis=1) / 2e-6
    assert back[:, 2] == pytest.approx(moved, rel=1e-6)
    assert (back[:, 1] == 0).all()


def test_parallel_needs_columns_for_each_part():
    with pytest.raises(ValueError, match="columns must be as many as parts, 1, and at least one"):
        network.Parallel([network.Dense([[1.0]])], [])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([1], "columns must be lists of at least one number each, got 1"),
        ([[]], r"columns must be lists of at least one number each, got \[\]"),
        ([[0.5]], "columns must be an integer, got 0.5"),
        ([[True]], r"columns must be integers, got \[True\]"),
        ([[-1]], "columns must be at least 0, got -1"),
    ],
)
def test_parallel_refuses_what_is_no_column(columns, words):
    with pytest.raises(ValueError, match=words):
        network.Parallel([network.Dense([[1.0]])], columns)


def test_parallel_refuses_inputs_and_parts_that_do_not_fit():
    one, two = network.Dense([[1.0]]), network.Dense([[1.0], [2.0]])
    with pytest.raises(ValueError, match=r"have a column 3 for columns, got shape \(1, 2\)"):
        network.Parallel([one], [[3]])([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"have a column 0 for columns, got shape \(2,\)"):
        network.Parallel([one], [[0]])([1.0, 2.0])
    with pytest.raises(ValueError, match=r"outputs of one shape, got \[\(1, 1\), \(1, 2\)\]"):
        network.Parallel([one, two], [[0], [1]])([[1.0, 2.0]])
