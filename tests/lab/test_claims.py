"""The register: every claim holds, its control does not, and a wrong claim fails the command."""

import json
from dataclasses import replace

import numpy as np
import pytest

from olfnet import cli
from olfnet.lab.claims import (
    REGISTER,
    Measured,
    Status,
    account,
    chosen,
    examine,
    examine_all,
    unfinished,
)
from olfnet.lab.points import Point
from olfnet.lab.provenance import provenance

# Numbers as the list of reference results has them.
PUBLISHED = {
    "R1.fraction_5_8": 0.773438,
    "R1.fraction_10_15": 0.910217,
    "R1.fraction_10_20": 0.5,
    "R1.fraction_10_30": 0.030714,
    "R1.fraction_100_180": 0.932638,
    "R1.fraction_100_220": 0.088204,
    "R4.nonnegative_20_20": 0.5,
    "R4.nonnegative_50_50": 0.5,
    "R23.mean": 0.398942,
    "R23.variance": 0.340845,
    "R28.deep_3": 2.0**-8,
    "R28.shallow_10": 0.0025,
    "R28.balanced_10": 0.00125,
    "R29.tree": 33,
    "R29.normal_form": 512,
}


@pytest.mark.slow
@pytest.mark.parametrize("claim", REGISTER, ids=lambda claim: claim.key)
def test_claim_holds_and_its_control_does_not(claim):
    assert examine(claim, quick=True, seed=1).holds
    control = claim.control(claim.n_quick, Point({"control": claim.key}, 0).stream(1))
    assert not claim.agrees(control)


@pytest.mark.parametrize("claim", REGISTER, ids=lambda claim: claim.key)
def test_claim_explains_itself(claim):
    assert claim.statement[0].isupper()
    assert claim.source
    assert claim.systems
    if claim.status in (Status.QUALIFIED, Status.NOT_REPRODUCIBLE):
        assert claim.remark


def test_what_is_not_reproducible_is_told_from_what_holds_and_from_what_is_reproduced_after_all():
    (claim,) = chosen(["R17.caron_usage"])
    assert examine(claim).verdict == "not reproducible"
    reproduced = replace(claim, simulation=lambda n, rng: Measured.number(claim.predicted()))
    assert examine(reproduced).verdict == "fails"


def test_keys_are_unique():
    assert len({claim.key for claim in REGISTER}) == len(REGISTER)


@pytest.mark.parametrize(("key", "value"), PUBLISHED.items())
def test_closed_forms_give_the_published_numbers(key, value):
    (claim,) = chosen([key])
    assert claim.predicted() == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "keys"),
    [("R14", {"R14.mean", "R14.sd", "R14.dimension", "R14.variation"}), ("R1.mean", {"R1.mean"})],
)
def test_claims_are_chosen_by_reference_and_key(name, keys):
    assert {claim.key for claim in chosen([name])} == keys


def test_all_claims_by_default_and_by_system():
    assert chosen([]) == list(REGISTER)
    circuit = chosen(["S14"])
    assert circuit == [claim for claim in REGISTER if "S14" in claim.systems]
    assert 0 < len(circuit) < len(REGISTER)


def test_unknown_claims_are_named():
    with pytest.raises(ValueError, match=r"\(R1 to R.*\), systems \(S1 to S.*, got 'R99'$"):
        chosen(["R99"])


def test_intervals_cover_what_they_should():
    """Share of 99.9 % intervals that miss, over 2000 samples: at most 12 (binomial, 1e-6)."""
    rng = np.random.default_rng(0)
    missed = {"mean": 0, "share": 0, "spread": 0}
    for _ in range(2000):
        normal = Measured.mean(3 + rng.standard_normal(20))
        missed["mean"] += not normal.low <= 3 <= normal.high
        share = Measured.share(rng.binomial(50, 0.2), 50)
        missed["share"] += not share.low <= 0.2 <= share.high
        spread = Measured.spread(2 * rng.standard_normal(400))
        missed["spread"] += not spread.low <= 2 <= spread.high
    assert max(missed.values()) <= 12


def test_page_and_file_tell_the_same(tmp_path):
    outcomes = [examine(claim) for claim in chosen(["R14"])]
    account.write(outcomes, provenance(None, "olfnet claims"), tmp_path)
    record = json.loads((tmp_path / account.FILE).read_text())
    page = (tmp_path / account.PAGE).read_text()
    assert [claim["verdict"] for claim in record["claims"]] == ["holds"] * 4
    for claim in record["claims"]:
        assert f"| {claim['key']} |" in page
        assert f"{claim['measured']:.5g}" in page
    assert record["about"]["numpy"] == np.__version__


def test_a_wrong_claim_fails_the_command(tmp_path, monkeypatch, capsys):
    wrong = [replace(claim, closed_form=-1.0) for claim in chosen(["R14.mean"])]
    outcomes = [examine(claim) for claim in wrong]
    monkeypatch.setattr(cli.register, "examine_all", lambda claims, **options: outcomes)
    with pytest.raises(SystemExit, match="1"):
        cli.main(["claims", "--out", str(tmp_path)])
    assert "1 of 1 claims fail: R14.mean" in capsys.readouterr().err
    assert "fails" in (tmp_path / account.PAGE).read_text()


def test_the_command_runs_them(tmp_path, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["claims", "--only", "R13,R14", "--quick", "--out", str(tmp_path / "new")])
    assert "R13.mean" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "new" / account.FILE).read_text())["claims"]) == 13


def _stopped(folder, claims, about):
    with unfinished(folder, claims, about) as (known, keep):
        assert not known
        for outcome in examine_all(claims[:3], quick=True, keep=keep):
            assert outcome.holds
        raise KeyboardInterrupt


def test_a_stopped_examination_goes_on(tmp_path):
    everything = chosen(["R13.mean", "R14"])
    about = {"commit": "1234", "seed": 0, "quick": True, "date": "today"}
    with pytest.raises(KeyboardInterrupt):
        _stopped(tmp_path, everything, about)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"claim": "R14.m')  # cut short by a kill
    for other in ({"seed": 1}, {"commit": "1234+"}):
        copy = tmp_path / str(other)
        copy.mkdir()
        (copy / file.name).write_bytes(file.read_bytes())
        with unfinished(copy, everything, about | other) as (known, _):
            assert not known
    with unfinished(tmp_path, everything, about | {"date": "tomorrow"}) as (known, keep):
        assert set(known) == {claim.key for claim in everything[:3]}
        new = []
        found = examine_all(everything, quick=True, known=known, keep=new.append)
    assert {outcome.claim.key for outcome in new} == {claim.key for claim in everything[3:]}
    whole = examine_all(everything, quick=True)
    assert [o.measured for o in found] == [o.measured for o in whole]
    assert not list(tmp_path.glob("*.jsonl"))
