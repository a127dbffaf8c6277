"""The command line: what it prints, and its exit codes."""

import json
import os
import re
from pathlib import Path

import pytest
import xarray as xr

import olfnet
from olfnet.cli import main
from olfnet.lab.files import bundled_studies


@pytest.fixture
def olf(example, tmp_path, monkeypatch, capfd, no_processes):
    """Run the command line where ``studies`` holds the example; return code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return end.value.code, *capfd.readouterr()

    return run


def test_run_finds_studies_by_name_and_by_path(olf, tmp_path):
    code, output, errors = olf("run", "example", "--set", "size=1,2", "kind=a", "--repeats", 1)
    assert code == 0
    assert "figure: results/example/figure.png" in output
    assert "2 of 2 points" in errors
    code, *_ = olf("run", "studies/example.py", "--quick", "--out", "there", "--workers", 1)
    assert code == 0
    assert (tmp_path / "there" / "figure.png").read_bytes().startswith(b"\x89PNG")
    with xr.open_zarr("there/data.zarr", consolidated=False) as dataset:
        assert dataset.attrs["command"].endswith("example.py --out there --quick --workers 1")


def test_a_study_runs_as_a_plain_script(example, shell, tmp_path):
    process = shell(example, "--quick", "--seed", "3", "--workers", "1")
    assert process.returncode == 0, process.stderr
    with xr.open_zarr(tmp_path / "results/example-quick/data.zarr", consolidated=False) as dataset:
        assert dataset.attrs["seed"] == 3
        assert dataset.attrs["command"].startswith("python ")
    help_text = shell(example, "--help").stdout
    assert "Does the lab work?" in help_text
    assert "--set" in help_text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "requires an argument"),
        (["run", "nothing"], "or the name of a study, got 'nothing'; olfnet list shows all"),
        (["run", "exampel"], "or the name of a study, got 'exampel'; did you mean example?"),
        (["copy", "example"], "or the name of a study, got 'example'; olfnet list shows all"),
        (["run", "nothing.py"], "there is no study file 'nothing.py'"),
        (["run", "notes.md"], "notes.md is not a Python file, as every study is"),
        (["run", "example", "--sed", "1"], "Unknown option"),
        (["run", "example", "--seed", "x"], "--seed"),
        (["run", "example", "--seed", "-1"], "seed must be at least 0, got -1"),
        (["run", "example", "--workers", "0"], "n_workers must be at least 1, got 0"),
        (["run", "example", "--set", "sizes=1"], "has no parameter 'sizes', only size, kind, fail"),
        (["run", "example", "--set", "size=x"], "size must be an integer, got 'x'"),
        (["run", "example", "--set", "size"], "--set takes name=value,value"),
        (["run", "example", "--out", "studies"], "holds files but no olfnet result"),
        (["run", "example", "--out", "notes.md"], "notes.md is not a folder; choose another --out"),
        (["run", "example", "--out", "notes.md/x"], "notes.md/x cannot be made: Not a directory"),
        (["claims", "--only", "R1", "--out", "notes.md"], "is not a folder; choose another --out"),
        (
            ["claims", "--only", "R1", "--out", "notes.md/x"],
            "cannot be made: Not a directory; choose",
        ),
        (["claims", "--only", "R99"], "--only must name references (R1 to R"),
        (["list", "nowhere"], "there is no folder nowhere"),
        (["show", "nowhere"], "nowhere holds no olfnet result"),
        (["shove"], "Unknown command"),
    ],
)
def test_bad_input_ends_in_one_sentence(olf, tmp_path, arguments, sentence):
    (tmp_path / "notes.md").write_text("not a study")
    before = sorted(tmp_path.rglob("*"))
    code, output, errors = olf(*arguments)
    assert code == 2
    message = errors.strip().splitlines()[-1]
    assert sentence in message
    assert message.startswith("olfnet: ")
    assert len(message) < 250
    assert "Traceback" not in errors + output
    assert [
        path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in str(path)
    ] == before


def test_bundled_studies_are_known_in_an_empty_folder(olf, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert olf("copy", "valence") == (0, "valence.py: run it by olfnet run valence.py\n", "")
    copied = Path("valence.py").read_text()
    assert copied == (bundled_studies() / "valence.py").read_text()
    Path("valence.py").write_text("mine")
    code, _, errors = olf("copy", "valence")
    assert code == 2
    assert errors == "olfnet: valence.py exists already and is never overwritten\n"
    assert Path("valence.py").read_text() == "mine"
    Path("studies").mkdir()
    Path("studies/valence.py").write_text((tmp_path / "studies/example.py").read_text())
    output = olf("list")[1]
    for text in ("example: Does the lab work?", "capacity_curve: ", "studies/valence.py"):
        assert text in output
    assert "Does a readout of an expanded code" not in output  # its own file comes first
    assert olf("run", "valence", "--quick", "--workers", 1)[0] == 0
    assert [folder.name for folder in Path("results").iterdir()] == ["example-quick"]


@pytest.mark.parametrize("table", [True, False])
def test_behind_head_nothing_is_lost_and_nothing_is_said(example, shell, tmp_path, table):
    """The reader is gone before the first line; afterwards the figure is there all the same."""
    if table:
        text = example.read_text().replace("figure=figure,", "figure=figure, table=str,")
        example.write_text(text)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        process = shell(example, "--quick", "--workers", "1", stdout=gone)
    assert process.returncode == 1
    assert "Broken" not in process.stderr
    assert "failed" not in process.stderr
    figure = tmp_path / "results/example-quick/figure.png"
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_refused_run_leaves_finished_points_alone(olf, tmp_path):
    olf("run", "example")
    journal = (tmp_path / "results/example/points.jsonl").read_bytes()
    assert olf("run", "example", "--seed", 1)[0] == 2
    assert olf("run", "example", "--set", "size=0.5")[0] == 2
    assert (tmp_path / "results/example/points.jsonl").read_bytes() == journal


@pytest.mark.parametrize("size", ["1,2", "2"])
def test_failed_points_fail_the_command_with_a_sentence(olf, size):
    code, _, errors = olf("run", "example", "--set", "fail=2", f"size={size}", "kind=a")
    assert code == 1
    n_points = 2 * len(size.split(","))
    assert f"2 of {n_points} points failed" in errors
    assert "size=2, kind=a, fail=2, repeat=0: RuntimeError: size 2 is cursed" in errors
    assert "Traceback" not in errors


def test_a_failing_figure_says_where_and_keeps_the_data(olf, example, tmp_path):
    example.write_text(example.read_text().replace("drawing.subplots()", "dataset.nothing"))
    code, _, errors = olf("run", "example", "--quick")
    assert code == 1
    assert "the figure failed: AttributeError" in errors
    assert "example.py, line " in errors
    assert json.loads((tmp_path / "results/example-quick/data.zarr/zarr.json").read_text())


def test_list_names_studies_with_question_parameters_and_last_run(olf, tmp_path):
    (tmp_path / "studies" / "broken.py").write_text("1 / 0")
    olf("run", "example", "--set", "size=1", "--repeats", 1)
    code, output, errors = olf("list")
    assert code == 0
    assert "broken.py cannot be loaded: ZeroDivisionError" in errors
    for text in ("example", "Does the lab work?", "size = 1, 2, 3: length of a list", "2 points"):
        assert text in output


def test_show_prints_provenance_and_draws_again(olf, example, tmp_path):
    example.write_text(example.read_text().replace("Does the lab", "In [mM], does it"))
    olf("run", "example", "--set", "fail=3")
    (tmp_path / "results/example/figure.png").unlink()
    code, output, errors = olf("show", "results/example")
    assert code == 0
    for text in ("seed", "numpy", "commit", "1, 2, 3", "12 points, 4 failed", "In [mM], does"):
        assert text in output
    assert errors.count("RuntimeError: size 3 is cursed") == 4
    assert (tmp_path / "results/example/figure.png").is_file()
    example.write_text(example.read_text().replace("drawing.subplots()", "dataset.nothing"))
    assert olf("show", "results/example")[0] == 1
    example.unlink()
    code, _, errors = olf("show", "results/example")
    assert code == 0
    assert "example.py' is not here, so nothing is drawn" in errors


def test_version(olf):
    assert olf("--version")[1].strip() == olfnet.__version__


def test_a_file_is_run_by_its_own_study_and_under_a_guard(shell, tmp_path):
    file = tmp_path / "bare.py"
    bare = "from olfnet.lab import Study, main\nstudy = Study('b', '?', '', (), lambda *, rng: 1)\n"
    for line, sentence in [
        ("main(study)", 'bare.py cannot be loaded: .*must be run under if __name__ == "__main__":'),
        (
            "main(Study('other', '?', '', (), lambda *, rng: 1))",
            "ValueError: main must .*got other",
        ),
    ]:
        file.write_text(bare + line)
        process = shell(file)
        assert process.returncode in (1, 2)
        assert re.search(sentence, process.stderr.splitlines()[-1])


def test_python_m_is_the_command(shell):
    assert "claims" in shell("-m", "olfnet", "--help").stdout
