import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from training.regression import TextMatrix, minimised, regress

TEXTS, WORDS, FEATURES, SUMS = 60, 25, 40, 3
CLASSES = 3


@pytest.fixture(scope="module")
def matrix() -> TextMatrix:
    chance = np.random.default_rng(1)
    texts = sparse.random(TEXTS, WORDS, 0.2, "csr", np.float32, chance)
    words = sparse.random(WORDS, FEATURES, 0.3, "csr", np.float32, chance)
    sums = sparse.random(TEXTS, SUMS, 0.5, "csr", np.float32, chance)
    return TextMatrix(texts, words, sums)


def dense(matrix: TextMatrix) -> np.ndarray:
    return np.hstack([(matrix.texts @ matrix.words).toarray(), matrix.sums.toarray()])


def test_a_matrix_multiplies_as_the_product_of_its_parts(matrix):
    chance = np.random.default_rng(2)
    weights = chance.normal(size=(matrix.columns, CLASSES)).astype(np.float32)
    errors = chance.normal(size=(TEXTS, CLASSES)).astype(np.float32)
    assert matrix.times(weights) == pytest.approx(dense(matrix) @ weights, abs=1e-5)
    assert matrix.transposed_times(errors) == pytest.approx(dense(matrix).T @ errors, abs=1e-5)


def test_a_part_has_the_same_texts(matrix):
    rows = np.array([3, 17, 44])
    assert dense(matrix.of(rows)) == pytest.approx(dense(matrix)[rows], abs=1e-6)


def test_the_regression_is_that_of_scikit_learn(matrix):
    labels = np.arange(TEXTS) % CLASSES
    importance = np.where(np.arange(TEXTS) % 2, 1.0, 0.4)
    found = regress(matrix, labels, importance, CLASSES, 2.0, 500)
    expected = LogisticRegression(C=2.0, max_iter=2000, tol=1e-8).fit(dense(matrix), labels, importance)
    assert pytest.approx(expected.coef_, abs=2e-3) == found.weights.T
    # A constant added to all classes changes no probability.
    assert found.constants - found.constants.mean() == pytest.approx(expected.intercept_ - expected.intercept_.mean(), abs=2e-3)


def test_a_minimum_of_a_quadratic_function_is_found():
    least = np.array([[1.0, -2.0, 3.0]], np.float32)
    scale = np.array([[1.0, 10.0, 0.1]], np.float32)

    def loss(at):
        return float(np.sum(scale * (at - least) ** 2) / 2), scale * (at - least)

    assert minimised(loss, np.zeros((1, 3), np.float32), 100) == pytest.approx(least, abs=1e-3)
