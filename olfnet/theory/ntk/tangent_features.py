"""Tangents of finite networks: derivatives with respect to parameters, as features of inputs.

In the NTK parametrization (Jacot, Gabriel & Hongler 2018, arXiv 1806.07572) a weight is
sqrt(weight_variance / n_inputs) times a number W that is standard normal at first, a bias
sqrt(bias_variance) times such a number b, and learning changes W and b.  ``network.dense`` draws
the products, and ``network.train`` changes those.  ``scaled`` takes the factors out again: the
outputs stay the same, and a layer's weights move weight_variance / n_inputs times as far in a step,
so that neither outputs nor their changes grow with the width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network import Activate, Dense, Layer, Network, Parameters, PullBack
from olfnet.theory.network._layer import require_same_shapes, samples

# Derivatives held at once, 256 megabytes.
_N_DERIVATIVES = 2**25


@dataclass(frozen=True, eq=False)
class Scaled:
    """A layer whose arrays are ``scales`` times its parameters.

    Gradient descent moves an array of scale s by s^2 times as much as without it.

    Parameters
    ----------
    layer : Layer
    scales : sequence of float
        One for each array of parameters; those of scale 0 do not learn.

    Examples
    --------
    >>> slow = Scaled(Dense([[4.0]]), [0.5, 0.0])
    >>> slow.parameters, Network([slow])([[1.0]])
    ((array([[8.]]),), array([[4.]]))
    """

    layer: Layer
    scales: Sequence[float]

    def __post_init__(self) -> None:
        scales = tuple(checks.nonnegative("scales", scale) for scale in self.scales)
        if len(scales) != len(self.layer.parameters):
            raise ValueError(
                f"scales must have {len(self.layer.parameters)} entries, got {len(scales)}"
            )
        object.__setattr__(self, "scales", scales)

    @property
    def parameters(self) -> Parameters:
        """Arrays that learn, over their scales."""
        pairs = zip(self.layer.parameters, self.scales, strict=True)
        return tuple(array / scale for array, scale in pairs if scale)

    def with_parameters(self, parameters: Sequence[FloatArray]) -> "Scaled":
        """Return the same layer with other parameters."""
        require_same_shapes(self.parameters, parameters)
        learned = iter(parameters)
        pairs = zip(self.layer.parameters, self.scales, strict=True)
        arrays = [next(learned) * scale if scale else array for array, scale in pairs]
        return replace(self, layer=self.layer.with_parameters(arrays))

    def linearized(self, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
        """Return the outputs of the layer."""
        outputs, pull = self.layer.linearized(inputs)

        def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
            by_inputs, slopes = pull(gradient)
            pairs = zip(slopes, self.scales, strict=True)
            return by_inputs, tuple(slope * scale for slope, scale in pairs if scale)

        return outputs, pull_back


def scaled(net: Network, *, weight_variance: float = 2.0, bias_variance: float = 0.0) -> Network:
    """Return the same network in the NTK parametrization.

    Parameters
    ----------
    net : Network
        Of dense layers and activations.
    weight_variance, bias_variance : float
        Weights of a layer are sqrt(weight_variance / n_inputs) times its parameters, biases
        sqrt(bias_variance) times.

    Raises
    ------
    ValueError
        If there are other layers, or a variance is out of range.
    """
    weight_variance = checks.positive("weight_variance", weight_variance)
    bias_scale = checks.nonnegative("bias_variance", bias_variance) ** 0.5

    def rescaled(layer: Layer) -> Layer:
        if isinstance(layer, Dense):
            return Scaled(layer, [(weight_variance / layer.weights.shape[1]) ** 0.5, bias_scale])
        if isinstance(layer, Activate):
            return layer
        raise ValueError(f"net must have dense layers and activations, got {type(layer).__name__}")

    return Network([rescaled(layer) for layer in net.layers])


def tangents(net: Network, inputs: ArrayLike) -> FloatArray:
    """Return the derivatives of each output with respect to all parameters.

    They are the features of the linearized network.

    Parameters
    ----------
    net : Network
        In the parametrization of :func:`scaled` for the NTK, else in that of ``train``.
    inputs : array of shape (n_samples, ...)

    Returns
    -------
    array of shape (n_samples, n_outputs, n_parameters)

    Raises
    ------
    ValueError
        If inputs are not finite, or nothing learns.
    """
    if not net.parameters:
        raise ValueError("net must have parameters that learn, got none")
    rows = []
    for sample in samples("inputs", inputs):
        outputs, pull_back = net.linearized(sample[None])
        units = np.eye(outputs.size).reshape(-1, *outputs.shape)
        slopes = (pull_back(unit)[1] for unit in units)
        rows.append([np.concatenate([np.ravel(slope) for slope in part]) for part in slopes])
    return np.array(rows)


def empirical(net: Network, inputs: ArrayLike, others: ArrayLike | None = None) -> FloatArray:
    """Return the tangent kernel of a finite network: products of its gradients at two inputs.

    Parameters
    ----------
    net : Network
        In the parametrization of :func:`scaled`, as drawn by :meth:`WideNetwork.draw`, to compare
        with :meth:`WideNetwork.ntk`.  In that of ``network.dense`` the weights of a layer count
        n_inputs / weight_variance times as much.
    inputs, others : arrays of shape (n_samples, ...) and (n_others, ...)
        ``others`` are the ``inputs`` by default.

    Returns
    -------
    array of shape (n_samples, n_others)
        Of the same output, averaged over outputs.

    Raises
    ------
    ValueError
        If inputs are not finite, or nothing learns.

    Examples
    --------
    >>> line = scaled(Network([Dense([[3.0, 4.0]])]), weight_variance=2.0)
    >>> empirical(line, [[1.0, 0.0], [0.6, 0.8]])  # cosines
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    left = samples("inputs", inputs)
    right = left if others is None else samples("others", others)
    n_outputs = net(left[:1]).size
    n_derivatives = n_outputs * sum(array.size for array in net.parameters)
    if not n_derivatives:
        raise ValueError("net must have parameters that learn, got none")
    step = max(1, _N_DERIVATIVES // (2 * n_derivatives))
    kernel = np.empty((len(left), len(right)))
    for i in range(0, len(left), step):
        rows = tangents(net, left[i : i + step]).reshape(len(left[i : i + step]), -1)
        for j in range(0, len(right), step):
            part = right[j : j + step]
            columns = rows if others is None and i == j else tangents(net, part)
            kernel[i : i + step, j : j + step] = rows @ columns.reshape(len(part), -1).T / n_outputs
    return kernel
