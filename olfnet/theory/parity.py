"""Three exact networks for the parity of n bits, which are deep or wide.

A deep tree of XOR gates, 3 (n - 1) of them; a shallow disjunctive normal form, 2^(n - 1) terms; and
n rectifiers on the sum of the bits.

That "shallow needs exponentially many units" thus holds for units of bounded order and for terms of
a normal form, but not for shallow networks in general.  A perceptron on products of bits needs the
product of all n of them (order n: Minsky & Papert 1969, Perceptrons, theorem 3.1), since parity is
orthogonal to every product of fewer.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import ReLU, Step
from olfnet.theory.network import Activate, Dense, Layer, Network

_LARGEST = 20  # bits for which all inputs are written down
_STEP = Activate(Step())

# Of two bits: OR and AND; and of these two: the first without the second.
_EITHER_BOTH = ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5])
_FIRST_ONLY = ([[1.0, -1.0]], [-0.5])
_RELAY = ([[1.0]], [-0.5])


def truth_table(n_bits: int) -> FloatArray:
    """Return all inputs of n bits.

    Returns
    -------
    array of shape (2^n_bits, n_bits)
        The first bit changes most slowly.

    Examples
    --------
    >>> truth_table(2)
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    """
    n = checks.count("n_bits", n_bits, maximum=_LARGEST)
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1, dtype=float)


def parity(bits: ArrayLike) -> FloatArray:
    """Return 1 where the number of ones is odd.

    Parameters
    ----------
    bits : array of shape (n_inputs, n_bits)

    Returns
    -------
    array of shape (n_inputs,)

    Raises
    ------
    ValueError
        If a bit is neither 0 nor 1.

    Examples
    --------
    >>> parity([[1, 1, 0], [1, 1, 1]])
    array([0., 1.])
    """
    bits = checks.matrix("bits", bits)
    binary = (bits == 0) | (bits == 1)
    if not binary.all():
        raise ValueError(f"bits must be 0 or 1, got {bits[~binary][0]:g}")
    return np.asarray(bits.sum(axis=1) % 2)


def xor_tree(n_bits: int) -> Network:
    """Build the tree of XOR gates of threshold neurons: 3 (n - 1) of them, 2 log2(n) layers.

    In a round with an odd number of bits a relay neuron passes the last one on; relays have a
    single input and are no gates.

    Examples
    --------
    >>> xor_tree(3)([[1, 1, 1], [1, 0, 1]])
    array([[1.],
           [0.]])
    """
    left = checks.count("n_bits", n_bits, minimum=2)
    layers: list[Layer] = []
    while left > 1:
        pairs, odd = divmod(left, 2)
        for gate in (_EITHER_BOTH, _FIRST_ONLY):
            gates = [gate] * pairs + [_RELAY] * odd
            weights = block_diag(*(weights for weights, _ in gates))
            layers += [Dense(weights, np.concatenate([bias for _, bias in gates])), _STEP]
        left = pairs + odd
    return Network(layers)


def normal_form(n_bits: int) -> Network:
    """Build the disjunctive normal form: one AND for each odd input, and an OR of all of them.

    It is the shortest, since a term that leaves a bit open accepts an even input for each odd one.

    Examples
    --------
    >>> normal_form(3)([[1, 1, 1], [1, 0, 1]])
    array([[1.],
           [0.]])
    """
    table = truth_table(checks.count("n_bits", n_bits, minimum=2, maximum=_LARGEST))
    terms = table[parity(table) == 1]
    # Agreement in all n bits gives the number of ones; a wrong bit gives one less.
    agree = Dense(2 * terms - 1, 0.5 - terms.sum(axis=1))
    return Network([agree, _STEP, Dense(np.ones((1, len(terms))), [-0.5]), _STEP])


def bit_sum(n_bits: int) -> Network:
    """Build the shallow network of n rectifiers, a sawtooth of the number of ones.

    relu(s) - 2 relu(s - 1) + 2 relu(s - 2) - ... is 0, 1, 0, 1, ... at s = 0, 1, 2, 3, ...

    Examples
    --------
    >>> bit_sum(3)([[1, 1, 1], [1, 0, 1]])
    array([[1.],
           [0.]])
    """
    n = checks.count("n_bits", n_bits)
    slopes = np.where(np.arange(n) % 2, -2.0, 2.0)
    slopes[0] = 1.0
    onto = Dense(np.ones((n, n)), -np.arange(n))
    return Network([onto, Activate(ReLU()), Dense(slopes[None])])
