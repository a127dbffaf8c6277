"""Receptor noise that an odor's identity provably survives.

A readout of the expanded code names measured odors.  For each odor, receptor rates may change by a
certified radius without any change of the name: all odors within that distance get it, whatever the
direction.  Attacks search for the nearest rates that get another name: an upper bound of the
radius.  Certificates come from slopes of the whole path near the odor, or from the product of its
layers' Lipschitz constants, which hold for all odors and so for the most sensitive one.
"""

from itertools import product

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.lab import Parameter, Study, drawing, main, odor_network, results
from olfnet.receptors import fly_odors
from olfnet.theory import lipschitz
from olfnet.theory.network import Network

READOUTS = ("nearest code", "least squares")
NORMS = {"length": 2.0, "largest": np.inf}
NAMES = {"length": "length of the change", "largest": "largest change"}
RADII = {
    "attacked": "smallest change of rates with which attacks change the name",
    "certified": "change of rates that provably keeps the name, by slopes near the odor",
    "product": "the same, by the product of the constants of all layers",
}
LABELS = ("attacked", "certified, slopes nearby", "certified, product of constants")


def network_of(
    readout: str, coding_level: float, n_units: int, fan_in: int, rng: np.random.Generator
) -> Network:
    """Draw a wiring, and train the readout."""
    wiring, noise = rng.spawn(2)
    circuit = odor_network.expansion(n_units, fan_in, coding_level, wiring)
    if readout == "nearest code":
        return odor_network.nearest_code(circuit)
    return odor_network.least_squares(circuit, noise)


def radii(
    network: Network, rates: np.ndarray, norm: float, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Return the radius of each odor by attacks and by both certificates, in spikes/s."""
    return (
        lipschitz.attacked_radius(
            network, rates, norm=norm, lower=0.0, start=8.0 if norm == 2 else 2.0,
            n_restarts=4, n_steps=15, n_rounds=8, rng=rng,
        ),
        lipschitz.certify_near(network, rates, norm=norm, n_halvings=8).radius,
        lipschitz.certify(network, rates, norm=norm).radius,
    )  # fmt: skip


def measure(
    *, readout: str, coding_level: float, n_units: int, fan_in: int, n_odors: int,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:  # fmt: skip
    """Certify and attack the names of measured odors; the radius of misnamed odors is 0."""
    panel = olfnet.load_panel("hallem_carlson_2006")
    chosen = np.linspace(0, panel.sizes["odor"] - 1, n_odors).round().astype(int)
    network = network_of(readout, coding_level, n_units, fan_in, rng)
    rates = fly_odors()[chosen]
    right = network(rates).argmax(axis=1) == chosen
    measured = np.zeros((len(RADII), len(NORMS), n_odors))
    for k, norm in enumerate(NORMS.values()):
        measured[:, k, right] = radii(network, rates[right], norm, rng)
    odors = panel["odor"].values[chosen]
    return results.labeled_each(RADII, measured, "spikes/s", norm=NORMS, odor=odors)


def samples(dataset: xr.Dataset, readout: str, norm: str) -> dict[float, np.ndarray]:
    """Finished repeats by coding level, each of shape (n_repeats, n_radii, n_odors)."""
    found = {}
    for level in dataset["coding_level"].values:
        done = results.finished(dataset, readout=readout, coding_level=level, norm=norm)
        if done.sizes["repeat"]:
            found[float(level)] = np.stack([done[name].values for name in RADII], axis=1)
    return found


def ratios(values: np.ndarray) -> np.ndarray:
    """Median over odors of certified and product, relative to attacked radii; wirings first."""
    attacked = np.where(values[:, :1] > 0, values[:, :1], np.nan)  # misnamed odors have no ratio
    return np.asarray(np.nanmedian(values[:, 1:] / attacked, axis=2))


def table(dataset: xr.Dataset) -> Table:
    """Median radii over odors, with intervals over wirings."""
    rows = []
    for readout, norm in product(READOUTS, NORMS):
        for level, values in samples(dataset, readout, norm).items():
            medians = [results.mean_text(one, ".2f") for one in np.median(values, axis=2).T]
            ratio = results.mean_text(ratios(values)[:, 0], ".2f")
            rows.append((readout, norm, f"{level:g}", *medians, ratio))
    return results.table(
        "Changes of receptor rates that an odor's name survives, median odor (spikes/s)",
        ("readout", "change", "f", "attacked", "certified", "product", "ratio"),
        rows,
        left=["readout", "change"],
        caption="Means and 95 % intervals over wirings. Ratio: certified / attacked.",
        no_wrap=False,
    )


def draw_odors(axes: Axes, values: np.ndarray) -> None:
    """Draw attacked radii of each odor as points, certified ones as lines; bands over wirings."""
    mean, half_width = results.mean_and_half_width(values)
    order = np.argsort(mean[0])
    mean, ranks = mean[:, order], np.arange(1, len(order) + 1)
    low = np.maximum(mean - half_width[:, order], mean / 10)  # the scale is logarithmic
    high = mean + half_width[:, order]
    for k in (1, 2):
        color = drawing.COLORS[k]
        axes.plot(ranks, mean[k], lw=1.2, color=color, label=LABELS[k])
        axes.fill_between(ranks, low[k], high[k], color=color, alpha=0.25, lw=0)
    errors = (mean[0] - low[0], high[0] - mean[0])
    drawing.errorbars(axes, ranks, mean[0], errors, ms=2, lw=0.6, label=LABELS[0])
    axes.set(yscale="log", xlabel="odors, in the order of attacked radius")


def draw_ratios(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw certified over attacked radius of the median odor against the coding level."""
    for k, readout in enumerate(READOUTS):
        color = drawing.COLORS[k + 3]
        for norm, style in zip(NORMS, ("-", "--"), strict=True):
            values = samples(dataset, readout, norm)
            drawing.points(
                axes, {level: ratios(part)[:, 0] for level, part in values.items()},
                marker=drawing.MARKERS[k], ls=style, color=color,
                mfc=color if style == "-" else "white", label=f"{readout}, {norm}",
            )  # fmt: skip
    levels = dataset["coding_level"].values
    drawing.log_ticks(axes, levels, [f"{100 * level:g}" for level in levels])
    axes.set(xlabel="active units (%)", ylabel="certified / attacked, median odor", ylim=(0, 1))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw radii of each odor for both ways to measure a change, and certified ratios."""
    panels = drawing.panels(1, 3, (10.2, 3.6))
    levels = [float(level) for level in dataset["coding_level"].values]
    shown = min(levels, key=lambda level: abs(level - 0.1))
    readout = min(map(str, dataset["readout"].values), key=READOUTS.index)
    for axes, norm in zip(panels, NORMS, strict=False):
        values = samples(dataset, readout, norm)
        if shown in values:
            draw_odors(axes, values[shown])
        axes.set_title(f"{readout}, {shown:.0%} active", fontsize="medium")
        axes.set(ylabel=f"{NAMES[norm]} (spikes/s)")
    draw_ratios(panels[2], dataset)
    panels[0].set_ylim(top=8 * panels[0].get_ylim()[1])
    drawing.legend(panels[0], loc="upper left")
    drawing.legend(panels[2], loc="upper right")
    return drawing.finish(panels)


study = Study(
    name="certified_odors",
    question="How much receptor noise does an odor's identity provably survive?",
    source="Hein & Andriushchenko 2017, arXiv 1705.08475",
    parameters=(
        Parameter.choice("readout", READOUTS, "readout that names the odors", quick=READOUTS[:1]),
        Parameter.fraction(
            "coding_level", (0.05, 0.1, 0.3), "fraction of responses to measured odors", quick=0.1
        ),
        Parameter.count("n_units", 500, "units of the expansion", quick=100),
        Parameter.count("fan_in", 6, "inputs of each unit", maximum=24),
        Parameter.count("n_odors", 110, "measured odors", quick=8, minimum=2, maximum=110),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=4,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
