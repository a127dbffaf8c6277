"""Every study and benchmark at tiny settings; and what single studies state beside their claims."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from matplotlib.colors import to_rgba_array
from rich.console import Console

import olfnet
from olfnet.expansion import spiking
from olfnet.lab import drawing, load_study
from olfnet.lab.files import study_files
from olfnet.receptors import DivisiveNormalization, fly_odors, odors
from olfnet.theory import approximation, cover

FILES = study_files(Path(__file__).parents[1] / "studies")
TINY = {
    "approximation_rates": {"n_compositions": (1, 3)},
    "attention_gain": {"n_units": 100},
    "capacity_curve": {"n_units": (10, 20)},
    "certified_odors": {"n_odors": 3, "n_units": 30, "readout": "nearest code"},
    "code_dimension": {"fan_in": (1, 3), "n_units": 20},
    "coding_level": {"n_odors": 10, "n_units": 30},
    "double_descent": {"n_units": (5, 20), "n_odors": 10, "decay": 0.0},
    "expansion_noise": {"n_odors": 20, "n_units": 50},
    "fly_hash": {"hash_length": 4, "units_per_input": 2, "n_queries": 5},
    "hashing": {"hasher": "olfnet: 6 inputs", "n_vectors": 20, "n_units": 50},
    "kernel_limit": {"n_units": (8, 16)},
    "manifolds": {"n_features": 20, "n_units": 20},
    "margins_and_labels": {"n_dims": (10, 15)},
    "measured_wiring": {"weighing": "connections"},
    "mixture_grids": {"n_dims": (1, 2)},
    "negative_patterning": {"n_units": (4, 8)},
    "normalization": {"n_units": 100},
    "ntk": {"activation": "ReLU", "n_points": 10},
    "odor_plume": {"n_odors": 5, "n_units": 40, "n_steps": 3, "n_draws": 2},
    "pruning": {"n_units": 20, "pruned": (0.0, 0.5)},
    "rewiring": {"n_units": 50},
    "separability": {"n_dims": (5, 10)},
    "sign_constraints": {"n_dims": (10, 15)},
    "signal_propagation": {"n_units": 10, "depth": 4, "n_kenyon": 100},
    "silent_cells": {"fan_in": (2, 3), "n_units": 500},
    "spike_codes": {"n_units": 10},
    "spiking": {"n_odors": 1, "n_units": 10, "duration": 0.005},
    "spiking_capacity": {"n_units": 10},
    "sweep": {"n_points": 2, "pause": 0.0},
    "trained_expansion": {"n_units": (5, 10), "n_odors": 6, "n_steps": 5},
    "valence": {"n_units": (3, 5)},
    "weight_sharing": {"n_samples": (5, 10)},
}
# Benchmarks that start pools of workers, or a Python with Brian2.
SLOW = ("spiking", "sweep")
ONCE = {
    "manifolds",
    "measured_wiring",
    "recall",
    "spike_codes",
    "spiking_capacity",
    "weight_sharing",
}
BENCHMARKS = {name for name, file in FILES.items() if file.parent.name == "benchmarks"}


def calibrated(circuit, odors, *, dynamics, **options):
    """Stand in for calibration, which takes most of the time and has tests of its own."""
    return replace(dynamics, excitation=replace(dynamics.excitation, strength=4.8e-9))


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in FILES],
)
def result(request, tmp_path_factory):
    """Study, and its dataset at tiny settings."""
    study, name = load_study(FILES[request.param]), request.param
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as executor:
        patch.setattr(spiking, "calibrate", calibrated)
        done = olfnet.lab.run(
            study, settings=TINY.get(name), quick=True, repeats=1 if name in ONCE else 2,
            out=tmp_path_factory.mktemp(name) / "r", executor=executor,
        )  # fmt: skip
    assert not done.journal.failures
    return study, done.dataset


def test_records_are_complete(result):
    study, dataset = result
    assert study.name == study.file.stem
    assert dataset.attrs["question"].endswith("?")
    assert dataset.attrs["source"]
    for name in [*dataset.data_vars, *(parameter.name for parameter in study.parameters)]:
        if name != "status":
            assert dataset[name].attrs["meaning"], name
            assert "units" in dataset[name].attrs, name


def test_parameters_are_checked(result):
    for parameter in result[0].parameters:
        with pytest.raises(ValueError, match="must"):
            parameter.accept("nonsense" if parameter.kind is str else -1)


def test_figures_have_labels_and_colors_for_all_eyes(result):
    """Colors of Okabe and Ito, or gray."""
    study, dataset = result
    figure = study.figure(dataset)
    figure.draw_without_rendering()
    allowed = to_rgba_array(drawing.COLORS)[:, :3]
    for axes in filter(lambda axes: axes.axison, figure.axes):
        place, words = axes.get_subplotspec(), [t.get_text() for t in axes.get_yticklabels()]
        assert axes.get_xlabel() or not place.is_last_row()
        assert axes.get_ylabel() or not place.is_first_col() or any(map(str.isalpha, words[0]))
        shown = [line.get_color() for line in axes.lines]
        shown += [color for part in axes.collections for color in part.get_edgecolor()]
        for color in to_rgba_array(shown)[:, :3] if shown else ():
            assert np.ptp(color) == 0 or np.abs(allowed - color).max(axis=1).min() < 0.01


def test_tables_fit_a_terminal(result):
    study, dataset = result
    table = study.table(dataset)
    assert table.row_count
    page = Console(width=80, record=True, file=io.StringIO())
    page.print(table)
    assert study.name in BENCHMARKS or "…" not in page.export_text()


def test_partial_results_are_shown(result):
    study, dataset = result
    first = {study.parameters[0].name: 0}
    for missing in ({"repeat": slice(1, None)}, first, {}):
        status = dataset["status"].copy()
        status[missing] = 0
        holes = dataset.drop_vars("status").where(status == 1).assign(status=status)
        study.figure(holes)
        study.table(holes)


def inside(name):
    """Names in the file of a study."""
    return load_study(FILES[name]).measure.__globals__


def repeated(module, n_repeats, name, **settings):
    """Measure one point again and again: one variable with repeats first."""
    streams = np.random.default_rng(0).spawn(n_repeats)
    return np.array([module["measure"](**settings, rng=one)[name].values for one in streams])


@pytest.mark.parametrize("m", [1, 5])
def test_approximations_err_as_predicted(m):
    """Rounding: 8 eps for each of n units; sawtooths are exact, other sizes err otherwise."""
    module, n = inside("approximation_rates"), 3 * m - 1
    errors = module["measure"](n_compositions=m, rng=np.random.default_rng(1))
    for name in ("deep", "interpolated", "balanced"):
        expected = float(module["predicted"](name, n))
        assert float(errors[name]) == pytest.approx(expected, abs=8 * n * 2.0**-52)
        assert float(errors[name]) != pytest.approx(
            float(module["predicted"](name, n + 1)), rel=1e-2
        )


def test_glomeruli_without_saturation_are_a_softmax():
    module, rates = inside("attention_gain"), fly_odors()
    glomeruli = module["measure"](
        uninhibited=0.2, fan_in=7, n_units=50, rng=np.random.default_rng(0)
    )["glomeruli"].mean("odor")
    for exponent in (1.0, 4.0):
        entropy = scipy.stats.entropy(rates**exponent, axis=1).mean()
        soft, saturating = glomeruli.sel(exponent=exponent)[::-1].values
        assert soft == pytest.approx(entropy, abs=1e-6)
        assert saturating > entropy + 0.1


def test_certified_radii_lie_below_attacked_ones():
    attacked, certified, product = (
        array.values
        for array in inside("certified_odors")["measure"](
            readout="nearest code", coding_level=0.1, n_units=60, fan_in=6, n_odors=6,
            rng=np.random.default_rng(4),
        ).values()
    )  # fmt: skip
    named = attacked > 0
    assert named.any()
    assert (0 < product[named]).all()
    assert (product < certified)[named].all()
    assert (certified < attacked)[named].all()
    assert not (2.5 * certified < attacked)[named].all()


def test_three_samples_have_a_median_without_interval():
    """Of three samples all lie on one side of the median with a probability of 1/4."""
    median = inside("double_descent")["median_and_ends"]
    assert median(np.array([1.0, 2.0, 4.0])) == pytest.approx((2.0, np.nan, np.nan), nan_ok=True)
    assert median(np.arange(7.0)) == pytest.approx((3.0, 0.0, 6.0))


def test_advantage_is_the_geometric_mean_of_paired_ratios():
    value, low, high = inside("fly_hash")["advantage"](np.array([[0.2, 0, 0.1], [0.8, 0, 0.1]]))
    assert (value, low * high) == pytest.approx((4, 16))


@pytest.mark.parametrize("layer", ["steps", "rectifiers"])
def test_distances_from_the_kernel_are_those_of_theory(layer):
    """Mean square over 24 circuits; 4 standard errors, at which four times the units differ."""
    module = inside("kernel_limit")
    at = {"layer": layer, "coding_level": 0.1, "n_units": 400}
    squares = repeated(module, 24, "deviation", **at) ** 2
    error, theory = 4 * squares.std() / 24**0.5, module["expected_distance"]
    assert squares.mean() == pytest.approx(theory(layer, 0.1, 400) ** 2, abs=error)
    assert abs(squares.mean() - theory(layer, 0.1, 100) ** 2) > error


def test_white_centers_change_no_decision():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((12, 12))
    clouds = (rng.standard_normal((200, 1, 12)) + 0.3 * rng.standard_normal((200, 3, 12))) @ mixing
    white = inside("manifolds")["whitened"](clouds)
    np.testing.assert_allclose(np.cov(white.mean(axis=1).T), np.eye(12), atol=1e-9)
    first = slice(9)  # clouds with 27 points in 12 dimensions
    for labels in rng.choice([-1.0, 1.0], (20, 9)):
        decisions = [
            olfnet.separate(part[first].reshape(27, 12), np.repeat(labels, 3)).separable
            for part in (white, clouds)
        ]
        assert decisions[0] == decisions[1]


def test_false_discoveries_are_few():
    """In 60 studies of 24 comparisons without any difference, 5 % at most find one."""
    module, rng = inside("measured_wiring"), np.random.default_rng(2)

    def compare(samples):
        return [module["Difference"]("left", "both", "dimension", row) for row in samples]

    studies = [compare(rng.standard_normal((24, 20))) for _ in range(60)]
    wrong = sum(any(module["significant"](one)) for one in studies)
    assert scipy.stats.binomtest(wrong, 60, 0.05, alternative="greater").pvalue > 0.001
    assert sum(any(d.p_value < 0.05 for d in one) for one in studies) > 30  # 1 - .95^24 = 71 %
    assert all(module["significant"](compare(2 + rng.standard_normal((24, 20)))))
    assert [d.p_value for d in compare([np.zeros(3), np.ones(1)])] == [1, 1]


@pytest.mark.parametrize(("grid", "other"), [("sparse", "full"), ("full", "sparse")])
def test_parabolas_err_as_predicted(grid, other):
    module = inside("mixture_grids")
    measured = module["measure"](grid=grid, n_dims=3, rng=np.random.default_rng(2))
    n = int(np.isfinite(measured["parabola_error"]).sum())
    sizes, errors = module["theory"](grid, 3)
    assert n > 3
    np.testing.assert_allclose(measured["parabola_points"][:n], sizes[:n], rtol=1e-12)
    np.testing.assert_allclose(measured["parabola_error"][:n], errors[:n], rtol=1e-9)
    assert (
        np.abs(measured["parabola_error"][1:n] / module["theory"](other, 3)[1][1:n] - 1).min() > 0.1
    )


def test_only_what_is_not_linear_solves_negative_patterning():
    """Counts are those of single decisions: all problems up to them, and not one more."""
    module = inside("negative_patterning")
    patterns, labels = module["negative_patterning"].problems(
        np.rint(np.random.default_rng(3).exponential(40.0, (60, 24)))
    )
    neurons = DivisiveNormalization()(patterns)
    n = module["solved"](neurons, labels)
    assert module["solved"](patterns, labels) == 0 < n
    for n_problems, separable in ((n, True), (n + 1, False)):
        first = slice(3 * n_problems + 1)
        assert olfnet.separate(neurons[first], labels[first], bias=True).separable == separable


def test_problems_of_random_labels_are_threes_of_cover_s_breaking_points():
    n_patterns = np.arange(1, 700)
    mean = np.sum(cover.breaking_point_pmf(n_patterns, 26) * ((n_patterns - 1) // 3))
    assert inside("negative_patterning")["predicted"](25) == pytest.approx(mean, abs=1e-4)


def test_the_plume_balances():
    """What is released decays along the corridor, by a factor of e every half meter."""
    module = inside("odor_plume")
    problem, exact = module["PLUME"], module["pinn"].closed_form
    lost = scipy.integrate.quad(lambda x: 0.04 * exact(problem, [x])[0], 0, 4)[0]
    assert lost == pytest.approx(problem.low.inflow, rel=1e-8)
    near = exact(problem, [0.5, 1.0])
    assert near[0] / near[1] == pytest.approx(np.e, rel=1e-2)
    half, distances = module["half_distance"], module["DISTANCES"]
    assert [half(np.ones(17)), half(np.zeros(17)), half(1 - distances / 4)] == [4, 0, 2]


def test_plume_codes_by_brute_force():
    """Rates above the ninth largest drive, cosines and neighbors one by one."""
    series = odors.concentration_series(6, 50, concentrations=[1.0, 0.05, 0.003], rng=1)
    circuit = olfnet.random_expansion(n_inputs=50, n_units=80, fan_in=5, coding_level=0.1, rng=2)
    overlap, recognized = inside("odor_plume")["compare"](circuit, series, 8.0, 3)
    weights, stream = circuit.weights.toarray(), np.random.default_rng(3)

    def code(rates):
        drive = weights @ DivisiveNormalization()(rates[None])[0]
        return np.maximum(drive - np.sort(drive)[-9], 0.0)

    memory = np.array([code(rates) for rates in series[:, 0]])
    memory /= np.linalg.norm(memory, axis=1, keepdims=True)
    for nth, rates in enumerate(series.swapaxes(0, 1)):
        noisy = np.maximum(rates + 8.0 * stream.standard_normal(rates.shape), 0.0)
        codes = [code(one) for one in noisy]
        cosines = np.array([memory @ one / np.linalg.norm(one) for one in codes])
        assert overlap[nth] == pytest.approx(np.diag(cosines).mean(), abs=1e-12)
        assert recognized[nth] == np.mean(cosines.argmax(axis=1) == np.arange(6))
    assert overlap[2] < overlap[0] - 0.2


def test_an_intact_circuit_keeps_everything():
    module, at = inside("pruning"), {"n_units": 60, "fan_in": 7, "kept": "random"}
    intact, pruned = (
        module["measure"](pruned=p, **at, rng=np.random.default_rng(0)) for p in (0.0, 0.5)
    )
    for name in ("overlap", "predicted"):
        assert float(intact[name]) == pytest.approx(1)
        assert float(pruned[name]) < 0.9
    assert float(pruned["recalled"]) < float(intact["recalled"])
    assert float(pruned["overlap"]) == pytest.approx(float(pruned["predicted"]), abs=0.15)


def test_edges_and_depth_scales_of_exact_input():
    """Growth chi^8 over 8 layers, and deviations that decay by theory."""
    module = inside("signal_propagation")
    exact = np.exp(8 * 0.4 * np.log(module["TRIED"])) * np.ones((5, 1))
    layer, tanh = module["RandomLayer"], module["Tanh"]()
    edge = layer.critical(tanh, module["BIASES"]).weight_variance
    np.testing.assert_allclose(module["edges"](exact), edge, rtol=1e-12)
    assert (module["edges"](1.1 * exact) < 0.99 * edge).all()
    depths = layer(tanh, module["WEIGHTS"], module["BIAS"]).correlation_depth
    layers = np.array([module["expected"](weight)[2] for weight in module["WEIGHTS"]])
    np.testing.assert_allclose(module["depths"](np.exp(-layers / depths)), depths, rtol=1e-12)


def test_silent_cells_are_as_many_as_counted():
    """2000 cells; the exact binomial interval of 99.99 % at each threshold."""
    module = inside("silent_cells")
    exact, other = (module["counts"](k, tuple(module["THRESHOLDS"]))[:, 0] for k in (2, 1))
    measured = module["measure"](fan_in=2, n_units=2000, rng=np.random.default_rng(0))
    silent = measured["silent"].sel(n_odors=110).values
    for fraction, expected in zip(silent, exact, strict=True):
        interval = scipy.stats.binomtest(round(2000 * fraction), 2000).proportion_ci(0.9999)
        assert interval.low <= expected <= interval.high
    assert np.abs(silent - other).max() > 0.05


def test_agreement_of_codes_that_are_known():
    module, counts = inside("spike_codes"), np.array([[2, 1, 0, 0], [0, 0, 3, 1]])
    shared, correlation = module["shared"], module["correlation"]
    others = (counts > 0, counts[::-1] > 0, counts > 1)
    assert [shared(counts > 0, other) for other in others] == [1, 0, 0.5]
    others = (5 * counts, -counts, np.ones((2, 4)))
    np.testing.assert_allclose([correlation(counts, other) for other in others], [1, -1, 0])


def test_errors_of_codes_that_are_known():
    """Silence errs half of the time at every load; trials without noise are learned."""
    module, rng = inside("spiking_capacity"), np.random.default_rng(1)
    n_trials = module["N_LEARNED"] + module["N_TESTED"]
    labels = module["balanced"](44, rng)
    for n_odors in module["sizes"](100):
        errors = list(module["each"](np.zeros((44, n_trials, 5)), labels, n_odors))
        assert errors == [0.5] * (44 // n_odors)
    clear = np.repeat(np.eye(12)[:, None], n_trials, axis=1)
    assert list(module["each"](clear, module["balanced"](12, rng), 6)) == [0.0, 0.0]
    loads, stated = module["NOISY_LOADS"], module["STATED_ERROR"]
    errors = [stated * loads / 0.2, np.full(loads.size, stated + 0.01), 0 * loads]
    np.testing.assert_allclose(module["capacity_at"](np.array(errors)), [0.2, 0, loads[-1]])


@pytest.mark.parametrize(("kind", "grown"), [("Claws", False), ("Dense", True)])
def test_claws_learn_without_new_synapses(kind, grown):
    module, inputs = (
        inside("trained_expansion"),
        np.random.default_rng(0).exponential(size=(40, 24)),
    )
    labels = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    net = module["circuit"](10, inputs, np.random.default_rng(1), module[kind])
    learned = module["train"](net, inputs, labels, learning_rate=0.01, n_steps=20).network
    before, after = (one.layers[0].weights for one in (net, learned))
    changed = before != after
    assert changed[before != 0].mean() > 0.9
    assert changed[before == 0].any() == grown


def test_the_longest_piece_sets_the_error_of_a_valence():
    """The mean of 30 wirings lies within 4 standard errors; with half the knots it would not."""
    errors = repeated(inside("valence"), 30, "error", n_units=20, fan_in=6)
    allowed = 4 * errors.std() / 30**0.5
    assert errors.mean() == pytest.approx(approximation.random_knots_error(21), abs=allowed)
    assert abs(errors.mean() - approximation.random_knots_error(10)) > allowed


def test_motifs_differ_in_nothing_but_their_order():
    """The power in either half gives away the place, and never the motif: 4 standard errors."""
    module, rng = inside("weight_sharing"), np.random.default_rng(1)
    for task, visible in (("which place", True), ("which motif", False)):
        inputs, labels = module["signals"](4000, task, rng)
        power = (inputs[:, 0] ** 2).reshape(4000, 2, 16).sum(axis=2)
        correlation = np.corrcoef(power[:, 1] - power[:, 0], labels[:, 0])[0, 1]
        assert (abs(correlation) > 4 / 4000**0.5) == visible
