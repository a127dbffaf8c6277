"""The antennal lobe and the mushroom body as scikit-learn transformers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from olfnet import checks, random_expansion
from olfnet.checks import FloatArray
from olfnet.estimators._random import RandomTransformer
from olfnet.expansion import rate
from olfnet.expansion.sparsify import Sparsifier, TopK
from olfnet.expansion.wiring import FixedFanIn, Wiring
from olfnet.receptors import DivisiveNormalization


class GlomerularNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The antennal lobe: from receptor rates to projection-neuron rates.

    Parameters
    ----------
    normalization : callable (rates) -> rates of the same shape, optional
        A transform of ``olfnet.receptors``; ``DivisiveNormalization()`` without it.

    Attributes
    ----------
    n_features_in_ : int
        Receptors seen by ``fit``.

    Examples
    --------
    >>> GlomerularNormalizer().fit_transform([[12.0, 0.0]]).round(1)
    array([[82.,  0.]])
    """

    def __init__(self, normalization: Any = None) -> None:
        self.normalization = normalization

    def fit(self, X: ArrayLike, y: Any = None) -> "GlomerularNormalizer":
        """Validate the rates; there is nothing to learn.

        Parameters
        ----------
        X : array-like, shape (n_odors, n_receptors)
            Receptor rates, non-negative, in spikes/s.
        y : ignored
        """
        validate_data(self, X, ensure_non_negative=True, dtype=np.float64)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Return projection-neuron rates, shape (n_odors, n_receptors), in spikes/s."""
        check_is_fitted(self)
        rates = validate_data(self, X, ensure_non_negative=True, dtype=np.float64, reset=False)
        transform = DivisiveNormalization() if self.normalization is None else self.normalization
        if not callable(transform):
            raise ValueError(
                "normalization must be callable, such as DivisiveNormalization(), got "
                f"{self.normalization!r}"
            )
        outputs = checks.matrix("normalization(rates)", transform(rates))
        if outputs.shape != rates.shape:
            raise ValueError(
                f"normalization must keep the shape {rates.shape} of the rates, got {outputs.shape}"
            )
        return outputs

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that rates are not negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


class ExpansionTransformer(RandomTransformer):
    """The mushroom body: from projection-neuron rates to sparse codes of many units.

    Parameters
    ----------
    n_units : int
        Units (Kenyon cells).
    fan_in : int
        Inputs of each unit, at most as many as there are; not used if ``wiring`` is given.
    coding_level : float
        Fraction of units that respond to an odor; not used if ``sparsifier`` is given.
    wiring : Wiring, optional
        Input connectivity, of ``olfnet.expansion.wiring``.
    sparsifier : Sparsifier, optional
        Sparse thresholding, of ``olfnet.expansion.sparsify``; thresholds are set by ``fit``.
    sparse_output : bool
        Return sparse arrays.
    random_state : int, numpy.random.Generator, RandomState or None
        Source of the wiring.

    Attributes
    ----------
    circuit_ : Circuit
        Wiring drawn and thresholds set by ``fit``.
    n_features_in_ : int
        Inputs seen by ``fit``.

    Examples
    --------
    >>> odors = np.random.default_rng(0).exponential(20.0, size=(10, 24))
    >>> codes = ExpansionTransformer(n_units=100, random_state=1).fit_transform(odors)
    >>> codes.shape, (codes > 0).sum(axis=1)
    ((10, 100), array([5, 5, 5, 5, 5, 5, 5, 5, 5, 5]))
    """

    def __init__(
        self,
        n_units: int = 2000,
        *,
        fan_in: int = 7,
        coding_level: float = 0.05,
        wiring: Wiring | None = None,
        sparsifier: Sparsifier | None = None,
        sparse_output: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_units = n_units
        self.fan_in = fan_in
        self.coding_level = coding_level
        self.wiring = wiring
        self.sparsifier = sparsifier
        self.sparse_output = sparse_output
        self.random_state = random_state

    def _draw(self, X: Any, rng: np.random.Generator) -> int:
        checks.flag("sparse_output", self.sparse_output)
        if self.wiring is not None and not hasattr(self.wiring, "draw"):
            raise ValueError(f"wiring must be one of olfnet.expansion.wiring, got {self.wiring!r}")
        n_inputs = X.shape[1]
        drawn = random_expansion(
            n_inputs=n_inputs,
            n_units=self.n_units,
            wiring=self.wiring or FixedFanIn(min(self.fan_in, n_inputs)),
            sparsifier=self.sparsifier or TopK(self.coding_level),
            rng=rng,
        )
        self.circuit_ = drawn.calibrated(X)
        return self.n_units

    def _transformed(self, X: Any) -> Any:
        codes = rate.respond(self.circuit_, X).codes
        return codes if self.sparse_output else np.asarray(codes.toarray())
