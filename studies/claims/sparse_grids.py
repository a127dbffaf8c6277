"""Claims about sparse grids and additive networks (R32, S13)."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import sparse_grids
from olfnet.theory.activations import Tanh
from olfnet.theory.network import Network, Parallel, dense, train
from olfnet.theory.sparse_grids import (
    Basis,
    OpenHat,
    Polynomial,
    adaptive,
    interpolate,
    regular,
)

Rng = np.random.Generator
BUNGARTZ = "Bungartz & Griebel 2004, 10.1017/S0962492904000182"
GERSTNER = "Gerstner & Griebel 2003, 10.1007/s00607-003-0015-5"
EPS = float(np.finfo(float).eps)
EFFICACY = np.array([1.0, 0.2, 0.9, 0.4, 0.7, 0.1])
AFFINITY = 2.0 ** -np.arange(6)
N_DIMS = 6
claim = partial(Claim, systems=("S13",))


def counted(n_dims: int, level: int, *_: Any) -> Measured:
    """Count the different points of a grid that is laid out."""
    return Measured.number(len(np.unique(regular(n_dims, level).points, axis=0)))


def parabola(n_dims: int, level: int, *_: Any) -> Measured:
    """Error of the integral of prod x (1 - x), in parts of that predicted for level 5."""
    found = interpolate(lambda x: np.prod(x * (1 - x), axis=1), regular(n_dims, level))
    missing = 6.0**-n_dims - found.integral
    return Measured.number(missing / sparse_grids.parabola_error(n_dims, 5))


def bound(mixtures: FloatArray) -> FloatArray:
    """Response of a receptor to mixtures of six odors that compete for it."""
    return np.asarray(mixtures @ (AFFINITY * EFFICACY) / (1 + mixtures @ AFFINITY))


def hats(n_nodes: int, x: FloatArray) -> FloatArray:
    """Interpolate at x by hats on a full grid of so many nodes in each dimension, with ends."""
    n_cells = n_nodes - 1
    low = np.minimum(np.floor(n_cells * x), n_cells - 1)
    part, found = n_cells * x - low, np.zeros(len(x))
    for corner in itertools.product((0, 1), repeat=N_DIMS):
        found += np.prod(np.where(corner, part, 1 - part), axis=1) * bound((low + corner) / n_cells)
    return found


def polynomials(n_nodes: int, x: FloatArray) -> FloatArray:
    """Do the same by polynomials through a full grid of Chebyshev's extreme points."""
    nodes = np.sin(np.pi / 2 * np.arange(n_nodes) / (n_nodes - 1)) ** 2
    sides = BarycentricInterpolator(nodes, np.eye(n_nodes))
    mesh = np.stack(np.meshgrid(*[nodes] * N_DIMS, indexing="ij"), axis=-1)
    found = np.broadcast_to(bound(mesh).ravel(), (len(x), n_nodes**N_DIMS))
    for column in x.T:
        found = (sides(column)[:, None] @ found.reshape(len(x), n_nodes, -1))[:, 0]
    return found[:, 0]


def points_saved(basis: Basis, tolerance: float, n: int, rng: Rng) -> Measured:
    """Decimal logarithm of points of a full grid by those of an adaptive one, error 10^-4 at most.

    0 if the adaptive one has more at n random mixtures; the full grid has as few nodes in each
    dimension as have not at a hundred of them.  Of hats errors are root mean squares.
    """
    x, of_hats = rng.random((n, N_DIMS)), isinstance(basis, OpenHat)
    found = adaptive(bound, N_DIMS, tolerance=tolerance, basis=basis).interpolant

    def good(values: FloatArray) -> bool:
        off = np.abs(values - bound(x[: len(values)]))
        return bool((np.mean(off**2) ** 0.5 if of_hats else off.max()) <= 1e-4)

    if not good(found(x)):
        return Measured.number(0.0)
    fewest = next(m for m in range(2, 99) if good((hats if of_hats else polynomials)(m, x[:100])))
    return Measured.number(N_DIMS * np.log10(fewest) - np.log10(found.grid.n_points))


def mixed_share(function: Callable[[FloatArray], FloatArray], *_: Any) -> Measured:
    """Largest surplus of a function in blocks that refine two of ten dimensions or more."""
    found = interpolate(function, regular(10, 3, OpenHat()))
    mixed = (found.grid.levels > 1).sum(axis=1) > 1
    pairs = zip(mixed, found.surpluses, strict=True)
    return Measured.number(max(float(np.abs(s).max()) for of_many, s in pairs if of_many))


def additive(x: FloatArray) -> FloatArray:
    """Sum of waves, one in each dimension."""
    return np.asarray(np.sin(3 * x).sum(axis=1))


def product(x: FloatArray) -> FloatArray:
    """Product of waves in four dimensions, with a variance like that of the sum."""
    return np.asarray(4 * np.prod(np.sin(2 * x[:, :4]), axis=1))


def importance_outside(function: Callable[[FloatArray], FloatArray], *_: Any) -> Measured:
    """Share of the importance that an adaptive grid gives to all but the first two dimensions."""
    found = adaptive(function, N_DIMS, tolerance=1e-3).interpolant.importance
    return Measured.number(float(found[2:].sum() / found.sum()))


def error_saved(function: Callable[[FloatArray], FloatArray], n: int, rng: Rng) -> Measured:
    """Logarithm of a dense network's test error by that of one-input networks side by side."""
    found = []
    for stream in rng.spawn(n):
        x = stream.uniform(-1, 1, (400, N_DIMS))
        y = function(x)[:, None]
        side = [dense([1, 8, 1], Tanh(), bias_variance=1.0, rng=stream) for _ in range(N_DIMS)]
        alone = Network([Parallel(side, [[i] for i in range(N_DIMS)])])
        whole = dense([N_DIMS, 24, 1], Tanh(), bias_variance=1.0, rng=stream)
        errors = []
        for net, speed in ((whole, 0.1), (alone, 0.03)):
            done = train(net, x[:100], y[:100], learning_rate=speed, momentum=0.9, n_steps=300)
            errors.append(np.mean((done.network(x[100:]) - y[100:]) ** 2))
        found.append(np.log(errors[0] / errors[1]))
    return Measured.mean(found)


def points_claim(n_dims: int, level: int) -> Claim:
    """Count the points of one grid; the control is one level finer."""
    return claim(
        f"R32.points_{n_dims}_{level}",
        f"Points of a sparse grid of level {level} in {n_dims} dimensions",
        r"\sum_{k<n} 2^k \binom{d-1+k}{d-1}",
        lambda: sparse_grids.n_points(n_dims, level),
        partial(counted, n_dims, level),
        partial(counted, n_dims, level + 1),
        source=BUNGARTZ,
    )


CLAIMS = (
    points_claim(2, 5),
    points_claim(3, 5),
    points_claim(10, 5),
    claim(
        "R32.error",
        "Error of a sparse grid, here of the integral of a product of six parabolas, in parts of "
        "the closed form",
        r"8^{-d} \sum_{k \ge n} \binom{k+d-1}{k} 4^{-k} = O(h^2 |\log h|^{d-1})",
        1.0,
        partial(parabola, N_DIMS, 5),
        partial(parabola, N_DIMS, 6),
        source=BUNGARTZ,
        allowance=1e-9,
        remark="A sum of 545 to 10,625 terms, of which the difference keeps one part in ten: "
        "rounding is below 10^5 units of the last place.",
    ),
    claim(
        "R32.full",
        "A smooth function of six numbers, known to 10^-4 (root mean square) by piecewise linear "
        "functions: a full grid takes a hundred times as many points as an adaptive one, and more",
        r"\log_{10} (n_{full} / n_{sparse}) > 2",
        2.0,
        partial(points_saved, OpenHat(), 2e-4),
        partial(points_saved, OpenHat(), 1e-2),
        source=GERSTNER,
        status=Status.ORDERING,
        n_samples=10_000,
        n_quick=500,
        remark="Competitive binding of six odors.  The control ends early and misses 10^-4.",
    ),
    claim(
        "R32.full_smooth",
        "The same by polynomials (largest error): a full grid takes only ten to a hundred times",
        r"1 < \log_{10} (n_{full} / n_{sparse}) < 2",
        1.5,
        partial(points_saved, Polynomial(), 1e-5),
        partial(points_saved, OpenHat(), 2e-4),
        source=GERSTNER,
        status=Status.QUALIFIED,
        n_samples=10_000,
        n_quick=500,
        allowance=0.5,
        remark="Six nodes in each dimension.  Whoever knew which odors matter would need as few "
        "points on a full grid of 6, 4, 4, 3, 3 and 2 nodes.  The control has hats.",
    ),
    claim(
        "R32.additive",
        "An additive function of ten numbers needs only its one-dimensional parts: all mixed "
        "surpluses vanish",
        r"f = \sum_i f_i(x_i) \Rightarrow v_l = 0 \text{ if two } l_i > 1",
        0.0,
        partial(mixed_share, additive),
        partial(mixed_share, product),
        source=BUNGARTZ,
        allowance=100 * EPS,
        remark="The allowance is the rounding of sums of tens of terms of size one.",
    ),
    claim(
        "S13.dimensions",
        "An adaptive grid gives all importance to the dimensions that matter, two of six here",
        r"\sum_{i > 2} I_i = 0",
        0.0,
        partial(importance_outside, lambda x: np.exp(x[:, 0] * x[:, 1])),
        partial(importance_outside, lambda x: np.exp(x.mean(axis=1))),
        source=GERSTNER,
        allowance=1000 * EPS,
        remark="The allowance is the rounding of sums of hundreds of terms of size one.",
    ),
    claim(
        "S13.subnetworks",
        "One-input networks whose outputs are summed learn an additive function of six numbers "
        "from 100 samples with less than half the error of a dense network",
        r"\log (e_{dense} / e_{sum}) > \log 2",
        np.log(2),
        partial(error_saved, additive),
        partial(error_saved, product),
        source="Agarwal et al. 2021, arXiv 2004.13912",
        status=Status.ORDERING,
        n_samples=20,
        n_quick=8,
        remark="Equal numbers of samples and steps; a dense network comes as near from two to four "
        "times as many.  The control learns a product, which no sum of one-input networks is.",
    ),
)
"""All claims about sparse grids."""
