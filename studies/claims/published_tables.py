"""Claims that closed forms give the published numbers, all of them (R2 to R4, R7, R9, R10)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import expansion, gardner, manifolds

from .sources import AMIT, BABADI, CHUNG, GARDNER, LITWIN

Rng = np.random.Generator
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.01)
claim = partial(Claim, systems=("S14",))


@dataclass(frozen=True, eq=False)
class Published:
    """Numbers from the literature and the closed form that gives them.

    The control is the same form with its first parameter larger by a twentieth.
    """

    key: str
    what: str
    source: str
    form: Callable[[FloatArray], FloatArray]
    at: tuple[float, ...]
    values: tuple[float, ...]
    rounding: float

    def deviation(self, factor: float, n: int, rng: Rng) -> Measured:
        """Largest deviation, in units of the rounding of the published numbers."""
        found = self.form(factor * np.array(self.at))
        return Measured.number(float(np.max(np.abs(found - self.values)) / self.rounding))

    def claim(self) -> Claim:
        """All numbers together, within their rounding."""
        return claim(
            self.key,
            f"{self.what}: closed form and {len(self.values)} published numbers agree",
            r"\max |x - x_{published}| \le 1",
            0.0,
            partial(self.deviation, 1.0),
            partial(self.deviation, 1.05),
            source=self.source,
            allowance=1.0,
            remark=f"In units of the rounding, {self.rounding:g}; the control has arguments 5 % "
            "larger.",
        )


TABLES = (
    Published(
        "R2.table", "Capacity with a margin", GARDNER, gardner.capacity,
        (0, 0.25, 0.5, 1, 1.5, 2, 3),
        (2, 1.36464, 0.96121, 0.51957, 0.30987, 0.20023, 0.10000), 6e-6,
    ),
    Published(
        "R3.table", "Capacity for biased labels", GARDNER, partial(gardner.capacity, 0.0),
        (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01),
        (2, 2.0527, 2.2361, 2.6676, 3.9129, 6.0828, 11.509, 19.197), 6e-4,
    ),
    Published(
        "R3.margin_table", "Capacity for biased labels with margin 1", GARDNER,
        partial(gardner.capacity, 1.0),
        (0.5, 0.2, 0.1, 0.05), (0.5196, 0.7206, 1.1106, 1.8204), 6e-5,
    ),
    Published(
        "R4.table", "Capacity of robust non-negative weights", AMIT,
        partial(gardner.capacity, nonnegative=True),
        (0, 0.5, 1.0, 2.0), (1, 0.6672, 0.4789, 0.2854), 6e-5,
    ),
    Published(
        "R4.half_table", "Capacity of non-negative weights for biased labels", AMIT,
        partial(gardner.capacity, 0.0, nonnegative=True), (0.5, 0.1), (1, 1.9565), 6e-5,
    ),
    Published(
        "R4.silent_table", "Silent synapses of robust non-negative weights", AMIT,
        gardner.silent_fraction, (0, 0.5, 1.0, 2.0), (0.5, 0.601, 0.679, 0.782), 6e-4,
    ),
    Published(
        "R7.table_1", "Capacity for line segments", CHUNG,
        lambda radius: manifolds.capacity(radius, 1),
        (0.1, 0.5, 1.0, 2.0), (1.7748, 1.2576, 1.0000, 0.8300), 6e-5,
    ),
    Published(
        "R7.table_5", "Capacity for balls of dimension 5", CHUNG,
        lambda radius: manifolds.capacity(radius, 5),
        (0.1, 0.5, 1.0, 2.0), (1.4502, 0.5765, 0.3333, 0.2344), 6e-5,
    ),
    Published(
        "R7.table_10", "Capacity for balls of dimension 10", CHUNG,
        lambda radius: manifolds.capacity(radius, 10), (0.1, 0.5), (1.2616, 0.3600), 6e-5,
    ),
    Published(
        "R7.limits_table", "Capacity for points, unit balls, and whole subspaces", CHUNG,
        lambda dimension: manifolds.capacity(np.repeat([0, 1, np.inf], 2), dimension),
        (1, 5) * 3, (2, 2, 1, 1 / 3, 1 / 1.5, 1 / 5.5), 1e-9,
    ),
    Published(
        "R9.overlap_table", "Excess overlap of codes", BABADI, expansion.excess_overlap,
        LEVELS, (0.63662, 0.48987, 0.34222, 0.22394, 0.07175), 6e-6,
    ),
    Published(
        "R9.cluster_table", "Cluster size of codes", BABADI,
        partial(expansion.cluster_size, 0.1),
        LEVELS, (0.2871, 0.3129, 0.3459, 0.3817, 0.4627), 6e-5,
    ),
    Published(
        "R10.table", "Dimension of codes against fan-in", LITWIN,
        lambda level: expansion.dimension(50, 2000, np.arange(1, 9), level),
        (0.1,) * 8, (48.8, 162.1, 194.2, 193.2, 180.1, 162.3, 143.5, 125.6), 0.06,
    ),
    Published(
        "R10.inhibition_table", "Dimension of codes of 7 inputs with inhibition", LITWIN,
        lambda level: expansion.dimension(50, 2000, 7, level, inhibition=True),
        (0.1,), (295.2,), 0.06,
    ),
)  # fmt: skip


def best_fan_in(inhibition: bool, n: int, rng: Rng) -> Measured:
    """Fan-in at which codes of 50 inputs have the largest dimension."""
    found = expansion.dimension(50, 2000, np.arange(1, 50), 0.1, inhibition)
    return Measured.number(1 + int(found.argmax()))


CLAIMS = (
    *(table.claim() for table in TABLES),
    claim(
        "R10.peak",
        "Without inhibition the codes of 2000 units have the largest dimension with 3 of 50 inputs",
        r"\arg \max_K \dim",
        3.0,
        partial(best_fan_in, False),
        partial(best_fan_in, True),
        source=LITWIN,
        remark="A closed form; the optimum depends on inhibition, which moves it to 25.",
    ),
    claim(
        "R10.rising",
        "With global inhibition dimension still rises at 7 of 50 inputs",
        r"\arg \max_K \dim > 7",
        7.0,
        partial(best_fan_in, True),
        partial(best_fan_in, False),
        source=LITWIN,
        status=Status.ORDERING,
        remark="A closed form; so an optimum near 7 depends on stated assumptions.",
    ),
)
