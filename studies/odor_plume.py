"""Ask how far from its source an odor is still recognized, if physics-informed networks say so.

An odor that is released at one end of a corridor spreads and decays; its steady concentration falls
off by a factor of e every half meter.  Networks are trained to solve that balance, by its energy
and by its residual, and the closed form stands beside them.  Concentrations drive receptors, and
through antennal lobe and expansion make a code, which is compared with the code at the source: how
much they overlap, and whether the nearest of all codes at the source is the odor's own.  Gradients
from random collocation points are noisy; theory has a variance of v / n.
"""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, odors
from olfnet.receptors.noise import GaussianNoise, noisy_trials
from olfnet.theory import pinn
from olfnet.theory.activations import Tanh
from olfnet.theory.network import dense

# Meters and seconds; concentrations relative to one that drives half of the receptors well.
PLUME = pinn.Problem(
    diffusion=0.01, decay=0.04, low=pinn.Neumann(0.02), high=pinn.Neumann(0.0), interval=(0.0, 4.0)
)
DISTANCES = np.linspace(0, 4, 17)
FORMS = {"energy": pinn.Energy(), "residual": pinn.Strong()}
SOURCES = ("closed form", *FORMS)
STATES = ("random", "trained")
N_POINTS = np.array([4, 16, 64, 256])
LEAST = 1e-6  # concentration that no receptor notices, for networks that fall below zero
WIDTH, N_RECEPTORS = 20, 50


def train(n_steps: int, rng: np.random.Generator) -> dict[str, pinn.Trial]:
    """Draw a network, and train it by each form."""
    net = dense([1, WIDTH, 1], Tanh(), bias_variance=1.0, rng=rng)
    start = pinn.Trial(PLUME, net)
    trained = {name: pinn.solve(start, form, n_steps=n_steps).trial for name, form in FORMS.items()}
    return {"random": start} | trained


def cosines(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Overlap of each code with each other; silent ones overlap with none."""
    scale = np.outer(np.linalg.norm(codes, axis=1), np.linalg.norm(others, axis=1))
    products = codes @ others.T
    return np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)


def compare(
    circuit: olfnet.expansion.Circuit, series: np.ndarray, noise_sd: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Overlap with the code at the source and share recognized, at each distance.

    The series has shape (n_odors, n_distances, n_receptors); first comes the source itself, where
    there is no noise.
    """
    lobe = DivisiveNormalization()
    memory = rate.respond(circuit, lobe(series[:, 0])).rates
    overlap, recognized = np.empty((2, series.shape[1]))
    stream = np.random.default_rng(seed)
    for nth, rates in enumerate(series.swapaxes(0, 1)):
        noisy = noisy_trials(rates, 1, noise=GaussianNoise(noise_sd), nonnegative=True, rng=stream)[
            :, 0
        ]
        found = cosines(rate.respond(circuit, lobe(noisy)).rates, memory)
        overlap[nth] = np.diag(found).mean()
        recognized[nth] = np.mean(found.argmax(axis=1) == np.arange(len(found)))
    return overlap, recognized


def gradient_noises(
    trials: dict[str, pinn.Trial], n_draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Variance by quadrature for one point, and sampled in parts of it, for each state and form."""
    exact = np.empty((len(STATES), len(FORMS)))
    parts = np.empty((*exact.shape, len(N_POINTS)))
    for i, state in enumerate(STATES):
        for j, (name, form) in enumerate(FORMS.items()):
            trial = trials["random" if state == "random" else name]
            exact[i, j] = pinn.gradient_noise(trial, form).variance
            for k, n in enumerate(N_POINTS):
                found = pinn.sampled_noise(trial, form, int(n), n_draws=n_draws, rng=rng)
                parts[i, j, k] = found.variance * n / exact[i, j]
    return exact, parts


def measure(
    *, n_odors: int, n_units: int, fan_in: int, coding_level: float, noise_sd: float, n_steps: int,
    n_draws: int, rng: np.random.Generator,
) -> dict[str, xr.DataArray]:  # fmt: skip
    """Train networks, present odors at the concentrations they give, and sample gradients."""
    odor_rng, wiring_rng, noise_rng, network_rng, point_rng = rng.spawn(5)
    trials = train(n_steps, network_rng)
    exact = pinn.closed_form(PLUME, DISTANCES)
    profiles = np.array([exact, *(trials[name](DISTANCES) for name in FORMS)])
    series = odors.concentration_series(
        n_odors, N_RECEPTORS, concentrations=np.maximum(profiles, LEAST).ravel(), rng=odor_rng
    ).reshape(n_odors, *profiles.shape, N_RECEPTORS)
    circuit = olfnet.random_expansion(
        n_inputs=N_RECEPTORS, n_units=n_units, fan_in=fan_in, coding_level=coding_level,
        rng=wiring_rng,
    )  # fmt: skip
    seed = int(noise_rng.integers(2**62))
    compared = np.array(
        [compare(circuit, series[:, nth], noise_sd, seed) for nth in range(len(SOURCES))]
    )
    variance, parts = gradient_noises(trials, n_draws, point_rng)
    places = {"source": list(SOURCES), "distance": DISTANCES}
    states = {"state": list(STATES), "form": list(FORMS), "n_points": N_POINTS}
    return {
        "concentration": labeled(profiles, places, "relative concentration"),
        "overlap": labeled(compared[:, 0], places, "cosine with the code at the source"),
        "recognized": labeled(compared[:, 1], places, "share of odors whose nearest is their own"),
        "variance": labeled(
            variance, {n: states[n] for n in ("state", "form")}, "of the gradient from one point"
        ),
        "parts": labeled(parts, states, "sampled variance in parts of v / n"),
    }


def labeled(values: np.ndarray, places: dict, meaning: str) -> xr.DataArray:
    """Name the axes of an array."""
    return xr.DataArray(values, places, list(places), attrs={"meaning": meaning})


def finished(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Repeats of the first circuit that are done, repeats first."""
    return results.finished(dataset)[name].values


def half_distance(recognized: np.ndarray) -> float:
    """Where half of the odors are still recognized, in meters; the last distance if more are."""
    below = np.flatnonzero(recognized < 0.5)
    if not below.size or below[0] == 0:
        return float(DISTANCES[below[0] if below.size else -1])
    pair = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(-0.5, -recognized[pair], DISTANCES[pair]))


def table(dataset: xr.Dataset) -> Table:
    """Concentration, overlap and recognition at each distance, by closed form and by networks."""
    rows = Table(title="An odor's code at a distance from its source")
    for column in ("m", "c", "network", "overlap", "network", "known", "network"):
        rows.add_column(column, justify="right", no_wrap=True)
    values = [finished(dataset, name) for name in ("concentration", "overlap", "recognized")]
    if not len(values[0]):
        return rows
    half = [[half_distance(one) for one in repeat[:2]] for repeat in values[2]]
    exact, network = zip(*drawing.mean_and_reach(half), strict=True)
    rows.caption = (
        f"Half of the odors are known up to {exact[0]:.2f} ±{exact[1]:.2f} m, by networks "
        f"{network[0]:.2f} ±{network[1]:.2f}. Networks are those trained by the energy."
    )
    summaries = [drawing.mean_and_reach(one) for one in values]
    for k, distance in enumerate(DISTANCES):
        cells = []
        for (mean, reach), digits in zip(summaries, (4, 3, 3), strict=True):
            cells.append(f"{mean[0, k]:.{digits}f}")
            cells.append(f"{mean[1, k]:.{digits}f} ±{reach[1, k]:.{digits - 1}f}")
        rows.add_row(f"{distance:g}", *cells)
    return rows


def points(
    axes: Axes, x: np.ndarray, samples: np.ndarray, nth: int, label: str, **others: Any
) -> None:
    """Draw means over repeats with their intervals."""
    mean, reach = drawing.mean_and_reach(samples)
    look = {"ms": 4, "lw": 1, "color": drawing.COLORS[nth], "marker": drawing.MARKERS[nth]}
    axes.errorbar(x, mean, reach, ls="", label=label, **look | others)


def draw_profile(axes: Axes, samples: np.ndarray) -> None:
    """Draw concentration against distance."""
    fine = np.linspace(0, 4, 121)
    axes.plot(fine, pinn.closed_form(PLUME, fine), lw=1.2, color="0.3", label="closed form")
    # Open and larger, or one form would hide the other.
    for nth, (name, look) in enumerate(zip(FORMS, ({"mfc": "none", "ms": 7}, {}), strict=True)):
        points(axes, DISTANCES, samples[:, nth + 1], nth, f"trained by {name}", **look)
    axes.set(yscale="log", ylabel="concentration", xlabel="distance from the source (m)")


def draw_codes(axes: Axes, overlap: np.ndarray, recognized: np.ndarray, n_odors: int) -> None:
    """Draw what is left of the code at the source."""
    named = (("overlap with code at source", overlap), ("odors recognized", recognized))
    for nth, (label, samples) in enumerate(named, start=2):
        axes.plot(DISTANCES, samples[:, 0].mean(axis=0), lw=1.2, color=drawing.COLORS[nth])
        points(axes, DISTANCES, samples[:, 1], nth, label)
    axes.axhline(1 / n_odors, color="0.6", lw=0.8, ls=":")
    axes.annotate("chance", (0, 1 / n_odors), (0, 2), textcoords="offset points", fontsize="small")
    axes.set(ylim=(0, 1.4), xlabel="distance from the source (m)", ylabel="share")
    axes.set_yticks(np.linspace(0, 1, 6))


def draw_noise(axes: Axes, variance: np.ndarray, parts: np.ndarray) -> None:
    """Draw the variance of gradients against the number of points, as a mean of logarithms."""
    typical = np.exp(np.log(variance).mean(axis=0))
    fine = np.geomspace(N_POINTS[0], N_POINTS[-1], 2)
    for j, name in enumerate(FORMS):
        for i, state in enumerate(STATES):
            color = drawing.COLORS[j]
            axes.plot(fine, typical[i, j] / fine, lw=1.2, color=color, ls=("--", "-")[i])
            samples = parts[:, i, j] * typical[i, j] / N_POINTS
            fill = {"mfc": "white"} if state == "random" else {}
            points(axes, N_POINTS, samples, j, f"{name}, {state} network", **fill)
    axes.set(
        xscale="log", yscale="log", xlabel="collocation points", ylabel="variance of the gradient"
    )


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the profile, what is left of the code, and the noise of gradients."""
    drawn = Figure(figsize=(10.2, 3.4), layout="constrained")
    panels = drawn.subplots(1, 3)
    profile = finished(dataset, "concentration")
    if len(profile):
        draw_profile(panels[0], profile)
        overlap, recognized = finished(dataset, "overlap"), finished(dataset, "recognized")
        draw_codes(panels[1], overlap, recognized, int(dataset["n_odors"].values[0]))
        draw_noise(panels[2], finished(dataset, "variance"), finished(dataset, "parts"))
    options = ({}, {"title": "lines: closed form"}, {"title": "lines: v / n"})
    places = ("upper right", "upper right", (0.02, 0.22))
    for axes, option, place in zip(panels, options, places, strict=True):
        drawing.legend(axes, loc=place, title_fontsize="small", **option)
    drawing.finish(panels)
    return drawn


study = Study(
    name="odor_plume",
    question="How far from its source is an odor still recognized?",
    source="E & Yu 2018, 10.1007/s40304-018-0127-z; Raissi, Perdikaris & Karniadakis 2019, "
    "10.1016/j.jcp.2018.10.045",
    parameters=(
        Parameter("n_odors", 50, "odors to be told apart", quick=20, check=checks.count),
        Parameter("n_units", 2000, "units of the expansion", quick=500, check=checks.count),
        Parameter(
            "fan_in", 7, "inputs of each unit", check=partial(checks.count, maximum=N_RECEPTORS)
        ),
        Parameter("coding_level", 0.05, "share of active units", check=checks.fraction),
        Parameter(
            "noise_sd", 10.0, "standard deviation of receptor rates over trials", unit="spikes/s",
            check=checks.nonnegative,
        ),
        Parameter("n_steps", 300, "steps of training", quick=150, check=checks.count),
        Parameter(
            "n_draws", 100, "gradients for each variance", quick=20,
            check=partial(checks.count, minimum=2),
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=10,
    quick_repeats=2,
)  # fmt: skip

if __name__ == "__main__":
    main(study)
