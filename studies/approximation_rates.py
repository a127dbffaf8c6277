"""Error of networks against their number of units, shallow and deep.

All networks approximate x^2 on [0, 1], the simplest curved function, with the same number of
rectifiers.  In one layer each unit adds one straight piece, at equal knots or at random ones, as
units of random expansions have them.  Composed sawtooths double the pieces with every three units.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from olfnet.lab import Parameter, Study, drawing, main, results
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
    """Return the largest error in theory; its mean for random knots, 2^-(2 m + 2) if deep."""
    if name == "deep":
        return 2.0 ** -(2 * (n_units + 1) / 3 + 2)
    if name == "random":
        return approximation.random_knots_error(n_units)
    return 1 / ((4 if name == "interpolated" else 8) * n_units**2)


def largest_error(network: Network, knots: np.ndarray, rng: np.random.Generator) -> float:
    """Return the largest error at knots, in the middle between them, and at random positions."""
    x = np.concatenate((knots, (knots[1:] + knots[:-1]) / 2, rng.random(1000)))[:, None]
    return float(np.abs(network(x) - x**2).max())


def networks(
    n_compositions: int, rng: np.random.Generator
) -> dict[str, tuple[Network, np.ndarray]]:
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
    built = networks(n_compositions, rng)
    errors = [largest_error(*built[name], rng) for name in NETWORKS]
    meanings = {name: f"largest error of x^2: {words}" for name, words in NETWORKS.items()}
    return results.labeled_each(meanings, errors)


def fitted(dataset: xr.Dataset) -> dict[str, float]:
    """Slope of log2(error) against log2(units) at equal knots, and against compositions if deep."""
    slopes = {}
    for name in ("interpolated", "deep"):
        samples = results.along(dataset, name, "n_compositions")
        m = np.array(list(samples))
        if len(m) > 1:
            sizes = m if name == "deep" else np.log2(units_of(m))
            errors = [repeats.mean() for repeats in samples.values()]
            slopes[name] = float(np.polyfit(sizes, np.log2(errors), 1)[0])
    return slopes


def table(dataset: xr.Dataset) -> Table:
    """Largest error of each network, below it that of theory; fitted rates."""
    words = {"interpolated": "power of the units, equal knots", "deep": "bits a composition, deep"}
    caption = [f"{words[name]}: {slope:.4f} (-2)" for name, slope in fitted(dataset).items()]
    samples = {name: results.along(dataset, name, "n_compositions") for name in NETWORKS}
    rows: list[tuple[object, ...] | None] = []
    for m in samples["deep"]:
        n_units = units_of(m)
        measured = [results.mean_text(samples["random"][m], ".4g", ".1g")]
        measured += [f"{samples[name][m].mean():.4g}" for name in list(NETWORKS)[1:]]
        theory = [f"{float(predicted(name, n_units)):.4g}" for name in NETWORKS]
        rows += [(n_units, *measured), ("", *theory), None]
    title = "Largest error of x^2 (below it theory)"
    return results.table(title, ("units", *NETWORKS), rows, caption=", ".join(caption) or None)


def draw_examples(deep: Axes, functions: Axes) -> None:
    """Draw three composed sawtooths, and the functions of the smallest networks."""
    drawing.draw_network(deep, approximation.deep_square(3))
    deep.text(0.5, 1.02, "sawtooths", transform=deep.transAxes, ha="center", fontsize="small")
    examples = networks(1, np.random.default_rng(3))
    x = np.linspace(0, 1, 1001)
    for nth, name in enumerate(list(NETWORKS)[:3]):
        functions.plot(x, examples[name][0](x[:, None]), lw=1.2, color=drawing.COLORS[nth])
    functions.plot(x, x**2, lw=0.8, ls=":", color="0.3")
    functions.set(xlabel="$x$", ylabel="by 2 units ($x^2$ dotted)")


def draw_errors(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw errors against units: theory as lines, networks as points."""
    sizes = units_of(dataset["n_compositions"].values)
    n_units = np.arange(sizes.min(), sizes.max() + 1)
    for nth, (name, label) in enumerate(NETWORKS.items()):
        samples = results.along(dataset, name, "n_compositions")
        if samples:
            axes.plot(n_units, predicted(name, n_units), lw=1.2, color=drawing.COLORS[nth])
            by_units = {int(units_of(m)): repeats for m, repeats in samples.items()}
            drawing.points(axes, by_units, nth, label=label)
    axes.set(xlabel="units", ylabel="largest error of $x^2$ on [0, 1]", yscale="log")
    drawing.legend(axes, title="points: networks; lines: theory")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw a deep network, the functions of small ones, and errors against units."""
    panels = drawing.panels(1, 3, (9.6, 3.5), width_ratios=(1, 1, 1.8))
    draw_examples(*panels[:2])
    draw_errors(panels[2], dataset)
    return drawing.finish(panels)


study = Study(
    name="approximation_rates",
    question="How fast does the error of a network fall with its units, shallow and deep?",
    source="Yarotsky 2017, arXiv 1610.01145",
    parameters=(
        Parameter.count(
            "n_compositions",
            range(1, 11),
            "sawtooths, three units each but for the first; other networks have as many units",
            quick=(1, 3, 5),
            maximum=20,
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=100,
    quick_repeats=5,
)

if __name__ == "__main__":
    main(study)
