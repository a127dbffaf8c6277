"""Who may import whom: lower floors never import higher ones, nor neighbors on their own floor."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "olfnet"
FLOORS = {
    "checks": -1,
    "workers": -1,
    "receptors": 0,
    "readout": 0,
    "theory": 0,
    "expansion": 1,
    "capacity": 2,
    "lab": 3,
    "estimators": 3,
    "cli": 4,
    "__main__": 5,
}
# Floors alone would let these through: theory meets simulation, and arrays meet circuits, above.
APART = {
    "expansion": {"theory"},
    "capacity": {"theory", "receptors", "expansion"},
    "estimators": {"theory"},
}
# Who alone imports what is heavy.
HEAVY = {"brian2": "expansion/spiking", "matplotlib": "lab", "distributed": "lab", "dask": "lab"}
# The package's own face: it names every room lazily, and is imported for its version only.
FACE = "olfnet"
FACE_NAMES = {
    alias.name: line.module.partition(".")[0]
    for line in ast.parse((PACKAGE / "__init__.pyi").read_text()).body
    if isinstance(line, ast.ImportFrom) and line.module
    for alias in line.names
}


def room_of(module):
    """Room of a dotted name, or None outside the package; ``olfnet.separate`` is of a room, too."""
    parts = module.split(".")
    if parts[0] != FACE:
        return None
    return FACE_NAMES.get(parts[1], parts[1]) if len(parts) > 1 else FACE


def module_of(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree, package):
    """All imports in a syntax tree, at any depth: lazy ones and those for type checkers count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])] if node.level else [node.module])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith(f"{FACE}."):
            yield ast.unparse(node)  # as olfnet.separate(...) after import olfnet
        elif isinstance(node, ast.Call):
            if ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
                yield f"{FACE}.*"  # whatever it loads, nobody sees it here


def forbidden(source, module, *, is_package=False):
    """Imports of a module that reach another room on its own floor or above."""
    room = room_of(module)
    package = module if is_package else module.rpartition(".")[0]
    rooms = {room_of(name) for name in imported(ast.parse(source), package)} - {room, None, FACE}
    apart = APART.get(room, set()) | {"*"}
    return sorted(
        other for other in rooms if other in apart or FLOORS.get(other, -2) >= FLOORS[room]
    )


def heavy(source, place):
    """Heavy libraries that a file of the package imports and is not the one to do so."""
    found = {name.partition(".")[0] for name in imported(ast.parse(source), FACE)}
    return sorted(name for name in found & set(HEAVY) if not place.startswith(HEAVY[name]))


FILES = [file for pattern in ("*.py", "*.pyi") for file in sorted(PACKAGE.rglob(pattern))]
INSIDE = [file for file in FILES if file.parent != PACKAGE or file.stem != "__init__"]


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_import_reaches_up_or_sideways(file):
    is_package = file.stem == "__init__"
    assert forbidden(file.read_text(), module_of(file), is_package=is_package) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_what_is_heavy_has_one_place(file):
    assert heavy(file.read_text(), str(file.relative_to(PACKAGE))) == []


def test_heavy_imports_in_other_places_are_found():
    assert heavy("def f():\n    import brian2 as b2", "expansion/rate.py") == ["brian2"]
    assert heavy("from matplotlib.axes import Axes", "capacity/curves.py") == ["matplotlib"]
    assert heavy("import brian2, numpy", "expansion/spiking/brian.py") == []


def test_every_room_has_a_floor():
    assert {room_of(module_of(file)) for file in INSIDE} <= set(FLOORS)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import olfnet.lab.study", ["lab"]),
        ("from olfnet import capacity", ["capacity"]),
        ("def f():\n    from olfnet.cli import main", ["cli"]),
        ("if TYPE_CHECKING:\n    from olfnet.readout.online import X", ["readout"]),
        ("from ..theory import cover", ["theory"]),
        ("from .. import expansion", ["expansion"]),
        ("from . import panels\nfrom olfnet import checks\nimport numpy", []),
        ("from olfnet import separate", ["readout"]),
        ("from olfnet import __version__", []),
        ("import olfnet\nolfnet.measure_capacity()", ["capacity"]),
        ("import olfnet\nolfnet.lab.study.Study", ["lab"]),
        ("from olfnet import *", ["*"]),
        ("import importlib\nimportlib.import_module('olfnet.lab')", ["*"]),
        ("__import__('olfnet.lab')", ["*"]),
    ],
)
def test_the_check_finds_planted_imports(source, found):
    assert forbidden(source, "olfnet.receptors.odors") == found


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("olfnet.capacity.curves", "from olfnet.expansion import Circuit", ["expansion"]),
        ("olfnet.capacity.curves", "from olfnet import separate", []),
        ("olfnet.expansion.rate", "from olfnet.theory import cover", ["theory"]),
        ("olfnet.expansion.rate", "from olfnet import receptors", []),
        ("olfnet.estimators.circuits", "from olfnet.theory import cover", ["theory"]),
        ("olfnet.lab.odor_network", "from olfnet.theory import cover", []),
    ],
)
def test_theory_and_simulation_arrays_and_circuits_stay_apart(module, source, found):
    assert forbidden(source, module) == found


def test_importing_the_package_loads_nothing_heavy():
    code = "import olfnet, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"brian2", "matplotlib", "dask", "distributed", "sklearn", "scipy", "xarray", "numpy"}
    assert not heavy & set(loaded.stdout.split())


def test_rooms_leave_simulators_and_drawing_to_their_users():
    names = "load_panel, random_expansion, capacity.CapacityCurve, lab.Study"
    access = "; ".join(f"olfnet.{name}" for name in names.split(", "))
    code = f"import olfnet, sys; {access}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"brian2", "matplotlib", "dask"} & set(loaded.stdout.split())


def test_the_map_of_theory_names_every_module():
    map_ = (PACKAGE / "theory" / "__init__.py").read_text()
    modules = {file.stem for file in (PACKAGE / "theory").glob("[a-z]*.py")}
    assert {name for name in modules if name not in map_.replace(",", " ").split()} == set()


def test_the_command_line_answers_before_any_claim_or_statistics_load():
    code = "import olfnet.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"brian2", "matplotlib", "dask", "sklearn", "scipy.stats", "sklearn.svm"}
    assert "olfnet.lab.sweep" in loaded.stdout.split()
    assert not heavy & set(loaded.stdout.split())
