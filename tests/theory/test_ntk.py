"""Kernels of wide networks: known values, other recursions, JAX, and finite networks."""

import mpmath
import numpy as np
import pytest

from olfnet.theory import network, ntk
from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Step, Tanh
from olfnet.theory.network import Activate, Dense, Flatten, Network
from olfnet.theory.ntk import WideNetwork, empirical, scaled, tangents

EVERY = [Identity(), ReLU(), LeakyReLU(0.2), Erf(), Tanh(), Sigmoid()]
# Two inputs that drive the first layer with variance 1 and covariance 1/2, for a variance of 2.
PAIR = np.array([[1.0, 0.0], [0.5, 0.75**0.5]])


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("depth", "value"), [(1, 0.942331), (2, 1.351480), (3, 1.737845)])
def test_published_values(depth, value):
    """The list of references has six decimals."""
    kernel = WideNetwork(depth).ntk(PAIR)
    assert kernel[0, 1] == pytest.approx(value, abs=6e-7)
    np.testing.assert_allclose(np.diag(kernel), depth + 1, rtol=1e-15)
    assert abs(WideNetwork(depth, weight_variance=1.0).ntk(PAIR)[0, 1] - value) > 0.1


@pytest.mark.parametrize(("depth", "value"), [(1, 0.318310), (3, 0.604826), (5, 0.735946)])
def test_correlations_of_orthogonal_inputs(depth, value):
    """Rectifiers without bias pull inputs together, layer by layer."""
    kernel = WideNetwork(depth).nngp(np.eye(2))
    assert kernel[0, 1] / kernel[0, 0] == pytest.approx(value, abs=6e-7)


def test_rectifiers_in_higher_precision():
    """The recursion of Cho & Saul's arc-cosine kernels, with 40 digits and the arccosine."""
    inputs, weight, bias = rng(1).standard_normal((3, 4)), 1.7, 0.3
    found = WideNetwork(3, weight_variance=weight, bias_variance=bias).kernels(inputs)
    mpmath.mp.dps = 40
    exact = [[mpmath.mpf(float(one)) for one in row] for row in inputs]
    weight, bias = mpmath.mpf(weight), mpmath.mpf(bias)
    for i, j in np.ndindex(3, 3):
        a, b, c = (
            weight * mpmath.fdot(exact[p], exact[q]) / 4 + bias for p, q in ((i, i), (j, j), (i, j))
        )
        tangent = c
        for _ in range(3):
            angle = mpmath.acos(min(c / mpmath.sqrt(a * b), 1))
            slope = weight * (mpmath.pi - angle) / (2 * mpmath.pi)
            product = mpmath.sqrt(a * b) * (
                mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)
            )
            c = weight * product / (2 * mpmath.pi) + bias
            a, b = weight * a / 2 + bias, weight * b / 2 + bias
            tangent = c + slope * tangent
        assert found.nngp[i, j] == pytest.approx(float(c), rel=1e-13)
        assert found.ntk[i, j] == pytest.approx(float(tangent), rel=1e-13)


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Erf()])
def test_smooth_activations_by_another_quadrature(activation):
    """A square grid: of functions that are analytic within 1 of the real numbers, exp(-60)."""
    z = np.arange(-90, 91) / 10
    weights = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / 10
    inputs = rng(2).standard_normal((2, 5))
    start = 1.4 * inputs @ inputs.T / 5 + 0.2
    covariance, tangent = start.copy(), start.copy()
    for _ in range(2):
        root = np.linalg.cholesky(covariance)
        u, v = root[0, 0] * z[:, None], root[1, 0] * z[:, None] + root[1, 1] * z
        both = [weights @ (f(u) * f(v)) @ weights for f in (activation, activation.derivative)]
        single = [
            [weights @ f(covariance[i, i] ** 0.5 * z) ** 2 for i in range(2)]
            for f in (activation, activation.derivative)
        ]
        products, slopes = (
            np.array([[one[0], c], [c, one[1]]]) for one, c in zip(single, both, strict=True)
        )
        covariance = 1.4 * products + 0.2
        tangent = covariance + 1.4 * slopes * tangent
    found = WideNetwork(2, activation, 1.4, 0.2).kernels(inputs)
    np.testing.assert_allclose(found.nngp, covariance, rtol=1e-9)
    np.testing.assert_allclose(found.ntk, tangent, rtol=1e-9)


@pytest.mark.parametrize("bias", [0.0, 0.4])
def test_tangents_are_the_gradients_of_jax(bias):
    """A network of two outputs, written anew in the NTK parametrization."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    wide = WideNetwork(2, Tanh(), 1.5, bias)
    net, inputs = wide.draw(3, 7, n_outputs=2, rng=4), rng(5).standard_normal((4, 3))

    def answers(parameters, x):
        arrays = list(parameters)
        for layer in range(3):
            weights = arrays.pop(0)
            x = (1.5 / weights.shape[1]) ** 0.5 * weights @ x
            x = x + bias**0.5 * arrays.pop(0) if bias else x
            x = jax.numpy.tanh(x) if layer < 2 else x
        return x

    np.testing.assert_allclose(
        net(inputs), [answers(net.parameters, x) for x in inputs], rtol=1e-12
    )
    slopes = [jax.jacrev(answers)(net.parameters, x) for x in inputs]
    flat = np.array(
        [np.concatenate([np.reshape(one, (2, -1)) for one in each], axis=1) for each in slopes]
    )
    np.testing.assert_allclose(tangents(net, inputs), flat, rtol=1e-10, atol=1e-13)
    kernel = np.einsum("iop,jop->ij", flat, flat) / 2
    np.testing.assert_allclose(empirical(net, inputs), kernel, rtol=1e-10)
    np.testing.assert_allclose(empirical(net, inputs, inputs[:2]), kernel[:, :2], rtol=1e-10)
    other = network.dense([3, 7, 7, 2], Tanh(), weight_variance=1.5, bias_variance=bias, rng=4)
    assert abs(empirical(other, inputs)[0, 0] / kernel[0, 0] - 1) > 0.5


def test_scaling_changes_steps_and_nothing_else():
    """A step in W moves the weights by weight_variance / n_inputs times as much."""
    plain = network.dense([6, 20, 1], ReLU(), bias_variance=0.5, rng=6)
    same = scaled(plain, bias_variance=0.5)
    inputs, targets = rng(7).standard_normal((5, 6)), rng(8).standard_normal((5, 1))
    np.testing.assert_array_equal(same(inputs), plain(inputs))
    options = {"learning_rate": 0.01, "n_steps": 1}
    moved, slow = (network.train(net, inputs, targets, **options).network for net in (plain, same))
    for layer, factors in ((0, (2 / 6, 0.5)), (2, (2 / 20, 0.5))):
        pairs = zip(
            plain.layers[layer].parameters,
            moved.layers[layer].parameters,
            slow.layers[layer].layer.parameters,
            factors,
            strict=True,
        )
        for start, fast, little, factor in pairs:
            np.testing.assert_allclose(little - start, factor * (fast - start), rtol=1e-9)


def test_unscaled_layers_count_n_inputs_over_variance_times_as_much():
    plain = network.dense([6, 40, 1], ReLU(), rng=9)
    inputs = rng(10).standard_normal((3, 6))
    rows = network.jacobian(plain, inputs)
    parts = [np.einsum("iopq,jopq->ij", one, one) for one in (rows[0], rows[2])]
    kernel = empirical(scaled(plain), inputs)
    np.testing.assert_allclose(kernel, 2 / 6 * parts[0] + 2 / 40 * parts[1], rtol=1e-12)


def deviations(wide, theory, widths, n_networks):
    """Root mean square distance of empirical kernels from theory, in parts of it."""
    inputs, streams = rng(11).standard_normal((3, 10)), rng(12).spawn(len(widths))
    wanted = theory.ntk(inputs)
    return np.array(
        [
            [
                np.sqrt(np.mean((empirical(wide.draw(10, width, rng=one), inputs) - wanted) ** 2))
                for one in stream.spawn(n_networks)
            ]
            for width, stream in zip(widths, streams, strict=True)
        ]
    ) / np.sqrt(np.mean(wanted**2))


@pytest.mark.parametrize("activation", [ReLU(), Tanh()])
def test_finite_networks_approach_the_kernel_as_one_over_root_width(activation):
    """Slope of log mean square distance over log width; its error comes from 20 networks each."""
    widths, wide = np.array([20, 60, 180, 540]), WideNetwork(2, activation, 1.8, 0.1)
    found = deviations(wide, wide, widths, 20) ** 2
    x = np.log(widths) - np.log(widths).mean()
    weights = x / np.sum(x**2)
    slope = weights @ np.log(found.mean(axis=1)) / 2
    relative = found.std(axis=1) / found.mean(axis=1) / 20**0.5
    reach = 4 * np.sqrt(np.sum((weights * relative) ** 2)) / 2
    assert slope == pytest.approx(-0.5, abs=reach)
    assert reach < 0.3
    wrong = deviations(wide, WideNetwork(1, activation, 1.8, 0.1), widths, 20)
    assert abs(weights @ np.log((wrong**2).mean(axis=1)) / 2 + 0.5) > reach


@pytest.mark.parametrize("activation", EVERY)
def test_a_network_of_width_2048_has_its_kernel_within_a_few_per_cent(activation):
    """Standard deviation about 2 / sqrt(2048) = 4 % of the diagonal."""
    inputs = rng(13).standard_normal((3, 10))
    wide = WideNetwork(1, activation, 1.5, 0.1)
    kernel = wide.ntk(inputs)
    one = np.abs(empirical(wide.draw(10, 2048, rng=14), inputs) - kernel).max() / kernel.max()
    assert one < 0.12
    other = WideNetwork(1, activation, 2.0, 0.1).ntk(inputs)
    assert np.abs(other - kernel).max() / kernel.max() > 0.12


def test_outputs_at_birth_have_the_covariance():
    """1000 networks of width 50: sampling 4 sqrt(2 / 1000) = 18 %, finite width nothing."""
    wide, inputs = WideNetwork(2, Erf(), 2.0, 0.2), rng(15).standard_normal((2, 4))
    outputs = np.array([wide.draw(4, 50, rng=one)(inputs)[:, 0] for one in rng(16).spawn(1000)])
    kernel = wide.nngp(inputs)
    scale = np.sqrt(np.multiply.outer(np.diag(kernel), np.diag(kernel)))
    found = outputs.T @ outputs / 1000
    assert np.abs((found - kernel) / scale).max() < 4 * np.sqrt(2 / 1000)
    assert np.abs((found - wide.ntk(inputs)) / scale).max() > 4 * np.sqrt(2 / 1000)


def test_a_linear_model_on_the_circle_has_the_cosine():
    angles = np.linspace(0, 2 * np.pi, 50)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    wanted = np.cos(angles[:, None] - angles)
    linear = WideNetwork(0)
    np.testing.assert_allclose(linear.ntk(circle), wanted, rtol=0, atol=1e-15)
    found = empirical(linear.draw(2, 1, rng=17), circle)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-15)
    assert np.abs(WideNetwork(1, Identity()).ntk(circle) - wanted).max() > 0.5
    assert np.abs(WideNetwork(0, bias_variance=0.1).ntk(circle) - wanted).max() > 0.05


@pytest.mark.parametrize("activation", [*EVERY, Step()])
def test_blocks_halves_and_order_do_not_matter(activation):
    """More than one block of pairs; the series stop where 1e-12 is left of each layer."""
    inputs = rng(18).standard_normal((200, 6))
    wide = WideNetwork(2, activation, 1.5, 0.1)
    whole = wide.kernels(inputs)
    np.testing.assert_array_equal(whole.ntk, whole.ntk.T)
    part = wide.kernels(inputs[50:90], inputs[::-1])
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_allclose(one, other[50:90, ::-1], rtol=1e-10)
        assert np.linalg.eigvalsh(other)[0] > -1e-10 * other.max()


@pytest.mark.parametrize("activation", EVERY)
def test_one_input_is_the_diagonal_of_many(activation):
    wide, inputs = WideNetwork(3, activation, 1.5, 0.1), rng(19).standard_normal((4, 6))
    kernel = wide.ntk(inputs)
    for row, diagonal in zip(inputs, np.diag(kernel), strict=True):
        assert wide.ntk(row[None])[0, 0] == pytest.approx(diagonal, rel=1e-12)


def test_nothing_in_nothing_out():
    kernels = WideNetwork(2).kernels([[0.0, 0.0], [1.0, 2.0]])
    assert [one[0].tolist() for one in kernels] == [[0.0, 0.0]] * 2
    assert np.isfinite(kernels).all()


def test_activations_have_different_kernels():
    kernels = [WideNetwork(1, one).ntk(PAIR) for one in EVERY]
    shapes = sorted(kernel[0, 1] / kernel[0, 0] for kernel in kernels)
    assert np.diff(shapes).min() > 5e-3


def drawn():
    return WideNetwork(1).draw(1, 2, rng=0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WideNetwork(-1), "depth must be at least 0, got -1"),
        (lambda: WideNetwork(1, weight_variance=0), "weight_variance must be positive"),
        (lambda: WideNetwork(1, bias_variance=-1), "bias_variance must be non-negative"),
        (lambda: WideNetwork(1).ntk([[np.nan]]), "inputs must be finite"),
        (lambda: WideNetwork(1).ntk([[1.0]], [[1.0, 2.0]]), "others must have 1 columns"),
        (lambda: scaled(Network([Flatten()])), "net must have dense layers .* got Flatten"),
        (lambda: scaled(Network([Activate(ReLU())]), weight_variance=-1), "weight_variance must"),
        (lambda: ntk.Scaled(Dense([[1.0]]), [1.0]), "scales must have 2 entries, got 1"),
        (lambda: ntk.Scaled(Dense([[1.0]]), [-1.0, 1.0]), "scales must be non-negative"),
        (
            lambda: ntk.Scaled(Dense([[1.0]]), [1.0, 1.0]).with_parameters([[[1.0]]]),
            "must have the",
        ),
        (lambda: WideNetwork(1, ReLU), r"activation must be one such as ReLU\(\), got <class"),
        (
            lambda: WideNetwork(1).ntk([[1e160]]),
            r"inputs must be at most 1e\+100 in size, got 1e\+160",
        ),
        (lambda: WideNetwork(1).ntk([[1.0]], [[-1e160]]), r"others must be at most 1e\+100"),
        (lambda: empirical(drawn(), [[1.0]], [[np.nan]]), "others must be finite, got nan"),
        (lambda: empirical(drawn(), np.ones((0, 1))), "inputs must hold at least one sample"),
        (lambda: tangents(drawn(), [[np.nan]]), "inputs must be finite, got nan"),
        (lambda: empirical(Network([Flatten()]), [[1.0]]), "net must have parameters that learn"),
        (lambda: tangents(Network([Flatten()]), [[1.0]]), "net must have parameters that learn"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
