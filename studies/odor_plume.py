"""Distance from its source at which an odor is still recognized, by physics-informed networks.

An odor that is released at one end of a corridor diffuses and decays; its steady concentration
falls by a factor of e every half meter.  Networks are trained to solve that equation, by its energy
and by its residual, beside the closed form.  Concentrations drive receptors, and through antennal
lobe and expansion make a code, which is compared with the code at the source: how much they
overlap, and whether the nearest of all codes at the source is the odor's own.  The variance of
gradients from n random collocation points is v / n in theory.
"""

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
LEAST = 1e-6  # concentration without effect, for networks that fall below zero
WIDTH, N_RECEPTORS = 20, 50


def train(n_steps: int, rng: np.random.Generator) -> dict[str, pinn.Trial]:
    """Draw a network, and train it by each form."""
    net = dense([1, WIDTH, 1], Tanh(), bias_variance=1.0, rng=rng)
    start = pinn.Trial(PLUME, net)
    trained = {name: pinn.solve(start, form, n_steps=n_steps).trial for name, form in FORMS.items()}
    return {"random": start} | trained


def cosines(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the overlap of each code with each other; silent ones overlap with none."""
    scale = np.outer(np.linalg.norm(codes, axis=1), np.linalg.norm(others, axis=1))
    products = codes @ others.T
    return np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)


def compare(
    circuit: olfnet.expansion.Circuit, series: np.ndarray, noise_sd: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return overlap with the code at the source and fraction recognized, at each distance.

    The series has shape (n_odors, n_distances, n_receptors); first comes the source itself, where
    there is no noise.
    """
    lobe = DivisiveNormalization()
    memory = rate.respond(circuit, lobe(series[:, 0])).rates
    overlap, recognized = np.empty((2, series.shape[1]))
    stream = np.random.default_rng(seed)
    for nth, rates in enumerate(series.swapaxes(0, 1)):
        noise = GaussianNoise(noise_sd)
        noisy = noisy_trials(rates, 1, noise=noise, nonnegative=True, rng=stream)[:, 0]
        overlaps = cosines(rate.respond(circuit, lobe(noisy)).rates, memory)
        overlap[nth] = np.diag(overlaps).mean()
        recognized[nth] = np.mean(overlaps.argmax(axis=1) == np.arange(len(overlaps)))
    return overlap, recognized


def gradient_noises(
    trials: dict[str, pinn.Trial], n_draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Variance by quadrature for one point, and sampled relative to it, for each state and form."""
    exact = np.empty((len(STATES), len(FORMS)))
    parts = np.empty((*exact.shape, len(N_POINTS)))
    for i, state in enumerate(STATES):
        for j, (name, form) in enumerate(FORMS.items()):
            trial = trials["random" if state == "random" else name]
            exact[i, j] = pinn.gradient_noise(trial, form).variance
            for k, n in enumerate(N_POINTS):
                sampled = pinn.sampled_noise(trial, form, int(n), n_draws=n_draws, rng=rng)
                parts[i, j, k] = sampled.variance * n / exact[i, j]
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
    along = {"source": SOURCES, "distance": DISTANCES}
    one, kind = "variance of the gradient from one point", {"state": STATES, "form": FORMS}
    ratio = "sampled variance relative to v / n"
    return {
        "concentration": results.labeled(profiles, "relative concentration", **along),
        "overlap": results.labeled(compared[:, 0], "cosine with the code at the source", **along),
        "recognized": results.labeled(
            compared[:, 1], "fraction of odors whose nearest code is their own", **along
        ),
        "variance": results.labeled(variance, one, **kind),
        "parts": results.labeled(parts, ratio, **kind, n_points=N_POINTS),
    }


def half_distance(recognized: np.ndarray) -> float:
    """Distance in meters to which half of the odors are recognized; the last one if more are."""
    below = np.flatnonzero(recognized < 0.5)
    if not below.size or below[0] == 0:
        return float(DISTANCES[below[0] if below.size else -1])
    pair = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(-0.5, -recognized[pair], DISTANCES[pair]))


def table(dataset: xr.Dataset) -> Table:
    """Concentration, overlap and recognition at each distance, by closed form and by networks."""
    done, rows = results.finished(dataset), []
    caption = "Networks are those trained by the energy."
    if done.sizes["repeat"]:
        half = [
            results.mean_text(
                [half_distance(one) for one in done["recognized"].values[:, k]], ".2f"
            )
            for k in (0, 1)
        ]
        caption = (
            f"Half of the odors are recognized up to {half[0]} m, by networks {half[1]}. {caption}"
        )
        for k, distance in enumerate(DISTANCES):
            cells = []
            for name, digits in (("concentration", 4), ("overlap", 3), ("recognized", 3)):
                exact, network = done[name].values[:, :2, k].T
                cells.append(f"{exact.mean():.{digits}f}")
                cells.append(results.mean_text(network, f".{digits}f", f".{digits - 1}f"))
            rows.append((f"{distance:g}", *cells))
    columns = ("m", "c", "network", "overlap", "network", "right", "network")
    title = "An odor's code at a distance from its source"
    return results.table(title, columns, rows, caption=caption)


def draw_profile(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw concentration against distance."""
    fine = np.linspace(0, 4, 121)
    axes.plot(fine, pinn.closed_form(PLUME, fine), lw=1.2, color="0.3", label="closed form")
    # Open and larger, or one form would hide the other.
    for nth, (name, look) in enumerate(zip(FORMS, ({"mfc": "none", "ms": 7}, {}), strict=True)):
        samples = results.along(dataset, "concentration", "distance", source=name)
        drawing.points(axes, samples, nth, label=f"trained by {name}", **look)
    axes.set(yscale="log", ylabel="concentration", xlabel="distance from the source (m)")
    drawing.legend(axes, loc="upper right")


def draw_codes(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw overlap with the code at the source, and the fraction of odors recognized."""
    named = (("overlap", "overlap with code at source"), ("recognized", "odors recognized"))
    for nth, (name, label) in enumerate(named, start=2):
        exact = results.along(dataset, name, "distance", source=SOURCES[0])
        means = [part.mean() for part in exact.values()]
        axes.plot(list(exact), means, lw=1.2, color=drawing.COLORS[nth])
        network = results.along(dataset, name, "distance", source=SOURCES[1])
        drawing.points(axes, network, nth, label=label)
    chance = 1 / int(dataset["n_odors"].values[0])
    axes.axhline(chance, color="0.6", lw=0.8, ls=":")
    axes.annotate("chance", (0, chance), (0, 2), textcoords="offset points", fontsize="small")
    axes.set(ylim=(0, 1.4), xlabel="distance from the source (m)", ylabel="fraction")
    axes.set_yticks(np.linspace(0, 1, 6))
    drawing.legend(axes, loc="upper right", title="lines: closed form")


def draw_noise(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the variance of gradients against the number of points, as a mean of logarithms."""
    ends = N_POINTS[[0, -1]]
    for j, form in enumerate(FORMS):
        for state, ls, look in zip(STATES, ("--", "-"), ({"mfc": "white"}, {}), strict=True):
            done = results.finished(dataset, form=form, state=state)
            if done.sizes["repeat"]:
                typical = np.exp(np.log(done["variance"].values).mean())
                axes.plot(ends, typical / ends, lw=1.2, color=drawing.COLORS[j], ls=ls)
                samples = done["parts"].values * typical / N_POINTS
                by_points = dict(zip(N_POINTS, samples.T, strict=True))
                drawing.points(axes, by_points, j, label=f"{form}, {state} network", **look)
    axes.set(xscale="log", yscale="log", xlabel="collocation points")
    axes.set_ylabel("variance of the gradient")
    drawing.legend(axes, loc=(0.02, 0.22), title="lines: v / n")


def figure(dataset: xr.Dataset) -> Figure:
    """Draw the profile, the code against distance, and the noise of gradients."""
    panels = drawing.panels(1, 3, (10.2, 3.4))
    for axes, draw in zip(panels, (draw_profile, draw_codes, draw_noise), strict=True):
        draw(axes, dataset)
    return drawing.finish(panels)


study = Study(
    name="odor_plume",
    question="How far from its source is an odor still recognized?",
    source="E & Yu 2018, 10.1007/s40304-018-0127-z; Raissi, Perdikaris & Karniadakis 2019, "
    "10.1016/j.jcp.2018.10.045",
    parameters=(
        Parameter.count("n_odors", 50, "odors to be recognized", quick=20),
        Parameter.count("n_units", 2000, "units of the expansion", quick=500),
        Parameter.count("fan_in", 7, "inputs of each unit", maximum=N_RECEPTORS),
        Parameter.fraction("coding_level", 0.05, "fraction of active units"),
        Parameter(
            "noise_sd",
            10.0,
            "standard deviation of receptor rates over trials",
            unit="spikes/s",
            check=checks.nonnegative,
        ),
        Parameter.count("n_steps", 300, "steps of training", quick=150),
        Parameter.count("n_draws", 100, "gradients for each variance", quick=20, minimum=2),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=10,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
