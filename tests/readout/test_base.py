"""All readouts: scikit-learn's own checks, sparse input, and errors that leave nothing behind."""

import contextlib

import numpy as np
import pytest
import scipy.sparse
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from olfnet.readout import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    MaxMarginReadout,
    PerceptronReadout,
    PseudoinverseReadout,
)

READOUTS = [
    PerceptronReadout(max_epochs=50),
    DeltaRuleReadout(max_epochs=200),
    HebbianReadout(),
    DepressionReadout(),
    PseudoinverseReadout(),
    MaxMarginReadout(),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(READOUTS)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def associations():
    """Draw activity, and labels that the sum of half of it decides."""
    patterns = np.random.default_rng(0).random((20, 6))
    return patterns, np.where(patterns[:, :3].sum(axis=1) > patterns[:, 3:].sum(axis=1), 1, -1)


@pytest.mark.parametrize("readout", READOUTS)
def test_sparse_patterns(readout):
    patterns, labels = associations()
    dense = readout.fit(patterns, labels).decision_function(patterns)
    sparse = scipy.sparse.csr_array(patterns)
    np.testing.assert_allclose(readout.fit(sparse, labels).decision_function(sparse), dense)


def test_in_pipelines_searches_and_for_several_classes():
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 4
    patterns = rng.standard_normal((4, 20))[labels] + 0.1 * rng.standard_normal((80, 20))
    several = OneVsRestClassifier(PerceptronReadout()).fit(patterns, labels)
    assert (several.predict(patterns) == labels).all()
    pipeline = make_pipeline(StandardScaler(), DeltaRuleReadout(max_epochs=50))
    assert cross_val_score(pipeline, patterns, labels > 1).mean() > 0.85
    grid = GridSearchCV(pipeline, {"deltarulereadout__learning_rate": [0.001, 0.1]}, cv=2)
    assert grid.fit(patterns, labels > 1).best_score_ > 0.85


@pytest.mark.parametrize(
    ("readout", "message"),
    [
        (PerceptronReadout(margin=-1), "margin must be non-negative, got -1"),
        (PerceptronReadout(max_epochs=0), "max_epochs must be at least 1, got 0"),
        (PerceptronReadout(nonnegative=[1, 1]), r"nonnegative must be .* per weight, shape \(3,\)"),
        (PerceptronReadout(nonnegative=[1, 2, 3]), "nonnegative must be"),
        (DeltaRuleReadout(learning_rate=0), r"learning_rate must be in \(0, 2\), got 0"),
        (DeltaRuleReadout(learning_rate=2), r"learning_rate must be in \(0, 2\), got 2"),
        (DepressionReadout(depression=1.5), r"depression must be in \(0, 1\], got 1.5"),
        (DepressionReadout(recovery=-0.1), r"recovery must be in \[0, 1\], got -0.1"),
        (MaxMarginReadout(penalty=0), "penalty must be positive, got 0"),
        (PerceptronReadout(bias="no"), "bias must be True or False, got 'no'"),
        (DeltaRuleReadout(bias=None), "bias must be True or False, got None"),
        (PseudoinverseReadout(bias="no"), "bias must be True or False, got 'no'"),
        (MaxMarginReadout(bias=1), "bias must be True or False, got 1"),
        (HebbianReadout(centered="no"), "centered must be True or False, got 'no'"),
    ],
)
def test_bad_parameters(readout, message):
    with pytest.raises(ValueError, match=message):
        readout.fit(np.eye(3), [0, 1, 1])


def test_bad_labels_and_patterns():
    with pytest.raises(ValueError, match="y must hold two classes, got one class"):
        PerceptronReadout().fit(np.eye(2), [1, 1])
    with pytest.raises(ValueError, match=r"y must be one of the classes \[-1  1\], got 3"):
        PerceptronReadout().fit(np.eye(2), [-1, 1]).partial_fit(np.eye(2), [1, 3])
    with pytest.raises(ValueError, match="X must be activity, got -1"):
        DepressionReadout().fit(-np.eye(2), [0, 1])
    with pytest.raises(ValueError, match="classes must stay"):
        PerceptronReadout().partial_fit(np.eye(2), [-1, 1]).partial_fit(np.eye(2), [0, 1], [0, 1])
    with pytest.raises(ValueError, match="y must hold two classes, got none"):
        PerceptronReadout().partial_fit(np.eye(2), [0, 1], classes=[])
    for size in (1e-100, 1e100):
        with pytest.raises(ValueError, match="X must be of a size from 1e-90 to 1e90, got 1e"):
            DeltaRuleReadout().fit(size * np.eye(2), [0, 1])


def test_a_failed_first_portion_leaves_nothing_behind():
    patterns, labels = associations()
    for readout in (PerceptronReadout(), DepressionReadout(), HebbianReadout()):
        for bad in ((patterns[:1], [7]), (-patterns, labels), (patterns, [3] * 20)):
            with contextlib.suppress(ValueError):
                readout.partial_fit(*bad)
        clean = type(readout)().partial_fit(patterns, labels)
        learned = type(readout)()
        with pytest.raises(ValueError, match="y must hold two classes"):
            learned.partial_fit(patterns[:1], [7])
        np.testing.assert_array_equal(learned.partial_fit(patterns, labels).coef_, clean.coef_)
    wrong = PerceptronReadout(margin=-1)
    with pytest.raises(ValueError, match="margin must be non-negative"):
        wrong.partial_fit(patterns, labels)
    assert wrong.set_params(margin=0.0).partial_fit(patterns, labels).learning_curve_.size == 1


@pytest.mark.parametrize(
    ("readout", "bad"),
    [
        (PerceptronReadout(), {"margin": -1}),
        (DeltaRuleReadout(), {"learning_rate": 3}),
        (DepressionReadout(), {"recovery": 2}),
        (HebbianReadout(), {"centered": None}),
    ],
)
def test_a_failed_fit_forgets_nothing(readout, bad):
    patterns, labels = associations()
    before = readout.fit(patterns, labels).decision_function(patterns)
    assert before.any()
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
        readout.set_params(**bad).fit(patterns, labels)
    np.testing.assert_array_equal(readout.decision_function(patterns), before)
