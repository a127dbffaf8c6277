"""Result folders that are taken, and those that are refused and left as they are."""

import pytest

from olfnet.lab import load_study, run
from olfnet.lab.journal import NAME

DATA = "data.zarr"


def file_instead(folder):
    folder.parent.joinpath("aside").mkdir()
    folder.rename(folder.parent / "aside" / "r")
    folder.write_text("mine")


def foreign(folder):
    (folder / NAME).unlink()


def other_format(folder):
    (folder / NAME).write_text('{"format": "something else"}\n')


def empty_journal(folder):
    (folder / NAME).write_bytes(b"")


def damaged_line(folder):
    lines = (folder / NAME).read_text().splitlines(keepends=True)
    (folder / NAME).write_text("".join([*lines[:3], lines[3][:20] + "\n", *lines[4:]]))


def truncated_journal(folder):
    content = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(content[: len(content) // 2])


def truncated_dataset(folder):
    (folder / DATA / "zarr.json").write_text("{")


def lost_array(folder):
    (folder / DATA / "status" / "zarr.json").unlink()


def everything(folder):
    base = folder.parent
    return {str(f): f.read_bytes() for f in sorted(base.rglob("*")) if f.is_file()}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (file_instead, "is not a folder; choose another --out"),
        (foreign, "holds files but no olfnet result; choose another --out"),
        (other_format, "is damaged or not from olfnet"),
        (empty_journal, "is damaged or not from olfnet"),
        (damaged_line, "is damaged or not from olfnet"),
        (truncated_journal, "is truncated: its journal holds . of 12 points"),
        (truncated_dataset, "data.zarr is damaged"),
        (lost_array, "data.zarr is damaged"),
    ],
)
def test_spoilt_folders_are_refused_and_left_alone(example, reference, spoil, sentence):
    spoil(reference)
    before = everything(reference)
    with pytest.raises(ValueError, match=sentence):
        run(load_study(example), out=reference)
    assert everything(reference) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace('"example"', '"another"'), "with study example, not another"),
        (lambda text: text.replace("kind", "sort"), "parameters fail, kind, size, not fail, size"),
    ],
)
def test_results_of_another_study_are_refused(example, reference, change, sentence):
    example.write_text(change(example.read_text()))
    with pytest.raises(ValueError, match=sentence):
        run(load_study(example), out=reference)


def test_results_of_another_seed_are_refused(example, reference):
    with pytest.raises(ValueError, match="was made with seed 0, not 5; choose another --out"):
        run(load_study(example), out=reference, seed=5)


def test_an_empty_folder_is_taken(example, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run(load_study(example), out=tmp_path / "empty", quick=True).n_left == 0
