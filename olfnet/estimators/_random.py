"""What transformers with random weights share."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data


class RandomTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of dense or sparse vectors whose weights are drawn by ``fit``."""

    random_state: Any
    _n_features_out: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw the weights, and set thresholds if there are any.

        Parameters
        ----------
        X : array-like or sparse, shape (n_samples, n_inputs)
        y : ignored
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64)
        self._n_features_out = self._draw(_array(X), _generator(self.random_state))
        return self

    def transform(self, X: Any) -> Any:
        """Return an array with a row for each of ``X`` and a column for each output."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return self._transformed(_array(X))

    @abstractmethod
    def _draw(self, X: Any, rng: np.random.Generator) -> int:
        """Draw weights for these validated samples, and return the number of outputs."""

    @abstractmethod
    def _transformed(self, X: Any) -> Any:
        """Transform validated samples."""

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that sparse input is accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _array(X: Any) -> Any:
    return csr_array(X) if issparse(X) else X


def _generator(random_state: Any) -> np.random.Generator:
    """Return a generator from any random state of scikit-learn or NumPy."""
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    seed: NDArray[np.int64] = check_random_state(random_state).randint(2**31, size=4)
    return np.random.default_rng(seed)
