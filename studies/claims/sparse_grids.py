"""Claims about sparse grids, additive networks and pruned circuits (R32, S13)."""

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, pruning, rate, sparsify
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import claims
from olfnet.lab.claims import Status
from olfnet.theory import expansion, sparse_grids
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
N_DIMS, LEVEL = 6, 0.1
claim = partial(claims.claim, systems=["S13"], source=BUNGARTZ)


@claim(
    "R32.points_{n_dims}_{level}",
    lambda n_dims, level: sparse_grids.n_points(n_dims, level),
    control=lambda level: {"level": level + 1},
    cases={"n_dims, level": ((2, 5), (3, 5), (10, 5))},
)
def counted(n_dims: int, level: int) -> int:
    r"""Points of a sparse grid of level {level} in {n_dims} dimensions.
    $\sum_{k<n} 2^k \binom{d-1+k}{d-1}$

    Different points are counted; the control is one level finer.
    """
    return len(np.unique(regular(n_dims, level).points, axis=0))


@claim("R32.error", 1.0, control={"level": 6}, allowance=1e-9)
def parabola(level: int = 5) -> float:
    r"""Error of a sparse grid, here of the integral of a product of six parabolas, relative to the
    closed form.
    $8^{-d} \sum_{k \ge n} \binom{k+d-1}{k} 4^{-k} = O(h^2 |\log h|^{d-1})$

    A sum of 545 to 10,625 terms, of which the difference keeps one part in ten: rounding is below
    10^5 units of the last place.
    """
    grid = regular(N_DIMS, level)
    integral = interpolate(lambda x: np.prod(x * (1 - x), axis=1), grid).integral
    return (6.0**-N_DIMS - integral) / sparse_grids.parabola_error(N_DIMS, 5)


def bound(mixtures: FloatArray) -> FloatArray:
    """Response of a receptor to mixtures of six odors that compete for it."""
    return np.asarray(mixtures @ (AFFINITY * EFFICACY) / (1 + mixtures @ AFFINITY))


def hats(n_nodes: int, x: FloatArray) -> FloatArray:
    """Interpolate at x by hats on a full grid of so many nodes in each dimension, with ends."""
    n_cells = n_nodes - 1
    low = np.minimum(np.floor(n_cells * x), n_cells - 1)
    part, total = n_cells * x - low, np.zeros(len(x))
    for corner in itertools.product((0, 1), repeat=N_DIMS):
        total += np.prod(np.where(corner, part, 1 - part), axis=1) * bound((low + corner) / n_cells)
    return total


def polynomials(n_nodes: int, x: FloatArray) -> FloatArray:
    """Interpolate by polynomials through a full grid of Chebyshev's extreme points."""
    nodes = np.sin(np.pi / 2 * np.arange(n_nodes) / (n_nodes - 1)) ** 2
    sides = BarycentricInterpolator(nodes, np.eye(n_nodes))
    mesh = np.stack(np.meshgrid(*[nodes] * N_DIMS, indexing="ij"), axis=-1)
    values = np.broadcast_to(bound(mesh).ravel(), (len(x), n_nodes**N_DIMS))
    for column in x.T:
        values = (sides(column)[:, None] @ values.reshape(len(x), n_nodes, -1))[:, 0]
    return values[:, 0]


@claim(
    "R32.full",
    2.0,
    statement="A smooth function of six numbers, known to 10^-4 (root mean square) by piecewise "
    "linear functions: a full grid takes a hundred times as many points as an adaptive one, and "
    "more",
    equation=r"\log_{10} (n_{full} / n_{sparse}) > 2",
    remark="Competitive binding of six odors.  The control ends early and misses 10^-4.",
    control={"tolerance": 1e-2},
    cases=[{"basis": OpenHat(), "tolerance": 2e-4}],
    samples=(10_000, 500),
    status=Status.ORDERING,
    source=GERSTNER,
)
@claim(
    "R32.full_smooth",
    1.5,
    control={"basis": OpenHat(), "tolerance": 2e-4},
    cases=[{"basis": Polynomial(), "tolerance": 1e-5}],
    samples=(10_000, 500),
    status=Status.QUALIFIED,
    allowance=0.5,
    source=GERSTNER,
)
def points_saved(n: int, rng: Rng, basis: Basis, tolerance: float) -> float:
    r"""The same by polynomials (largest error): a full grid takes only ten to a hundred times.
    $1 < \log_{10} (n_{full} / n_{sparse}) < 2$

    Six nodes in each dimension.  Whoever knew which odors matter would need as few points on a full
    grid of 6, 4, 4, 3, 3 and 2 nodes.  The control has hats.
    """
    x, of_hats = rng.random((n, N_DIMS)), isinstance(basis, OpenHat)
    interpolant = adaptive(bound, N_DIMS, tolerance=tolerance, basis=basis).interpolant

    def good(values: FloatArray) -> bool:
        errors = np.abs(values - bound(x[: len(values)]))
        return bool((np.mean(errors**2) ** 0.5 if of_hats else errors.max()) <= 1e-4)

    if not good(interpolant(x)):
        return 0.0
    full = hats if of_hats else polynomials
    fewest = next(m for m in range(2, 99) if good(full(m, x[:100])))
    return N_DIMS * np.log10(fewest) - np.log10(interpolant.grid.n_points)


def additive(x: FloatArray) -> FloatArray:
    """Sum of waves, one in each dimension."""
    return np.asarray(np.sin(3 * x).sum(axis=1))


def product(x: FloatArray) -> FloatArray:
    """Product of waves in four dimensions, with a variance like that of the sum."""
    return np.asarray(4 * np.prod(np.sin(2 * x[:, :4]), axis=1))


@claim("R32.additive", 0.0, control={"function": product}, allowance=100 * EPS)
def mixed_surplus(function: Callable[[FloatArray], FloatArray] = additive) -> float:
    r"""An additive function of ten numbers needs only its one-dimensional parts: all mixed
    surpluses vanish.
    $f = \sum_i f_i(x_i) \Rightarrow v_l = 0 \text{ if two } l_i > 1$

    The allowance is the rounding of sums of tens of terms of size one.
    """
    interpolant = interpolate(function, regular(10, 3, OpenHat()))
    mixed = (interpolant.grid.levels > 1).sum(axis=1) > 1
    pairs = zip(mixed, interpolant.surpluses, strict=True)
    return max(float(np.abs(surplus).max()) for of_many, surplus in pairs if of_many)


@claim(
    "S13.dimensions",
    0.0,
    control={"function": lambda x: np.exp(x.mean(axis=1))},
    cases=[{"function": lambda x: np.exp(x[:, 0] * x[:, 1])}],
    allowance=1000 * EPS,
    source=GERSTNER,
)
def importance_outside(function: Callable[[FloatArray], FloatArray]) -> float:
    r"""An adaptive grid gives all importance to the dimensions that matter, two of six here.
    $\sum_{i > 2} I_i = 0$

    The allowance is the rounding of sums of hundreds of terms of size one.
    """
    importance = adaptive(function, N_DIMS, tolerance=1e-3).interpolant.importance
    return float(importance[2:].sum() / importance.sum())


@claim(
    "S13.subnetworks",
    np.log(2),
    control={"function": product, "n": 5},
    samples=(20, 8),
    status=Status.ORDERING,
    source="Agarwal et al. 2021, arXiv 2004.13912",
)
def error_saved(stream: Rng, function: Callable[[FloatArray], FloatArray] = additive) -> float:
    r"""One-input networks whose outputs are summed learn an additive function of six numbers from
    100 samples with less than half the error of a dense network.
    $\log (e_{dense} / e_{sum}) > \log 2$

    Equal numbers of samples and steps; a dense network has the same error with two to four times as
    many.  The control learns a product, which no sum of one-input networks is.
    """
    x = stream.uniform(-1, 1, (400, N_DIMS))
    y = function(x)[:, None]
    parts = [dense([1, 8, 1], Tanh(), bias_variance=1.0, rng=stream) for _ in range(N_DIMS)]
    summed = Network([Parallel(parts, [[i] for i in range(N_DIMS)])])
    whole = dense([N_DIMS, 24, 1], Tanh(), bias_variance=1.0, rng=stream)
    errors = []
    for net, speed in ((whole, 0.1), (summed, 0.03)):
        trained = train(net, x[:100], y[:100], learning_rate=speed, momentum=0.9, n_steps=300)
        errors.append(np.mean((trained.network(x[100:]) - y[100:]) ** 2))
    return np.log(errors[0] / errors[1])


def overlaps(rng: Rng, fraction: float, by_importance: bool = False) -> tuple[float, float]:
    """Fraction of active units that stay active after pruning, and as theory has it."""
    odors = rng.normal(40.0, np.geomspace(2, 20, 24), (3000, 24))  # rates in spikes/s
    weights = FixedFanIn(7).draw(300, 24, rng=rng)
    weights.data *= np.exp(rng.standard_normal(weights.nnz))
    circuit = Circuit(weights, sparsify.UnitThresholds(LEVEL))
    importance = pruning.importance(circuit, odors).toarray()
    importance /= importance.sum(axis=1, keepdims=True)
    chosen = importance if by_importance else None
    left = pruning.pruned(circuit, fraction, importance=chosen, rng=rng)
    kept = np.sum(importance * (left.weights.toarray() != 0), axis=1)
    before, after = (rate.respond(c.calibrated(odors), odors).active for c in (circuit, left))
    predicted = LEVEL + (1 - LEVEL) * expansion.correlation(np.sqrt(np.minimum(kept, 1)), LEVEL)
    return float((before & after).sum() / before.sum()), float(predicted.mean())


@claim(
    "S13.overlap",
    1.0,
    control={"supposed": 1 / 2, "n": 6},
    samples=(40, 10),
    status=Status.ASYMPTOTIC,
    allowance=0.02,
    source="Orthant probability of normal variables",
)
def overlap_left(stream: Rng, supposed: float = 1 / 3) -> float:
    r"""A third of all connections pruned at random: active units that stay active, relative to
    theory for Gaussian drives.
    $P_{11}(T, \sqrt{s}) / f, \quad s = \sum_{kept} w^2 \sigma^2 / \sum w^2 \sigma^2$

    Thresholds are set on the 3000 odors that are counted; the allowance is that of calibration,
    sqrt((1 - f) / (3000 f)) for each unit.
    """
    simulated, theory = stream.spawn(2)
    return overlaps(simulated, 1 / 3)[0] / overlaps(theory, supposed)[1]


@claim(
    "S13.pruning",
    0.1,
    control={"by_importance": False, "n": 3},
    samples=(20, 5),
    status=Status.ORDERING,
    source=GERSTNER,
)
def overlap_saved(stream: Rng, by_importance: bool = True) -> float:
    r"""More of the code stays if the unimportant half of the connections goes than any half: at
    least a tenth of all active units.
    $O_{important} - O_{random} > 0.1$
    """
    chosen, random = stream.spawn(2)
    return overlaps(chosen, 0.5, by_importance)[0] - overlaps(random, 0.5)[0]
