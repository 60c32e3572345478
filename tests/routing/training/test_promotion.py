"""A model is promoted only if no slice of the test file is worse. The models here are fitted from a part of the texts, in seconds."""

import random
from dataclasses import replace

import numpy as np
import pytest

from routing.classification.service.model import AppealModel
from routing.classification.service.versions import NoFormerModel, rollback, stored
from training import __main__ as main
from training.__main__ import Trained, compare_and_promote
from training.calibration import AUTO_RIGHT, threshold, wilson
from training.evaluation import Figures, HeldOutText, answers, figures
from training.fitting import fit
from training.labelled import read_texts
from training.promotion import STORED, promote, regressions
from training.sample import Sample

POINTER = '# source: a test\ncurrent = ""\nversions = []\n'
ROUNDS = 12


@pytest.fixture(scope="module")
def texts():
    """Every third text of the most frequent kinds, to learn from and to be tested with."""
    usable = [text for text in read_texts() if text.kind in {"COMPLAINT", "CONSULTATION", "GRATITUDE"}]
    random.Random(1).shuffle(usable)
    return usable[:600]


@pytest.fixture(scope="module")
def tests(texts):
    return [HeldOutText(text.text, (text.kind,), (text.family,), "ru", "plain") for text in texts[:200]]


def fitted(texts) -> Trained:
    sample = Sample.of(texts, copies=False)
    return Trained(fit(sample, np.arange(len(texts)), rounds=ROUNDS), (0.9, 0.8))


@pytest.fixture(scope="module")
def good(texts):
    return fitted(texts)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current.toml").write_text(POINTER, encoding="utf-8")
    return tmp_path


class TestPromotion:
    def test_a_poisoned_training_file_is_not_promoted(self, texts, tests, good, data, tmp_path, monkeypatch):
        promote(good.file, data)
        monkeypatch.setattr(main, "model_file", lambda _: good.file)
        poisoned = [replace(text, kind="GRATITUDE", subjects=("OTHER_TOPIC",)) if text.kind == "COMPLAINT" else text for text in texts]
        worse = compare_and_promote(fitted(poisoned), tests, data, tmp_path)
        assert any(each.startswith("kind COMPLAINT: kind right in") for each in worse)
        assert stored(data).current == good.file.metadata.version
        assert not (tmp_path / "classifier.md").exists()

    def test_a_model_without_regression_is_promoted_with_its_card(self, tests, good, data, tmp_path):
        assert compare_and_promote(good, tests, data, tmp_path) == []
        version = good.file.metadata.version
        assert stored(data).current == version
        assert (data / "models" / version / "weights.npz").read_bytes() == good.file.weights
        for page in ("classifier.md", "classifier.kk.md", "classifier.ru.md"):
            assert version in (tmp_path / page).read_text(encoding="utf-8")

    def test_the_same_texts_give_the_same_bytes(self, texts, good):
        again = fitted(texts).file
        assert (again.weights, again.metadata) == (good.file.weights, good.file.metadata)

    def test_a_loss_on_a_slice_counts_even_if_the_whole_is_better(self):
        before = {("all", "all"): Figures(200, 150, 120, 0, 0, 0), ("language", "kk"): Figures(100, 90, 80, 0, 0, 0)}
        after = {("all", "all"): Figures(200, 190, 180, 0, 0, 0), ("language", "kk"): Figures(100, 86, 80, 0, 0, 0)}
        assert regressions(before, after) == ["language kk: kind right in 90 of 100 before, in 86 now"]

    def test_over_all_texts_nothing_may_be_lost(self):
        before, after = Figures(200, 150, 120, 0, 0, 0), Figures(200, 150, 119, 0, 0, 0)
        assert len(regressions({("all", "all"): before}, {("all", "all"): after})) == 1

    def test_figures_count_each_text_in_every_slice_that_it_belongs_to(self, tests, good):
        found = figures(answers(AppealModel(good.file), tests))
        for aspect in ("kind", "subject", "language", "style", "length"):
            assert sum(counts.texts for (each, _), counts in found.items() if each == aspect) == len(tests)
        assert found["all", "all"].kind > 0.9 * len(tests)


class TestRollback:
    def test_it_returns_to_the_former_version_and_at_last_to_the_dictionary(self, good, data):
        second = replace(good.file, metadata=good.file.metadata.model_copy(update={"version": "second"}))
        promote(good.file, data)
        assert promote(second, data).current == "second"
        assert rollback(data).current == good.file.metadata.version
        assert rollback(data).current == ""
        with pytest.raises(NoFormerModel):
            rollback(data)
        assert stored(data).versions == [good.file.metadata.version, "second"]

    def test_only_the_latest_versions_stay(self, good, data):
        for number in range(STORED + 2):
            promote(replace(good.file, metadata=good.file.metadata.model_copy(update={"version": f"v{number}"})), data)
        expected = [f"v{number}" for number in range(2, STORED + 2)]
        assert stored(data).versions == expected
        assert sorted(path.name for path in (data / "models").iterdir() if path.is_dir()) == expected


class TestThresholds:
    def test_the_lower_bound_of_a_share(self):
        assert wilson(0, 0) == 0
        assert wilson(87, 87) < 0.97 <= wilson(88, 88)
        assert wilson(95, 100) == pytest.approx(0.900, abs=0.001)

    def test_a_threshold_is_the_lowest_certainty_that_reaches_the_bound(self):
        certainty = np.linspace(1, 0, 400)
        right = np.arange(400) < 300
        found = threshold(certainty, right)
        assert found is not None
        assert wilson(300, (certainty >= found).sum()) >= AUTO_RIGHT
        assert wilson(300, (certainty >= found - 0.0001).sum() + 1) < AUTO_RIGHT  # it is rounded up

    def test_few_texts_never_suffice(self):
        assert threshold(np.full(80, 0.9), np.ones(80, bool)) is None
