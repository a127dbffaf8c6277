"""Base classes of linear readouts of two classes, as scikit-learn classifiers."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from olfnet import checks
from olfnet.checks import FloatArray

# Sizes of patterns whose squares, summed and divided, stay within the range of doubles.
_LIMITS = (1e-90, 1e90)


class LinearReadout(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear readout: the sign of a weighted sum tells two classes apart.

    Attributes
    ----------
    classes_ : array of shape (2,)
        Labels; the second one is the positive class.
    coef_ : array of shape (1, n_features)
        Weights.
    intercept_ : array of shape (1,)
        Bias.
    """

    coef_: FloatArray
    intercept_: FloatArray
    classes_: NDArray[Any]

    def decision_function(self, X: Any) -> FloatArray:
        """Return the weighted sum plus bias of each pattern, shape (n_patterns,)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return np.asarray(X @ self.coef_[0] + self.intercept_[0])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each pattern, shape (n_patterns,)."""
        positive = self.decision_function(X) > 0
        return np.asarray(self.classes_[positive.astype(int)])

    def _associations(
        self, X: Any, y: Any, *, first: bool = True, classes: ArrayLike | None = None
    ) -> tuple[FloatArray, FloatArray, NDArray[Any]]:
        """Validate patterns and labels; return dense patterns, labels of -1 and 1, and classes.

        Raises
        ------
        ValueError
            If there are more than two classes, only one, a label that is no class, or patterns so
            small or large that their squares are not numbers.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, reset=first)
        check_classification_targets(y)
        known = self.classes_ if not first else _two(y if classes is None else np.asarray(classes))
        if not first and classes is not None and not np.array_equal(known, np.unique(classes)):
            raise ValueError(f"classes must stay {known}, got {np.unique(classes)}")
        unknown = np.setdiff1d(y, known).tolist()
        if unknown:
            raise ValueError(f"y must be one of the classes {known}, got {unknown[0]!r}")
        dense = np.asarray(X.toarray() if issparse(X) else X)
        largest = np.abs(dense).max()
        if largest and not _LIMITS[0] <= largest <= _LIMITS[1]:
            raise ValueError(f"X must be of a size from 1e-90 to 1e90, got {largest:g}")
        self._require(dense)
        return dense, np.where(y == known[1], 1.0, -1.0), known

    def _require(self, X: FloatArray) -> None:
        """Refuse patterns that this readout cannot learn."""

    def __sklearn_tags__(self) -> Any:
        """Declare two classes and support for sparse codes."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags


def _two(y: NDArray[Any]) -> NDArray[Any]:
    """Return the two classes.

    Raises
    ------
    ValueError
        If there are more, or fewer.
    """
    if y.size and (kind := type_of_target(y, input_name="y")) != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    classes = np.unique(y)
    if len(classes) < 2:
        got = f"one class, {classes.tolist()[0]!r}" if len(classes) else "none"
        raise ValueError(f"y must hold two classes, got {got}")
    return classes


class OnlineReadout(LinearReadout):
    """Rule that learns one association after another.

    ``fit`` starts anew and passes through the associations in the order given until a pass changes
    nothing; ``partial_fit`` continues, with one pass.

    Parameters
    ----------
    bias : bool
        Learn a bias, too.
    max_epochs : int
        Largest number of passes of ``fit`` through all associations.

    Attributes
    ----------
    learning_curve_ : int array of shape (n_epochs,)
        Mistakes in each pass, each made before the association was learned; every ``partial_fit``
        adds a pass.
    converged_ : bool
        Whether the last pass was without mistake.
    bias_scale_ : float
        The constant input of the bias: the length of the longest pattern of the first batch.
    """

    learning_curve_: Any
    bias_scale_: float
    # Relative change of the weights below which a pass is the last one.
    _settled = 0.0

    def __init__(self, *, bias: bool = True, max_epochs: int = 1000) -> None:
        self.bias = bias
        self.max_epochs = max_epochs

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Learn all associations, in as many passes as needed.

        Parameters
        ----------
        X : array-like or sparse, shape (n_patterns, n_features)
        y : array-like, shape (n_patterns,)
            Two classes.
        """
        max_epochs = checks.count("max_epochs", self.max_epochs)
        X, signs, classes = self._associations(X, y)
        self._read_parameters()
        self._start(X.shape[1], X)
        self.classes_, curve = classes, []
        for _ in range(max_epochs):
            before = np.append(self.coef_, self.intercept_)
            curve.append(self._pass(X, signs))
            after = np.append(self.coef_, self.intercept_)
            if np.linalg.norm(after - before) <= self._settled * np.linalg.norm(after):
                break
        self.learning_curve_ = np.array(curve)
        return self

    def partial_fit(self, X: Any, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn further associations, each once.

        Parameters
        ----------
        X : array-like or sparse, shape (n_patterns, n_features)
        y : array-like, shape (n_patterns,)
        classes : array-like of shape (2,), optional
            Both labels; needed in the first call unless ``y`` holds both.
        """
        first = not hasattr(self, "learning_curve_")
        X, signs, known = self._associations(X, y, first=first, classes=classes)
        self._read_parameters()
        if first:
            self._start(X.shape[1], X)
            self.classes_, self.learning_curve_ = known, np.zeros(0, dtype=int)
        self.learning_curve_ = np.append(self.learning_curve_, self._pass(X, signs))
        return self

    @property
    def converged_(self) -> bool:
        """Whether the last pass was without mistake."""
        return bool(self.learning_curve_[-1] == 0)

    @property
    def n_mistakes_(self) -> int:
        """All mistakes so far."""
        return int(self.learning_curve_.sum())

    def _start(self, n_features: int, X: FloatArray) -> None:
        """Reset weights and bias."""
        self.coef_, self.intercept_ = np.zeros((1, n_features)), np.zeros(1)
        self.bias_scale_ = float(np.sqrt(np.max(np.sum(X**2, axis=1)))) or 1.0

    def _read_parameters(self) -> None:
        """Validate the parameters and store them for single associations."""
        checks.flag("bias", self.bias)

    def _pass(self, X: FloatArray, signs: FloatArray) -> int:
        """Learn each association once; return the number of mistakes."""
        return sum(self._see(x, sign) for x, sign in zip(X, signs.tolist(), strict=True))

    def _see(self, x: FloatArray, sign: float) -> bool:
        """Learn one association in place; return whether it was a mistake before."""
        raise NotImplementedError

    def _add(self, x: FloatArray, amount: float) -> None:
        """Add a multiple of a pattern, and of the constant input, to the weights and bias."""
        self.coef_[0] += amount * x
        if self.bias:
            self.intercept_[0] += amount * self.bias_scale_**2
