"""Claims about sparse grids, additive networks and pruning (R32, S13)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.expansion import pruning, rate, sparsify
from olfnet.expansion.circuit import Circuit
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab.claims.claim import Claim, Measured, Status
from olfnet.theory import expansion, sparse_grids
from olfnet.theory.activations import Tanh
from olfnet.theory.network import Network, Parallel, dense, train
from olfnet.theory.sparse_grids import OpenHat, Polynomial, adaptive, full, interpolate, regular

Rng = np.random.Generator
BUNGARTZ = "Bungartz & Griebel 2004, 10.1017/S0962492904000182"
GERSTNER = "Gerstner & Griebel 2003, 10.1007/s00607-003-0015-5"
EPS = float(np.finfo(float).eps)
EFFICACY = np.array([1.0, 0.2, 0.9, 0.4, 0.7, 0.1])
AFFINITY = 2.0 ** -np.arange(6)
N_DIMS, LEVEL, FAN_IN = 6, 0.1, 7


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


def largest_error(found: sparse_grids.Interpolant, n: int, rng: Rng) -> float:
    """Largest error of that response at n random mixtures."""
    x = rng.random((n, 6))
    return float(np.abs(found(x) - bound(x)).max())


def points_saved(tolerance: float, n: int, rng: Rng) -> Measured:
    """Decimal logarithm of points of a full grid by those of an adaptive one, error 10^-4 at most.

    0 if the adaptive one misses it; the full grid is the coarsest that does not.
    """
    found = adaptive(bound, 6, tolerance=tolerance, basis=Polynomial()).interpolant
    if largest_error(found, n, rng) > 1e-4:
        return Measured.number(0.0)
    for level in (2, 3, 4):
        whole = full(6, level, Polynomial())
        if level == 4 or largest_error(interpolate(bound, whole), n // 10, rng) <= 1e-4:
            break
    return Measured.number(np.log10(whole.n_points / found.grid.n_points))


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


def overlaps(fraction: float, by_importance: bool, rng: Rng) -> tuple[float, float]:
    """Active units that stay active after pruning, and as many as theory says."""
    odors = rng.normal(40.0, np.geomspace(2, 20, 24), (3000, 24))  # rates in spikes/s
    weights = FixedFanIn(FAN_IN).draw(300, 24, rng=rng)
    weights.data *= np.exp(rng.standard_normal(weights.nnz))
    circuit = Circuit(weights, sparsify.UnitThresholds(LEVEL))
    matters = pruning.importance(circuit, odors).toarray()
    matters /= matters.sum(axis=1, keepdims=True)
    chosen = matters if by_importance else None
    left = pruning.pruned(circuit, fraction, importance=chosen, rng=rng)
    kept = np.sum(matters * (left.weights.toarray() != 0), axis=1)
    before, after = (rate.respond(one.calibrated(odors), odors).active for one in (circuit, left))
    predicted = LEVEL + (1 - LEVEL) * expansion.correlation(np.sqrt(np.minimum(kept, 1)), LEVEL)
    return float((before & after).sum() / before.sum()), float(predicted.mean())


def overlap_left(fraction: float, supposed: float, n: int, rng: Rng) -> Measured:
    """Overlap after random pruning, in parts of what theory says for a fraction."""
    found = []
    for stream in rng.spawn(n):
        one, other = stream.spawn(2)
        found.append(overlaps(fraction, False, one)[0] / overlaps(supposed, False, other)[1])
    return Measured.mean(found)


def overlap_saved(by_importance: bool, n: int, rng: Rng) -> Measured:
    """How much more of the code stays if the unimportant half of the connections goes."""
    found = []
    for stream in rng.spawn(n):
        one, other = stream.spawn(2)
        found.append(overlaps(0.5, by_importance, one)[0] - overlaps(0.5, False, other)[0])
    return Measured.mean(found)


def points_claim(n_dims: int, level: int) -> Claim:
    """Count the points of one grid; the control is one level finer."""
    return Claim(
        key=f"R32.points_{n_dims}_{level}",
        systems=("S13",),
        statement=f"Points of a sparse grid of level {level} in {n_dims} dimensions",
        source=BUNGARTZ,
        equation=r"\sum_{k<n} 2^k \binom{d-1+k}{d-1}",
        status=Status.EXACT,
        predicted=lambda: float(sparse_grids.n_points(n_dims, level)),
        simulation=partial(counted, n_dims, level),
        control=partial(counted, n_dims, level + 1),
    )


def claim(
    key: str, statement: str, equation: str, source: str, status: Status, **others: Any
) -> Claim:
    """Make a claim of S13."""
    return Claim(
        key=key,
        systems=("S13",),
        statement=statement,
        source=source,
        equation=equation,
        status=status,
        **others,
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
        BUNGARTZ,
        Status.EXACT,
        predicted=lambda: 1.0,
        simulation=partial(parabola, N_DIMS, 5),
        control=partial(parabola, N_DIMS, 6),
        allowance=1e-9,
        remark="A sum of 545 to 10,625 terms, of which the difference keeps one part in ten: "
        "rounding is below 10^5 units of the last place.",
    ),
    claim(
        "R32.full",
        "A smooth function of six numbers, known to 10^-4: a full grid takes more than a hundred "
        "times as many points as a sparse one that adapts",
        r"\log_{10} (n_{full} / n_{sparse}) > 2",
        GERSTNER,
        Status.QUALIFIED,
        predicted=lambda: 2.0,
        simulation=partial(points_saved, 3e-5),
        control=partial(points_saved, 1e-2),
        n_samples=20_000,
        n_quick=1000,
        remark="Competitive binding of six odors; polynomials through Chebyshev points on both "
        "sides, largest error at random points.  The control ends early and misses 10^-4.  A full "
        "grid doubles its points in all dimensions at once, and a peaked function saves less: 39 "
        "times for exp(-|x - .3|^2).",
    ),
    claim(
        "R32.additive",
        "An additive function of ten numbers needs only its one-dimensional parts: all mixed "
        "surpluses vanish",
        r"f = \sum_i f_i(x_i) \Rightarrow v_l = 0 \text{ if two } l_i > 1",
        BUNGARTZ,
        Status.EXACT,
        predicted=lambda: 0.0,
        simulation=partial(mixed_share, additive),
        control=partial(mixed_share, product),
        allowance=100 * EPS,
        remark="The allowance is the rounding of sums of tens of terms of size one.",
    ),
    claim(
        "S13.dimensions",
        "An adaptive grid gives all importance to the dimensions that matter, two of six here",
        r"\sum_{i > 2} I_i = 0",
        GERSTNER,
        Status.EXACT,
        predicted=lambda: 0.0,
        simulation=partial(importance_outside, lambda x: np.exp(x[:, 0] * x[:, 1])),
        control=partial(importance_outside, lambda x: np.exp(x.mean(axis=1))),
        allowance=1000 * EPS,
        remark="The allowance is the rounding of sums of hundreds of terms of size one.",
    ),
    claim(
        "S13.subnetworks",
        "One-input networks whose outputs are summed learn an additive function of six numbers "
        "from 100 samples with less than half the error of a dense network",
        r"\log (e_{dense} / e_{sum}) > \log 2",
        "Agarwal et al. 2021, arXiv 2004.13912",
        Status.ORDERING,
        predicted=lambda: float(np.log(2)),
        simulation=partial(error_saved, additive),
        control=partial(error_saved, product),
        n_samples=20,
        n_quick=8,
        remark="The control learns a product, which no sum of one-input networks is.",
    ),
    claim(
        "S13.overlap",
        "A third of all connections pruned at random: active units that stay active, in parts of "
        "what theory says of Gaussian drives",
        r"P_{11}(T, \sqrt{s}) / f, \quad s = \sum_{kept} w^2 \sigma^2 / \sum w^2 \sigma^2",
        "Orthant probability of normal variables",
        Status.ASYMPTOTIC,
        predicted=lambda: 1.0,
        simulation=partial(overlap_left, 1 / 3, 1 / 3),
        control=partial(overlap_left, 1 / 3, 1 / 2),
        n_samples=40,
        n_quick=10,
        allowance=0.02,
        remark="Thresholds are set on the 3000 odors that are counted; the allowance is that of "
        "calibration, sqrt((1 - f) / (3000 f)) for each unit.",
    ),
    claim(
        "S13.pruning",
        "More of the code stays if the unimportant half of the connections goes than any half: at "
        "least a tenth of all active units",
        r"O_{important} - O_{random} > 0.1",
        GERSTNER,
        Status.ORDERING,
        predicted=lambda: 0.1,
        simulation=partial(overlap_saved, True),
        control=partial(overlap_saved, False),
        n_samples=20,
        n_quick=5,
    ),
)
"""All claims about sparse grids."""
