"""Claims about hashing by expansion and winner-take-all (R21)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from olfnet import random_expansion
from olfnet.capacity import retrieve
from olfnet.checks import FloatArray
from olfnet.expansion import rate
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.receptors import DivisiveNormalization, fly_odors

Rng = np.random.Generator
N_ODORS, N_QUERIES = 1000, 50
NEAR = 0.02  # fraction of all vectors that count as neighbors
UNITS_PER_INPUT, FAN_IN = 10, 6
RATIO = r"\mathrm{mAP}_\mathrm{fly} / \mathrm{mAP}_\mathrm{dense}"


def digits(rng: Rng) -> FloatArray:
    """Handwritten digits, 1797 images of 8 x 8 pixels, each scaled to the same mean."""
    return equal_means(load_digits().data)


def odors(rng: Rng) -> FloatArray:
    """Projection-neuron rates of odors like the measured ones, each scaled to the same mean."""
    return equal_means(DivisiveNormalization()(fly_odors(N_ODORS, rng=rng)))


def equal_means(vectors: FloatArray) -> FloatArray:
    """Scale non-negative vectors to mean 1, as the published comparison does before hashing."""
    return np.asarray(vectors / vectors.mean(axis=1, keepdims=True))


def winners(vectors: FloatArray, hash_length: int, rng: Rng) -> csr_array:
    """Hash as the fly does; winners keep their drives."""
    n_units = UNITS_PER_INPUT * vectors.shape[1]
    circuit = random_expansion(
        n_inputs=vectors.shape[1],
        n_units=n_units,
        fan_in=FAN_IN,
        coding_level=hash_length / n_units,
        rng=rng,
    )
    active = rate.respond(circuit, vectors).active
    return csr_array(np.where(active, circuit.drive(vectors), 0.0))


def projections(vectors: FloatArray, hash_length: int, rng: Rng) -> FloatArray:
    """Hash by a few dense Gaussian projections."""
    return np.asarray(vectors @ rng.standard_normal((vectors.shape[1], hash_length)))


def ranked(*args: Any, **options: Any) -> float:
    """Mean average precision of the whole ranking."""
    return retrieve(*args, **options).mean_average_precision


def listed(*args: Any, **options: Any) -> float:
    """Mean average precision of the nearest codes alone."""
    return float(retrieve(*args, **options).listed_precision.mean())


claim = partial(
    claims.claim,
    control={"hashing": projections, "n": 6},
    source="Dasgupta, Stevens & Navlakha 2017, 10.1126/science.aam9868",
    status=Status.ORDERING,
    systems=["S14"],
)
BOTH = ({"name": "digits", "draw": digits}, {"name": "odors", "draw": odors})


@claim(
    "R21.digits",
    1.0,
    RATIO,
    statement="The fly's hash finds neighbors of handwritten digits better than as many dense "
    "projections: 4 winners of 640 units",
    remark="mAP of the whole ranking, for the nearest 2 % of all vectors.  No longer from 16 "
    "winners on, where both are equal; at 32 dense projections are better by 4 %.",
    cases=[{"draw": digits, "lengths": (4,), "precision": ranked}],
    samples=(50, 10),
)
@claim(
    "R21.odors",
    1.0,
    RATIO,
    statement="The fly's hash finds neighbors of odors better than as many dense projections: 4 "
    "winners of 240 units",
    remark="mAP of the whole ranking, for the nearest 2 % of all vectors.  Equal at 32.",
    cases=[{"draw": odors, "lengths": (4,), "precision": ranked}],
    samples=(50, 12),
)
@claim(
    "R21.{name}_shortest",
    1.5,
    RATIO,
    statement="At 2 winners the fly's hash of {name} is more than one and a half times better than "
    "2 dense projections",
    remark="mAP as published: of the nearest 2 %, precision at those retrieved, averaged over "
    "these.  Published: about three times, for images and words of 128 to 784 dimensions that are "
    "not shipped.  Three times do come out for odors with 80 units for each input; with the 10 of "
    "the publication, 2.2 to 2.7.",
    cases=[{**case, "lengths": (2,), "precision": listed} for case in BOTH],
    samples=(100, 12),
)
@claim(
    "R21.{name}_falls",
    1.0,
    rf"{RATIO}, (k = 2) / (k = 16)",
    cases=[{**case, "lengths": (2, 16), "precision": listed} for case in BOTH],
    samples=(60, 10),
)
def advantage(
    n: int,
    rng: Rng,
    draw: Callable[[Rng], FloatArray],
    lengths: Sequence[int],
    precision: Callable[..., float],
    hashing: Callable[..., Any] = winners,
) -> Measured:
    """The ratio by which the fly's hash of {name} is better than dense projections falls with its
    length: 2 winners against 16.

    mAP as published: of the nearest 2 %, precision at those retrieved, averaged over these.
    """
    logs = np.zeros(n)  # of ratios with the same vectors and queries, and new projections
    for k in range(n):
        vectors = draw(rng)
        for length, sign in zip(lengths, (1, -1), strict=False):
            queries = {
                "n_neighbors": round(NEAR * len(vectors)),
                "n_queries": N_QUERIES,
                "rng": int(rng.integers(2**32)),
            }
            fly, dense = (
                precision(vectors, hashed(vectors, length, rng), **queries)
                for hashed in (hashing, projections)
            )
            logs[k] += sign * np.log(fly / dense)
    mean = Measured.mean(logs)
    return Measured(*(float(np.exp(x)) for x in (mean.value, mean.low, mean.high)))
