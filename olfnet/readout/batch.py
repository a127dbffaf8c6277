"""Readouts that learn all associations at once.

scikit-learn's own ``LogisticRegression`` (logistic readout), ``RidgeClassifier`` (pseudo-inverse
with a penalty) and ``LinearSVC`` (soft margin) need no wrapper: they can be used in the same way.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lstsq
from sklearn.svm import SVC

from olfnet import checks
from olfnet.readout.base import LinearReadout


class PseudoinverseReadout(LinearReadout):
    """Pseudo-inverse: least squares to labels of -1 and 1, by the shortest weights.

    Parameters
    ----------
    bias : bool
        Learn a bias, too, which does not count in the length.

    Notes
    -----
    Stores any labels of linearly independent patterns without error (Personnaz, Guyon & Dreyfus
    1985, J. Physique Lett. 46:359).

    Examples
    --------
    >>> patterns = [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    >>> PseudoinverseReadout(bias=False).fit(patterns, [-1, 1]).coef_.round(6) + 0
    array([[ 0.,  1., -1.]])
    """

    def __init__(self, *, bias: bool = True) -> None:
        self.bias = bias

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Solve for the weights.

        Parameters
        ----------
        X : array-like or sparse, shape (n_patterns, n_features)
        y : array-like, shape (n_patterns,)
            Two classes.

        Raises
        ------
        ValueError
            If the bias is neither True nor False.
        """
        checks.flag("bias", self.bias)
        X, signs, self.classes_ = self._associations(X, y)
        mean, level = (X.mean(axis=0), signs.mean()) if self.bias else (np.zeros(X.shape[1]), 0.0)
        self.coef_ = lstsq(X - mean, signs - level)[0][None]
        self.intercept_ = level - self.coef_ @ mean
        return self


class MaxMarginReadout(LinearReadout):
    """Largest margin: the hyperplane farthest from all patterns (support vector machine).

    Parameters
    ----------
    bias : bool
        Learn a bias, too.
    penalty : float
        Cost of a pattern inside the margin, for patterns scaled to a largest length of one.  The
        margin is hard where no pattern's multiplier reaches this bound; all of them together sum
        to the inverse square of the margin.
    max_iter : int
        Steps after which scikit-learn's solver gives up, with a warning; -1 for never.

    Attributes
    ----------
    n_iter_ : int array of shape (1,)
        Steps of the solver.

    Notes
    -----
    By ``sklearn.svm.SVC``, which misses separable labels near capacity; :func:`olfnet.separate`
    decides those.

    Examples
    --------
    >>> readout = MaxMarginReadout().fit([[0.0, 0.0], [2.0, 0.0], [3.0, 5.0]], [-1, 1, 1])
    >>> readout.coef_.round(3) + 0, readout.intercept_.round(3)
    (array([[1., 0.]]), array([-1.]))
    """

    def __init__(self, *, bias: bool = True, penalty: float = 1e6, max_iter: int = 10**6) -> None:
        self.bias = bias
        self.penalty = penalty
        self.max_iter = max_iter

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Find the hyperplane.

        Parameters
        ----------
        X : array-like or sparse, shape (n_patterns, n_features)
        y : array-like, shape (n_patterns,)
            Two classes.

        Raises
        ------
        ValueError
            If the penalty is not positive, or the bias neither True nor False.
        """
        checks.flag("bias", self.bias)
        penalty = checks.positive("penalty", self.penalty)
        machine = SVC(
            C=penalty if self.bias else penalty / 2,  # without bias every pattern counts twice
            kernel="linear",
            tol=1e-6,
            max_iter=self.max_iter,
        )
        X, signs, self.classes_ = self._associations(X, y)
        scale = float(np.sqrt(np.max(np.sum(X**2, axis=1)))) or 1.0
        X = X / scale
        if not self.bias:  # mirror images make a bias useless
            X, signs = np.vstack((X, -X)), np.append(signs, -signs)
        machine.fit(X, signs)
        self.n_iter_ = machine.n_iter_
        self.coef_ = machine.coef_ / scale
        self.intercept_ = machine.intercept_ if self.bias else np.zeros(1)
        return self
