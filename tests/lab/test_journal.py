"""Result folders: how they grow, and those that are refused and left as they are."""

import errno
from dataclasses import replace

import pytest
import xarray as xr

from olfnet.lab import Parameter, Study, journal, load_study, run
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
    return {str(f): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize(
    ("spoil", "message"),
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
def test_spoilt_folders_are_refused_and_left_alone(example, reference, spoil, message):
    spoil(reference)
    before = everything(reference.parent)
    with pytest.raises(ValueError, match=message):
        run(load_study(example), out=reference)
    assert everything(reference.parent) == before


@pytest.mark.parametrize(
    ("old", "new", "seed", "message"),
    [
        ('"example"', '"another"', 0, "with study example, not another; choose another --out"),
        ("kind", "sort", 0, "parameters fail, kind, size, not fail, size, sort"),
        ('unit="1"', 'unit="ms"', 0, "was made with units of fail 1, not ms"),
        ("(1, 2, 3)", "(1.0, 2.0, 3.0)", 0, "was made with kind of size int, not float"),
        ("", "", 5, "was made with seed 0, not 5"),
    ],
)
def test_results_of_another_sweep_are_refused(example, reference, old, new, seed, message):
    example.write_text(example.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        run(load_study(example), out=reference, seed=seed)


def test_growing_reuses_points_and_ends_in_the_same_bytes(
    example, reference, tmp_path, data_bytes, threads
):
    study, folder = load_study(example), tmp_path / "grown"
    folder.mkdir()  # an empty folder is taken
    run(study, out=folder, settings={"size": 3, "kind": "a"}, repeats=1, executor=threads)
    first = (folder / NAME).read_text()
    run(study, out=folder, settings={"kind": ["a", "b"]}, repeats=1, executor=threads)
    run(study, out=folder, executor=threads)
    assert (folder / NAME).read_text().startswith(first)
    assert len((folder / NAME).read_text().splitlines()) == 1 + 2 * 3 + 12
    assert data_bytes(folder) == data_bytes(reference)


def test_a_record_cut_short_is_measured_again(example, reference, data_bytes, threads):
    file, whole = reference / NAME, data_bytes(reference)
    (reference / DATA).rename(reference / "moved")
    file.write_bytes(file.read_bytes()[:-30])
    result = run(load_study(example), out=reference, executor=threads)
    assert len(file.read_text().splitlines()) == 1 + 1 + 12 + 2
    assert result.n_left == 0
    assert data_bytes(reference) == whole


def test_a_second_writer_is_refused(example, reference):
    study = load_study(example)
    with journal.opened(reference, study.header(0), lambda folder, book: None):
        with pytest.raises(ValueError, match="another run is writing to .*; choose another --out"):
            run(study, out=reference)


class Full:
    """A file on a full disk."""

    name = "points.jsonl"

    def write(self, *content):
        raise OSError(errno.ENOSPC, "No space left on device")

    flush = close = write


def test_a_full_disk_is_reported(reference):
    book = replace(journal.read(reference), file=Full())
    with pytest.raises(OSError, match="points.jsonl cannot grow: No space left on device; what"):
        book.append('{"wall_seconds": 1.0}')


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [{"x": xr.DataArray([1.0], dims="a")}, {"x": xr.DataArray([[1.0]], dims=["a", "b"])}],
            "return x with the same dimensions at every point, got ['a', 'b'] after ['a']",
        ),
        (
            [{"x": xr.DataArray([1.0], dims="a")}, {"a": 1.0}],
            "not give a quantity the name of a dimension, 'a'",
        ),
    ],
)
def test_dimensions_must_agree_between_points(tmp_path, threads, values, message):
    study = Study("odd", "?", "", (Parameter("n", (0, 1), "x"),), lambda n, rng: values[n])
    run(study, out=tmp_path / "r", settings={"n": 0}, executor=threads)
    (failure,) = run(study, out=tmp_path / "r", executor=threads).failures
    assert message in failure["failure"]
    assert run(study, out=tmp_path / "r", executor=threads).dataset["status"].sum() == 3
