"""Transformers: scikit-learn's own checks, and the circuit behind them."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from olfnet import random_expansion
from olfnet.estimators import ExpansionTransformer, GlomerularNormalizer
from olfnet.expansion import rate, sparsify, wiring
from olfnet.receptors import DivisiveNormalization, odors


@parametrize_with_checks(
    [
        GlomerularNormalizer(),
        ExpansionTransformer(n_units=50, random_state=0),
        ExpansionTransformer(n_units=50, sparsifier=sparsify.GlobalThreshold(0.2), random_state=0),
    ]
)
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


def test_thresholds_are_those_of_the_fit(rates):
    transformer = ExpansionTransformer(
        n_units=200, sparsifier=sparsify.GlobalThreshold(0.1), random_state=1
    )
    fitted = transformer.fit(rates)
    alone = fitted.transform(3 * rates[:5])
    assert (alone > 0).mean() > 0.3  # stronger odors, same threshold
    assert (fitted.transform(rates) > 0).mean() == pytest.approx(0.1, abs=0.01)


def test_sparse_in_and_out(rates):
    dense = ExpansionTransformer(n_units=100, random_state=1).fit_transform(rates)
    sparse = ExpansionTransformer(n_units=100, random_state=1, sparse_output=True)
    codes = sparse.fit_transform(scipy.sparse.csr_array(rates))
    assert scipy.sparse.issparse(codes)
    np.testing.assert_allclose(codes.toarray(), dense)


def test_any_wiring(rates):
    transformer = ExpansionTransformer(n_units=50, wiring=wiring.BinomialFanIn(3), random_state=2)
    assert np.unique(transformer.fit(rates).circuit_.fan_in).size > 1


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
        (GlomerularNormalizer(lambda r: r[:, :3]), r"normalization must keep .* \(40, 24\), got"),
        (GlomerularNormalizer(lambda r: r * np.nan), r"normalization\(rates\) must be finite"),
        (ExpansionTransformer(10, wiring="all"), "wiring must be one of .*, got 'all'"),
        (ExpansionTransformer(10, sparsifier="k"), "sparsifier must be callable"),
        (ExpansionTransformer(10, sparse_output="no"), "sparse_output must be True or False"),
    ],
)
def test_bad_parameters(transformer, message, rates):
    with pytest.raises(ValueError, match=message):
        transformer.fit_transform(rates)


@pytest.mark.parametrize(
    "sparsifier",
    [
        sparsify.TopK(0.1),
        sparsify.GlobalThreshold(0.1),
        sparsify.UnitThresholds(0.1),
        sparsify.FeedbackInhibition(0.1),
    ],
    ids=lambda sparsifier: type(sparsifier).__name__,
)
def test_any_sparsifier(sparsifier, rates):
    options = {"n_units": 200, "sparsifier": sparsifier, "random_state": 1}
    dense = ExpansionTransformer(**options).fit_transform(rates)
    sparse = ExpansionTransformer(**options, sparse_output=True)
    np.testing.assert_allclose(sparse.fit_transform(scipy.sparse.csr_array(rates)).toarray(), dense)
    assert (dense > 0).mean() == pytest.approx(0.1, abs=0.02)


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
    assert cross_val_score(pipeline, members, labels, cv=folds).mean() > 0.9
    grid = {"expansiontransformer__coding_level": [0.05, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=folds).fit(members, labels)
    assert search.best_score_ > 0.9
