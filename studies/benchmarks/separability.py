"""Time certified separability beside its peers, and beside the linear algebra it cannot do without.

Every ratio is of two timings from the same point, one BLAS thread each.  The peers answer without
proof: HiGHS in the primal form (is there a w with z_i . w >= 1) and in the dual one (multipliers
that cancel), scikit-learn's LinearSVC and Perceptron by their training error.
"""

import platform
import time
import warnings
from collections.abc import Callable
from itertools import product

import numpy as np
import scipy.optimize
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Perceptron
from sklearn.svm import LinearSVC

import olfnet
from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main, results

STYLES = {"olfnet": 0, "highs_primal": 1, "highs_dual": 4, "linear_svc": 2, "perceptron": 3}
LARGEST_FOR_PEERS = 500
LARGEST_FOR_CURVES = 200
# Loads of a whole curve, and dichotomies at each, for the ratio against as many HiGHS decisions.
CURVE_LOADS = np.linspace(1, 3, 21)
CURVE_TRIALS = 200


def measure(
    *, n_dims: int, load: float, rng: np.random.Generator
) -> dict[str, float | xr.DataArray]:
    """Time one decision by every method, and what a whole curve or a breaking point costs."""
    pattern_rng, label_rng, curve_rng = rng.spawn(3)
    n_patterns = round(load * n_dims)
    patterns = pattern_rng.standard_normal((n_patterns, n_dims))
    labels = label_rng.choice([-1.0, 1.0], size=n_patterns)
    answers, seconds = {}, {}
    for method, decide in METHODS.items():
        if method == "olfnet" or n_dims <= LARGEST_FOR_PEERS:
            answers[method], seconds[method] = timed(decide, patterns, labels)
    _, seconds["limit"] = timed(limit, patterns, labels)
    sequences = max(1000 // n_dims, 1)
    begin = time.perf_counter()
    breaking_points(n_dims, sequences, curve_rng)
    seconds["breaking_point"] = (time.perf_counter() - begin) / sequences
    if n_dims <= LARGEST_FOR_CURVES:
        begin = time.perf_counter()
        for curve_load in CURVE_LOADS:
            prefix = curve_rng.standard_normal((round(curve_load * n_dims), n_dims))
            highs_primal(prefix, curve_rng.choice([-1.0, 1.0], size=len(prefix)))
        seconds["curve_by_highs"] = CURVE_TRIALS * (time.perf_counter() - begin)
    times = {f"seconds_{method}": f"wall time of {method}" for method in seconds}
    agrees = {
        f"agrees_{method}": f"whether the decision of {method} is the certified one (0 or 1)"
        for method in answers
    }
    truth = answers["olfnet"]
    return {
        **results.labeled_each(times, seconds.values(), "s"),
        **results.labeled_each(agrees, [int(answer == truth) for answer in answers.values()]),
    }


def timed(task: Callable[..., object], *arguments: object) -> tuple[object, float]:
    """Return result and wall time in seconds, the median of calls that fill a tenth of a second."""
    seconds: list[float] = []
    while sum(seconds) < 0.1 and len(seconds) < 51:
        start = time.perf_counter()
        result = task(*arguments)
        seconds.append(time.perf_counter() - start)
    return result, float(np.median(seconds))


def certified(patterns: np.ndarray, labels: np.ndarray) -> bool:
    """Decide by olfnet, proof included."""
    return olfnet.separate(patterns, labels).separable


def highs_primal(patterns: np.ndarray, labels: np.ndarray) -> bool | None:
    """Decide by a linear program in the weights; None where HiGHS gives up."""
    rows = labels[:, None] * patterns
    answer = scipy.optimize.linprog(
        np.zeros(rows.shape[1]), A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None)
    )
    return {0: True, 2: False}.get(answer.status)


def highs_dual(patterns: np.ndarray, labels: np.ndarray) -> bool | None:
    """Decide by a linear program in the multipliers; None where HiGHS gives up."""
    rows = labels[:, None] * patterns
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    answer = scipy.optimize.linprog(
        np.zeros(len(rows)), A_eq=np.vstack((rows.T, np.ones(len(rows)))), b_eq=target
    )
    return {0: False, 2: True}.get(answer.status)


def linear_svc(patterns: np.ndarray, labels: np.ndarray) -> bool:
    """Guess from the training error of a linear support vector machine."""
    machine = LinearSVC(C=1e4, fit_intercept=False, max_iter=2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # on what cannot be separated
        machine.fit(patterns, labels)
    return bool(machine.score(patterns, labels) == 1)


def perceptron(patterns: np.ndarray, labels: np.ndarray) -> bool:
    """Guess from the training error of a perceptron."""
    machine = Perceptron(fit_intercept=False, tol=None, max_iter=1000)
    return bool(machine.fit(patterns, labels).score(patterns, labels) == 1)


def limit(patterns: np.ndarray, labels: np.ndarray) -> None:
    """Form the Gram matrix and factor it once: the least that a second-order method needs."""
    dpotrf(dsyrk(1.0, patterns.T, lower=1) + np.eye(patterns.shape[1]), lower=1)


def breaking_points(n_dims: int, n_sequences: int, rng: np.random.Generator) -> None:
    """Find largest separable prefixes; each is one sample of a whole curve."""
    olfnet.breaking_points(
        lambda n, stream: stream.standard_normal((n, n_dims)),
        max_patterns=3 * n_dims,
        n_trials=n_sequences,
        rng=rng,
    )


PEERS = {
    "highs_primal": "HiGHS primal",
    "highs_dual": "HiGHS dual",
    "linear_svc": "Linear SVC",
    "perceptron": "Percep- tron",
}
METHODS = {
    "olfnet": certified,
    "highs_primal": highs_primal,
    "highs_dual": highs_dual,
    "linear_svc": linear_svc,
    "perceptron": perceptron,
}


def medians(dataset: xr.Dataset) -> xr.Dataset:
    """Medians over repeats."""
    return dataset.where(dataset["status"] == 1).median("repeat")


def table(dataset: xr.Dataset) -> Table:
    """Milliseconds of olfnet, and how many times as long the others take.

    In brackets: fraction of certified decisions that a peer agrees with, where it is not all.
    """
    middle, rows = medians(dataset), []
    agreement = dataset.where(dataset["status"] == 1).mean("repeat")
    for n_dims, load in product(middle["n_dims"].values, middle["load"].values):
        at, agrees = (part.sel(n_dims=n_dims, load=load) for part in (middle, agreement))
        own, cells = float(at["seconds_olfnet"]), []
        for method in PEERS:
            ratio = float(at.get(f"seconds_{method}", np.nan)) / own
            right = float(agrees.get(f"agrees_{method}", np.nan))
            wrong = f" ({right:.0%})" if right < 1 else ""
            cells.append("-" if np.isnan(ratio) else f"{ratio:.1f}{wrong}")
        limit = f"1/{own / float(at['seconds_limit']):.1f}"
        rows.append((n_dims, f"{load:g}", f"{1e3 * own:.2f}", *cells, limit))
    title = f"Time of one decision, {platform.machine()}, one BLAS thread"
    columns = ("N", "P/N", "olfnet ms", *PEERS.values(), "dsyrk + dpotrf")
    return results.table(title, columns, rows, caption=caption(middle), no_wrap=False)


def caption(middle: xr.Dataset) -> str:
    """Growth with size, and the cost of whole curves."""
    lines = []
    for load in middle["load"].values:
        seconds = middle["seconds_olfnet"].sel(load=load).values
        if len(seconds) > 1:
            large = middle["n_dims"].values >= 100
            large = large if large.sum() > 1 else np.ones(len(seconds), dtype=bool)
            slope = np.polyfit(np.log(middle["n_dims"].values[large]), np.log(seconds[large]), 1)[0]
            lines.append(f"load {load:g}: time grows as N^{slope:.2f}")
    for n_dims in middle["n_dims"].values:
        one = middle.sel(n_dims=n_dims)
        point = float(one["seconds_breaking_point"].median())
        text = f"N = {n_dims}: a breaking point takes {1e3 * point:.0f} ms"
        twice = float(one["seconds_limit"].sel(load=2.0, method="nearest"))
        text += f", {point / twice:.0f} times the limit at P = 2 N"
        if n_dims <= LARGEST_FOR_CURVES and "seconds_curve_by_highs" in one:
            ratio = float(one["seconds_curve_by_highs"].median()) / (CURVE_TRIALS * point)
            text += f"; a curve of {CURVE_TRIALS} trials, {len(CURVE_LOADS)} loads: HiGHS "
            text += f"x {ratio:.0f} (scaled from one decision at each load)"
        lines.append(text)
    return "\n".join(lines)


def figure(dataset: xr.Dataset) -> Figure:
    """Draw time against size at the load nearest to 2, with the range over repeats."""
    load = float(dataset["load"].sel(load=2.0, method="nearest"))
    at = dataset.where(dataset["status"] == 1).sel(load=load)
    (axes,) = panels = drawing.panels(1, 1, (5.2, 3.8))
    for method, nth in STYLES.items():
        if f"seconds_{method}" in at:
            label = method.replace("_", " ")
            drawing.medians(axes, at[f"seconds_{method}"], nth, ls="-", label=label)
    style = {"ls": "--", "marker": "x", "color": "0.4", "label": "dsyrk + dpotrf"}
    if "seconds_limit" in at:
        drawing.medians(axes, at["seconds_limit"], **style)
    axes.set(xscale="log", yscale="log", xlabel="dimensions N", ylabel="time of one decision (s)")
    axes.set_title(f"P = {load:g} N Gaussian patterns, median and range")
    drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="separability",
    question="How fast is a certified decision beside linear programs, machines and perceptrons?",
    source="olfnet's own timings; the numbers are those of the machine they ran on",
    parameters=(
        Parameter.count(
            "n_dims",
            (20, 50, 100, 200, 500, 1000),
            "dimensions of the patterns",
            quick=(20, 50),
        ),
        Parameter(
            "load",
            (1.8, 2.0, 2.2),
            "patterns per dimension",
            quick=(2.0,),
            check=checks.positive,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=5,
    quick_repeats=2,
    alone=True,
)

if __name__ == "__main__":
    main(study)
