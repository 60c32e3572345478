"""Detectors are promoted only if no slice of the held-out files loses a text. Those here are fitted from a part of the texts."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from shared.language.detector_versions import DATA, METADATA_FILE, StoredDetectors, stored_detectors
from shared.language.detectors import DetectorText, detectors
from training.detectors import __main__ as main
from training.detectors.__main__ import compare_and_promote
from training.detectors.card import DOCS, PAGES
from training.detectors.fitting import DetectorFile, DetectorSample, fit, thresholds
from training.detectors.promotion import STORED, Found, HeldOutText, figures, promote, regressions, stored
from training.detectors.texts import read_examples
from training.inputs import detector_inputs
from training.labelled import BadLabel

DANGER, PROTECTED = -1.0, 0.0


@pytest.fixture(scope="module")
def examples():
    usable = [
        each for each in read_examples() if each.column in {"urgent", "calm", "EXTORTION", "CORRUPTION", "PRIVACY", "open", "ordinary"}
    ]
    random.Random(1).shuffle(usable)
    return usable[:700]


@pytest.fixture(scope="module")
def tests(examples):
    return [
        HeldOutText(
            DetectorText.of(each.text),
            "protected" if each.is_protected or each.column == "open" else "danger",
            each.is_urgent or each.is_protected,
            (f"protected, {each.column}",) if each.is_protected else ("danger",) if each.is_urgent else (f"{each.column}, look-alikes",),
        )
        for each in examples
    ]


def fitted(examples) -> DetectorFile:
    sample = DetectorSample.of(examples)
    file = fit(sample, np.arange(len(sample.texts)))
    return DetectorFile(replace(file.metadata, danger=DANGER, protected=PROTECTED), file.weights)


@pytest.fixture(scope="module")
def good(examples):
    return fitted(examples)


class TestPromotion:
    def test_a_poisoned_training_file_is_not_promoted(self, examples, tests, good, tmp_path):
        promote(good, tmp_path)
        poisoned = fitted([replace(each, column="open") if each.column == "EXTORTION" else each for each in examples])
        worse = compare_and_promote(poisoned, tests, tmp_path, tmp_path)
        assert any(each.startswith("protected, EXTORTION: ") for each in worse)
        assert stored(tmp_path).about == good.metadata
        assert not (tmp_path / "detectors.md").exists()

    def test_detectors_that_mark_everything_are_not_promoted(self, tests, good, tmp_path, monkeypatch):
        monkeypatch.setattr("training.detectors.promotion.MOST_FALSE", {"calm, look-alikes": 0.2})
        everything = DetectorFile(replace(good.metadata, danger=-100.0), good.weights)
        assert any("marked wrongly" in each for each in compare_and_promote(everything, tests, tmp_path, tmp_path))
        assert stored(tmp_path) is None

    def test_detectors_without_a_loss_are_promoted_with_their_card(self, tests, good, tmp_path):
        assert compare_and_promote(good, tests, tmp_path, tmp_path) == []
        assert stored(tmp_path).about == good.metadata
        for page in PAGES.values():
            assert good.metadata.version in (tmp_path / page).read_text(encoding="utf-8")

    def test_only_the_latest_versions_stay(self, good, tmp_path):
        for number in range(STORED + 2):
            promote(replace(good, metadata=replace(good.metadata, version=f"v{number}")), tmp_path)
        expected = tuple(f"v{number}" for number in range(2, STORED + 2))
        assert stored_detectors(tmp_path) == StoredDetectors(expected[-1], expected)
        assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == sorted(expected)

    def test_detectors_that_find_less_are_not_promoted(self, tests, good, tmp_path):
        promote(good, tmp_path)
        stricter = DetectorFile(replace(good.metadata, protected=100.0), good.weights)
        assert compare_and_promote(stricter, tests, tmp_path, tmp_path)
        assert stored(tmp_path).about == good.metadata

    def test_one_lost_text_of_a_slice_is_a_loss(self):
        before = {"danger": Found(40, 30), "danger, language kk": Found(10, 9), "danger, look-alikes": Found(40, 4)}
        after = {"danger": Found(40, 36), "danger, language kk": Found(10, 8), "danger, look-alikes": Found(40, 8)}
        assert regressions(before, after) == ["danger, language kk: 9 of 10 found before, 8 now"]

    def test_the_same_texts_give_the_same_bytes(self, examples, good):
        again = fitted(examples)
        assert (again.weights, again.metadata) == (good.weights, good.metadata)

    def test_figures_without_detectors_are_those_of_the_dictionaries(self, tests, good):
        alone, both = figures(None, tests), figures(good.detectors(), tests)
        assert all(both[name].marked >= found.marked for name, found in alone.items())
        assert both["danger"].marked > alone["danger"].marked


class TestThresholds:
    def test_no_more_ordinary_texts_are_marked_than_allowed(self, examples, good, monkeypatch):
        sample = DetectorSample.of(examples)
        judged = [DetectorText.of(each.text).judged_by(good.detectors()) for each in sample.examples]
        monkeypatch.setattr("training.detectors.fitting.FALSE_DANGER", 0.1)
        danger, _ = thresholds(sample, judged)
        ordinary = [
            signs.danger or scores.danger >= danger
            for example, signs, scores in zip(sample.examples, sample.listed, judged, strict=True)
            if example.is_ordinary and scores
        ]
        assert 0.05 < sum(ordinary) / len(ordinary) <= 0.1


class TestExamples:
    def test_what_a_text_is_to_the_detectors_precedes_its_kind(self, tmp_path):
        (tmp_path / "a.txt").write_text(
            "# COMPLAINT UNRENDERED_VISIT\nзаставили подписать\nне был\n# REPORT CORRUPTION\nоткат\n", encoding="utf-8"
        )
        (tmp_path / "b.txt").write_text("# protected CORRUPTION\nзаставили подписать\n# ordinary\nталона нет\n", encoding="utf-8")
        assert [(each.text, each.column) for each in read_examples(tmp_path)] == [
            ("заставили подписать", "CORRUPTION"),
            ("не был", "COMPLAINT UNRENDERED"),
            ("откат", "CORRUPTION"),
            ("талона нет", "ordinary"),
        ]

    def test_a_text_without_a_heading_is_refused(self, tmp_path):
        (tmp_path / "a.txt").write_text("текст\n", encoding="utf-8")
        with pytest.raises(BadLabel, match=r"a\.txt:1"):
            read_examples(tmp_path)


@pytest.mark.parametrize("page", sorted(PAGES.values()))
def test_the_card_is_of_the_detectors_in_use(page):
    assert f"`{detectors().about.version}`" in (DOCS / page).read_text(encoding="utf-8")


def test_training_says_which_slices_lose(good, tests, monkeypatch, capsys):
    monkeypatch.setattr(main, "train", lambda _: good)
    monkeypatch.setattr(main, "read_held_out", lambda: tests)
    monkeypatch.setattr(main, "read_examples", list)
    monkeypatch.setattr(main, "compare_and_promote", lambda *_, **__: ["danger: 9 of 10 found before, 8 now"])
    monkeypatch.setattr("sys.argv", ["training.detectors"])
    with pytest.raises(SystemExit):
        main.main()
    assert "- danger: 9 of 10 found before, 8 now" in capsys.readouterr().out


def test_the_latest_detectors_were_trained_from_the_inputs_of_the_repository():
    latest = json.loads((DATA / stored_detectors().versions[-1] / METADATA_FILE).read_text(encoding="utf-8"))
    assert latest["inputs"] == detector_inputs(read_examples()), "texts, concepts or dictionaries have changed: run `make train`"
