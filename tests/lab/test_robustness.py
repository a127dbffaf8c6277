"""What broke sweeps once: odd names, changed files, broken pools, things that are no scheduler."""

import functools
import socket
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from olfnet import cli
from olfnet.lab import Parameter, Study, command, executors, load_study, run


def sweep(tmp_path, measure, *parameters, **options):
    study = Study("s", "Really?", "none", parameters, measure)
    return run(study, out=tmp_path / "r", **{"n_workers": 1} | options)


@pytest.mark.parametrize("name", ["seconds", "values", "parameters", "traceback"])
def test_a_parameter_may_be_named_like_a_part_of_its_record(tmp_path, name):
    def measure(*, rng, **given):
        if given[name] == 3:
            raise RuntimeError("three")
        return {"x": 10 * given[name]}

    study = Study(
        "s",
        "?",
        "",
        (Parameter(name, (2, 1, 3), "number"),),
        eval(f"lambda *, {name}, rng: m(rng=rng, {name}={name})", {"m": measure}),
    )  # noqa: E501, S307
    dataset = run(study, out=tmp_path / "r", n_workers=1).dataset
    assert dataset[name].values.tolist() == [1, 2, 3]
    assert dataset["x"].values.ravel().tolist()[:2] == [10, 20]
    assert dataset["status"].values.ravel().tolist() == [1, 1, 2]


FILE = """
from olfnet.lab import Parameter, Study
def measure(*, n, rng):
    return {{"x": n * {factor}}}
study = Study("s", "{question}?", "none", (Parameter("n", {values}, "number", unit="{unit}"),), measure)
"""  # noqa: E501


def written(tmp_path, factor=1.0, question="Really", values=(1, 2), unit=""):
    file = tmp_path / "s.py"
    file.write_text(FILE.format(factor=factor, question=question, values=values, unit=unit))
    return load_study(file)


def test_long_lived_workers_do_not_go_by_an_old_file(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        for factor in (1.0, 5.0, 7.0):  # texts of the same length, within the same second
            study = written(tmp_path, factor)
            dataset = run(study, out=tmp_path / str(factor), executor=pool).dataset
            assert dataset["x"].values.ravel().tolist() == [factor, 2 * factor]


def test_a_worker_refuses_another_file(tmp_path):
    study = written(tmp_path, 1.0)
    written(tmp_path, 2.0)
    with pytest.raises(ValueError, match="s.py is not the same here as where the run was started"):
        run(study, out=tmp_path / "r", n_workers=1)


def test_a_changed_study_is_told_and_all_runs_are_on_record(tmp_path, capsys):
    folder = tmp_path / "r"
    options = command.Options(out=folder, n_workers=1)
    study = written(tmp_path, 1.0)
    command.conclude(study, command.run(study, options, "first"))
    assert "not the one of the run before" not in capsys.readouterr().err
    study = written(tmp_path, 9.0, values=(1, 2, 3))
    command.conclude(study, command.run(study, options, "second"))
    assert "not the one of the run before" in capsys.readouterr().err
    with xr.open_zarr(folder / "data.zarr", consolidated=False) as dataset:
        assert dataset["x"].values.ravel().tolist() == [1.0, 2.0, 27.0]
        first, second = dataset.attrs["command"].split("; ")
    assert (first.split()[0], second.split()[0]) == ("first", "second")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"unit": "ms"}, "was made with units of n s, not ms; choose another --out"),
        ({"values": (1.0, 2.0)}, "was made with kind of n int, not float; choose another --out"),
    ],
)
def test_a_result_keeps_unit_and_kind_of_its_parameters(tmp_path, change, sentence):
    run(written(tmp_path, unit="s"), out=tmp_path / "r", n_workers=1)
    with pytest.raises(ValueError, match=sentence):
        run(written(tmp_path, **{"unit": "s"} | change), out=tmp_path / "r", n_workers=1)


def test_what_is_missing_is_never_a_number(tmp_path):
    def measure(*, a, b, rng):
        return {"x": xr.DataArray(np.arange(a), dims="i"), "y": a}

    parameters = (Parameter("a", (1, 3), "length"), Parameter("b", (1, 2), "other"))
    sweep(tmp_path, measure, *parameters, settings={"a": 3})
    dataset = sweep(tmp_path, measure, *parameters, settings={"a": 1, "b": 1}).dataset
    assert np.isnan(dataset["y"].sel(a=1, b=2)).all()
    assert np.isnan(dataset["x"].sel(a=1).values).sum() == 5
    assert dataset["x"].sel(a=3).values.ravel().tolist() == [0, 1, 2, 0, 1, 2]


def labeled(labels, **attrs):
    return xr.DataArray(np.arange(len(labels)), {"odor": list(labels)}, "odor", attrs=attrs)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"x": labeled("aab")}, "must label odor of x with different numbers or texts"),
        ({"a/b": 1.0}, "names without '/' and '.' first, got 'a/b'"),
        ({"..": 1.0}, "names without '/' and '.' first"),
        ({"x": labeled("ab", scale_factor=2.0)}, "must not give x the attribute 'scale_factor'"),
        ({"x": labeled("ab", units="days since 2000-01-01")}, "decodes as a date"),
        ({"x": 1.0, "odor": 2.0, "y": labeled("ab")}, "the name of a dimension, 'odor'"),
    ],
)
def test_values_that_would_not_come_back_as_they_were(tmp_path, values, sentence):
    result = sweep(tmp_path, lambda *, n, rng: values, Parameter("n", 1, "number"))
    (failure,) = result.failures
    assert sentence in failure["failure"]
    mended = sweep(
        tmp_path, lambda *, n, rng: {"x": 1.0}, Parameter("n", 1, "number"), retry_failed=True
    )
    assert mended.dataset["x"].values.ravel().tolist() == [1.0]


def test_arrays_without_entries(tmp_path):
    empty = xr.DataArray(np.zeros((0, 3)), dims=("a", "b"))
    dataset = sweep(tmp_path, lambda *, rng: {"x": empty, "y": 1.0}).dataset
    assert dataset["x"].shape == (1, 0, 3)
    assert dataset["y"].item() == 1.0


@pytest.mark.parametrize(
    ("values", "unit", "sentence"),
    [
        ((1, 2**70), "", "n must be an integer of 64 bits, got 1180591620717411303424"),
        (("a", "\udc80"), "", "n must be a text of printable characters"),
        ((1,), "days since 2000-01-01", "a unit must not be one that xarray decodes"),
    ],
)
def test_parameters_that_could_not_be_kept(values, unit, sentence):
    with pytest.raises(ValueError, match=sentence):
        Parameter("n", values, "number", unit=unit)


class Panic(BaseException):
    """What libraries in other languages raise."""


def test_whatever_a_point_raises_the_others_go_on(tmp_path):
    def measure(*, n, rng):
        if n == 1:
            raise Panic("help")
        return {"x": n}

    result = sweep(tmp_path, measure, Parameter("n", (0, 1, 2), "number"))
    assert result.dataset["status"].values.ravel().tolist() == [1, 2, 1]


def test_failures_of_parameters_in_another_order(tmp_path):
    def measure(*, a, b, rng):
        raise ValueError("no")

    one, two = Parameter("a", (1, 2), "number"), Parameter("b", ("x", "y"), "text")
    sweep(tmp_path, measure, one, two, settings={"a": 1})
    assert len(sweep(tmp_path, measure, two, one).failures) == 4


def die_at_three(*, n, rng):
    if n == 3:
        import os

        os._exit(9)
    return {"x": n}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_broken_pool_of_the_callers_own(tmp_path):
    """It is not tried for ever; another call does the rest, and finds the culprit."""
    parameter = Parameter("n", range(60), "number")
    with ProcessPoolExecutor(2) as pool:
        result = sweep(tmp_path, die_at_three, parameter, executor=pool, n_workers=None)
    assert result.stop == "the executor is broken"
    assert 0 < result.n_left < 60
    whole = sweep(tmp_path, die_at_three, parameter)
    assert whole.n_left == 0
    assert [f["parameters"]["n"] for f in whole.failures] == [3]


@pytest.mark.parametrize("scheduler", ["nosuch.json", "foo://x:1", "", "tcp://nowhere", "{"])
def test_what_cannot_be_a_scheduler(tmp_path, scheduler, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="scheduler must be a scheduler file or an address"):
        with executors.cluster(scheduler):
            pass
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ValueError, match="scheduler must be a file of Dask's, got 'bad.json'"):
        with executors.cluster("bad.json"):
            pass


def test_something_else_answers(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "_in_time", functools.partial(executors._in_time, seconds=3))
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes calls, and says nothing
        with pytest.raises(ValueError, match="must be a running one, got .*: no response"):
            with executors.cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}"):
                pass


def test_brackets_in_texts_are_shown(tmp_path, capsys):
    file = written(tmp_path, question="How many [mM] of [eq. 3] in [/a, b]").file
    run(load_study(file), out=tmp_path / "r", n_workers=1)
    cli.show(tmp_path / "r")
    assert "[mM] of [eq. 3] in [/a, b]" in " ".join(capsys.readouterr().out.split())


def test_an_old_figure_is_not_shown_as_new(tmp_path):
    study = written(tmp_path)
    result = run(study, out=tmp_path / "r", n_workers=1)
    (tmp_path / "r" / command.FIGURE).write_bytes(b"old")

    def broken(dataset):
        raise RuntimeError("no")

    object.__setattr__(study, "figure", broken)
    assert not command.show(study, result.dataset, result.journal, result.folder, page=True)
    assert not (tmp_path / "r" / command.FIGURE).exists()
    assert "<img" not in (tmp_path / "r" / "report.html").read_text()


def test_a_file_that_exits_is_no_study(tmp_path):
    (tmp_path / "a.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(ValueError, match="a.py cannot be loaded: SystemExit: 3"):
        load_study(tmp_path / "a.py")
