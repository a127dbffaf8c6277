"""Claims about learning as kernels see it (S7): one step, the whole way, at finite widths."""

from functools import partial

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Measured, Status
from olfnet.theory import network
from olfnet.theory.activations import Erf, Tanh
from olfnet.theory.network import Network
from olfnet.theory.ntk import KernelFlow, WideNetwork, empirical, one_step, tangents

from .ntk import claim, exponent

Rng = np.random.Generator
LEE = "Lee et al. 2019, arXiv 1902.06720"


def problem(rng: Rng) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw inputs that are learned, others that are asked for, and targets."""
    return rng.standard_normal((6, 5)), rng.standard_normal((4, 5)), rng.standard_normal(6)


def surprise(net: Network, step: float, known: bool, rng: Rng) -> float:
    """Change of other answers in one step of descent, less what the kernel says if it is known."""
    inputs, points, targets = problem(rng)
    done = network.train(net, inputs, targets[:, None], learning_rate=step, n_steps=1).network
    told = one_step(empirical(net, points, inputs), net(inputs)[:, 0], targets, step)
    return float(np.abs((done(points) - net(points))[:, 0] - known * told).max())


def order(known: bool, n: int, rng: Rng) -> Measured:
    """Power of the step with which that grows."""
    steps, found = (5e-4, 1e-3, 2e-3), []
    for seed in rng.integers(2**32, size=n):
        net = WideNetwork(2, Tanh()).draw(5, 50, rng=seed)
        errors = [surprise(net, step, known, np.random.default_rng(seed)) for step in steps]
        found.append(exponent(steps, errors))
    return Measured.mean(found)


def influence(linear: bool, n: int, rng: Rng) -> Measured:
    """Largest error of the kernel about one step of a network, or of its linearized form."""
    found = []
    for stream in rng.spawn(n):
        net = WideNetwork(2, Tanh()).draw(5, 50, rng=stream)
        inputs, points, targets = problem(stream)
        features, others = (tangents(net, x)[:, 0] for x in (inputs, points))
        errors = net(inputs)[:, 0] - targets
        change = -0.1 / 6 * others @ (features.T @ errors)
        told = one_step(empirical(net, points, inputs), net(inputs)[:, 0], targets, 0.1)
        found.append(np.abs(change - told).max() if linear else surprise(net, 0.1, True, stream))
    return Measured.number(float(np.max(found)))


def training(width: int, rng: Rng, n: int) -> tuple[FloatArray, FloatArray]:
    """How far other answers move in training, and by kernel flow; shape (n, 4)."""
    wide, rate, n_steps = WideNetwork(1, Erf()), 0.5, 20
    inputs, points, targets = problem(np.random.default_rng(0))
    kernel, cross = wide.ntk(inputs), wide.ntk(points, inputs)
    moved, told = [], []
    for stream in rng.spawn(n):
        net = wide.draw(5, width, rng=stream)
        done = network.train(net, inputs, targets[:, None], learning_rate=rate, n_steps=n_steps)
        flow = KernelFlow(kernel, targets, net(inputs)[:, 0], rate)
        told.append(flow.predicted(cross, [rate * n_steps])[0])
        moved.append((done.network(points) - net(points))[:, 0])
    return np.array(moved), np.array(told)


def followed(width: int, part: float, n: int, rng: Rng) -> Measured:
    """Share of the kernel's prediction (or a part of it) by which answers move, by regression."""
    moved, told = training(width, rng, n)
    return Measured.mean(np.sum(moved * told, axis=1) / np.sum(told**2, axis=1) / part)


def approach(part: float, n: int, rng: Rng) -> Measured:
    """Exponent with which the distance between both falls with the width; ten groups of n."""
    widths, found = (64, 1024, 4096), []
    for stream in rng.spawn(10):
        pairs = [training(width, stream, n) for width in widths]
        off = [np.sqrt(np.mean((moved - part * told) ** 2)) for moved, told in pairs]
        found.append(exponent(widths, off))
    return Measured.mean(found)


CLAIMS = (
    claim(
        "S7.influence",
        "One gradient step changes other answers of a linearized network exactly by the kernel",
        r"\Delta f(x) = -\eta \Theta(x, X) (f(X) - y) / n",
        0.0,
        partial(influence, True),
        partial(influence, False),
        n_samples=20,
        n_quick=3,
        allowance=1e-13,
        remark="The control is the network itself, for which this is the first order in the step.",
    ),
    claim(
        "S7.order",
        "What the kernel does not tell about a step of a network grows as the step squared",
        r"\Delta f(x) + \eta \Theta(x, X) (f(X) - y) / n = O(\eta^2)",
        2.0,
        partial(order, True),
        partial(order, False),
        n_samples=40,
        n_quick=8,
        allowance=0.02,
        remark="Steps of 5e-4 to 2e-3; the allowance is for the third order.  The change itself, "
        "as the control, grows as the step.",
    ),
    claim(
        "S7.training",
        "Trained networks of 1024 units move their other answers as the flow of their kernel does",
        r"f_t(x) = f_0(x) - \Theta(x, X) \Theta^{-1} (1 - e^{-\Theta t / n}) (f_0(X) - y)",
        1.0,
        partial(followed, 1024, 1.0),
        partial(followed, 1024, 0.9),
        source=LEE,
        status=Status.ASYMPTOTIC,
        n_samples=200,
        n_quick=30,
        allowance=0.02,
        remark="Slope of what is measured over what is predicted; the control predicts a tenth "
        "less.  The allowance is 20 / M.",
    ),
    claim(
        "S7.approach",
        "Trained networks approach the flow of their kernel as the root of their width",
        r"|f_t - f_t^{kernel}| \propto M^{-1/2}",
        -0.5,
        partial(approach, 1.0),
        partial(approach, 0.5),
        source=LEE,
        status=Status.ASYMPTOTIC,
        n_samples=20,
        n_quick=2,
        allowance=0.03,
        remark="Fitted over widths 64 to 4096; the control is half of the predicted change.",
    ),
)
