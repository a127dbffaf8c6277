"""Backpropagation against finite differences and JAX; learning against known optima."""

import numpy as np
import pytest
import scipy.optimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from olfnet.theory import layers, network, propagation
from olfnet.theory.activations import (
    Erf,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Step,
    Tanh,
    Thresholded,
)
from olfnet.theory.convolution import Convolution, MeanPool
from olfnet.theory.layers import Activate, Dense, Flatten, Network, Residual
from olfnet.theory.network import LogisticLoss, SquaredLoss, gradient, train

SMOOTH = [Identity(), Tanh(), Sigmoid(), Erf()]
KINKED = [ReLU(), LeakyReLU(0.1), Step()]


def rng(seed=0):
    return np.random.default_rng(seed)


def convolutional(padding, stride, dims, activation):
    """Convolutions, a residual block and a dense readout, on a grid of 1 or 2 dimensions."""
    random = rng(1)
    window = (3, 2)[:dims]
    first = Convolution(
        random.standard_normal((4, 2, *window)), random.standard_normal(4), stride, padding
    )
    same = Convolution(0.3 * random.standard_normal((4, 4, *(3,) * dims)), 0.1, padding="circular")
    body = [first, Activate(activation), Residual([same, Activate(activation)]), Flatten()]
    shape = (5, 2, *(7, 6)[:dims])
    width = Network(body)(np.zeros(shape)).shape[1]
    inputs = random.standard_normal(shape)
    return Network([*body, Dense(random.standard_normal((2, width)), 0.2)]), inputs


def looked_at(shape):
    return Network([Convolution(np.ones((1, 2, 3)))])(np.ones(shape))


def every_network():
    for activation in SMOOTH[1:] + KINKED[:2]:
        deep = network.dense([3, 6, 5, 2], activation, bias_variance=0.3, rng=2)
        yield deep, rng(3).standard_normal((5, 3))
    for padding in ("none", "zero", "circular"):
        for stride in (1, 2):
            for dims in (1, 2):
                yield convolutional(padding, stride, dims, Tanh())


def moved(net, array, place, by):
    parameters = [one.copy() for one in net.parameters]
    parameters[array][place] += by
    return net.with_parameters(parameters)


@pytest.mark.parametrize(("net", "inputs"), list(every_network()))
@pytest.mark.parametrize("loss", [SquaredLoss(), LogisticLoss()])
def test_gradients_are_finite_differences(net, inputs, loss):
    """Central differences of step h err by h^2 (third derivatives) and 1e-16 / h (rounding)."""
    random, h = rng(4), 1e-5
    targets = random.choice([-1.0, 1.0], net(inputs).shape)
    value, slopes = gradient(net, inputs, targets, loss)
    assert value == pytest.approx(loss(net(inputs), targets)[0], rel=1e-15)
    for array, slope in enumerate(slopes):
        assert slope.shape == net.parameters[array].shape
        for _ in range(4):
            place = tuple(random.integers(n) for n in slope.shape)
            up, down = (
                gradient(moved(net, array, place, by), inputs, targets, loss)[0] for by in (h, -h)
            )
            assert slope[place] == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("net", "inputs"), list(every_network()))
def test_gradients_by_the_inputs(net, inputs):
    outputs, pull_back = net.linearized(inputs)
    random, h = rng(5), 1e-5
    weights, direction = random.standard_normal(outputs.shape), random.standard_normal(inputs.shape)
    along = np.sum(pull_back(weights)[0] * direction)
    difference = np.sum(weights * (net(inputs + h * direction) - net(inputs - h * direction)))
    assert along == pytest.approx(difference / (2 * h), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("padding", ["none", "zero", "circular"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_gradients_are_those_of_jax(padding, stride):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    random = rng(6)
    kernels, bias = random.standard_normal((4, 2, 3, 2)), random.standard_normal(4)
    weights = random.standard_normal((1, 4))
    inputs = random.standard_normal((6, 2, 8, 7))
    labels = random.choice([-1.0, 1.0], (6, 1))

    def loss_of(kernels, bias, weights):
        modes = {"zero": "constant", "circular": "wrap"}
        seen = inputs
        if padding != "none":
            margins = ((0, 0), (0, 0), (1, 1), (0, 1))
            seen = jax.numpy.pad(seen, margins, mode=modes[padding])
        maps = jax.lax.conv(seen, kernels, (stride, stride), "VALID")
        active = jax.numpy.tanh(maps + bias[:, None, None])
        pooled = active.mean(axis=(2, 3))
        return jax.numpy.logaddexp(0, -labels * (pooled @ weights.T)).mean()

    wanted = jax.grad(loss_of, argnums=(0, 1, 2))(kernels, bias, weights)
    convolution = Convolution(kernels, bias, stride, padding)
    net = Network([convolution, Activate(Tanh()), MeanPool(), Dense(weights)])
    value, slopes = gradient(net, inputs, labels, LogisticLoss())
    assert value == pytest.approx(float(loss_of(kernels, bias, weights)), rel=1e-13)
    np.testing.assert_allclose(slopes[0], wanted[0], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slopes[1], wanted[1], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slopes[2], wanted[2], rtol=1e-10, atol=1e-14)
    assert not np.allclose(slopes[0][:, ::-1], wanted[0])


def by_jax(jax, layer, parameters, x):
    """Compute a layer with JAX, from the definitions."""
    if isinstance(layer, Network):
        passed = x
        for part in layer.layers:
            n = len(part.parameters)
            passed = by_jax(jax, part, parameters[:n], passed)
            parameters = parameters[n:]
        return x + passed if isinstance(layer, Residual) else passed
    if isinstance(layer, Activate):
        return jax.numpy.where(x > 0, x, layer.activation.slope * x)
    if isinstance(layer, Flatten):
        return x.reshape(len(x), -1)
    weights, bias = parameters
    if isinstance(layer, Dense):
        return x @ weights.T + bias
    if layer.padding != "none":
        margins = [(0, 0)] * 2 + [((n - 1) // 2, n // 2) for n in weights.shape[2:]]
        x = jax.numpy.pad(x, margins, mode={"zero": "constant", "circular": "wrap"}[layer.padding])
    n_dims = weights.ndim - 2
    maps = jax.lax.conv(x, weights, (layer.stride,) * n_dims, "VALID")
    return maps + bias.reshape(-1, *[1] * n_dims)


@pytest.mark.parametrize("kind", ["squared", "logistic"])
@pytest.mark.parametrize(("dims", "padding"), [(1, "zero"), (1, "circular"), (2, "none"), (0, "")])
def test_gradients_of_all_layers_are_those_of_jax(kind, dims, padding):
    """Grids of 1 and 2 dimensions, residual blocks, leaky rectifiers, dense layers; both losses."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    leaky = LeakyReLU(0.1)
    net, inputs = (
        network.dense([3, 6, 5, 2], leaky, bias_variance=0.3, rng=2),
        rng(3).normal(size=(5, 3)),
    )
    if dims:
        net, inputs = convolutional(padding, 2, dims, leaky)
    labels = rng(4).choice([-1.0, 1.0], net(inputs).shape)

    def loss_of(parameters):
        outputs = by_jax(jax, net, parameters, inputs)
        if kind == "squared":
            return jax.numpy.sum((outputs - labels) ** 2) / 2 / len(inputs)
        return jax.numpy.sum(jax.numpy.logaddexp(0, -labels * outputs)) / len(inputs)

    wanted = jax.grad(loss_of)(list(net.parameters))
    loss = SquaredLoss() if kind == "squared" else LogisticLoss()
    value, slopes = gradient(net, inputs, labels, loss)
    assert value == pytest.approx(float(loss_of(net.parameters)), rel=1e-13)
    for mine, theirs in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)
    assert not np.allclose(slopes[0][::-1], wanted[0])


@pytest.mark.parametrize("activation", SMOOTH + KINKED)
def test_derivatives(activation):
    inputs = np.concatenate([rng(7).normal(0, 3, 200), [-800.0, 800.0]])
    h = 1e-6
    slope = (activation(inputs + h) - activation(inputs - h)) / (2 * h)
    np.testing.assert_allclose(activation.derivative(inputs), slope, rtol=1e-5, atol=1e-9)
    assert not np.any(np.isnan(activation(inputs)))
    for kink in activation.kinks:
        left, right = activation.derivative([kink - 1e-9, kink + 1e-9])
        values = activation([kink - 1e-9, kink + 1e-9])
        assert left != right or abs(values[1] - values[0]) > 0.5


def test_jacobian_is_made_of_gradients():
    net = network.dense([3, 4, 2], Tanh(), rng=8)
    inputs = rng(9).standard_normal((5, 3))
    rows = network.jacobian(net, inputs)
    assert [row.shape for row in rows] == [(5, 2, *array.shape) for array in net.parameters]
    h = 1e-6
    for array in range(len(rows)):
        place = tuple(0 for _ in net.parameters[array].shape)
        up, down = (moved(net, array, place, by)(inputs) for by in (h, -h))
        np.testing.assert_allclose(rows[array][(..., *place)], (up - down) / (2 * h), atol=1e-8)


def test_least_squares_is_learned_to_the_optimum():
    random = rng(10)
    inputs, targets = random.standard_normal((30, 4)), random.standard_normal((30, 2))
    start = Network([Dense(np.zeros((2, 4)))])
    learned = train(start, inputs, targets, learning_rate=0.3, momentum=0.5, n_steps=2000)
    design = np.column_stack([inputs, np.ones(30)])
    solution, residual, *_ = np.linalg.lstsq(design, targets)
    weights, bias = learned.network.parameters
    np.testing.assert_allclose(np.column_stack([weights, bias]), solution.T, atol=1e-12)
    assert learned.losses[-1] == pytest.approx(residual.sum() / 2 / 30, rel=1e-12)
    assert (np.diff(learned.losses) < 1e-14).mean() > 0.9


def test_logistic_loss_is_learned_to_the_optimum_of_scikit_learn():
    random = rng(11)
    inputs = random.standard_normal((80, 3))
    chances = expit(inputs @ [1.0, -2.0, 0.5] + 0.3)
    labels = np.where(random.random(80) < chances, 1.0, -1.0)
    start = Network([Dense(np.zeros((1, 3)))])
    learned = train(
        start, inputs, labels[:, None], loss=LogisticLoss(), learning_rate=2.0, n_steps=3000
    )
    wanted = LogisticRegression(C=np.inf, tol=1e-10).fit(inputs, labels)
    weights, bias = learned.network.parameters
    np.testing.assert_allclose(weights, wanted.coef_, atol=1e-5)
    np.testing.assert_allclose(bias, wanted.intercept_, atol=1e-5)


def test_xor_is_learned_with_a_hidden_layer_only():
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    labels = np.array([[-1.0], [1.0], [1.0], [-1.0]])
    options = {"loss": LogisticLoss(), "learning_rate": 0.5, "momentum": 0.9, "n_steps": 2000}
    deep = train(network.dense([2, 8, 1], Tanh(), rng=1), inputs, labels, **options)
    flat = train(network.dense([2, 1], Tanh(), rng=1), inputs, labels, **options)
    assert (np.sign(deep.network(inputs)) == labels).all()
    assert deep.losses[-1] < 0.01
    assert flat.losses[-1] == pytest.approx(np.log(2), abs=1e-6)  # the optimum is all zeros


def test_momentum_and_batches():
    random = rng(12)
    inputs, targets = random.standard_normal((60, 2)), random.standard_normal((60, 1))
    start = Network([Dense(np.zeros((1, 2)))])
    slow = train(start, inputs, targets, learning_rate=0.01, n_steps=60)
    fast = train(start, inputs, targets, learning_rate=0.01, momentum=0.8, n_steps=60)
    assert fast.losses[-1] < slow.losses[-1] - 1e-4
    one, two, other = (
        train(start, inputs, targets, batch_size=7, n_steps=20, rng=seed).losses
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert start.parameters[0].tolist() == [[0.0, 0.0]]  # the record is as it was


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_is_a_linear_recurrence(momentum):
    """On the loss e^2 / 2, e_t+1 = (1 + m - rate) e_t - m e_t-1 (Polyak 1964), e_-1 = e_0."""
    start, inputs, targets = Network([Dense([[0.0]])]), [[-1.0], [1.0]], [[-2.0], [2.0]]
    options = {"learning_rate": 0.2, "n_steps": 40}
    step = np.array([[0.8 + momentum, -momentum], [1.0, 0.0]])
    errors = [(np.linalg.matrix_power(step, t) @ [-2.0, -2.0])[0] for t in range(41)]
    found = train(start, inputs, targets, momentum=momentum, **options).losses
    np.testing.assert_allclose(found, np.square(errors) / 2, rtol=1e-9, atol=1e-14)
    other = train(start, inputs, targets, momentum=momentum + 0.05, **options).losses
    assert not np.allclose(other, found, rtol=1e-3)


def test_training_equals_an_independent_optimizer():
    """The same small network, learned by SciPy's BFGS from the same start, is no better."""
    random = rng(13)
    inputs = np.linspace(-1, 1, 12)[:, None]
    targets = np.sin(3 * inputs)
    start = network.dense([1, 5, 1], Tanh(), bias_variance=0.5, rng=random)
    shapes = [array.shape for array in start.parameters]
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def loss_of(flat):
        parts = np.split(flat, cuts)
        net = start.with_parameters([p.reshape(s) for p, s in zip(parts, shapes, strict=True)])
        value, slopes = gradient(net, inputs, targets, SquaredLoss())
        return value, np.concatenate([slope.ravel() for slope in slopes])

    flat = np.concatenate([array.ravel() for array in start.parameters])
    best = scipy.optimize.minimize(loss_of, flat, jac=True, method="BFGS")
    learned = train(start, inputs, targets, learning_rate=0.2, momentum=0.9, n_steps=20_000)
    assert learned.losses[0] > 0.05
    assert learned.losses[-1] < 1e-4
    assert best.fun < learned.losses[-1]


def test_residual_blocks_pass_gradients_around():
    """A block of zero weights is the identity, forwards and backwards."""
    block = Residual([Dense(np.zeros((3, 3))), Activate(Tanh())])
    inputs = rng(14).standard_normal((4, 3))
    outputs, pull_back = Network([block] * 50).linearized(inputs)
    np.testing.assert_array_equal(outputs, inputs)
    np.testing.assert_array_equal(pull_back(inputs)[0], inputs)
    plain = Network([*block.layers] * 50).linearized(inputs)[1]
    assert not plain(inputs)[0].any()


def test_each_layer_can_have_its_variance_as_glorot_wants():
    """Standard deviations within 5 standard errors."""
    widths = np.array([200, 600, 200])
    n_inputs, n_outputs = widths[:-1], widths[1:]
    variance = propagation.glorot(n_inputs, n_outputs)
    net = network.dense(
        widths, Identity(), weight_variance=n_inputs * variance, bias_variance=[0.0, 4.0], rng=1
    )
    for layer, wanted in zip(net.layers[::2], variance, strict=True):
        error = 5 / (2 * layer.weights.size) ** 0.5
        assert layer.weights.std() / wanted**0.5 == pytest.approx(1, abs=error)
        he = propagation.he(layer.weights.shape[1])
        assert abs(layer.weights.std() / he**0.5 - 1) > error
    assert not net.layers[0].bias.any()
    assert net.layers[2].bias.std() == pytest.approx(2, abs=2 * 5 / 400**0.5)


def test_initial_variance_is_kept_by_he():
    random = rng(15)
    net = network.dense([200] + [1000] * 5 + [1], ReLU(), weight_variance=2.0, rng=random)
    inputs = random.standard_normal((20, 200))
    hidden = Network(net.layers[:-1])(inputs)
    ratio = 2 * np.mean(hidden**2, axis=1) / 2 / np.mean(inputs**2, axis=1)
    # Half the units are silent: E x^2 = v / 2 behind the rectifier, where v = 2 E x^2 before it.
    assert np.mean(ratio) == pytest.approx(1, abs=4 * np.sqrt(5 * 5 / 1000))
    for wrong in (1.0, 4.0):
        net = network.dense([200] + [1000] * 5 + [1], ReLU(), weight_variance=wrong, rng=random)
        hidden = Network(net.layers[:-1])(inputs)
        assert abs(np.log2(np.mean(hidden**2) / np.mean(inputs**2))) > 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense([1.0]), "weights must be 2-D"),
        (lambda: Dense([[1.0, 2.0]], [1.0, 2.0]), "bias must have 1 entries, got 2"),
        (lambda: Convolution(np.zeros((2, 2))), "kernels must have the shape"),
        (lambda: Convolution(np.zeros((2, 2, 3)), [1.0]), "bias must have 2 entries, got 1"),
        (lambda: Convolution(np.full((2, 2, 3), np.nan)), "kernels must be finite"),
        (lambda: Convolution(np.zeros((2, 2, 3)), stride=0), "stride must be at least 1"),
        (lambda: Convolution(np.zeros((2, 2, 3)), padding="same"), "padding must be one of"),
        (lambda: network.dense([3], Tanh()), "widths must hold"),
        (lambda: network.dense([3, 0], Tanh()), "widths must be at least 1"),
        (lambda: network.dense([3, 1], Tanh(), weight_variance=-1), "weight_variance must be non"),
        (lambda: network.dense([3, 1], Tanh(), bias_variance=[-1]), "bias_variance must be non"),
        (
            lambda: network.dense([3, 1], Tanh(), weight_variance=np.nan),
            "weight_variance must be f",
        ),
        (
            lambda: network.dense([3, 4, 1], Tanh(), bias_variance=[0, 1, 2]),
            r"bias_variance must have 2 entries, got shape \(3,\)",
        ),
        (lambda: Residual([Dense([[1.0, 1.0]])])([[1.0, 2.0]]), "must keep the shape"),
        (lambda: LeakyReLU(np.nan), "slope must be finite"),
        (lambda: network.dense([2, 3, 1], ReLU, rng=0), r"activation must be one such as ReLU\(\)"),
        (lambda: Activate("relu"), "activation must be one such as .* got 'relu'"),
        (lambda: Thresholded(ReLU, 1.0), "activation must be one such as"),
        (lambda: network.dense([2.0, 1], Tanh()), "widths must be a list of integers"),
        (lambda: network.dense(3, Tanh()), "widths must be a list of integers, got 3"),
        (lambda: Network([ReLU()]), "layers must be a list of layers such as Dense"),
        (lambda: Network(Dense([[1.0]])), "layers must be a list of layers such as Dense"),
        (lambda: Network("abc"), "layers must be a list of layers such as Dense, got 'abc'"),
        (lambda: Convolution("a"), "kernels must be numbers, got 'a'"),
        (lambda: Network([Dense([[1.0]])])(np.ones(1)), "inputs must have 1 columns, got shape"),
        (lambda: Network([Dense([[1.0]])])(np.ones((0, 1))), "inputs must hold at least one"),
        (lambda: Network([MeanPool()])(np.ones((4, 3))), "inputs must have channels and a grid"),
        (lambda: looked_at((4, 5)), "inputs must have 2 channels on a grid of 1 dim"),
        (lambda: looked_at((4, 1, 5)), r"must have 2 channels .* got shape \(4, 1, 5\)"),
        (lambda: looked_at((4, 2, 5, 5)), "must have 2 channels on a grid of 1 dim"),
        (lambda: looked_at((4, 2, 2)), r"inputs must be as wide as \(3,\), got shape \(4, 2, 2\)"),
    ],
)
def test_bad_networks(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"batch_size": 9}, "batch_size must be at most 4"),
    ],
)
def test_bad_training(options, words):
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=words):
        train(net, np.ones((4, 2)), np.ones((4, 1)), **options)


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [
        ([[1.0, np.nan]] * 4, [[1.0]] * 4, r"inputs must be finite, got nan at \(0, 1\)"),
        ([[1.0, 2.0]] * 4, [[np.inf]] * 4, r"targets must be finite, got inf at \(0, 0\)"),
        ([["a", "b"]], [[1.0]], "inputs must be numbers"),
        (np.ones((0, 2)), np.ones((0, 1)), "inputs must hold at least one sample"),
        (1.0, 1.0, "inputs must hold at least one sample"),
        ([[1.0, 2.0]] * 4, [[1.0]] * 8, "targets must be as many as inputs, 4, got 8"),
    ],
)
def test_bad_samples(inputs, targets, words):
    """Numbers that are none are no matter of the learning rate, nor are batches cut short."""
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=words):
        train(net, inputs, targets, batch_size=1, n_steps=2)
    with pytest.raises(
        ValueError, match=words.replace("be as many as inputs, 4, got 8", "have the shape")
    ):
        gradient(net, inputs, targets, SquaredLoss())


def test_jacobians_of_bad_samples():
    with pytest.raises(ValueError, match="inputs must be finite, got nan"):
        network.jacobian(network.dense([1, 1], Tanh(), rng=0), [[np.nan]])


@pytest.mark.parametrize("labels", [[[0.0], [1.0]], [[-1.0], [2.0]]])
def test_labels_are_minus_one_and_one(labels):
    """Labels of 0, as other libraries have them, would silently count for nothing."""
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match="targets must be labels -1 or 1, got [02]"):
        gradient(net, np.ones((2, 2)), labels, LogisticLoss())


@pytest.mark.parametrize("loss", [LogisticLoss, "squared"])
def test_losses_that_are_none(loss):
    with pytest.raises(ValueError, match=r"loss must be one such as SquaredLoss\(\)"):
        gradient(network.dense([2, 1], Tanh(), rng=0), np.ones((2, 2)), np.ones((2, 1)), loss)


@pytest.mark.parametrize(
    ("make", "array"),
    [(Dense, np.ones((2, 3))), (Convolution, np.ones((2, 1, 3)))],
)
def test_layers_cannot_be_changed_behind_their_backs(make, array):
    layer = make(array, np.zeros(2))
    array[:] = 7.0
    assert (layer.parameters[0] == 1).all()
    for kept in layer.parameters:
        with pytest.raises(ValueError, match="read-only"):
            kept[:] = 7.0


@pytest.mark.parametrize("change", ["more", "fewer", "other"])
def test_parameters_must_fit(change):
    net = network.dense([2, 3, 1], Tanh(), rng=0)
    parameters = list(net.parameters)
    parameters = {
        "more": [*parameters, np.ones(3)],
        "fewer": parameters[:3],
        "other": [np.ones((7, 2)), *parameters[1:]],
    }[change]
    with pytest.raises(ValueError, match=r"parameters must have the shapes \[\(3, 2\), .*, got"):
        net.with_parameters(parameters)
    for layer in (Dense([[1.0]]), Convolution(np.ones((1, 1, 3)))):
        with pytest.raises(ValueError, match="parameters must have the shapes"):
            layer.with_parameters(layer.parameters[:1])


def test_targets_and_divergence():
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=r"targets must have the shape of the outputs, \(4, 1\)"):
        train(net, np.ones((4, 2)), np.ones(4))
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 50"):
        train(net, np.ones((4, 2)), np.ones((4, 1)), learning_rate=50.0, n_steps=1000)


def test_layers_can_be_named_from_network():
    assert network.Dense is layers.Dense


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
