"""Time hashing of many vectors into many units, beside dense projection and partial sorting.

Every method hashes the same vectors in a process of its own, with one thread, and reports its time
and its peak memory.  The peer is what NumPy offers: a product with a dense Gaussian matrix in
blocks of vectors, and ``argpartition`` for the winners.  The PyPI package FlyHash is measured where
it is installed.
"""

import json
import os
import subprocess
import sys
from itertools import product

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from rich.table import Table

from olfnet.lab import Parameter, Study, drawing, main, results

N_INPUTS, HASH_LENGTH = 784, 32
OURS = """
from olfnet.estimators import FlyHash
hasher = FlyHash({length}, n_units={n_units}, fan_in={fan_in}, random_state=1).fit(vectors[:2])
def run(): return hasher.transform(vectors).nnz // len(vectors)
"""
DENSE = """
weights = rng.standard_normal((vectors.shape[1], {n_units})).astype({kind!r})
def run():
    kept = []
    for start in range(0, len(vectors), 500):
        drive = vectors[start : start + 500].astype({kind!r}, copy=False) @ weights
        kept.append(np.argpartition(drive, -{length}, axis=1)[:, -{length}:].copy())
    return np.concatenate(kept).shape[1]
"""
PACKAGE = """
from flyhash import FlyHash
hasher = FlyHash(vectors.shape[1], {n_units}, density=6, sparsity={length} / {n_units}, seed=1)
def run():
    blocks = (vectors[start : start + 500] for start in range(0, len(vectors), 500))
    return sum((hasher(block) > 0).sum() for block in blocks) // len(vectors)
"""
HASHERS = {
    "olfnet: 6 inputs": (OURS, {"fan_in": 6}),
    "olfnet: a tenth of the inputs": (OURS, {"fan_in": 0.1}),
    "dense: doubles": (DENSE, {"kind": "float64"}),
    "dense: single precision": (DENSE, {"kind": "float32"}),
    "FlyHash package": (PACKAGE, {}),
}
AROUND = """
import json, time
import numpy as np
rng = np.random.default_rng(0)
vectors = rng.random(({n_vectors}, {n_inputs}))
{method}
start = time.perf_counter()
assert run() == {length}
seconds = time.perf_counter() - start
# Of this program alone: getrusage includes the memory of the process that started it.
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(lines["VmHWM"].split()[0]) * 1024
print(json.dumps([seconds, peak - vectors.nbytes]))
"""


def measure(
    *, hasher: str, n_vectors: int, n_units: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Hash vectors in a process of its own; not a number for a package that is not installed."""
    code, options = HASHERS[hasher]
    options = options | {"length": HASH_LENGTH, "n_units": n_units}
    code = AROUND.format(
        n_vectors=n_vectors,
        n_inputs=N_INPUTS,
        length=HASH_LENGTH,
        method=code.format(**options),
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | threads
    )
    seconds = peak = np.nan
    if done.returncode == 0:
        seconds, peak = json.loads(done.stdout)
    elif "No module named 'flyhash'" not in done.stderr:
        raise RuntimeError(done.stderr)
    return {
        "seconds": results.labeled(seconds, "wall time of hashing all vectors", "s"),
        "memory": results.labeled(peak, "peak memory without the vectors themselves", "B"),
    }


def table(dataset: xr.Dataset) -> Table:
    """Time, its ratio to that of the dense peer, and memory without the vectors."""
    middle, rows = dataset.median("repeat"), []
    for n_vectors, n_units in product(middle["n_vectors"].values, middle["n_units"].values):
        at = middle.sel(n_vectors=n_vectors, n_units=n_units)
        for hasher in middle["hasher"].values:
            rows.append((hasher, n_vectors, n_units, *cells(at, hasher)))
        rows.append(None)
    title = f"{N_INPUTS} dimensions, {HASH_LENGTH} winners, one thread"
    columns = ("hasher", "vectors", "units", "s", "faster", "MB")
    return results.table(title, columns, rows, left=["hasher"])


def cells(medians: xr.Dataset, hasher: str) -> tuple[str, str, str]:
    """Time, its ratio to that of the peer if that was timed, too, and memory."""
    seconds = medians["seconds"].sel(hasher=hasher)
    if seconds.isnull():
        return "not timed", "", ""
    ratio = medians["seconds"].reindex(hasher=["dense: doubles"]).item() / float(seconds)
    memory = float(medians["memory"].sel(hasher=hasher)) / 1e6
    return f"{float(seconds):.3g}", "" if np.isnan(ratio) else f"{ratio:.1f} x", f"{memory:.0f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of a vector for each method."""
    (axes,) = panels = drawing.panels(1, 1, (6.0, 2.8))
    largest = dataset.isel(n_vectors=-1, n_units=-1)
    each = 1e3 * largest["seconds"] / int(largest["n_vectors"])
    timed = {str(h): each.sel(hasher=h).dropna("repeat").values for h in each["hasher"].values}
    drawing.ranges(axes, {hasher: times for hasher, times in timed.items() if len(times)})
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    n_units = int(largest["n_units"])
    axes.set_xlabel(f"ms for a vector of {N_INPUTS} dimensions into {n_units} units")
    return drawing.finish(panels)


study = Study(
    name="hashing",
    question="How much faster is a sparse expansion than a dense projection?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter.choice("hasher", HASHERS, "method that hashes"),
        Parameter.count("n_vectors", 100_000, "vectors to hash", quick=300),
        Parameter.count("n_units", 20_000, "units", quick=2000),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=1,
    alone=True,
)

if __name__ == "__main__":
    main(study)
