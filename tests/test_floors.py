"""Who may import whom, and under which address: rules about all files of the package at once."""

import ast
import random
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "olfnet"
STUDIES = PACKAGE.parent / "studies"
FLOORS = {
    "checks": -1,
    "workers": -1,
    "_hermite": -1,
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
# Floors alone would allow these: theory meets simulation, and arrays meet circuits, above.
APART = {
    "expansion": {"theory"},
    "capacity": {"theory", "receptors", "expansion"},
    "estimators": {"theory"},
}
# The only rooms that import these libraries.
HEAVY = {"brian2": "expansion.spiking", "matplotlib": "lab", "distributed": "lab", "dask": "lab"}


def module_of(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}
STUBS = {module_of(file): file.read_text() for file in sorted(PACKAGE.rglob("__init__.pyi"))}


def absolute(line, package):
    """Module that an import line in a package (a list of names) is about."""
    parents = package[: len(package) - line.level + 1] if line.level else []
    return ".".join([*parents, *filter(None, [line.module])])


def imported(source, module, *, is_package=False):
    """All names that a source imports, at any depth: lazily and for type checkers as well."""
    above = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, above)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("olfnet."):
            yield re.match(r"[\w.]+\w", ast.unparse(node))[0]  # as olfnet.separate(...)
        elif isinstance(node, ast.Call):
            if ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
                yield "olfnet.*"  # any module


def exports(package, stub):
    """Addresses that a stub gives, each with the module or the name in a module behind it."""
    listed = {}
    for line in ast.parse(stub).body:
        if isinstance(line, ast.ImportFrom):
            base = absolute(line, package.split("."))
            listed |= {f"{package}.{a.asname or a.name}": f"{base}.{a.name}" for a in line.names}
    return listed


ADDRESSES = {a: t for package, stub in STUBS.items() for a, t in exports(package, stub).items()}


def defining(name):
    """Module of the package that defines an imported name, or None if it is from elsewhere."""
    while ADDRESSES.get(name, name) != name:
        name = ADDRESSES[name]
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def room_of(name):
    """Room behind a dotted name: an empty text for the package itself, None outside of it."""
    if name == "olfnet.*":
        return "*"
    module = defining(name)
    return module and (module.split(".") + [""])[1]


def forbidden(source, module, *, is_package=False):
    """Rooms on the same floor or above, or to be kept apart, that a module imports."""
    room = room_of(module)
    rooms = {room_of(name) for name in imported(source, module, is_package=is_package)}
    return sorted(
        other
        for other in rooms - {room, None, ""}
        if other in {*APART.get(room, ()), "*"} or FLOORS[other] >= FLOORS[room]
    )


def heavy(source, module):
    """Heavy libraries that a module imports outside of their room."""
    libraries = {name.partition(".")[0] for name in imported(source, module)} & set(HEAVY)
    return sorted(x for x in libraries if not module.startswith(f"olfnet.{HEAVY[x]}"))


def sources():
    for module, file in FILES.items():
        yield module, file.read_text(), file.stem == "__init__"
    for package, stub in STUBS.items():
        if package != "olfnet":  # which lists all rooms
            yield package, stub, True


def test_no_import_goes_up_or_sideways():
    found = {module: forbidden(text, module, is_package=p) for module, text, p in sources()}
    assert {module: rooms for module, rooms in found.items() if rooms} == {}
    assert {room_of(module) for module in FILES} - {""} == set(FLOORS)


def test_forbidden_imports_are_detected():
    planted = [
        ("receptors.odors", "import olfnet.lab.study", ["lab"]),
        ("receptors.odors", "from olfnet import capacity", ["capacity"]),
        ("receptors.odors", "def f():\n    from olfnet.cli import main", ["cli"]),
        ("receptors.odors", "if TYPE_CHECKING:\n    from olfnet.readout import X", ["readout"]),
        ("receptors.odors", "from ..theory import cover", ["theory"]),
        ("receptors.odors", "from .. import expansion", ["expansion"]),
        ("receptors.odors", "from . import panels\nfrom olfnet import checks\nimport numpy", []),
        ("receptors.odors", "from olfnet import separate", ["readout"]),
        ("receptors.odors", "from olfnet import __version__", []),
        ("receptors.odors", "import olfnet\nolfnet.measure_capacity()", ["capacity"]),
        ("receptors.odors", "import olfnet\nolfnet.lab.study.Study", ["lab"]),
        ("receptors.odors", "from olfnet import *", ["*"]),
        ("receptors.odors", "import importlib\nimportlib.import_module('olfnet.lab')", ["*"]),
        ("receptors.odors", "__import__('olfnet.lab')", ["*"]),
        ("capacity.curves", "from olfnet.expansion import Circuit", ["expansion"]),
        ("capacity.curves", "from olfnet import separate", []),
        ("expansion.rate", "from olfnet.theory import cover", ["theory"]),
        ("expansion.rate", "from olfnet import receptors", []),
        ("estimators.circuits", "from olfnet.theory import cover", ["theory"]),
        ("lab.odor_network", "from olfnet.theory import cover", []),
    ]
    for module, source, rooms in planted:
        assert forbidden(source, f"olfnet.{module}") == rooms, source


def test_heavy_libraries_stay_in_their_rooms():
    found = {module: heavy(text, module) for module, text, _ in sources()}
    assert {module: libraries for module, libraries in found.items() if libraries} == {}
    assert heavy("def f():\n    import brian2 as b2", "olfnet.expansion.rate") == ["brian2"]
    assert heavy("from matplotlib.axes import Axes", "olfnet.theory.cover") == ["matplotlib"]
    assert heavy("import brian2, numpy", "olfnet.expansion.spiking.brian") == []


def graph():
    """Which file imports which, through the addresses that stubs give."""
    return {
        module: {defining(name) for name in imported(text, module, is_package=p)} - {None, module}
        for module, text, p in ((m, f.read_text(), f.stem == "__init__") for m, f in FILES.items())
    }


def on_circles(edges):
    """Nodes that are left when those without edges to others are removed again and again."""
    left = {node: set(targets) for node, targets in edges.items()}
    while ends := {node for node, targets in left.items() if not targets & set(left)}:
        left = {node: targets for node, targets in left.items() if node not in ends}
    return sorted(left)


def test_no_files_import_each_other_in_a_circle():
    edges = graph()
    assert edges["olfnet.lab.sweep"] >= {"olfnet.lab.study", "olfnet.workers"}
    assert on_circles(edges) == []
    edges["olfnet.lab.study"].add("olfnet.lab.sweep")  # as for Study.run
    assert {"olfnet.lab.study", "olfnet.lab.sweep"} <= set(on_circles(edges))


def defined(module):
    """Names that a module defines itself."""
    for node in ast.parse(FILES[module].read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))


def mistakes(stubs):
    """What is wrong with the addresses that stubs give."""
    listed = [pair for package, stub in stubs.items() for pair in exports(package, stub).items()]
    targets = [target for _, target in listed]
    for address, target in listed:
        module, _, name = target.rpartition(".")
        if targets.count(target) > 1:
            yield f"{target} has two addresses"
        if target in FILES:
            if address != target:
                yield f"{address} is another name of a module"
            continue
        if module not in FILES or name not in defined(module):
            yield f"{address} is not defined in {module}"
        if module in targets:
            yield f"{address} can be reached through {module} as well"
        if address in FILES:
            yield f"{address} is a module, too, which replaces the name when it is imported"


def test_each_public_name_has_one_address():
    assert list(mistakes(STUBS)) == []
    for package, planted, words in [
        ("lab", "from .study import Study", "olfnet.lab.study.Study has two addresses"),
        ("lab", "from .results import along", "can be reached through olfnet.lab.results as well"),
        ("lab", "from .points import np", "olfnet.lab.np is not defined in olfnet.lab.points"),
        ("lab", "from .progress import progress", "olfnet.lab.progress is a module, too"),
        ("estimators", "from ..lab import results", "another name of a module"),
    ]:
        stubs = STUBS | {"planted": ""}
        stubs[f"olfnet.{package}"] += f"\n{planted}\n"
        if "two addresses" in words:
            stubs["olfnet"] += "\nfrom .lab.study import Study\n"
        assert any(words in mistake for mistake in mistakes(stubs)), words


def test_stubs_list_what_they_import():
    for package, stub in STUBS.items():
        names = ast.literal_eval(
            next(n.value for n in ast.parse(stub).body if isinstance(n, ast.Assign))
        )
        listed = [address.rpartition(".")[2] for address in exports(package, stub)]
        assert sorted(names) == sorted(listed), package
    described = FILES["olfnet.theory"].read_text().replace(",", " ").split()
    rooms = exports("olfnet.theory", STUBS["olfnet.theory"])
    assert {room.rpartition(".")[2] for room in rooms} <= set(described)


def is_public(name):
    """Whether a dotted name is one that stubs give, or is in a module or class that they give."""
    if name in ADDRESSES or name in {"olfnet", "olfnet.__version__", *STUBS}:
        return True
    parent, _, last = name.rpartition(".")
    if last.startswith("_") or not parent or parent in STUBS:
        return False
    return is_public(parent)


def test_studies_and_claims_use_public_addresses():
    private = {
        (file.name, name)
        for file in sorted(STUDIES.rglob("*.py"))
        for name in imported(file.read_text(), f"studies.{file.stem}")
        if name.startswith("olfnet.") and not is_public(name)
    }
    assert private == set()
    assert is_public("olfnet.theory.cover.separable_fraction")
    assert not is_public("olfnet.lab.study.Study")
    assert not is_public("olfnet.theory._gaussian.tails")


def loaded(code):
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return [set(line.split()) for line in process.stdout.splitlines()]


def test_imports_load_what_they_need_only():
    names = "load_panel, olfnet.random_expansion, olfnet.capacity.CapacityCurve, olfnet.lab.Study"
    show = "; print(*{'.'.join(n.split('.')[:3]) for n in sys.modules})\n"
    package, command_line, rooms = loaded(
        f"import olfnet, sys{show}import olfnet.cli{show}olfnet.{names}{show}"
    )
    simulators = {"brian2", "matplotlib", "dask", "distributed"}
    assert not package & {*simulators, "sklearn", "scipy", "xarray", "pandas", "numpy"}
    assert not rooms & simulators
    assert "olfnet.lab.sweep" in command_line
    assert not command_line & {*simulators, "sklearn", "scipy.stats"}


def test_modules_may_be_imported_in_any_order():
    """A module named like a function of its package would replace it."""
    rng = random.Random(0)
    modules = [name for name in FILES if "__main__" not in name and "spiking" not in name]
    rng.shuffle(modules)
    expected = {a: t for a, t in ADDRESSES.items() if t.rpartition(".")[0] in modules}
    (lines,) = loaded(
        f"import importlib, operator, olfnet\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        f"for a, t in {expected}.items():\n"
        "    module, _, name = t.rpartition('.')\n"
        "    here = operator.attrgetter(a.partition('.')[2])(olfnet)\n"
        "    assert here is getattr(importlib.import_module(module), name), (a, t)\n"
        "print(olfnet.lab.run.__module__, olfnet.lab.main.__module__)"
    )
    assert lines == {"olfnet.lab.sweep", "olfnet.lab.command"}
