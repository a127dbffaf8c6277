"""Networks that solve a differential equation, by its strong or its weak form.

A gradient from random collocation points is noisy: that of a loss which is a mean over points has a
variance of v / n, and v is known by quadrature.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory import network
from olfnet.theory.network import Network, Parameters
from olfnet.theory.pinn.losses import Energy, Form, Strong, gradient
from olfnet.theory.pinn.trial_function import Points, Trial


@dataclass(frozen=True, eq=False)
class Solution:
    """A trained trial function.

    Attributes
    ----------
    trial : Trial
        After the last step.
    losses : array of shape (n_steps + 1,)
        Before the first step and after each.
    message : str
        Reason of the end.
    """

    trial: Trial
    losses: FloatArray
    message: str


def solve(
    trial: Trial, form: Form, points: Points | None = None, *, n_steps: int = 500
) -> Solution:
    """Train a network to solve its problem, by SciPy's L-BFGS.

    Parameters
    ----------
    trial : Trial
    form : Form
    points : Points, optional
        By default ``Points.gauss(trial.problem)``.
    n_steps : int
        At most.

    Returns
    -------
    Solution

    Raises
    ------
    FloatingPointError
        If the loss is not finite.

    Examples
    --------
    >>> from olfnet.theory.network import dense
    >>> from olfnet.theory.activations import Tanh
    >>> from olfnet.theory.pinn import Problem
    >>> start = Trial(Problem(source=1.0), dense([1, 10, 1], Tanh(), bias_variance=1.0, rng=1))
    >>> solve(start, Energy()).trial([0.5]).round(3)
    array([0.125])
    """
    points = Points.gauss(trial.problem) if points is None else points
    n_steps = checks.count("n_steps", n_steps)
    losses = [form(trial, points)[0]]

    def loss(numbers: FloatArray) -> tuple[float, FloatArray]:
        value, slopes = gradient(trial.with_parameters(numbers), form, points)
        if not np.isfinite(value):
            raise FloatingPointError(f"the loss must stay finite, got {value}")
        return value, slopes

    done = scipy.optimize.minimize(
        loss, trial.parameters, jac=True, method="L-BFGS-B",
        callback=lambda intermediate_result: losses.append(intermediate_result.fun),
        options={"maxiter": n_steps, "maxfun": 3 * n_steps, "maxcor": 30, "ftol": 0, "gtol": 1e-9},
    )  # fmt: skip
    return Solution(trial.with_parameters(done.x), np.array(losses), str(done.message))


def descend(
    trial: Trial,
    form: Form,
    points: Points | int,
    *,
    learning_rate: float,
    n_steps: int = 1000,
    rng: Seed = None,
) -> Solution:
    """Train a network by stochastic gradient descent.

    Parameters
    ----------
    trial : Trial
    form : Form
    points : int, or Points
        Points drawn anew for each step, or those to keep.
    learning_rate : float
    n_steps : int
    rng : seed or Generator

    Returns
    -------
    Solution
        Losses are those of each step's own points.

    Raises
    ------
    FloatingPointError
        If the loss diverges: the learning rate is too large.

    Examples
    --------
    >>> from olfnet.theory.network import dense
    >>> from olfnet.theory.activations import Tanh
    >>> from olfnet.theory.pinn import Problem
    >>> start = Trial(Problem(source=1.0), dense([1, 10, 1], Tanh(), bias_variance=1.0, rng=1))
    >>> losses = descend(start, Strong(), 50, learning_rate=1e-4, n_steps=100, rng=1).losses
    >>> bool(losses[-1] < 0.5 * losses[0])
    True
    """
    rng, problem = np.random.default_rng(rng), trial.problem

    def loss(net: Network) -> tuple[float, Parameters]:
        at = points if isinstance(points, Points) else Points.random(problem, points, rng=rng)
        return form(replace(trial, network=net), at)

    done = network.descend(trial.network, loss, learning_rate, n_steps)
    return Solution(replace(trial, network=done.network), done.losses, f"{n_steps} steps")


@dataclass(frozen=True)
class GradientNoise:
    """Mean and variance of a stochastic gradient over draws of its points, of all parameters.

    Attributes
    ----------
    squared_mean : float
        Squared length of the mean gradient.
    variance : float
        Mean squared distance from it.
    """

    squared_mean: float
    variance: float

    @property
    def relative(self) -> float:
        """Variance / squared mean, which does not depend on the unit of the loss."""
        return self.variance / self.squared_mean if self.squared_mean > 0 else np.inf


def gradient_noise(
    trial: Trial, form: Strong | Energy, n_points: int = 1, *, n_pieces: int = 25
) -> GradientNoise:
    """Return the noise of the gradient from uniformly drawn points, by quadrature.

    Parameters
    ----------
    trial : Trial
    form : Strong or Energy
        A mean over points; for the square of such a mean, as Galerkin's, see
        :func:`sampled_noise`.
    n_points : int
        Drawn for each gradient.
    n_pieces : int
        Of the quadrature.  If the network was trained on Gauss points, use others here: between
        them its residual is larger.

    Returns
    -------
    GradientNoise
        (E|g|^2 - |E g|^2) / n_points with g the gradient from a single point.

    Examples
    --------
    >>> from olfnet.theory.network import dense
    >>> from olfnet.theory.activations import Tanh
    >>> from olfnet.theory.pinn import Problem
    >>> trial = Trial(Problem(source=1.0), dense([1, 10, 1], Tanh(), bias_variance=1.0, rng=1))
    >>> single, ten = (gradient_noise(trial, Energy(), n).variance for n in (1, 10))
    >>> round(single / ten, 10)
    10.0
    """
    if not isinstance(form, (Strong, Energy)):
        raise ValueError(f"form must be Strong or Energy, got {type(form).__name__}")
    n_points = checks.count("n_points", n_points)
    points, length = Points.gauss(trial.problem, n_pieces), trial.problem.length
    single = np.array([gradient(trial, form, Points([x], [length]))[1] for x in points.positions])
    masses = points.weights / length
    mean = masses @ single
    variance = masses @ np.sum((single - mean) ** 2, axis=1) / n_points
    return GradientNoise(float(mean @ mean), float(variance))


def sampled_noise(
    trial: Trial, form: Form, n_points: int, *, n_draws: int = 100, rng: Seed = None
) -> GradientNoise:
    """Return the noise of the gradient of any form, by simulated draws.

    Parameters
    ----------
    trial : Trial
    form : Form
    n_points : int
        Drawn for each gradient.
    n_draws : int
        Gradients, at least 2.
    rng : seed or Generator

    Returns
    -------
    GradientNoise
        Both are unbiased estimates.
    """
    rng = np.random.default_rng(rng)
    n_draws = checks.count("n_draws", n_draws, minimum=2)
    points = (Points.random(trial.problem, n_points, rng=rng) for _ in range(n_draws))
    drawn = [gradient(trial, form, at)[1] for at in points]
    mean, variance = np.mean(drawn, axis=0), np.var(drawn, axis=0, ddof=1).sum()
    return GradientNoise(float(mean @ mean - variance / n_draws), float(variance))
