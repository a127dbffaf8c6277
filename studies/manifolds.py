"""Ask how many manifolds a linear readout sorts: spheres, and the clouds of trials of an odor.

Spheres in random places show what theory says.  Then odors invented from the statistics of a
measured panel are presented several times, with noise in the projection neurons, and a readout has
to give all trials of an odor the same label, before and behind a random expansion.  The mean-field
theory of their anchor points says what to expect from radius and dimension of the clouds.
"""

from functools import partial
from itertools import product

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet import checks
from olfnet.capacity import manifold_geometry
from olfnet.capacity.manifolds import ellipsoids
from olfnet.expansion import rate
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.receptors.noise import SaturatingNoise, noisy_trials
from olfnet.theory import manifolds as theory

Rng = np.random.Generator
DIMENSIONS = np.array([1, 5, 10])
RADII = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0])
NOISE = np.array([1.0, 3.0, 5.0, 10.0, 20.0])
STAGES = ("projection neurons", "expansion")
CLOUDS = {
    "capacity": "clouds of one odor each, sorted before the first failure, per dimension",
    "n_dims": "rank of the clouds, with the bias",
    "mean_field": "capacity expected from the geometry of the clouds, centers made white",
    "as_they_are": "the same with centers as they are",
    "radius": "mean radius of clouds, relative to the length of their white centers",
    "directions": "mean dimension of clouds with white centers",
}


def draw(
    n_odors: int,
    rng: Rng,
    *,
    stage: str,
    noise: float,
    n_presentations: int,
    n_units: int,
    coding_level: float,
) -> np.ndarray:
    """Responses to noisy presentations of odors, shape (n_odors, n_presentations, n_features)."""
    odor_rng, noise_rng, wiring_rng = rng.spawn(3)
    lobe = DivisiveNormalization()(fly_odors(n_odors, rng=odor_rng))
    model = SaturatingNoise(max_sd=noise)
    trials = noisy_trials(lobe, n_presentations, noise=model, nonnegative=True, rng=noise_rng)
    if stage == STAGES[0]:
        return trials
    circuit = olfnet.random_expansion(
        n_inputs=lobe.shape[1], n_units=n_units, fan_in=6, coding_level=coding_level, rng=wiring_rng
    )
    codes = rate.respond(circuit, trials.reshape(-1, lobe.shape[1])).rates
    return codes.reshape(n_odors, n_presentations, n_units)


def measure(
    *, n_features: int, n_presentations: int, n_units: int, coding_level: float, rng: Rng
) -> dict[str, object]:
    """Sort one sequence of spheres of each kind, and of the clouds of each stage and noise."""
    sphere_rng, cloud_rng = rng.spawn(2)
    spheres = [
        [sorted_spheres(r, d, n_features, stream) for r in RADII]
        for d, stream in zip(DIMENSIONS, sphere_rng.spawn(DIMENSIONS.size), strict=True)
    ]
    # The same odors and wiring in all cases.
    seed = int(cloud_rng.integers(2**63))
    about = partial(
        draw, n_presentations=n_presentations, n_units=n_units, coding_level=coding_level
    )
    clouds = [
        [sorted_clouds(partial(about, stage=s, noise=n), seed) for n in NOISE] for s in STAGES
    ]
    stage, noise = list(STAGES), ("noise", NOISE, {"unit": "Hz"})
    return {
        "spheres": xr.DataArray(
            spheres,
            {"dimension": DIMENSIONS, "sphere_radius": RADII},
            ["dimension", "sphere_radius"],
            attrs={"meaning": "spheres sorted before the first failure, per dimension"},
        ),
        **{
            name: xr.DataArray(values, {"stage": stage, "noise": noise}, attrs={"meaning": meaning})
            for (name, meaning), values in zip(
                CLOUDS.items(), np.moveaxis(clouds, 2, 0), strict=True
            )
        },
    }


def sorted_spheres(radius: float, dimension: int, n_features: int, rng: Rng) -> float:
    """Spheres per dimension that a readout sorts, of one sequence."""
    kind = {"radius": radius, "dimension": dimension}
    (found,) = olfnet.breaking_points(
        lambda n, stream: ellipsoids.spheres(n, n_features, **kind, rng=stream),
        max_patterns=int(3 * theory.capacity(**kind) * n_features) + 10,
        n_trials=1,
        rng=rng,
    )
    return float(found / n_features)


def sorted_clouds(clouds: partial[np.ndarray], seed: int) -> list[float]:
    """Measured capacity of one sequence of clouds, and what mean-field theory makes of others."""
    n_features = clouds(1, np.random.default_rng(0)).shape[2]
    curve = olfnet.measure_capacity(
        clouds, n_patterns=3 * n_features, n_trials=1, bias=True, rng=seed
    )
    others = clouds(6 * n_features, np.random.default_rng(seed))
    others = others - others.mean(axis=(0, 1))  # the bias takes care of the mean of all odors
    plain = manifold_geometry(others[:60], n_samples=50, rng=seed)
    white = manifold_geometry(whitened(others)[:60], n_samples=50, rng=seed)
    return [
        int(curve.breaking_points[0]) / curve.n_dims,
        curve.n_dims,
        white.joint_capacity,
        plain.joint_capacity,
        white.radius.mean(),
        white.dimension.mean(),
    ]


def whitened(clouds: np.ndarray) -> np.ndarray:
    """Clouds in coordinates in which their centers vary equally in all directions.

    A readout sorts them as well as before, since its weights follow any such map; but the theory
    takes centers for random in all directions, and here they are.
    """
    centers = clouds.mean(axis=1)
    sizes, axes = np.linalg.eigh(np.cov(centers.T))
    heard = sizes > 1e-9 * sizes[-1]
    return clouds @ (axes[:, heard] / np.sqrt(sizes[heard]))


def samples(done: xr.Dataset, name: str, **at: object) -> np.ndarray:
    """Repeats of one variable, repeats first."""
    return done[name].sel(at).transpose("repeat", ...).values


def table(dataset: xr.Dataset) -> Table:
    """Measured capacities beside theory, and the odors that a readout can sort in all."""
    rows = Table(title="Manifolds of radius R and dimension D, sorted per dimension of their space")
    for column in ("manifolds", "R", "D", "measured", "theory", "in all"):
        rows.add_column(column, justify="left" if column == "manifolds" else "right", no_wrap=True)
    done = results.finished(dataset)
    if done.sizes["repeat"] == 0:
        return rows
    for d, r in product(DIMENSIONS, RADII):
        text = cell(samples(done, "spheres", dimension=d, sphere_radius=r))
        last = bool(r == RADII[-1])
        expected = f"{float(theory.capacity(r, d)):.3f}"
        rows.add_row("spheres", f"{r:g}", f"{d}", text, expected, "", end_section=last)
    for stage, n in product(STAGES, NOISE):
        one = {name: samples(done, name, stage=stage, noise=n) for name in CLOUDS}
        about = [f"{one[name].mean():.2f}" for name in ("radius", "directions")]
        rows.add_row(
            f"{stage}, {n:g} Hz",
            *about,
            cell(one["capacity"]),
            f"{one['mean_field'].mean():.3f}",
            f"{(one['capacity'] * one['n_dims']).mean():.0f}",
            end_section=bool(n == NOISE[-1]),
        )
    return rows


def cell(values: np.ndarray) -> str:
    """Write a mean with half its 95 % interval."""
    value, reach = drawing.mean_and_reach(values)
    return f"{value:.3f} ±{reach:.3f}"


def figure(dataset: xr.Dataset) -> Figure:
    """Draw capacity of spheres against radius; of clouds against noise, with their geometry."""
    drawn = Figure(figsize=(7.2, 5.6), layout="constrained")
    panels = drawn.subplots(2, 2).ravel()
    done = results.finished(dataset)
    draw_spheres(panels[0], done)
    draw_clouds(panels[1], done)
    for axes, name, words in (
        (panels[2], "radius", "radius of clouds (of centers)"),
        (panels[3], "directions", "dimension of clouds"),
    ):
        draw_stages(axes, done, name, "-")
        axes.set(ylabel=words, ylim=(0, None))
    drawing.legend(panels[2])
    drawing.finish(panels)
    return drawn


def draw_stages(axes: Axes, done: xr.Dataset, name: str, line: str) -> None:
    """Points of both stages against noise."""
    for stage, color, marker in zip(STAGES, drawing.COLORS, drawing.MARKERS, strict=False):
        values = samples(done, name, stage=stage)
        draw_points(axes, NOISE, values, ls=line, color=color, marker=marker, label=stage)
    axes.set(xscale="log", xlabel="noise, largest s.d. (Hz)")
    axes.set_xticks(NOISE, [f"{n:g}" for n in NOISE])
    axes.minorticks_off()


def draw_points(axes: Axes, at: np.ndarray, values: np.ndarray, **style: object) -> None:
    """Means with 95 % intervals, if there are any."""
    if len(values):
        mean, reach = drawing.mean_and_reach(values)
        axes.errorbar(at, mean, reach, ms=4, lw=1, **style)


def draw_spheres(axes: Axes, done: xr.Dataset) -> None:
    """Theory as lines, measured spheres as points."""
    at = np.geomspace(RADII[0] / 1.3, RADII[-1] * 1.3, 100)
    for d, color, marker in zip(DIMENSIONS, drawing.COLORS[2:], drawing.MARKERS[2:], strict=False):
        axes.plot(at, theory.capacity(at, d), color=color, lw=1.2)
        label = f"dimension {d}"
        values = samples(done, "spheres", dimension=d)
        draw_points(axes, RADII, values, ls="", color=color, marker=marker, label=label)
    axes.set(
        xscale="log",
        xlabel="radius (of centers' distance)",
        ylabel="spheres sorted per dimension",
        ylim=(0, 2),
    )
    axes.set_xticks(RADII, [f"{r:g}" for r in RADII])
    axes.minorticks_off()
    drawing.legend(axes)


def draw_clouds(axes: Axes, done: xr.Dataset) -> None:
    """Mean-field theory as lines, measured clouds as points."""
    draw_stages(axes, done, "capacity", "")
    for name, line, words in (
        ("mean_field", "-", "mean field, centers white"),
        ("as_they_are", ":", "mean field, centers as they are"),
    ):
        for stage, color in zip(STAGES, drawing.COLORS, strict=False):
            values = samples(done, name, stage=stage)
            if len(values):
                axes.plot(NOISE, values.mean(axis=0), ls=line, color=color, lw=1.2)
        axes.plot([], [], color="0.2", lw=1.2, ls=line, label=words)
    axes.set(ylabel="clouds sorted per dimension", ylim=(0, 2.1))
    drawing.legend(axes)


study = Study(
    name="manifolds",
    question="How many manifolds, such as all trials of an odor, does a linear readout sort?",
    source="Chung, Lee & Sompolinsky 2018, 10.1103/PhysRevX.8.031003; Luo, Axel & Abbott 2010, "
    "10.1073/pnas.1005635107",
    parameters=(
        Parameter(
            "n_features",
            100,
            "dimensions of the space of the spheres",
            quick=30,
            check=partial(checks.count, minimum=20),
        ),
        Parameter(
            "n_presentations", 5, "presentations that make up an odor's cloud", check=checks.count
        ),
        Parameter(
            "n_units",
            200,
            "units of the expansion",
            quick=50,
            check=partial(checks.count, minimum=20),
        ),
        Parameter(
            "coding_level", 0.1, "fraction of units that respond to an odor", check=checks.fraction
        ),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=30,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
