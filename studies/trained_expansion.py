"""Gain of a circuit if the weights of its expansion learn, too, and not only its readout.

Noisy trials of odors get random labels.  All circuits start from a random wiring with thresholds
and learn by gradient descent; in two of them by backpropagation through the expansion, too.  In one
of these only the weights of existing claws learn, in the other one each unit may get synapses with
all other inputs.  They are tested on new trials.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich.table import Table

from olfnet import checks
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab import Parameter, Study, drawing, main, results
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.receptors.noise import SaturatingNoise, noisy_trials
from olfnet.theory.activations import ReLU
from olfnet.theory.network import Activate, Dense, LogisticLoss, Network, PullBack, train

N_LEARNED, N_TESTED, FAN_IN, CODING_LEVEL = 2, 20, 6, 0.1
# What learns, and its step: long steps silence units of the expansion.
LEARNS = {"readout": 2.0, "claws and readout": 0.2, "expansion and readout": 0.2}


class Claws(Dense):
    """A dense layer in which weights of 0 are no synapses, and stay so."""

    def linearized(self, inputs: np.ndarray) -> tuple[np.ndarray, PullBack]:
        """Return outputs, and gradients that are 0 where there is no synapse."""
        outputs, pull = super().linearized(inputs)

        def pull_back(gradient: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
            by_inputs, (by_weights, by_bias) = pull(gradient)
            return by_inputs, (by_weights * (self.weights != 0), by_bias)

        return outputs, pull_back


def trials(n_odors: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Noisy trials of surrogate odors, shape (n_odors, n_trials, n_receptors), about 1 in size."""
    odor_rng, noise_rng = rng.spawn(2)
    lobe = DivisiveNormalization()(fly_odors(n_odors, rng=odor_rng))
    noisy = noisy_trials(
        lobe, N_LEARNED + N_TESTED, noise=SaturatingNoise(noise), nonnegative=True, rng=noise_rng
    )
    return noisy / np.std(lobe)


def circuit(
    n_units: int, odors: np.ndarray, rng: np.random.Generator, kind: type[Dense] = Dense
) -> Network:
    """Draw an expansion whose thresholds set the coding level, with a readout of 0."""
    weights = FixedFanIn(FAN_IN).draw(n_units, odors.shape[1], rng=rng).toarray() / FAN_IN**0.5
    thresholds = np.quantile(odors @ weights.T, 1 - CODING_LEVEL, axis=0)
    readout = Dense(np.zeros((1, n_units)))
    return Network([kind(weights, -thresholds), Activate(ReLU()), readout])


def measure(
    *, learns: str, n_units: int, n_odors: int, noise: float, n_steps: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Learn labels of odors from some trials, and count errors on others."""
    odor_rng, wiring_rng, label_rng = rng.spawn(3)
    noisy = trials(n_odors, noise, odor_rng)
    labels = label_rng.permutation(np.where(np.arange(n_odors) % 2, 1.0, -1.0))
    learned, tested = np.split(noisy.swapaxes(0, 1), [N_LEARNED])
    flat = learned.reshape(-1, learned.shape[2])
    net = circuit(n_units, flat, wiring_rng, Claws if "claws" in learns else Dense)
    if learns == "readout":
        expansion, net = Network(net.layers[:-1]), Network(net.layers[-1:])
    else:
        expansion = Network([])
    # The curvature grows with the number of active units.
    rate = LEARNS[learns] / max(
        float(np.mean(np.sum(circuit_codes(expansion, net, flat) ** 2, axis=1))), 1e-9
    )
    done = train(
        net,
        expansion(flat),
        np.tile(labels, N_LEARNED)[:, None],
        loss=LogisticLoss(),
        learning_rate=rate,
        momentum=0.9,
        n_steps=n_steps,
    )
    outputs = done.network(expansion(tested.reshape(-1, tested.shape[2])))
    wrong = np.mean(np.sign(outputs[:, 0]) != np.tile(labels, N_TESTED))
    meanings = {
        "error": "fraction of new trials classified wrong",
        "loss": "logistic loss of the trials that were learned",
    }
    return results.labeled_each(meanings, (wrong, done.losses[-1]))


def circuit_codes(expansion: Network, net: Network, odors: np.ndarray) -> np.ndarray:
    """Input of the readout, wherever the expansion is."""
    return Network(net.layers[:-1])(expansion(odors))


def table(dataset: xr.Dataset) -> Table:
    """Errors and losses for each number of units."""
    rows = []
    for learns in dataset["learns"].values:
        losses = results.along(dataset, "loss", "n_units", learns=learns)
        for n_units, errors in results.along(dataset, "error", "n_units", learns=learns).items():
            cells = (results.mean_text(errors, ".1%"), f"{losses[n_units].mean():.2g}")
            rows.append((learns, n_units, *cells))
        rows.append(None)
    title = f"New trials of {dataset['n_odors'].values[0]} odors classified wrong"
    columns = ("what learns", "units", "wrong", "loss")
    return results.table(title, columns, rows, left=["what learns"])


def figure(dataset: xr.Dataset) -> Figure:
    """Draw error against the number of units."""
    (axes,) = panels = drawing.panels(1, 1, (4.4, 3.1))
    axes.axhline(50, color="0.6", lw=0.8, ls=":")
    for nth, learns in enumerate(dataset["learns"].values):
        samples = results.along(dataset, "error", "n_units", learns=learns)
        drawing.points(axes, samples, nth, scale=100, ls="-", label=f"learns: {learns}")
    n_odors = int(dataset["n_odors"].values[0])
    axes.set(xscale="log", xlabel=f"units of the expansion ({n_odors} odors)", ylim=(0, 60))
    axes.set_ylabel("new trials classified wrong (%)")
    drawing.legend(axes)
    return drawing.finish(panels)


study = Study(
    name="trained_expansion",
    question="What does a circuit gain if the weights of its expansion learn, too?",
    source="Rumelhart, Hinton & Williams 1986, 10.1038/323533a0",
    parameters=(
        Parameter.choice("learns", LEARNS, "what learns"),
        Parameter.count("n_units", (10, 20, 50, 100, 200, 500), "units", quick=(20, 100)),
        Parameter.count("n_odors", 100, "odors with labels", quick=40),
        Parameter("noise", 10.0, "of projection neurons", "spikes/s", check=checks.nonnegative),
        Parameter.count("n_steps", 1000, "of gradient descent", quick=300),
    ),
    measure=measure,
    table=table,
    figure=figure,
    n_repeats=8,
    quick_repeats=2,
)

if __name__ == "__main__":
    main(study)
