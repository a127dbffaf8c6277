"""Ask how fast the error of a network falls with its units, for a shallow and for a deep one.

All networks approximate x^2 on [0, 1], the simplest curved function, with the same number of
rectifiers.  In one layer each unit adds one straight piece, at equal knots or at random ones, as
units of random expansions have them.  Composed sawtooths double the pieces with every three units.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, results
from olfnet.theory import approximation
from olfnet.theory.network import Network

NETWORKS = {
    "random": "one layer, random knots",
    "interpolated": "one layer, equal knots",
    "balanced": "one layer, best heights",
    "deep": "composed sawtooths",
}


def units_of(n_compositions: np.ndarray | int) -> np.ndarray:
    """Units of a network of composed sawtooths, and of all others here."""
    return 3 * np.asarray(n_compositions) - 1


def predicted(name: str, n_units: np.ndarray) -> np.ndarray:
    """Largest error by theory; of random knots its mean, of sawtooths 2^-(2 m + 2)."""
    if name == "deep":
        return 2.0 ** -(2 * (n_units + 1) / 3 + 2)
    if name == "random":
        return approximation.random_knots_error(n_units)
    return 1 / ((4 if name == "interpolated" else 8) * n_units**2)


def largest_error(network: Network, knots: np.ndarray, rng: np.random.Generator) -> float:
    """Largest error at knots, in the middle between them, and at random places."""
    x = np.concatenate((knots, (knots[1:] + knots[:-1]) / 2, rng.random(1000)))[:, None]
    return float(np.abs(network(x) - x**2).max())


def built(n_compositions: int, rng: np.random.Generator) -> dict[str, tuple[Network, np.ndarray]]:
    """Build four networks of equally many units; each with its knots."""
    n = int(units_of(n_compositions))
    equal = np.linspace(0, 1, n + 1)
    knots = np.concatenate(([0.0], np.sort(rng.random(n - 1)), [1.0]))
    return {
        "random": (approximation.interpolation(np.square, knots), knots),
        "interpolated": (approximation.square(n), equal),
        "balanced": (approximation.square(n, balanced=True), equal),
        "deep": (
            approximation.deep_square(n_compositions),
            np.linspace(0, 1, 2**n_compositions + 1),
        ),
    }


def measure(*, n_compositions: int, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Compare four networks with x^2."""
    return {
        name: xr.DataArray(
            largest_error(network, at, rng), attrs={"meaning": f"largest error: {NETWORKS[name]}"}
        )
        for name, (network, at) in built(n_compositions, rng).items()
    }


def chosen(dataset: xr.Dataset, name: str) -> dict[int, np.ndarray]:
    """Finished repeats, by number of compositions."""
    return results.along(dataset, name, "n_compositions")


def fitted(dataset: xr.Dataset) -> dict[str, float]:
    """Slope of log2(error) by log2(units) at equal knots, and by compositions of sawtooths."""
    slopes = {}
    for name in ("interpolated", "deep"):
        samples = chosen(dataset, name)
        m = np.array(list(samples))
        if len(m) > 1:
            sizes = m if name == "deep" else np.log2(units_of(m))
            errors = [one.mean() for one in samples.values()]
            slopes[name] = float(np.polyfit(sizes, np.log2(errors), 1)[0])
    return slopes


def table(dataset: xr.Dataset) -> Table:
    """Largest error of each network, below it what theory says; fitted rates."""
    slopes = fitted(dataset)
    words = {"interpolated": "power of the units, equal knots", "deep": "bits a composition, deep"}
    caption = ", ".join(f"{words[name]}: {slope:.4f} (-2)" for name, slope in slopes.items())
    rows = Table(title="Largest error of x^2 (below it theory)", caption=caption or None)
    for column in ("units", *NETWORKS):
        rows.add_column(column, justify="right", no_wrap=True)
    found = {name: chosen(dataset, name) for name in NETWORKS}
    for m in found["deep"]:
        theory = [f"{float(predicted(name, units_of(m))):.4g}" for name in NETWORKS]
        mean, reach = drawing.mean_and_reach(found["random"][m])
        others = [f"{found[name][m].mean():.4g}" for name in list(NETWORKS)[1:]]
        rows.add_row(str(units_of(m)), f"{mean:.4g} ±{reach:.1g}", *others)
        rows.add_row("", *theory, end_section=True)
    return rows


def draw_examples(deep: Axes, functions: Axes) -> None:
    """Draw three composed sawtooths, units and weights, and the functions of the least networks."""
    drawing.draw_network(deep, approximation.deep_square(3))
    deep.text(0.5, 1.02, "sawtooths", transform=deep.transAxes, ha="center", fontsize="small")
    examples = built(1, np.random.default_rng(3))
    for nth, name in enumerate(list(NETWORKS)[:3]):
        style = {"lw": 1.2, "color": drawing.COLORS[nth]}
        drawing.draw_function(functions, examples[name][0], 0.0, 1.0, **style)
    x = np.linspace(0, 1, 101)
    functions.plot(x, x**2, lw=0.8, ls=":", color="0.3")
    functions.set(xlabel="$x$", ylabel="by 2 units ($x^2$ dotted)")


def draw_errors(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw errors against units: theory as lines, networks as points."""
    sizes = units_of(dataset["n_compositions"].values)
    n_units = np.arange(sizes.min(), sizes.max() + 1)
    for nth, (name, label) in enumerate(NETWORKS.items()):
        samples, color = chosen(dataset, name), drawing.COLORS[nth]
        if samples:
            axes.plot(n_units, predicted(name, n_units), lw=1.2, color=color)
            mean, reach = np.transpose([drawing.mean_and_reach(one) for one in samples.values()])
            axes.errorbar(
                units_of(np.array(list(samples))), mean, reach, ls="", ms=4, lw=1,
                marker=drawing.MARKERS[nth], color=color, label=label,
            )  # fmt: skip
    axes.set(xlabel="units", ylabel="largest error of $x^2$ on [0, 1]", yscale="log")
    drawing.legend(axes, title="points: networks; lines: theory", title_fontsize="small")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw a deep network, what small ones make of x, and errors against units."""
    drawn = Figure(figsize=(9.6, 3.5), layout="constrained")
    panels = drawn.subplots(1, 3, width_ratios=(1, 1, 1.8))
    draw_examples(*panels[:2])
    draw_errors(panels[2], dataset)
    drawing.finish(panels)
    return drawn


study = Study(
    name="approximation_rates",
    question="How fast does the error of a network fall with its units, shallow and deep?",
    source="Yarotsky 2017, arXiv 1610.01145",
    parameters=(
        Parameter(
            "n_compositions",
            tuple(range(1, 11)),
            "sawtooths, three units each but for the first; other networks have as many units",
            quick=(1, 3, 5),
            check=lambda name, value: checks.count(name, value, maximum=20),
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=100,
    quick_repeats=5,
)

if __name__ == "__main__":
    study.main()
