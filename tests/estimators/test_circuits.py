"""Transformers of circuits: scikit-learn's own checks, and the functions behind them."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from olfnet import random_expansion
from olfnet.estimators import ExpansionTransformer, GlomerularNormalizer
from olfnet.expansion import rate, sparsify, wiring
from olfnet.receptors import DivisiveNormalization, odors


@parametrize_with_checks([GlomerularNormalizer(), ExpansionTransformer(n_units=50, random_state=0)])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture
def rates():
    return np.random.default_rng(0).exponential(30.0, size=(40, 24))


def test_the_same_as_the_functions(rates):
    normalized = GlomerularNormalizer().fit_transform(rates)
    np.testing.assert_array_equal(normalized, DivisiveNormalization()(rates))
    options = {"n_units": 300, "random_state": np.random.default_rng(5)}
    codes = ExpansionTransformer(**options, fan_in=4, coding_level=0.1).fit_transform(normalized)
    circuit = random_expansion(n_inputs=24, n_units=300, fan_in=4, coding_level=0.1, rng=5)
    np.testing.assert_array_equal(codes, rate.respond(circuit, normalized).rates)


@pytest.mark.parametrize(
    "recipe", [sparsify.GlobalThreshold, sparsify.UnitThresholds, sparsify.FeedbackInhibition]
)
def test_any_sparsifier_and_wiring(recipe, rates):
    """Thresholds are those of the fit; dense and sparse arrays give the same."""
    options = {"n_units": 200, "sparsifier": recipe(0.1), "random_state": 1}
    options["wiring"] = wiring.BinomialFanIn(7)
    fitted = ExpansionTransformer(**options).fit(rates)
    assert np.unique(fitted.circuit_.fan_in).size > 1
    dense = fitted.transform(rates)
    assert (dense > 0).mean() == pytest.approx(0.1, abs=0.02)
    assert (fitted.transform(3 * rates[:5]) > 0).mean() > 0.11  # stronger odors, same threshold
    codes = ExpansionTransformer(**options, sparse_output=True).fit_transform(
        scipy.sparse.csr_array(rates)
    )
    np.testing.assert_allclose(codes.toarray(), dense)


def test_names_and_frames(rates):
    pandas = pytest.importorskip("pandas")
    pipeline = make_pipeline(
        GlomerularNormalizer(), ExpansionTransformer(n_units=30, random_state=0)
    ).set_output(transform="pandas")
    frame = pandas.DataFrame(rates, columns=[f"Or{i}" for i in range(24)])
    codes = pipeline.fit_transform(frame)
    assert list(codes.columns[:2]) == ["expansiontransformer0", "expansiontransformer1"]
    assert list(pipeline[0].get_feature_names_out()) == list(frame.columns)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (GlomerularNormalizer(5), "normalization must be callable, .*, got 5"),
        (
            GlomerularNormalizer(lambda r: r[:, :3]),
            r"normalization must keep .* \(40, 24\) of the rates, got",
        ),
        (GlomerularNormalizer(lambda r: r * np.nan), r"normalization\(rates\) must be finite"),
        (ExpansionTransformer(10, wiring="all"), "wiring must be one of .*, got 'all'"),
        (ExpansionTransformer(10, sparsifier="k"), "sparsifier must be callable"),
        (ExpansionTransformer(10, sparse_output="no"), "sparse_output must be True or False"),
    ],
)
def test_bad_parameters(transformer, message, rates):
    with pytest.raises(ValueError, match=message):
        transformer.fit_transform(rates)


def test_in_front_of_a_classifier():
    """Odors in noisy clusters; a readout of codes is right, and the grid is searched."""
    rng = np.random.default_rng(3)
    prototypes = odors.exponential(20, 24, rng=rng)
    members = np.repeat(prototypes, 10, axis=0) * rng.lognormal(0, 0.15, (200, 24))
    labels = np.repeat(rng.permutation(np.arange(20) % 2), 10)
    pipeline = make_pipeline(
        GlomerularNormalizer(),
        ExpansionTransformer(n_units=500, random_state=0, sparse_output=True),
        RidgeClassifier(),
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    grid = {"expansiontransformer__coding_level": [0.05, 0.2]}
    assert GridSearchCV(pipeline, grid, cv=folds).fit(members, labels).best_score_ > 0.9
