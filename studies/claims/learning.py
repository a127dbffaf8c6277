"""Learning by gradients and generalization (S4, S6)."""

from functools import partial
from itertools import product

import numpy as np

from olfnet import separate
from olfnet.checks import FloatArray
from olfnet.lab import claims
from olfnet.lab.claims import Status
from olfnet.theory import cover, generalization, network
from olfnet.theory.activations import ReLU, Tanh

Rng = np.random.Generator
RUMELHART = "Rumelhart, Hinton & Williams 1986, 10.1038/323533a0"
BELKIN = "Belkin et al. 2019, 10.1073/pnas.1903070116"
N_SAMPLES, N_MODES = 60, 400
MODES = np.arange(1, N_MODES + 1) ** -1.5
TARGET = 1 / np.arange(1, N_MODES + 1)
RIDGE, NOISE = 0.01, 0.1
KERNEL, N_POSITIONS = 5, 6
PATTERNS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[-1.0], [1.0], [1.0], [-1.0]])
learned = partial(claims.claim, systems=["S4"], source=RUMELHART)
claim = partial(claims.claim, systems=["S6"])


@learned("S4.gradient", 0.0, control={"factor": 1 + 1e-4}, samples=(50, 5), allowance=1e-6)
def gradient_error(n: int, rng: Rng, factor: float = 1.0) -> float:
    r"""Backpropagation gives the gradients that finite differences give.
    $\partial L / \partial W_l = \delta_l x_{l-1}^T$

    Largest relative difference in random directions. Central differences of step 1e-5 err by 1e-10
    (third derivatives) and by 1e-16 / 1e-5 (rounding), relative to slopes that may be a hundred
    times smaller than the loss. The control multiplies gradients by a factor.
    """
    net = network.dense([4, 8, 8, 2], Tanh(), bias_variance=0.2, rng=rng)
    inputs, targets = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    slopes = network.gradient(net, inputs, targets, network.SquaredLoss())[1]
    errors = []
    for _ in range(n):
        directions = [rng.standard_normal(array.shape) for array in net.parameters]
        losses = []
        for step in (1e-5, -1e-5):
            moved = [a + step * d for a, d in zip(net.parameters, directions, strict=True)]
            other = net.with_parameters(moved)
            losses.append(network.gradient(other, inputs, targets, network.SquaredLoss())[0])
        difference = (losses[0] - losses[1]) / 2e-5
        slope = sum(np.sum(s * d) for s, d in zip(slopes, directions, strict=True))
        errors.append(abs(factor * slope - difference) / abs(difference))
    return float(max(errors))


@learned("S4.optimum", 0.0, control={"n_steps": 10}, samples=(20, 3), allowance=1e-12)
def loss_above_optimum(n: int, rng: Rng, n_steps: int = 1500) -> float:
    r"""Gradient descent brings the loss of a linear network down to least squares.
    $L(t) \to L_{\min}$

    Mean over problems. The allowance is the rounding of sums of 30 squares.
    """
    options = {"learning_rate": 0.3, "momentum": 0.5, "n_steps": n_steps}
    start = network.Network([network.Dense(np.zeros((1, 4)))])
    excess = []
    for _ in range(n):
        inputs, targets = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
        trained = network.train(start, inputs, targets, **options)
        best = np.linalg.lstsq(np.column_stack([inputs, np.ones(30)]), targets)[1][0] / 60
        excess.append(trained.losses[-1] - best)
    return float(np.mean(excess))


@learned("S4.xor", 0.5, control={"widths": [2, 1]}, status=Status.ORDERING, samples=(100, 10))
def xor_loss(stream: Rng, widths: tuple[int, ...] = (2, 16, 1)) -> float:
    r"""A hidden layer learns XOR; without it the loss stays at log 2.
    $\log 2 - L > 0.5$

    300 steps with momentum of networks of 16 hidden units, or none in the control.
    """
    options = {"loss": network.LogisticLoss(), "learning_rate": 0.5, "momentum": 0.9}
    net = network.dense(widths, Tanh(), rng=stream)
    return float(np.log(2) - network.train(net, PATTERNS, XOR, n_steps=300, **options).losses[-1])


@claim(
    "S6.sharing",
    partial(cover.n_dichotomies, KERNEL + 1, KERNEL),
    control={"shared": False},
    source="Cover 1965, 10.1109/PGEC.1965.264137",
)
def dichotomies(n: int, rng: Rng, shared: bool = True) -> int:
    r"""A threshold unit whose {KERNEL} weights are repeated at {N_POSITIONS} positions each gives
    62 of 64 labelings of 6 patterns: its VC dimension is 5, not 30.
    $C(6, 5) = 2 \sum_{k<5} \binom{5}{k}$

    Every labeling is decided with a certificate.
    """
    patterns = rng.standard_normal((KERNEL + 1, KERNEL * N_POSITIONS))
    if shared:
        patterns = patterns.reshape(KERNEL + 1, N_POSITIONS, KERNEL).sum(axis=1)
    labelings = product([-1.0, 1.0], repeat=KERNEL + 1)
    return sum(separate(patterns, np.array(labels)).separable for labels in labelings)


def signals(n: int, moving: bool, rng: Rng) -> tuple[FloatArray, FloatArray]:
    """Draw noisy rings of 24 inputs: two motifs at any position, or one motif in either half."""
    labels = rng.choice([-1.0, 1.0], n)
    motif = np.array([2.0, 1.0, 0.0, -1.0, 1.0])
    second = labels > 0 if moving else np.zeros(n, dtype=bool)
    positions = rng.integers(24, size=n) if moving else rng.integers(12, size=n) + 12 * (labels > 0)
    inputs = 0.3 * rng.standard_normal((n, 24))
    columns = (positions[:, None] + np.arange(5)) % 24
    inputs[np.arange(n)[:, None], columns] += np.where(second[:, None], motif[::-1], motif)
    return inputs[:, None], labels[:, None]


@claim(
    "S6.samples",
    0.0,
    control={"moving": False},
    source="LeCun et al. 1989, 10.1162/neco.1989.1.4.541",
    status=Status.ORDERING,
    samples=(50, 12),
)
def saved_by_sharing(stream: Rng, moving: bool = True) -> float:
    """Where positions do not matter, shared weights learn from fewer samples: a dense network makes
    more mistakes after 60.
    $e_{dense} - e_{shared} > 0$

    In the control the class is the position, which shared weights with a mean over positions cannot
    tell.
    """
    inputs, labels = signals(60, moving, stream)
    tests, test_labels = signals(400, moving, stream)
    kernels = stream.standard_normal((8, 1, 5)) * 0.6
    convolution = network.Convolution(kernels, padding="circular")
    readout = network.Dense(0.5 * stream.standard_normal((1, 8)))
    layers = [convolution, network.Activate(ReLU()), network.MeanPool(), readout]
    dense = network.dense([24, 32, 1], ReLU(), rng=stream).layers
    options = {"loss": network.LogisticLoss(), "learning_rate": 0.1, "momentum": 0.9}
    wrong = []
    for net in ([network.Flatten(), *dense], layers):
        done = network.train(network.Network(net), inputs, labels, n_steps=200, **options).network
        wrong.append(np.mean(np.sign(done(tests)) != test_labels))
    return float(wrong[0] - wrong[1])


def unit_error(n_units: int, stream: Rng) -> float:
    """Test error of least squares on a layer of random ReLU units, for 40 samples."""
    inputs = stream.standard_normal((440, 20))
    hidden = ReLU()(inputs @ stream.standard_normal((20, n_units)) / n_units**0.5)
    targets = inputs @ stream.standard_normal(20) / 20**0.5
    weights = np.linalg.lstsq(hidden[:40], targets[:40])[0]
    return float(np.mean((hidden[40:] @ weights - targets[40:]) ** 2))


@claim(
    "S6.peak",
    np.log(10),
    r"\log(E_{M = P} / E_{M = P/2}) > \log 10",
    control={"above": 80},
    cases=[{"above": 40, "below": 20}],
    source=BELKIN,
    status=Status.ORDERING,
    samples=(2000, 200),
    statement="The error of random units peaks where they are as many as samples: it is more than "
    "ten times that of half as many",
)
@claim(
    "S6.descent",
    0.0,
    control={"below": 50},
    cases=[{"above": 20, "below": 2000}],
    source=BELKIN,
    status=Status.ORDERING,
    samples=(100, 20),
)
def log_ratio(n: int, rng: Rng, above: int, below: int) -> FloatArray:
    r"""Many more units than samples generalize: with 50 times as many the error is lower than with
    half as many.
    $\log(E_{M = P/2} / E_{M = 50 P}) > 0$
    """
    streams = zip((above, below), rng.spawn(2), strict=True)
    first, second = ([unit_error(m, part) for part in both.spawn(n)] for m, both in streams)
    return np.log(np.divide(first, second))


@claim(
    "S6.features_{n_features}",
    1.0,
    control=lambda n_features: {"theory": 2 * n_features},
    cases=[{"n_features": 20, "word": "fewer"}, {"n_features": 240, "word": "more"}],
    source="Simon et al. 2024, arXiv 2311.14646",
    status=Status.ASYMPTOTIC,
    samples=(2000, 400),
    allowance=lambda n_features: 1 / min(n_features, N_SAMPLES),
)
def feature_error(n: int, rng: Rng, n_features: int, theory: int | None = None) -> FloatArray:
    r"""Test error of {n_features} random features learned from {N_SAMPLES} samples ({word}),
    relative to the predicted one.
    $E = E(\lambda, v, n, k)$

    Closed form of infinitely many samples and features; the allowance is one by the lesser number,
    the order of its corrections. The control predicts for twice as many features.
    """
    errors = []
    for stream in rng.spawn(n):
        inputs = stream.standard_normal((N_SAMPLES + 400, N_MODES))
        mixing = stream.standard_normal((N_MODES, n_features)) / n_features**0.5
        features = (inputs * np.sqrt(MODES)) @ mixing
        targets = inputs @ TARGET + NOISE**0.5 * stream.standard_normal(len(inputs))
        training = features[:N_SAMPLES]
        damped = training @ training.T + RIDGE * np.eye(N_SAMPLES)
        weights = training.T @ np.linalg.solve(damped, targets[:N_SAMPLES])
        errors.append(np.mean((features[N_SAMPLES:] @ weights - targets[N_SAMPLES:]) ** 2))
    predicted = generalization.random_feature_error(
        MODES, TARGET, N_SAMPLES, theory or n_features, ridge=RIDGE, noise_variance=NOISE
    )
    return np.array(errors) / float(predicted)
