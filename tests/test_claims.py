"""The register: claims explain themselves, verdicts are right, results resume and are redone."""

import json
import shutil
from dataclasses import astuple, replace

import numpy as np
import pytest

from olfnet import cli, lab
from olfnet.lab import journal
from olfnet.lab.claims import Claim, Measured, Status, claim
from olfnet.lab.files import bundled_studies
from olfnet.lab.register import FILE, PAGE, Checked, checked, load_register, write

FOLDER = bundled_studies() / "claims"
COIN = '''"""Two claims about coins."""

from olfnet.lab.claims import Measured, claim

WHO = "Bernoulli"


@claim("R1.coin", 0.5, control={"bias": 0.9}, source="Bernoulli",
       systems=["S1"], samples=(2000, 500))
def heads(n, rng, bias=0.5):
    """A fair coin shows heads half the time."""
    return Measured.fraction(rng.binomial(n, bias), n)


@claim(
    "R2.coin_{bias:g}", lambda bias: bias, control=lambda bias: {"bias": bias / 3},
    cases={"bias, name": [(0.6, "cent"), (0.3, "euro")]}, source="{WHO}",
    systems=["S2"], samples=(2000, 500), allowance=lambda expected: expected / 1000,
)
def biased(stream, bias, factor=3):
    r"""A {name} of bias {bias:g} shows heads with probability {expected:g}.
    $\\frac{p}{1}$

    The control has a {factor}rd of the bias.
    """
    return stream.random() < bias
'''
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


@pytest.fixture(scope="module")
def register():
    return load_register(FOLDER)


@pytest.fixture
def coins(tmp_path):
    folder = tmp_path / "coins"
    folder.mkdir()
    (folder / "coins.py").write_text(COIN)
    return folder


def run(arguments, code):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["claims", *map(str, arguments)])
    assert stopped.value.code == code


def test_keys_are_those_of_the_list_of_references(register):
    assert len(register.claims) > 280
    by_key = {claim.key: claim for claim in register.claims}
    for key, value in PUBLISHED.items():
        assert by_key[key].predicted() == pytest.approx(value, abs=5e-7)


def test_claims_are_chosen_by_system_reference_and_key(register):
    def keys(*names):
        return {claim.key for claim in register.chosen(names)}

    assert keys("R14") == {"R14.mean", "R14.sd", "R14.dimension", "R14.variation"}
    assert keys("R1.mean") == {"R1.mean"}
    assert keys() == {claim.key for claim in register.claims}
    assert keys("S14") == {claim.key for claim in register.claims if "S14" in claim.systems}
    with pytest.raises(ValueError, match=r"\(R1 to R.*\), systems \(S1 to S.*, got 'R99'$"):
        keys("R99")


def test_a_decorated_function_is_a_claim_for_each_case(coins):
    first, second, third = load_register(coins / "coins.py").claims
    assert (first.key, first.statement) == ("R1.coin", "A fair coin shows heads half the time")
    assert (second.key, third.key) == ("R2.coin_0.6", "R2.coin_0.3")
    assert third.statement == "A euro of bias 0.3 shows heads with probability 0.3"
    assert (third.remark, third.source) == ("The control has a 3rd of the bias.", "Bernoulli")
    assert (third.allowance, third.equation) == (0.3 / 1000, r"\frac{p}{1}")
    for known in (first, second, third):
        assert known.agrees(known.simulation(2000, np.random.default_rng(0)))
        assert not known.agrees(known.control(500, np.random.default_rng(0)))


@pytest.mark.parametrize("simulation", [lambda x=2: x, lambda n, rng, x=2, **_: x])
def test_a_simulation_without_randomness_returns_a_number(simulation):
    decorate = claim(
        "R1.x", lambda: 2.0, control={"x": 3}, source="x", systems=["S1"], statement="X"
    )
    (known,) = decorate(simulation).claims
    assert known.simulation(1, None) == Measured.number(2.0)
    assert not known.agrees(known.control(1, None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "coin"}, "key must be a reference and a word as in R1.mean, got 'coin'"),
        ({"source": ""}, "source of claim R1.coin must not be empty"),
        ({"control": 3}, "control must be a mapping or a simulation, got 3"),
        ({"status": Status.QUALIFIED}, "claim R1.coin is qualified and must have a remark"),
    ],
)
def test_incomplete_claims_are_refused(options, message):
    given = {"key": "R1.coin", "expected": 1.0, "control": {}, "source": "x", "systems": ["S1"]}
    given["statement"] = "X"
    with pytest.raises(ValueError, match=message):
        claim(**given | options)(lambda n, rng: Measured.number(1.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "coins.py").unlink(), "holds no claims"),
        (lambda folder: shutil.rmtree(folder), "there is no file or folder of claims"),
        (lambda folder: (folder / "b.py").write_text("1 / 0"), "b.py cannot be loaded: ZeroDivis"),
        (lambda folder: (folder / "b.py").write_text(COIN), "keys of claims must be different"),
    ],
)
def test_what_is_no_register_is_refused(coins, change, message):
    change(coins)
    with pytest.raises(ValueError, match=message):
        load_register(coins)


def test_verdicts():
    def simulated(value):
        return lambda n, rng: Measured.number(value)

    known = Claim("R1.x", "X", "", 1.0, simulated(1), simulated(2), systems=("S1",), source="x")
    ordering = replace(known, status=Status.ORDERING)
    missing = replace(known, status=Status.NOT_REPRODUCIBLE, remark="other numbers")
    cases = [
        (known, 1, 2, "holds"),
        (known, 2, 2, "fails"),
        (known, np.nan, 2, "fails"),
        (known, 1, 1, "control not refused"),
        (ordering, 2, 1, "holds"),
        (ordering, 1, 0, "fails"),
        (ordering, 2, 2, "control not refused"),
        (missing, 2, 1, "not reproducible"),
        (missing, 1, 1, "fails"),
    ]
    for one, value, control, verdict in cases:
        result = Checked(one, 1.0, Measured.number(value), Measured.number(control))
        assert result.verdict == verdict
        assert result.holds == (verdict in ("holds", "not reproducible"))


def test_intervals_cover_what_they_should():
    """Of 500 intervals of 99.9 % at most 6 miss (binomial, probability 1e-6 of more)."""
    rng = np.random.default_rng(0)
    missed = {"mean": 0, "fraction": 0, "deviation": 0, "ratio": 0}
    narrow = 0
    for _ in range(500):
        normal = Measured.mean(3 + rng.standard_normal(20))
        missed["mean"] += not normal.low <= 3 <= normal.high
        fraction = Measured.fraction(rng.binomial(50, 0.2), 50)
        missed["fraction"] += not fraction.low <= 0.2 <= fraction.high
        deviation = Measured.standard_deviation(2 * rng.standard_normal(400))
        missed["deviation"] += not deviation.low <= 2 <= deviation.high
        below = rng.gamma(4.0, size=(2, 16))
        ratio = Measured.ratio(2 * below * rng.gamma(9.0, 1 / 9, size=below.shape), below)
        missed["ratio"] += not ratio.low <= 2 <= ratio.high
        narrow += abs(ratio.value - 2) > (ratio.high - ratio.low) / 6
    assert max(missed.values()) <= 6 < narrow  # control: a third of the width misses often


def test_a_ratio_with_equal_denominators_is_a_mean():
    """The jackknife changes nothing of a mean."""
    sample = np.random.default_rng(1).exponential(size=9)
    ratio, mean = Measured.ratio(sample, np.ones(9)), Measured.mean(sample)
    assert astuple(ratio) == pytest.approx(astuple(mean), rel=1e-12)


def test_the_command_checks_a_folder_and_writes_page_and_file(
    coins, tmp_path, capsys, no_processes
):
    out = tmp_path / "out"
    run([coins, "--quick", "--workers", "1", "--out", out], 0)
    assert "R2.coin_0.3" in capsys.readouterr().out
    record = json.loads((out / FILE).read_text())
    page = (out / PAGE).read_text()
    assert [one["verdict"] for one in record["claims"]] == ["holds"] * 3
    for one in record["claims"]:
        assert f"| {one['key']} |" in page
        assert f"{one['measured']:.5g}" in page
    assert record["about"]["numpy"] == np.__version__
    run([coins, "--workers", "1", "--out", out], 2)  # full beside quick
    assert "was made with study claims-quick" in capsys.readouterr().err


def test_a_wrong_claim_and_a_raising_one_fail_the_command_and_are_redone_when_mended(
    coins, tmp_path, capsys, no_processes
):
    arguments = [coins, "--quick", "--workers", "1", "--out", tmp_path / "out"]
    wrong = COIN.replace('"R1.coin", 0.5', '"R1.coin", 0.7')
    (coins / "coins.py").write_text(wrong.replace("return stream.random() < bias", "return 1 / 0"))
    run(arguments, 1)
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "3 of 3 claims fail: R1.coin, R2.coin_0.6, R2.coin_0.3" in told
    (coins / "coins.py").write_text(COIN)
    run(arguments, 0)


def test_the_same_claims_are_not_checked_twice(coins, tmp_path, threads):
    register = load_register(coins)
    study = register.study(register.claims, quick=True)
    first = lab.run(study, out=tmp_path / "r", settings={"claim": ["R1.coin"]}, executor=threads)
    sizes = [len(journal.read(first.folder).records)]
    lab.run(study, out=tmp_path / "r", n_workers=1)
    book = journal.read(first.folder)
    sizes.append(len(book.records))
    assert sizes == [1, 3]
    assert len((first.folder / journal.NAME).read_text().splitlines()) == 1 + 3 + 2 * 2
    results = checked(book, register.claims, register.digest)
    assert [result.holds for result in results] == [True] * 3
    assert checked(book, register.claims, "another version") == []
    about = {"command": "olfnet claims", "olfnet": "0", "date": "2026-12-01T00:00:00"}
    write(results[:1], about, first.folder)
    assert "1 claims (holds: 1)" in (first.folder / PAGE).read_text()
