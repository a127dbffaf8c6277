"""Time hashing of many vectors into many units, beside dense projection and partial sorting.

Every method hashes the same vectors in a process of its own, with one thread, and tells its time
and its peak memory.  The peer is what NumPy offers: a product with a dense Gaussian matrix in
blocks of vectors, and ``argpartition`` for the winners.  The PyPI package FlyHash is measured where
it is installed.
"""

import json
import os
import subprocess
import sys
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main

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
# Of this program alone: what getrusage says begins with the memory of the process that started it.
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
        "seconds": xr.DataArray(
            seconds, attrs={"units": "s", "meaning": "wall time of hashing all vectors"}
        ),
        "memory": xr.DataArray(
            peak, attrs={"units": "B", "meaning": "peak memory without the vectors themselves"}
        ),
    }


def table(dataset: xr.Dataset) -> Table:
    """Time, how many times faster than the dense peer, and memory without the vectors."""
    middle = dataset.median("repeat")
    rows = Table(title=f"{N_INPUTS} dimensions, {HASH_LENGTH} winners, one thread")
    for column in ("hasher", "vectors", "units", "s", "faster", "MB"):
        rows.add_column(column, justify="left" if column == "hasher" else "right", no_wrap=True)
    for n_vectors in middle["n_vectors"].values:
        for n_units in middle["n_units"].values:
            one = middle.sel(n_vectors=n_vectors, n_units=n_units)
            for method in middle["hasher"].values:
                rows.add_row(str(method), str(n_vectors), str(n_units), *_cells(one, method))
            rows.add_section()
    return rows


def _cells(found: xr.Dataset, method: str) -> tuple[str, str, str]:
    """Time, how many times faster than the peer if that was timed, too, and memory."""
    seconds = found["seconds"].sel(hasher=method)
    if seconds.isnull():
        return "not timed", "", ""
    ratio = found["seconds"].reindex(hasher=["dense: doubles"]).item() / float(seconds)
    memory = float(found["memory"].sel(hasher=method)) / 1e6
    return f"{float(seconds):.3g}", "" if np.isnan(ratio) else f"{ratio:.1f} x", f"{memory:.0f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the time of a vector for each method."""
    drawn = Figure(figsize=(6.0, 2.8), layout="constrained")
    axes = drawn.subplots()
    timed = dataset["seconds"].isel(n_vectors=-1, n_units=-1).notnull().any("repeat")
    methods = list(dataset["hasher"].values[timed.values])
    chosen = dataset.isel(n_vectors=-1, n_units=-1)
    each = 1e3 * chosen["seconds"] / int(chosen["n_vectors"])
    for row, method in enumerate(methods):
        times = each.sel(hasher=method).values
        times = times[np.isfinite(times)]
        ends = [[np.median(times) - times.min()], [times.max() - np.median(times)]]
        axes.errorbar([np.median(times)], [-row], xerr=ends, marker="o", color=drawing.COLORS[0])
    axes.set_yticks(-np.arange(len(methods)), methods)
    axes.set_ylim(0.5 - max(len(methods), 1), 0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(
        xlabel=f"ms for a vector of {N_INPUTS} dimensions into {int(chosen['n_units'])} units",
    )
    axes.spines[["top", "right"]].set_visible(False)
    return drawn


study = Study(
    name="hashing",
    question="How much faster is a sparse expansion than a dense projection?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter(
            "hasher", tuple(HASHERS), "what hashes", check=partial(checks.one_of, known=HASHERS)
        ),
        Parameter("n_vectors", 100_000, "vectors to hash", quick=300, check=checks.count),
        Parameter("n_units", 20_000, "units", quick=2000, check=checks.count),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=1,
    alone=True,
)

if __name__ == "__main__":
    main(study)
