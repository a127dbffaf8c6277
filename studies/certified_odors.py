"""Ask how much receptor noise an odor's identity provably survives.

A readout of the expanded code names measured odors.  For each odor, receptor rates may change by a
certified radius without any change of the name: all odors within that distance get it, whatever the
direction.  Attacks search for the nearest rates that get another name; the truth lies in between.
Certificates come from slopes of the whole path near the odor, or from the product of its layers'
Lipschitz constants, which hold for all odors and so for the most sensitive one.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.lab import Parameter, Study, drawing, main, odor_network, results
from olfnet.receptors import fly_odors
from olfnet.theory import lipschitz
from olfnet.theory.network import Network

READOUTS = ("nearest code", "least squares")
NORMS = {"length": 2.0, "largest": np.inf}
NAMES = {"length": "length of the change", "largest": "largest change"}
RADII = {
    "attacked": "nearest change of rates that changes the name, as far as attacks find it",
    "certified": "change of rates that provably keeps the name, by slopes near the odor",
    "product": "the same, by the product of the constants of all layers",
}
LABELS = ("attacked", "certified, slopes nearby", "certified, product of constants")


def network_of(
    readout: str, coding_level: float, n_units: int, fan_in: int, rng: np.random.Generator
) -> Network:
    """Draw a wiring, and teach the readout."""
    wiring, noise = rng.spawn(2)
    circuit = odor_network.expansion(n_units, fan_in, coding_level, wiring)
    if readout == "nearest code":
        return odor_network.nearest_code(circuit)
    return odor_network.least_squares(circuit, noise)


def radii(
    network: Network, rates: np.ndarray, norm: float, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Return what attacks and both certificates say of each odor, in spikes/s."""
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
    """Certify and attack the names of measured odors; those that get a wrong name bear nothing."""
    panel = olfnet.load_panel("hallem_carlson_2006")
    chosen = np.linspace(0, panel.sizes["odor"] - 1, n_odors).round().astype(int)
    network = network_of(readout, coding_level, n_units, fan_in, rng)
    rates = fly_odors()[chosen]
    right = network(rates).argmax(axis=1) == chosen
    found = np.zeros((len(RADII), len(NORMS), n_odors))
    for k, norm in enumerate(NORMS.values()):
        found[:, k, right] = radii(network, rates[right], norm, rng)
    names = {"norm": list(NORMS), "odor": panel["odor"].values[chosen]}
    return {
        name: xr.DataArray(
            values, names, list(names), attrs={"meaning": meaning, "units": "spikes/s"}
        )
        for (name, meaning), values in zip(RADII.items(), found, strict=True)
    }


def samples(dataset: xr.Dataset, readout: str, norm: str) -> dict[float, np.ndarray]:
    """Finished repeats by coding level, each of shape (n_repeats, n_radii, n_odors)."""
    found = {}
    for level in dataset["coding_level"].values:
        done = results.finished(dataset, readout=readout, coding_level=level)
        if done.sizes["repeat"]:
            radii = done[list(RADII)].sel(norm=norm).to_array()
            found[float(level)] = radii.transpose("repeat", "variable", "odor").values
    return found


def shares(values: np.ndarray) -> np.ndarray:
    """Median over odors of certified and product, in parts of attacked radii; wirings first."""
    attacked = np.where(values[:, :1] > 0, values[:, :1], np.nan)  # misnamed odors have no ratio
    return np.asarray(np.nanmedian(values[:, 1:] / attacked, axis=2))


def table(dataset: xr.Dataset) -> Table:
    """Median radii over odors, with intervals over wirings."""
    rows = Table(
        title="Changes of receptor rates that an odor's name survives, median odor (spikes/s)",
        caption="Means and 95 % intervals over wirings. Share: certified / attacked.",
    )
    for column in ("readout", "change", "f", "attacked", "certified", "product", "share"):
        rows.add_column(column, justify="left" if column in ("readout", "change") else "right")
    for readout in READOUTS:
        for norm in NORMS:
            for level, values in samples(dataset, readout, norm).items():
                pairs = zip(*drawing.mean_and_reach(np.median(values, axis=2)), strict=True)
                share, reach = drawing.mean_and_reach(shares(values)[:, 0])
                rows.add_row(
                    readout, norm, f"{level:g}", *(f"{m:.2f} ±{r:.2f}" for m, r in pairs),
                    f"{share:.2f} ±{reach:.2f}",
                )  # fmt: skip
    return rows


def draw_odors(axes: Axes, values: np.ndarray) -> None:
    """Draw attacked radii of each odor as points, certified ones as lines; bands over wirings."""
    mean, reach = drawing.mean_and_reach(values)
    order = np.argsort(mean[0])
    mean, places = mean[:, order], np.arange(1, len(order) + 1)
    low = np.maximum(mean - reach[:, order], mean / 10)  # the scale is logarithmic
    high = mean + reach[:, order]
    for k in (1, 2):
        color = drawing.COLORS[k]
        axes.plot(places, mean[k], lw=1.2, color=color, label=LABELS[k])
        axes.fill_between(places, low[k], high[k], color=color, alpha=0.25, lw=0)
    axes.errorbar(
        places, mean[0], (mean[0] - low[0], high[0] - mean[0]), ls="", marker="o", ms=2, lw=0.6,
        color=drawing.COLORS[0], label=LABELS[0],
    )  # fmt: skip
    axes.set(yscale="log", xlabel="odors, in the order of attacked radius")


def draw_shares(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw certified over attacked radius of the median odor against the coding level."""
    for k, readout in enumerate(READOUTS):
        color, marker = drawing.COLORS[k + 3], drawing.MARKERS[k]
        for norm, style in zip(NORMS, ("-", "--"), strict=True):
            found = samples(dataset, readout, norm)
            if found:
                points = [drawing.mean_and_reach(shares(one)[:, 0]) for one in found.values()]
                mean, reach = np.transpose(points)
                axes.errorbar(
                    list(found), mean, reach, marker=marker, ms=4, lw=1, ls=style, color=color,
                    mfc=color if style == "-" else "white", label=f"{readout}, {norm}",
                )  # fmt: skip
    levels = [float(level) for level in dataset["coding_level"].values]
    axes.set_xscale("log")
    axes.set_xticks(levels, [f"{100 * level:g}" for level in levels])
    axes.minorticks_off()
    axes.set(xlabel="active units (%)", ylabel="certified / attacked, median odor", ylim=(0, 1))


def figure(dataset: xr.Dataset) -> Figure:
    """Draw radii of each odor for both ways to measure a change, and certified shares."""
    drawn = Figure(figsize=(10.2, 3.6), layout="constrained")
    panels = drawn.subplots(1, 3)
    levels = [float(level) for level in dataset["coding_level"].values]
    shown = min(levels, key=lambda level: abs(level - 0.1))
    readout = min(map(str, dataset["readout"].values), key=READOUTS.index)
    for axes, norm in zip(panels, NORMS, strict=False):
        found = samples(dataset, readout, norm)
        if shown in found:
            draw_odors(axes, found[shown])
        axes.set_title(f"{readout}, {shown:.0%} active", fontsize="medium")
        axes.set(ylabel=f"{NAMES[norm]} (spikes/s)")
    draw_shares(panels[2], dataset)
    top = panels[0].get_ylim()[1]
    panels[0].set_ylim(top=8 * top)
    drawing.legend(panels[0], loc="upper left")
    drawing.legend(panels[2], loc="upper right")
    drawing.finish(panels)
    return drawn


study = Study(
    name="certified_odors",
    question="How much receptor noise does an odor's identity provably survive?",
    source="Hein & Andriushchenko 2017, arXiv 1705.08475",
    parameters=(
        Parameter(
            "readout",
            READOUTS,
            "what names the odors",
            quick=READOUTS[:1],
            check=partial(checks.one_of, known=READOUTS),
        ),
        Parameter(
            "coding_level",
            (0.05, 0.1, 0.3),
            "share of responses to measured odors",
            quick=0.1,
            check=checks.fraction,
        ),
        Parameter("n_units", 500, "units of the expansion", quick=100, check=checks.count),
        Parameter("fan_in", 6, "inputs of each unit", check=partial(checks.count, maximum=24)),
        Parameter(
            "n_odors",
            110,
            "measured odors",
            quick=8,
            check=partial(checks.count, minimum=2, maximum=110),
        ),  # fmt: skip
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=4,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
