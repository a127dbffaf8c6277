"""Claims about learning by gradients and about generalization (S4, S6)."""

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.readout import separate
from olfnet.theory import cover, generalization, network
from olfnet.theory.activations import Activation, ReLU, Tanh
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    LogisticLoss,
    MeanPool,
    Network,
    SquaredLoss,
)

Rng = np.random.Generator
RUMELHART = "Rumelhart, Hinton & Williams 1986, 10.1038/323533a0"
SIMON = "Simon et al. 2024, arXiv 2311.14646"
BELKIN = "Belkin et al. 2019, 10.1073/pnas.1903070116"
N_SAMPLES, N_MODES = 60, 400
MODES = np.arange(1, N_MODES + 1) ** -1.5
TARGET = 1 / np.arange(1, N_MODES + 1)
RIDGE, NOISE = 0.01, 0.1
KERNEL, PLACES = 5, 6
claim = partial(Claim, systems=("S6",))


def gradient_error(wrong: float, n: int, rng: Rng) -> Measured:
    """Largest relative difference between backpropagation and central differences.

    The gradient is spoilt by a factor of 1 + ``wrong`` for the control.
    """
    net = network.dense([4, 8, 8, 2], Tanh(), bias_variance=0.2, rng=rng)
    inputs, targets = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    slopes = network.gradient(net, inputs, targets, SquaredLoss())[1]
    worst, step = 0.0, 1e-5
    for _ in range(n):
        directions = [rng.standard_normal(array.shape) for array in net.parameters]

        def along(by: float, directions: list[FloatArray] = directions) -> float:
            moved = [a + by * d for a, d in zip(net.parameters, directions, strict=True)]
            return network.gradient(net.with_parameters(moved), inputs, targets, SquaredLoss())[0]

        difference = (along(step) - along(-step)) / (2 * step)
        found = sum(np.sum(s * d) for s, d in zip(slopes, directions, strict=True))
        worst = max(worst, abs((1 + wrong) * found - difference) / abs(difference))
    return Measured.number(float(worst))


def loss_above_optimum(n_steps: int, n: int, rng: Rng) -> Measured:
    """Excess loss of linear networks over least squares, in the mean over n problems."""
    found = []
    for _ in range(n):
        inputs, targets = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
        start = Network([Dense(np.zeros((1, 4)))])
        done = network.train(
            start, inputs, targets, learning_rate=0.3, momentum=0.5, n_steps=n_steps
        )
        best = np.linalg.lstsq(np.column_stack([inputs, np.ones(30)]), targets)[1][0] / 60
        found.append(done.losses[-1] - best)
    return Measured.number(float(np.mean(found)))


def dichotomies(shared: bool, n: int, rng: Rng) -> Measured:
    """Count labelings of KERNEL + 1 patterns that a threshold unit can give.

    With shared weights each weight stands at every one of PLACES places.
    """
    patterns = rng.standard_normal((KERNEL + 1, KERNEL * PLACES))
    if shared:
        patterns = patterns.reshape(KERNEL + 1, PLACES, KERNEL).sum(axis=1)
    labels = product([-1.0, 1.0], repeat=KERNEL + 1)
    return Measured.number(sum(separate(patterns, np.array(one)).separable for one in labels))


def feature_error(n_features: int, theory_features: int, n: int, rng: Rng) -> Measured:
    """Test error of ridge regression on random features, in parts of that predicted."""
    found = []
    for stream in rng.spawn(n):
        inputs = stream.standard_normal((N_SAMPLES + 400, N_MODES))
        mixing = stream.standard_normal((N_MODES, n_features)) / n_features**0.5
        features = (inputs * np.sqrt(MODES)) @ mixing
        targets = inputs @ TARGET + NOISE**0.5 * stream.standard_normal(len(inputs))
        learned = features[:N_SAMPLES]
        damped = learned @ learned.T + RIDGE * np.eye(N_SAMPLES)
        weights = learned.T @ np.linalg.solve(damped, targets[:N_SAMPLES])
        found.append(np.mean((features[N_SAMPLES:] @ weights - targets[N_SAMPLES:]) ** 2))
    theory = generalization.random_feature_error(
        MODES, TARGET, N_SAMPLES, theory_features, ridge=RIDGE, noise_variance=NOISE
    )
    return Measured.mean(np.array(found) / float(theory))


def unit_error(n_units: int, n: int, rng: Rng) -> FloatArray:
    """Test errors of least squares on n layers of random ReLU units, for 40 samples."""
    found = []
    for stream in rng.spawn(n):
        inputs = stream.standard_normal((440, 20))
        hidden = ReLU()(inputs @ stream.standard_normal((20, n_units)) / n_units**0.5)
        targets = inputs @ stream.standard_normal(20) / 20**0.5
        weights = np.linalg.lstsq(hidden[:40], targets[:40])[0]
        found.append(np.mean((hidden[40:] @ weights - targets[40:]) ** 2))
    return np.array(found)


def log_ratio(above: int, below: int, n: int, rng: Rng) -> Measured:
    """How much larger the error is with one number of units than with another, as a logarithm."""
    first, second = (
        unit_error(units, n, stream)
        for units, stream in zip((above, below), rng.spawn(2), strict=True)
    )
    return Measured.mean(np.log(first / second))


def signals(n: int, moving: bool, rng: Rng) -> tuple[FloatArray, FloatArray]:
    """One of two motifs somewhere in a noisy ring of 24 places, or one of them in either half."""
    labels = rng.choice([-1.0, 1.0], n)
    motif = np.array([2.0, 1.0, 0.0, -1.0, 1.0])
    second = labels > 0 if moving else np.zeros(n, dtype=bool)
    places = rng.integers(24, size=n) if moving else rng.integers(12, size=n) + 12 * (labels > 0)
    inputs = 0.3 * rng.standard_normal((n, 24))
    columns = (places[:, None] + np.arange(5)) % 24
    inputs[np.arange(n)[:, None], columns] += np.where(second[:, None], motif[::-1], motif)
    return inputs[:, None], labels[:, None]


def saved_by_sharing(moving: bool, n: int, rng: Rng) -> Measured:
    """How many more new signals a dense network gets wrong than one with shared weights."""
    found = []
    for stream in rng.spawn(n):
        inputs, labels = signals(60, moving, stream)
        tests, wanted = signals(400, moving, stream)
        kernels = stream.standard_normal((8, 1, 5)) * 0.6
        looking: list[network.Layer] = [Convolution(kernels, padding="circular")]
        readout = Dense(0.5 * stream.standard_normal((1, 8)))
        sharing = Network([*looking, Activate(ReLU()), MeanPool(), readout])
        dense = Network([Flatten(), *network.dense([24, 32, 1], ReLU(), rng=stream).layers])
        wrong = []
        for net in (dense, sharing):
            done = network.train(
                net,
                inputs,
                labels,
                loss=LogisticLoss(),
                learning_rate=0.1,
                momentum=0.9,
                n_steps=200,
            )
            wrong.append(np.mean(np.sign(done.network(tests)) != wanted))
        found.append(wrong[0] - wrong[1])
    return Measured.mean(found)


def xor_loss(hidden: Activation | None, n: int, rng: Rng) -> Measured:
    """Logistic loss of XOR below log 2, the best of a network without hidden layer; n networks."""
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    labels = np.array([[-1.0], [1.0], [1.0], [-1.0]])
    widths = [2, 1] if hidden is None else [2, 16, 1]
    options: dict[str, Any] = {"loss": LogisticLoss(), "learning_rate": 0.5, "momentum": 0.9}
    nets = [network.dense(widths, hidden or Tanh(), rng=stream) for stream in rng.spawn(n)]
    done = [network.train(net, inputs, labels, n_steps=300, **options) for net in nets]
    return Measured.mean([np.log(2) - one.losses[-1] for one in done])


def features_claim(n_features: int, words: str) -> Claim:
    """Compare simulation with the closed form, for fewer or more features than samples."""
    return claim(
        f"S6.features_{n_features}",
        f"Test error of {n_features} random features learned from {N_SAMPLES} samples ({words}), "
        "in parts of that predicted",
        r"E = E(\lambda, v, n, k)",
        1.0,
        partial(feature_error, n_features, n_features),
        partial(feature_error, n_features, 2 * n_features),
        source=SIMON,
        status=Status.ASYMPTOTIC,
        n_samples=2000,
        n_quick=400,
        allowance=1 / min(n_features, N_SAMPLES),
        remark="Closed form of infinitely many samples and features; the allowance is one by the "
        "lesser number, the order of its corrections.",
    )


CLAIMS = (
    claim(
        "S4.gradient",
        "Backpropagation gives the gradients that finite differences give",
        r"\partial L / \partial W_l = \delta_l x_{l-1}^T",
        0.0,
        partial(gradient_error, 0.0),
        partial(gradient_error, 1e-4),
        systems=("S4",),
        source=RUMELHART,
        n_samples=50,
        n_quick=5,
        allowance=1e-6,
        remark="Largest relative difference in random directions.  Central differences of step "
        "1e-5 err by 1e-10 (third derivatives) and by 1e-16 / 1e-5 (rounding), relative to slopes "
        "that may be a hundred times smaller than the loss.",
    ),
    claim(
        "S4.optimum",
        "Gradient descent brings the loss of a linear network down to least squares",
        r"L(t) \to L_{\min}",
        0.0,
        partial(loss_above_optimum, 1500),
        partial(loss_above_optimum, 10),
        systems=("S4",),
        source=RUMELHART,
        n_samples=20,
        n_quick=3,
        allowance=1e-12,
        remark="The allowance is the rounding of sums of 30 squares.",
    ),
    claim(
        "S4.xor",
        "A hidden layer learns XOR; without it the loss stays at log 2",
        r"\log 2 - L > 0.5",
        0.5,
        partial(xor_loss, Tanh()),
        partial(xor_loss, None),
        systems=("S4",),
        source=RUMELHART,
        status=Status.ORDERING,
        n_samples=100,
        n_quick=10,
        remark="300 steps with momentum of networks of 16 hidden units, or none in the control.",
    ),
    claim(
        "S6.sharing",
        "A threshold unit whose 5 weights stand at 6 places each gives 62 of 64 labelings of 6 "
        "patterns: its VC dimension is 5, not 30",
        r"C(6, 5) = 2 \sum_{k<5} \binom{5}{k}",
        partial(cover.n_dichotomies, KERNEL + 1, KERNEL),
        partial(dichotomies, True),
        partial(dichotomies, False),
        source="Cover 1965, 10.1109/PGEC.1965.264137",
        remark="Every labeling is decided with a certificate.",
    ),
    claim(
        "S6.samples",
        "Where places do not matter, shared weights learn from fewer samples: a dense network "
        "makes more mistakes after 60",
        r"e_{dense} - e_{shared} > 0",
        0.0,
        partial(saved_by_sharing, True),
        partial(saved_by_sharing, False),
        source="LeCun et al. 1989, 10.1162/neco.1989.1.4.541",
        status=Status.ORDERING,
        n_samples=50,
        n_quick=12,
        remark="In the control the place is asked for, which shared weights with a mean over "
        "places cannot tell.",
    ),
    claim(
        "S6.peak",
        "The error of random units peaks where they are as many as samples: it is more than ten "
        "times that of half as many",
        r"\log(E_{M = P} / E_{M = P/2}) > \log 10",
        np.log(10),
        partial(log_ratio, 40, 20),
        partial(log_ratio, 80, 20),
        source=BELKIN,
        status=Status.ORDERING,
        n_samples=2000,
        n_quick=200,
    ),
    claim(
        "S6.descent",
        "Many more units than samples generalize: with 50 times as many the error is lower than "
        "with half as many",
        r"\log(E_{M = P/2} / E_{M = 50 P}) > 0",
        0.0,
        partial(log_ratio, 20, 2000),
        partial(log_ratio, 20, 50),
        source=BELKIN,
        status=Status.ORDERING,
        n_samples=100,
        n_quick=20,
    ),
    features_claim(20, "fewer"),
    features_claim(240, "more"),
)
