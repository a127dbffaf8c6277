"""Ask whether the fly's hash finds neighbors better than dense random projections do.

Images of handwritten digits, and projection-neuron rates of invented odors, are hashed by the
winners of a sparse expansion, by a few dense Gaussian projections, and by the signs of these.  The
nearest 2 % of all vectors are looked for by the distance of their hashes, at equal hash length:
winners, projections, or bits.  As published, vectors are first scaled to the same mean, the fly has
ten units for each input, and its winners keep their drives.
"""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table
from scipy.sparse import issparse
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from olfnet import checks
from olfnet.capacity import retrieve
from olfnet.checks import FloatArray
from olfnet.estimators import DenseHash, FlyHash, SimHash
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors

DASGUPTA = "Dasgupta, Stevens & Navlakha 2017, 10.1126/science.aam9868"
N_ODORS = 1000
NEAR = 0.02  # fraction of all vectors that count as neighbors
UNITS_PER_INPUT, FAN_IN = 10, 6
Rng = np.random.Generator


def digits(rng: Rng) -> FloatArray:
    """Handwritten digits, 1797 images of 8 x 8 pixels, each scaled to the same mean."""
    return equal_means(load_digits().data)


def odors(rng: Rng) -> FloatArray:
    """Projection-neuron rates of odors like the measured ones, each scaled to the same mean."""
    return equal_means(DivisiveNormalization()(fly_odors(N_ODORS, rng=rng)))


def equal_means(vectors: FloatArray) -> FloatArray:
    """Scale non-negative vectors to mean 1, as the published comparison does before hashing."""
    return np.asarray(vectors / vectors.mean(axis=1, keepdims=True))


def listed_precision(vectors: FloatArray, hashes: Any, rng: Rng, n_queries: int) -> float:
    """Mean average precision as the published comparison counts it.

    Only as many vectors are listed as there are neighbors, and the precision at those that are
    right is averaged over them, not over all neighbors: what is missing costs nothing.
    """
    queries = np.sort(rng.choice(len(vectors), n_queries, replace=False))
    n_neighbors = round(NEAR * len(vectors))
    right = nearest(vectors, queries, n_neighbors)
    listed = nearest(hashes.toarray() if issparse(hashes) else hashes, queries, n_neighbors)
    found = np.array([np.isin(*pair) for pair in zip(listed, right, strict=True)])
    hits = np.cumsum(found, axis=1)
    precisions = np.sum(found * hits / np.arange(1, n_neighbors + 1), axis=1)
    return float(np.mean(precisions / np.maximum(hits[:, -1], 1)))


def nearest(
    vectors: FloatArray, queries: NDArray[np.integer], n_neighbors: int
) -> NDArray[np.integer]:
    """Find the nearest others, shape (n_queries, n_neighbors); equals by index."""
    distances = cdist(vectors[queries], vectors, "sqeuclidean")
    distances[np.arange(len(queries)), queries] = np.inf
    return np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]


DATA = {"digits": digits, "odors": odors}
HASHES = ("fly", "binary", "dense", "signs")
LABELS = ("fly, winners keep drives", "fly, binary", "dense projections", "their signs (SimHash)")
METRICS = {
    "precision": "mAP of the whole ranking",
    "listed": "mAP as published",
    "recall": "share of the neighbors found",
}


def hashers(hash_length: int, n_units: int, seed: int) -> list[BaseEstimator]:
    """Return what is compared, in the order of ``HASHES``."""
    fly = FlyHash(hash_length, n_units=n_units, fan_in=FAN_IN, random_state=seed)
    dense, signs = (kind(hash_length, random_state=seed) for kind in (DenseHash, SimHash))
    # Vectors of positive numbers lie all to one side of many planes: signs need their center at 0.
    centered = make_pipeline(StandardScaler(with_std=False), signs)
    return [clone(fly).set_params(binary=False), fly, dense, centered]


def measure(
    *, data: str, hash_length: int, units_per_input: int, n_queries: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Find neighbors by each hash, of the same vectors, with the same queries."""
    vectors = DATA[data](rng)
    n_neighbors, seed = round(NEAR * len(vectors)), int(rng.integers(2**31))
    found = []
    for hasher in hashers(hash_length, units_per_input * vectors.shape[1], seed):
        hashes = hasher.fit_transform(vectors)
        answer = retrieve(vectors, hashes, n_neighbors=n_neighbors, n_queries=n_queries, rng=seed)
        listed = listed_precision(vectors, hashes, np.random.default_rng(seed), n_queries)
        found.append((answer.mean_average_precision, listed, answer.recall.mean()))
    return {
        name: xr.DataArray(values, {"hash": list(HASHES)}, ["hash"], attrs={"meaning": meaning})
        for (name, meaning), values in zip(METRICS.items(), np.transpose(found), strict=True)
    }


def chosen(dataset: xr.Dataset, data: str, metric: str) -> dict[int, np.ndarray]:
    """Finished repeats by hash length, each of shape (n_repeats, n_hashes)."""
    return results.along(dataset, metric, "hash_length", data=data)


def advantage(samples: np.ndarray) -> np.ndarray:
    """How many times better the fly is than dense projections: geometric mean and its 95 % ends."""
    mean, reach = drawing.mean_and_reach(np.log(samples[:, 0] / samples[:, 2]))
    return np.exp([mean, mean - reach, mean + reach])


def table(dataset: xr.Dataset) -> Table:
    """Precision of each hash, and how many times better the fly's is by two metrics."""
    rows = Table(title=f"mAP, nearest {NEAR:.0%}; fly / dense with 95 % interval, and as published")
    for column in ("data", "length", *HASHES, "fly / dense", "published"):
        rows.add_column(column, justify="left" if column == "data" else "right", no_wrap=True)
    for data in DATA:
        listed = chosen(dataset, data, "listed")
        for length, samples in chosen(dataset, data, "precision").items():
            ratios = [advantage(found) for found in (samples, listed[length])]
            cells = [f"{value:.3f}" for value in samples.mean(axis=0)]
            cells += [f"{low:.2f}-{high:.2f}" for _, low, high in ratios]
            rows.add_row(data, str(length), *cells)
        rows.add_section()
    return rows


def draw_precision(axes: Axes, found: dict[int, np.ndarray]) -> None:
    """Draw each hash's precision against its length."""
    if found:
        points = [drawing.mean_and_reach(samples) for samples in found.values()]
        mean, reach = np.transpose(points, (1, 2, 0))
        for k, label in enumerate(LABELS):
            style = {"color": drawing.COLORS[k], "marker": drawing.MARKERS[k], "ms": 4, "lw": 1}
            axes.errorbar(list(found), mean[k], reach[k], label=label, **style)


def draw_advantages(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw how many times better the fly's hash is than dense projections, by two metrics."""
    aside = iter((0.955, 0.985, 1.015, 1.045))  # so that intervals do not hide each other
    for color, data in zip(drawing.COLORS[4:], DATA, strict=False):
        for metric, style, fill in (("listed", "--", "white"), ("precision", "-", color)):
            shift, found = next(aside), chosen(dataset, data, metric)
            if found:
                mean, low, high = np.transpose([advantage(one) for one in found.values()])
                axes.errorbar(
                    shift * np.array(list(found)), mean, (mean - low, high - mean), marker="o",
                    ms=4, ls=style, lw=1, color=color, mfc=fill, label=f"{data}, {METRICS[metric]}",
                )  # fmt: skip
    axes.axhline(1, color="0.6", lw=0.8, ls=":")
    axes.set(ylabel="mAP of the fly / of dense projections", ylim=(0, 3.5))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw precision against hash length for both kinds of data, and the fly's advantage."""
    drawn = Figure(figsize=(9.6, 3.8), layout="constrained")
    panels = drawn.subplots(1, 3)
    for axes, data in zip(panels, DATA, strict=False):
        draw_precision(axes, chosen(dataset, data, "precision"))
        axes.set_title(data, fontsize="medium")
        axes.set(ylabel=f"{METRICS['precision']} (nearest 2 %)", ylim=(0, 1))
    draw_advantages(panels[2], dataset)
    lengths = [int(length) for length in dataset["hash_length"].values]
    for axes in panels:
        axes.set_xscale("log", base=2)
        axes.set_xticks(lengths, [str(length) for length in lengths])
        axes.set_xlabel("hash length")
    drawing.legend(panels[0], loc="upper left")
    drawing.legend(panels[2], loc="upper right")
    drawing.finish(panels)
    return drawn


study = Study(
    name="fly_hash",
    question="Does the fly's hash find neighbors better than dense random projections do?",
    source=DASGUPTA,
    parameters=(
        Parameter("data", tuple(DATA), "what is hashed", check=partial(checks.one_of, known=DATA)),
        Parameter(
            "hash_length",
            (2, 4, 8, 16, 32),
            "winners, projections or bits",
            quick=(2, 16),
            check=checks.count,
        ),
        Parameter(
            "units_per_input",
            UNITS_PER_INPUT,
            "units of the fly's expansion for each input",
            check=checks.count,
        ),
        Parameter(
            "n_queries",
            50,
            "vectors that ask",
            quick=20,
            check=partial(checks.count, maximum=N_ODORS),
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=30,
    quick_repeats=4,
)

if __name__ == "__main__":
    main(study)
