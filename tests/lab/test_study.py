"""Which studies and parameters are accepted, and the errors for all others."""

from functools import partial

import numpy as np
import pytest

from olfnet import checks
from olfnet.lab import Parameter, Study, load_study


def measure(*, n_units, level, rng):
    return {"x": 0.0}


PARAMETERS = (
    Parameter("n_units", (50, 100), "units", quick=10, check=checks.count),
    Parameter("level", 0.1, "coding level", check=checks.fraction),
)


def study(**changes):
    fields = {
        "name": "example",
        "question": "?",
        "source": "none",
        "parameters": PARAMETERS,
        "measure": measure,
    }
    return Study(**fields | changes)


@pytest.mark.parametrize(
    ("values", "text", "read"),
    [
        (1, "2, 3", (2, 3)),
        (0.5, "1,2e-3", (1.0, 0.002)),
        ((1, 0.5), "2", (2.0,)),
        ("a", "b,c", ("b", "c")),
        (True, "false,True", (False, True)),
        (np.arange(2), "7", (7,)),
    ],
)
def test_texts_are_read_as_the_type_of_the_values(values, text, read):
    parameter = Parameter("x", values, "")
    assert parameter.read(text) == read
    assert [type(value) for value in parameter.read(text)] == [parameter.kind] * len(read)


def test_negative_zero_is_zero():
    assert str(Parameter("x", -0.0, "").values) == "(0.0,)"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["n_units=a"], "n_units must be an integer, got 'a'"),
        (["n_units=1.5"], "n_units must be an integer, got '1.5'"),
        (["n_units=0"], "n_units must be at least 1, got 0"),
        (["n_units="], "n_units must be an integer, got ''"),
        (["n_units=5,5"], r"n_units needs values that differ, got \(5, 5\)"),
        (["level=nan"], "level must be a finite number, got nan"),
        (["level=1.5"], r"level must be in \(0, 1\], got 1.5"),
        (["levels=1"], "example has no parameter 'levels', only n_units, level"),
        (["level"], "takes name=value,value"),
        (["level=.1", "level=.2"], "once for each name, got 'level=.2'"),
    ],
)
def test_invalid_settings(texts, message):
    with pytest.raises(ValueError, match=message):
        study().read(texts)


@pytest.mark.parametrize(
    ("name", "values", "unit", "message"),
    [
        ("not a name", 1, "", "cannot have the name 'not a name'"),
        ("repeat", 1, "", "cannot have the name 'repeat'"),
        ("x", (), "", "at least one value"),
        ("x", (1, "a"), "", "x must be an integer, got 'a'"),
        ("x", None, "", "x must be a bool, int, float or str, got None"),
        ("x", (True, 2), "", "x must be true or false, got 2"),
        ("x", (1, 2**70), "", "x must be an integer of 64 bits, got 1180591620717411303424"),
        ("x", ("a", "\udc80"), "", "x must be a text of printable characters"),
        ("x", 1, "days since 2000-01-01", "a unit must not be one that xarray decodes"),
    ],
)
def test_invalid_parameters(name, values, unit, message):
    with pytest.raises(ValueError, match=message):
        Parameter(name, values, "meaning", unit=unit)


def test_an_unknown_text_is_told_the_known_ones():
    parameter = Parameter("color", "red", "", check=partial(checks.one_of, known=("red", "blue")))
    with pytest.raises(ValueError, match="color must be one of red, blue, got 'green'"):
        parameter.read("green")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a/b"}, "letters, digits"),
        ({"parameters": PARAMETERS * 2}, "different names"),
        ({"parameters": PARAMETERS[:1]}, "must take the study's parameters.*level"),
        ({"measure": lambda n_units, level: 0}, "must take the study's parameters.*rng"),
        ({"n_repeats": 0}, "n_repeats must be at least 1"),
    ],
)
def test_invalid_studies(changes, message):
    with pytest.raises(ValueError, match=message):
        study(**changes)


def test_grid_takes_settings_before_quick_values_before_the_defaults():
    assert study().grid() == {"n_units": (50, 100), "level": (0.1,)}
    assert study().grid({"level": 1}, quick=True) == {"n_units": (10,), "level": (1.0,)}


BARE = (
    "from olfnet.lab import Study, main, run\nstudy = Study('b', '?', '', (), lambda *, rng: 1)\n"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no study file"),
        ("x = 1", "defines no study"),
        ("1 / 0", "cannot be loaded: ZeroDivisionError"),
        ("def (", "cannot be loaded: SyntaxError"),
        ("import sys\nsys.exit(3)\n", "cannot be loaded: SystemExit: 3"),
        (f"{BARE}main(study)\n", 'must be run under if __name__ == "__main__"'),
        (f"{BARE}run(study)\n", 'must be run under if __name__ == "__main__"'),
    ],
)
def test_files_that_are_no_study(tmp_path, content, message):
    file = tmp_path / "file.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_study(file)
    file.write_text(BARE)
    assert load_study(file).name == "b"  # afterwards others load
