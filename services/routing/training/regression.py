"""Multinomial logistic regression over the words of texts, by L-BFGS.

A text is the sum of its words, and a word the sum of its features, so the matrix of texts by features is a product of two sparse ones.
They are multiplied with the weights one after the other, which is far less work, because words recur.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
_TOLERANCE: Final = 1e-6  # of the gradient of the mean loss
_MEMORY: Final = 8  # former steps that L-BFGS remembers
_SLIGHTLY, _SMALLEST = 1e-4, 1e-6  # the decrease that a step must bring, and the shortest step


@dataclass(frozen=True)
class TextMatrix:
    """Texts by features as `texts @ words`, with the columns of `sums` after those of the words."""

    texts: sparse.csr_matrix
    words: sparse.csr_matrix
    sums: sparse.csr_matrix

    @property
    def columns(self) -> int:
        return int(self.words.shape[1] + self.sums.shape[1])

    def of(self, rows: Rows) -> "TextMatrix":
        """Return the matrix of these texts, with the words that they have."""
        texts = self.texts[rows]
        used = np.unique(texts.indices)
        return TextMatrix(texts[:, used].tocsr(), self.words[used], self.sums[rows])

    def times(self, weights: Floats) -> Floats:
        """Return the product with weights of features by classes."""
        of_words = self.words.shape[1]
        product: Floats = self.texts @ (self.words @ weights[:of_words]) + self.sums @ weights[of_words:]
        return product

    def transposed_times(self, errors: Floats) -> Floats:
        """Return the product of the transposed matrix with numbers of texts by classes."""
        return np.concatenate((self.words.T @ (self.texts.T @ errors), self.sums.T @ errors))


@dataclass(frozen=True)
class Regression:
    """Weights of features by classes, and a constant of each class."""

    weights: Floats
    constants: Floats


def regress(
    features: TextMatrix, labels: Rows, importance: npt.NDArray[np.float64], classes: int, strength: float, rounds: int
) -> Regression:
    """Return the regression of these labels after at most so many rounds: to stop early is a regularisation, and saves time.

    `strength`: the inverse of the regularisation. `classes`: labels are smaller; each needs a text.
    """
    weighed = (importance / importance.sum()).astype(np.float32)[:, None]
    shrinking = np.float32(1 / (strength * importance.sum()))
    right = np.zeros((len(labels), classes), np.float32)
    right[np.arange(len(labels)), labels] = 1

    def loss(variables: Floats) -> tuple[float, Floats]:
        weights, constants = variables[:-1], variables[-1]
        scores = features.times(weights) + constants
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        totals = shares.sum(axis=1, keepdims=True)
        errors = weighed * (shares / totals - right)
        value = np.sum(weighed * (np.log(totals) - (scores * right).sum(axis=1, keepdims=True)), dtype=np.float64)
        gradient = np.concatenate((features.transposed_times(errors) + shrinking * weights, errors.sum(axis=0, keepdims=True)))
        return float(value + shrinking * _product(weights, weights) / 2), gradient

    found = minimised(loss, np.zeros((features.columns + 1, classes), np.float32), rounds)
    return Regression(found[:-1], found[-1])


def minimised(loss: Callable[[Floats], tuple[float, Floats]], start: Floats, rounds: int) -> Floats:
    """Return the variables at which the loss is least, by L-BFGS (Nocedal and Wright, algorithms 7.4 and 7.5).

    `loss` returns the value and its gradient. Bounds, which that of SciPy has, would take most of the time for millions of variables.
    """
    variables = start
    value, gradient = loss(variables)
    steps: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    for number in range(rounds):
        if np.abs(gradient).max() <= _TOLERANCE:
            break
        direction = -_curved(gradient, steps)
        slope = _product(direction, gradient)
        size = 1.0 if number else 1 / max(_product(gradient, gradient) ** 0.5, _TOLERANCE)
        while True:
            moved = variables + np.float32(size) * direction
            new_value, new_gradient = loss(moved)
            if new_value <= value + _SLIGHTLY * size * slope or size < _SMALLEST:
                break
            size /= 2
        difference, change = moved - variables, new_gradient - gradient
        curvature = _product(difference, change)
        if curvature > 0:
            steps.append((difference, change, curvature))
        variables, value, gradient = moved, new_value, new_gradient
    return variables


def _curved(gradient: Floats, steps: Sequence[tuple[Floats, Floats, float]]) -> Floats:
    """Return the gradient times the inverse of the curvature that the last steps have shown."""
    found = gradient.copy()
    factors = []
    for difference, change, curvature in reversed(steps):
        factor = np.float32(_product(difference, found) / curvature)
        factors.append(factor)
        found -= factor * change
    if steps:
        _, change, curvature = steps[-1]
        found *= np.float32(curvature / _product(change, change))
    for (difference, change, curvature), factor in zip(steps, reversed(factors), strict=True):
        found += (factor - np.float32(_product(change, found) / curvature)) * difference
    return found


def _product(left: Floats, right: Floats) -> float:
    return float(np.vdot(left, right))
