"""Figures of the current model on the test file, which no training reads: floors a little under what was measured."""

import pytest

from routing.classification.policy import model_file
from routing.classification.service.model import appeal_model
from routing.classification.service.versions import stored
from training.card import DOCS
from training.evaluation import answers, figures, read_tests
from training.inputs import classifier_inputs
from training.labelled import read_texts


@pytest.fixture(scope="module")
def found():
    return figures(answers(appeal_model(), read_tests()))["all", "all"]


def test_the_kind_is_right_for_91_in_100(found):
    assert found.kind / found.texts >= 0.91


def test_the_subject_is_right_for_83_in_100(found):
    assert found.subject / found.texts >= 0.83


def test_at_most_15_in_100_go_to_a_person_to_sort(found):
    assert found.triage / found.texts <= 0.15


def test_automatic_decisions_are_right_for_97_in_100(found):
    assert found.auto_right >= 0.97 * found.auto


def test_the_model_card_is_of_the_current_model():
    for page in ("classifier.md", "classifier.kk.md", "classifier.ru.md"):
        assert f"`{stored().current}`" in (DOCS / page).read_text(encoding="utf-8")


def test_the_latest_model_was_trained_from_the_inputs_of_the_repository():
    latest = model_file(stored().versions[-1]).metadata
    assert latest.inputs == classifier_inputs(read_texts()), "texts, concepts or the dictionary have changed: run `make train`"
