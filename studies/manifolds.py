"""Manifolds that a linear readout separates: spheres, and the clouds of trials of an odor.

Spheres in random positions show what theory predicts.  Then surrogate odors with the statistics of
a measured panel are presented several times, with noise in the projection neurons, and a readout
has to give all trials of an odor the same label, before and after a random expansion.  The
mean-field theory of their anchor points predicts capacity from radius and dimension of the clouds.
"""

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

import olfnet
from olfnet.capacity import manifold_geometry, spheres
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
    "capacity": "clouds separated before the first failure, per dimension",
    "n_dims": "rank of the clouds, with the bias",
    "mean_field": "capacity expected from the geometry of the clouds, centers made white",
    "as_they_are": "capacity expected from the geometry of the clouds, centers as they are",
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
) -> dict[str, xr.DataArray]:
    """Separate one sequence of spheres of each kind, and of clouds of each stage and noise."""
    sphere_rng, cloud_rng = rng.spawn(2)
    spheres = [
        [separated_spheres(r, d, n_features, stream) for r in RADII]
        for d, stream in zip(DIMENSIONS, sphere_rng.spawn(DIMENSIONS.size), strict=True)
    ]
    # The same odors and wiring in all cases.
    seed = int(cloud_rng.integers(2**63))
    about = partial(
        draw, n_presentations=n_presentations, n_units=n_units, coding_level=coding_level
    )
    clouds = [
        [separated_clouds(partial(about, stage=s, noise=n), seed) for n in NOISE] for s in STAGES
    ]
    spheres = results.labeled(
        spheres,
        "spheres separated before the first failure, per dimension",
        dimension=DIMENSIONS,
        sphere_radius=RADII,
    )
    noise = results.labeled(NOISE, "largest standard deviation of noise", "spikes/s", noise=None)
    measured = np.moveaxis(clouds, 2, 0)
    return {"spheres": spheres, **results.labeled_each(CLOUDS, measured, stage=STAGES, noise=noise)}


def separated_spheres(radius: float, dimension: int, n_features: int, rng: Rng) -> float:
    """Return the spheres per dimension that a readout separates, of one sequence."""
    kind = {"radius": radius, "dimension": dimension}
    (n_separated,) = olfnet.breaking_points(
        lambda n, stream: spheres(n, n_features, **kind, rng=stream),
        max_patterns=int(3 * theory.capacity(**kind) * n_features) + 10,
        n_trials=1,
        rng=rng,
    )
    return float(n_separated / n_features)


def separated_clouds(clouds: partial[np.ndarray], seed: int) -> list[float]:
    """Measured capacity of one sequence of clouds, and mean-field theory of others."""
    n_features = clouds(1, np.random.default_rng(0)).shape[2]
    curve = olfnet.measure_capacity(
        clouds, n_patterns=3 * n_features, n_trials=1, bias=True, rng=seed
    )
    others = clouds(6 * n_features, np.random.default_rng(seed))
    others = others - others.mean(axis=(0, 1))  # the bias accounts for the mean of all odors
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

    A readout separates them as before, since its weights follow any such map; but the theory
    assumes centers that are random in all directions, and here they are.
    """
    centers = clouds.mean(axis=1)
    variances, axes = np.linalg.eigh(np.cov(centers.T))
    kept = variances > 1e-9 * variances[-1]
    return clouds @ (axes[:, kept] / np.sqrt(variances[kept]))


def table(dataset: xr.Dataset) -> Table:
    """Measured capacities beside theory, and the number of odors that a readout separates."""
    rows = []
    for d in DIMENSIONS:
        samples = results.along(dataset, "spheres", "sphere_radius", dimension=d)
        for r, capacities in samples.items():
            expected = f"{float(theory.capacity(r, d)):.3f}"
            measured = results.mean_text(capacities, ".3f")
            rows.append(("spheres", f"{r:g}", d, measured, expected, ""))
        rows.append(None)
    for stage in STAGES:
        clouds = {name: results.along(dataset, name, "noise", stage=stage) for name in CLOUDS}
        for n, capacities in clouds["capacity"].items():
            about = [f"{clouds[name][n].mean():.2f}" for name in ("radius", "directions")]
            measured = results.mean_text(capacities, ".3f")
            total = f"{(capacities * clouds['n_dims'][n]).mean():.0f}"
            expected = f"{clouds['mean_field'][n].mean():.3f}"
            rows.append((f"{stage}, {n:g} Hz", *about, measured, expected, total))
        rows.append(None)
    title = "Manifolds of radius R and dimension D, separated per dimension of their space"
    columns = ("manifolds", "R", "D", "measured", "theory", "in all")
    return results.table(title, columns, rows, left=["manifolds"])


def figure(dataset: xr.Dataset) -> Figure:
    """Draw capacity of spheres against radius; of clouds against noise, with their geometry."""
    panels = drawing.panels(2, 2, (7.2, 5.6))
    draw_spheres(panels[0], dataset)
    draw_clouds(panels[1], dataset)
    for axes, name, words in (
        (panels[2], "radius", "radius of clouds (of centers)"),
        (panels[3], "directions", "dimension of clouds"),
    ):
        draw_stages(axes, dataset, name, "-")
        axes.set(ylabel=words, ylim=(0, None))
    drawing.legend(panels[2])
    return drawing.finish(panels)


def draw_stages(axes: Axes, dataset: xr.Dataset, name: str, line: str) -> None:
    """Draw points of both stages against noise."""
    for nth, stage in enumerate(STAGES):
        samples = results.along(dataset, name, "noise", stage=stage)
        drawing.points(axes, samples, nth, ls=line, label=stage)
    drawing.log_ticks(axes, NOISE)
    axes.set_xlabel("noise, largest s.d. (Hz)")


def draw_spheres(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw theory as lines, measured spheres as points."""
    radii = np.geomspace(RADII[0] / 1.3, RADII[-1] * 1.3, 100)
    for nth, d in enumerate(DIMENSIONS, start=2):
        axes.plot(radii, theory.capacity(radii, d), color=drawing.COLORS[nth], lw=1.2)
        samples = results.along(dataset, "spheres", "sphere_radius", dimension=d)
        drawing.points(axes, samples, nth, label=f"dimension {d}")
    drawing.log_ticks(axes, RADII)
    axes.set(xlabel="radius (of centers' distance)", ylim=(0, 2))
    axes.set_ylabel("spheres separated per dimension")
    drawing.legend(axes)


def draw_clouds(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw mean-field theory as lines, measured clouds as points."""
    draw_stages(axes, dataset, "capacity", "")
    for name, line, words in (
        ("mean_field", "-", "mean field, centers white"),
        ("as_they_are", ":", "mean field, centers as they are"),
    ):
        for stage, color in zip(STAGES, drawing.COLORS, strict=False):
            samples = results.along(dataset, name, "noise", stage=stage)
            means = [part.mean() for part in samples.values()]
            axes.plot(list(samples), means, ls=line, color=color, lw=1.2)
        axes.plot([], [], color="0.2", lw=1.2, ls=line, label=words)
    axes.set(ylabel="clouds separated per dimension", ylim=(0, 2.1))
    drawing.legend(axes)


study = Study(
    name="manifolds",
    question="How many manifolds, such as all trials of an odor, does a linear readout separate?",
    source="Chung, Lee & Sompolinsky 2018, 10.1103/PhysRevX.8.031003; Luo, Axel & Abbott 2010, "
    "10.1073/pnas.1005635107",
    parameters=(
        Parameter.count(
            "n_features", 100, "dimensions of the space of the spheres", quick=30, minimum=20
        ),
        Parameter.count("n_presentations", 5, "presentations that make up an odor's cloud"),
        Parameter.count("n_units", 200, "units of the expansion", quick=50, minimum=20),
        Parameter.fraction("coding_level", 0.1, "fraction of units that respond to an odor"),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=30,
    quick_repeats=3,
)

if __name__ == "__main__":
    main(study)
