"""Learning rules that take associations one by one, as scikit-learn classifiers."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import label_signs, weight_signs
from olfnet.readout.base import OnlineReadout


class PerceptronReadout(OnlineReadout):
    """Perceptron: add or subtract a pattern that is on the wrong side.

    Parameters
    ----------
    margin : float
        Distance from the hyperplane that every pattern must keep, in the patterns' unit; being
        closer counts as a mistake.
    nonnegative : bool or array of shape (n_features,)
        True for weights that must not be negative, or a sign (-1, 0, 1) for each weight; weights of
        the wrong sign are set to 0 after each step.
    bias, max_epochs
        As for :class:`OnlineReadout`.

    Notes
    -----
    Without margin it makes at most :func:`novikoff_bound` mistakes if the patterns are separable,
    also with sign constraints (Amit, Wong & Campbell 1989, J. Phys. A 22:2039).  With a margin it
    makes more, and ends if a larger one exists.

    Examples
    --------
    >>> corners, labels = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> readout = PerceptronReadout().fit(corners, labels)
    >>> readout.predict(corners), readout.converged_
    (array([0, 0, 0, 1]), True)
    """

    def __init__(
        self,
        *,
        margin: float = 0.0,
        nonnegative: bool | ArrayLike = False,
        bias: bool = True,
        max_epochs: int = 1000,
    ) -> None:
        super().__init__(bias=bias, max_epochs=max_epochs)
        self.margin = margin
        self.nonnegative = nonnegative

    def _read_parameters(self) -> None:
        super()._read_parameters()
        self._margin = checks.nonnegative("margin", self.margin)
        signs = weight_signs(self.nonnegative, self.n_features_in_)
        self._least = np.where(signs > 0, 0.0, -np.inf)
        self._most = np.where(signs < 0, 0.0, np.inf)
        self._free = not signs.any()

    def _see(self, x: FloatArray, sign: float) -> bool:
        weights = self.coef_[0]
        needed = self._margin * math.sqrt(weights @ weights) if self._margin else 0.0
        mistake = sign * (x @ weights + self.intercept_[0]) <= needed
        if mistake:
            self._add(x, sign)
            if not self._free:
                np.clip(weights, self._least, self._most, out=weights)
        return bool(mistake)

    def __sklearn_tags__(self) -> Any:
        """Declare that sign constraints may cost accuracy."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = bool(np.any(self.nonnegative))
        return tags


class DeltaRuleReadout(OnlineReadout):
    """Delta rule: move each weight so that the sum comes closer to a label of -1 or 1.

    Parameters
    ----------
    learning_rate : float in (0, 2)
        Fraction of a pattern's error that a step removes (Widrow & Hoff 1960, normalized by the
        pattern's length).
    bias, max_epochs
        As for :class:`OnlineReadout`.

    Examples
    --------
    >>> patterns = [[1.0, 0.0], [0.0, 2.0]]
    >>> DeltaRuleReadout(learning_rate=1, bias=False).fit(patterns, [-1, 1]).coef_
    array([[-1. ,  0.5]])
    """

    _settled = 1e-6

    def __init__(
        self, *, learning_rate: float = 0.1, bias: bool = True, max_epochs: int = 1000
    ) -> None:
        super().__init__(bias=bias, max_epochs=max_epochs)
        self.learning_rate = learning_rate

    def _read_parameters(self) -> None:
        super()._read_parameters()
        rate = checks.finite("learning_rate", self.learning_rate)
        self._rate = float(checks.within("learning_rate", rate, 0, 2, "()"))

    def _see(self, x: FloatArray, sign: float) -> bool:
        field = float(x @ self.coef_[0] + self.intercept_[0])
        length = float(x @ x) + (self.bias_scale_**2 if self.bias else 0.0)
        if length:
            self._add(x, self._rate * (sign - field) / length)
        return sign * field <= 0


class HebbianReadout(OnlineReadout):
    """Hebbian rule: learn from the correlation of patterns and labels.

    Parameters
    ----------
    centered : bool
        Subtract means of patterns and labels (covariance rule), with a bias that puts the mean
        pattern on the boundary.  Otherwise each association adds its pattern times its label, once
        (one-shot rule), and there is no bias.

    Notes
    -----
    One pass learns all; the order does not matter, and the learning curve counts mistakes after the
    pass.  Babadi & Sompolinsky 2014
    (10.1016/j.neuron.2014.07.035) give the error, see ``theory.expansion.readout_error``.

    Examples
    --------
    >>> HebbianReadout().fit([[1, 0, 2], [1, 4, 0]], [-1, 1]).coef_
    array([[ 0.,  4., -2.]])
    """

    def __init__(self, *, centered: bool = True) -> None:
        super().__init__(bias=centered, max_epochs=1)
        self.centered = centered

    def _start(self, n_features: int, X: FloatArray) -> None:
        super()._start(n_features, X)
        self._n, self._labels = 0, 0.0
        self._sum, self._product = np.zeros(n_features), np.zeros(n_features)

    def _read_parameters(self) -> None:
        checks.flag("centered", self.centered)

    def _pass(self, X: FloatArray, signs: FloatArray) -> int:
        self._n += len(X)
        self._labels += signs.sum()
        self._sum += X.sum(axis=0)
        self._product += signs @ X
        self.coef_ = self._product[None].copy()
        if self.centered:
            mean = self._sum / self._n
            self.coef_ -= self._labels * mean
            self.intercept_ = -self.coef_ @ mean
        return int((signs * (X @ self.coef_[0] + self.intercept_[0]) <= 0).sum())


class DepressionReadout(OnlineReadout):
    """Dopamine-gated depression of the synapses of active Kenyon cells.

    Two output neurons, one for each class, start with all weights at 1.  When an odor comes with
    its class, the synapses onto the neuron of the *other* class are depressed in proportion to
    activity, while all synapses recover a little.  The class whose neuron fires more wins.

    Parameters
    ----------
    depression : float in (0, 1]
        Fraction of its weight that a synapse of the most active cell of a pattern loses.
    recovery : float in [0, 1]
        Fraction of its distance from 1 that every synapse recovers before each association.
    max_epochs : int
        Passes of ``fit`` through all associations, fewer if a pass changes nothing.

    Attributes
    ----------
    synapses_ : array of shape (2, n_features)
        Weights onto the neurons of both classes, from 0 to 1; ``coef_`` is their difference.

    Notes
    -----
    Depression at synapses of Kenyon cells onto output neurons, gated by dopamine: Hige et al. 2015
    (10.1016/j.neuron.2015.11.003), Cohn et al. 2015 (10.1016/j.cell.2015.11.019); with opponent
    output neurons and recovery as in models of the mushroom body such as Jiang & Litwin-Kumar 2021
    (10.1371/journal.pcbi.1009205).

    Examples
    --------
    >>> codes, labels = [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]], ["bad", "good"]
    >>> readout = DepressionReadout(depression=0.5).fit(codes, labels)
    >>> readout.synapses_
    array([[1.  , 0.75, 0.5 ],
           [0.5 , 0.75, 1.  ]])
    >>> readout.predict(codes)
    array(['bad', 'good'], dtype='<U4')
    """

    def __init__(
        self, *, depression: float = 0.5, recovery: float = 0.0, max_epochs: int = 1
    ) -> None:
        super().__init__(bias=False, max_epochs=max_epochs)
        self.depression = depression
        self.recovery = recovery

    def _start(self, n_features: int, X: FloatArray) -> None:
        super()._start(n_features, X)
        self.synapses_ = np.ones((2, n_features))

    def _read_parameters(self) -> None:
        self._depression = checks.fraction("depression", self.depression)
        self._recovery = checks.fraction("recovery", self.recovery, ends="[]")

    def _require(self, X: FloatArray) -> None:
        if X.min() < 0:
            raise ValueError(f"Negative values in data: X must be activity, got {X.min():g}")

    def _see(self, x: FloatArray, sign: float) -> bool:
        mistake = sign * (x @ self.coef_[0]) <= 0
        if self._recovery:
            self.synapses_ += self._recovery * (1 - self.synapses_)
        if (most := x.max()) > 0:
            self.synapses_[0 if sign > 0 else 1] *= 1 - self._depression * x / most
        self.coef_[0] = self.synapses_[1] - self.synapses_[0]
        return bool(mistake)

    def __sklearn_tags__(self) -> Any:
        """Declare non-negative inputs, and that one pass may cost accuracy."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        tags.input_tags.positive_only = True
        return tags


def novikoff_bound(
    patterns: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike,
    bias: float | None = None,
    *,
    bias_scale: float | None = None,
) -> float:
    """Bound the mistakes of a perceptron, from any weights that separate the patterns.

    Parameters
    ----------
    patterns : array of shape (n_patterns, n_features)
    labels : array of shape (n_patterns,)
        Two values, the larger one being the positive class.
    weights : array of shape (n_features,)
        Of a readout that separates the patterns; the one with the largest margin gives the best
        bound.
    bias : float, optional
        Its bias; None for a perceptron without one.
    bias_scale : float, optional
        Constant input of the perceptron's bias (its ``bias_scale_``), by default the length of the
        longest pattern, as in ``fit``.

    Returns
    -------
    float
        (radius / margin)^2 (Novikoff 1962).

    Raises
    ------
    ValueError
        If the weights do not separate the patterns.

    Examples
    --------
    >>> round(novikoff_bound([[3.0, 4.0], [-1.0, 0.0]], [1, -1], [1.0, 0.0]), 6)
    25.0
    """
    patterns = checks.matrix("patterns", patterns)
    weights = checks.vector("weights", weights, length=patterns.shape[1])
    signs = label_signs(labels, len(patterns))
    size, length = float(np.abs(patterns).max()), float(np.abs(weights).max())
    if not size or not length:
        raise ValueError("patterns and weights must not all be 0")
    # Relative to the largest, so that squares stay within the range of doubles.
    patterns, weights = patterns / size, weights / length
    offset = 0.0 if bias is None else checks.finite("bias", bias) / (size * length)
    heights = signs * (patterns @ weights + offset)
    if not heights.min() > 0:
        raise ValueError(
            f"weights must separate the patterns, got a smallest margin of {heights.min():g}"
        )
    radius, norm = float(np.max(np.sum(patterns**2, axis=1))), float(weights @ weights)
    if bias is not None:
        given = checks.positive("bias_scale", bias_scale) if bias_scale is not None else None
        constant = radius**0.5 if given is None else given / size
        radius, norm = radius + constant**2, norm + (offset / constant) ** 2
    return radius * norm / float(heights.min()) ** 2
