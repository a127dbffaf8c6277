"""Neighbors found by the fly's hash and by dense random projections.

Images of handwritten digits, and projection-neuron rates of surrogate odors, are hashed by the
winners of a sparse expansion, by a few dense Gaussian projections, and by the signs of these.  The
nearest 2 % of all vectors are searched by the distance of their hashes, at equal hash length:
winners, projections, or bits.  As published, vectors are first scaled to the same mean, the fly has
ten units for each input, and its winners keep their drives.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
    """Projection-neuron rates of surrogate odors, each scaled to the same mean."""
    return equal_means(DivisiveNormalization()(fly_odors(N_ODORS, rng=rng)))


def equal_means(vectors: FloatArray) -> FloatArray:
    """Scale non-negative vectors to mean 1, as the published comparison does before hashing."""
    return np.asarray(vectors / vectors.mean(axis=1, keepdims=True))


DATA = {"digits": digits, "odors": odors}
HASHES = ("fly", "binary", "dense", "signs")
LABELS = ("fly, winners keep drives", "fly, binary", "dense projections", "their signs (SimHash)")
METRICS = {
    "precision": "mAP of the whole ranking",
    "listed": "mAP as published",
    "recall": "fraction of the neighbors found",
}


def hashers(hash_length: int, n_units: int, seed: int) -> list[BaseEstimator]:
    """Return what is compared, in the order of ``HASHES``."""
    fly = FlyHash(hash_length, n_units=n_units, fan_in=FAN_IN, random_state=seed)
    dense, signs = (kind(hash_length, random_state=seed) for kind in (DenseHash, SimHash))
    # Positive vectors lie all on one side of many planes: signs need their center at 0.
    centered = make_pipeline(StandardScaler(with_std=False), signs)
    return [clone(fly).set_params(binary=False), fly, dense, centered]


def measure(
    *, data: str, hash_length: int, units_per_input: int, n_queries: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Find neighbors by each hash, of the same vectors, with the same queries."""
    vectors = DATA[data](rng)
    n_neighbors, seed = round(NEAR * len(vectors)), int(rng.integers(2**31))
    scores = []
    for hasher in hashers(hash_length, units_per_input * vectors.shape[1], seed):
        hashes = hasher.fit_transform(vectors)
        ranked = retrieve(vectors, hashes, n_neighbors=n_neighbors, n_queries=n_queries, rng=seed)
        listed = ranked.listed_precision.mean()
        scores.append((ranked.mean_average_precision, listed, ranked.recall.mean()))
    return results.labeled_each(METRICS, np.transpose(scores), hash=HASHES)


def advantage(samples: np.ndarray) -> np.ndarray:
    """Geometric mean of the fly's score relative to dense projections, and its 95 % interval."""
    mean, half_width = results.mean_and_half_width(np.log(samples[:, 0] / samples[:, 2]))
    return np.exp([mean, mean - half_width, mean + half_width])


def table(dataset: xr.Dataset) -> Table:
    """Precision of each hash, and the fly's relative to dense projections by two metrics."""
    rows = []
    for data in DATA:
        listed = results.along(dataset, "listed", "hash_length", data=data)
        for length, samples in results.along(
            dataset, "precision", "hash_length", data=data
        ).items():
            ratios = [advantage(scores) for scores in (samples, listed[length])]
            cells = [f"{value:.3f}" for value in samples.mean(axis=0)]
            cells += [f"{low:.2f}-{high:.2f}" for _, low, high in ratios]
            rows.append((data, length, *cells))
        rows.append(None)
    title = f"mAP, nearest {NEAR:.0%}; fly / dense with 95 % interval, and as published"
    columns = ("data", "length", *HASHES, "fly / dense", "published")
    return results.table(title, columns, rows, left=["data"])


def draw_advantages(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw precision of the fly's hash relative to dense projections, by two metrics."""
    shifts = iter((0.955, 0.985, 1.015, 1.045))  # so that intervals do not hide each other
    for color, data in zip(drawing.COLORS[4:], DATA, strict=False):
        for metric, ls, mfc in (("listed", "--", "white"), ("precision", "-", color)):
            shift, samples = next(shifts), results.along(dataset, metric, "hash_length", data=data)
            if samples:
                mean, low, high = np.transpose([advantage(part) for part in samples.values()])
                style = {"marker": "o", "ls": ls, "mfc": mfc, "color": color}
                errors, label = (mean - low, high - mean), f"{data}, {METRICS[metric]}"
                lengths = shift * np.array(list(samples))
                drawing.errorbars(axes, lengths, mean, errors, label=label, **style)
    axes.axhline(1, color="0.6", lw=0.8, ls=":")
    axes.set(ylabel="mAP of the fly / of dense projections", ylim=(0, 3.5))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw precision against hash length for both kinds of data, and the fly's advantage."""
    panels = drawing.panels(1, 3, (9.6, 3.8))
    for axes, data in zip(panels, DATA, strict=False):
        for k, (kind, label) in enumerate(zip(HASHES, LABELS, strict=True)):
            samples = results.along(dataset, "precision", "hash_length", data=data, hash=kind)
            drawing.points(axes, samples, k, ls="-", label=label)
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
    return drawing.finish(panels)


study = Study(
    name="fly_hash",
    question="Does the fly's hash find neighbors better than dense random projections do?",
    source=DASGUPTA,
    parameters=(
        Parameter.choice("data", DATA, "vectors that are hashed"),
        Parameter.count(
            "hash_length", (2, 4, 8, 16, 32), "winners, projections or bits", quick=(2, 16)
        ),
        Parameter.count(
            "units_per_input", UNITS_PER_INPUT, "units of the fly's expansion for each input"
        ),
        Parameter.count(
            "n_queries", 50, "vectors whose neighbors are searched", quick=20, maximum=N_ODORS
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
