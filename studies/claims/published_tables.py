"""Claims that data and closed forms give the published numbers of `published.csv` (R2 to R17)."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from olfnet import load_panel
from olfnet.capacity import dimension
from olfnet.checks import FloatArray
from olfnet.expansion.connectome import load_connectome, statistics, weights
from olfnet.lab import claims
from olfnet.lab.claims import Status
from olfnet.lab.odor_network import projection_rates
from olfnet.receptors import fly_odors
from olfnet.theory import expansion, gardner, manifolds

from .sources import LITWIN

claim = partial(claims.claim, systems=["S14"])


def rates(of: str) -> FloatArray:
    """Measured changes of firing rate, rates of receptors or rates of projection neurons (Hz)."""
    if of == "changes":
        return np.asarray(load_panel("hallem_carlson_2006"))
    return projection_rates() if of == "projection neurons" else fly_odors()


def variation(numbers: FloatArray) -> float:
    """Coefficient of variation."""
    return float(numbers.std() / numbers.mean())


def fan_in(source: str) -> tuple[float, float, float]:
    """Fraction of adult Kenyon cells without claws; mean and standard deviation of all claws."""
    probabilities = np.asarray(statistics.claws(source).probabilities)
    claws = np.arange(len(probabilities))
    mean = float(probabilities @ claws)
    return probabilities[0], mean, float(np.sqrt(probabilities @ (claws - mean) ** 2))


def larval_claws(side: str) -> FloatArray:
    """Number of inputs of each Kenyon cell of one hemisphere."""
    return np.diff(weights(load_connectome(f"eichler_2017_{side}"), counted=False).indptr)


# What the column `quantity` names, as functions of `argument`: a name of data, or numbers.
QUANTITIES: dict[str, Callable[[Any], Any]] = {
    "mean": lambda of: rates(of).mean(),
    "standard deviation": lambda of: rates(of).std(),
    "median": lambda of: np.median(rates(of)),
    "minimum": lambda of: rates(of).min(),
    "maximum": lambda of: rates(of).max(),
    "fraction below 0": lambda of: np.mean(rates(of) < 0),
    "number of at least 100": lambda of: np.sum(rates(of) >= 100),
    "dimension": lambda of: dimension(rates(of)),
    "variation of the mean rate": lambda of: variation(rates(of).mean(axis=1)),
    "mean claws": lambda source: fan_in(source)[1],
    "standard deviation of claws": lambda source: fan_in(source)[2],
    "mean claws of cells with any": lambda source: fan_in(source)[1] / (1 - fan_in(source)[0]),
    "variation of glomerulus usage to the power": lambda power: variation(
        statistics.glomerulus_usage().to_numpy() ** float(power)
    ),
    "mean larval claws": lambda side: larval_claws(side).mean(),
    "larval cells without claws": lambda side: np.sum(larval_claws(side) == 0),
    "capacity with a margin": gardner.capacity,
    "capacity for biased labels": partial(gardner.capacity, 0.0),
    "capacity for biased labels, margin 1": partial(gardner.capacity, 1.0),
    "capacity of robust non-negative weights": partial(gardner.capacity, nonnegative=True),
    "capacity of non-negative weights for biased labels": partial(
        gardner.capacity, 0.0, nonnegative=True
    ),
    "silent synapses": gardner.silent_fraction,
    "capacity for balls of dimension 1": lambda radius: manifolds.capacity(radius, 1),
    "capacity for balls of dimension 5": lambda radius: manifolds.capacity(radius, 5),
    "capacity for balls of dimension 10": lambda radius: manifolds.capacity(radius, 10),
    "capacity for balls of radius 0, 1 and infinity": partial(
        manifolds.capacity, np.repeat([0, 1, np.inf], 2)
    ),
    "excess overlap": expansion.excess_overlap,
    "cluster size": partial(expansion.cluster_size, 0.1),
    "dimension with fan-in 1 to 8": partial(expansion.dimension, 50, 2000, np.arange(1, 9)),
    "dimension with inhibition": partial(expansion.dimension, 50, 2000, 7, inhibition=True),
}
ROWS = list(csv.DictReader(Path(__file__).with_name("published.csv").read_text().splitlines()))


@claim(
    "{key}",
    lambda value: float(value),
    control=lambda control: {"argument": control},
    allowance=lambda rounding: float(rounding),
    cases=[row for row in ROWS if row["control"]],
    source="{source}",
)
def statistic(quantity: str, argument: str) -> float:
    """{statement}.

    The allowance is the rounding of the published number.
    """
    return float(QUANTITIES[quantity](argument))


@claim(
    "{key}",
    0.0,
    control={"factor": 1.05},
    allowance=1.0,
    cases=[row for row in ROWS if not row["control"]],
    source="{source}",
)
def deviation(quantity: str, argument: str, value: str, rounding: str, factor: float = 1) -> float:
    r"""{statement}: closed form and all published numbers agree. $\max |x - x_{published}| \le 1$

    In units of the rounding, {rounding}; the control has arguments 5 % larger.
    """
    numbers = QUANTITIES[quantity](factor * np.array(argument.split(), float))
    return float(np.max(np.abs(numbers - np.array(value.split(), float)) / float(rounding)))


@claim(
    "R10.rising",
    7.0,
    r"\arg \max_K \dim > 7",
    statement="With global inhibition dimension still rises at 7 of 50 inputs",
    remark="A closed form; so an optimum near 7 depends on stated assumptions.",
    control={"inhibition": False},
    status=Status.ORDERING,
    source=LITWIN,
)
@claim("R10.peak", 3.0, cases=[{"inhibition": False}], control={"inhibition": True}, source=LITWIN)
def best_fan_in(inhibition: bool = True) -> int:
    r"""Without inhibition the codes of 2000 units have the largest dimension with 3 of 50 inputs.
    $\arg \max_K \dim$

    A closed form; the optimum depends on inhibition, which moves it to 25.
    """
    return 1 + int(expansion.dimension(50, 2000, np.arange(1, 50), 0.1, inhibition).argmax())
