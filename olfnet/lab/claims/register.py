"""All claims, in the order of the references."""

import re
from collections.abc import Iterable

from olfnet.lab.claims import (
    approximations,
    attention,
    bricks,
    capacities,
    certificates,
    circuits,
    collocation,
    dead_units,
    gradients,
    grids,
    hashing,
    kernel_training,
    kernels,
    layers,
    learning,
    lipschitz,
    manifolds,
    neurons,
    parities,
    physics,
    physiology,
    propagation,
    pruning,
    readouts,
    sparse_codes,
    tables,
    wiring,
)
from olfnet.lab.claims.claim import Claim


def _order(claim: Claim) -> tuple[str, int]:
    letter, number = re.fullmatch(r"([A-Z])(\d+)", claim.reference).groups()  # type: ignore[union-attr]
    return letter, int(number)


MODULES = (
    approximations,
    attention,
    bricks,
    capacities,
    certificates,
    circuits,
    collocation,
    dead_units,
    gradients,
    grids,
    hashing,
    kernel_training,
    kernels,
    layers,
    learning,
    lipschitz,
    manifolds,
    neurons,
    parities,
    physics,
    physiology,
    propagation,
    pruning,
    readouts,
    sparse_codes,
    tables,
    wiring,
)
REGISTER: tuple[Claim, ...] = tuple(
    sorted((claim for module in MODULES for claim in module.CLAIMS), key=_order)
)


def chosen(names: Iterable[str]) -> list[Claim]:
    """Claims of these systems (S14), references (R1) or keys (R1.mean); all if none is named.

    Raises
    ------
    ValueError
        If a name fits no claim.
    """
    names = list(names)
    known = {n for claim in REGISTER for n in (claim.key, claim.reference, *claim.systems)}
    for name in names:
        if name not in known:
            raise ValueError(
                f"--only must name references ({_ranges('R', known)}), systems "
                f"({_ranges('S', known)}) or a claim such as R1.mean, got {name!r}"
            )
    wanted = set(names)
    return [c for c in REGISTER if not names or wanted & {c.key, c.reference, *c.systems}]


def _ranges(letter: str, names: Iterable[str]) -> str:
    """Say which numbers follow a letter: R1 to R21, R23 to R32."""
    numbers = {int(name[1:]) for name in names if re.fullmatch(rf"{letter}\d+", name)}
    first = sorted(n for n in numbers if n - 1 not in numbers)
    last = sorted(n for n in numbers if n + 1 not in numbers)
    return ", ".join(
        f"{letter}{low} to {letter}{high}" if low < high else f"{letter}{low}"
        for low, high in zip(first, last, strict=True)
    )
