import numpy as np
import pytest

from training.labelled import BadLabel, read_texts
from training.noise import noisy_text
from training.sample import Sample


def write(folder, text, name="some.txt"):
    (folder / name).write_text(text, encoding="utf-8")


class TestTexts:
    def test_a_heading_labels_the_lines_after_it(self, tmp_path):
        write(
            tmp_path,
            "# COMPLAINT REFUSAL_APPOINTMENT + ETHICS_RUDENESS\nне приняли и накричали\n\n# CONSULTATION PAY_DEBT\nкак оплатить долг\n",
        )
        first, second = read_texts(tmp_path)
        assert (first.kind, first.subjects, first.family, first.source) == (
            "COMPLAINT",
            ("REFUSAL_APPOINTMENT", "ETHICS_RUDENESS"),
            "REFUSAL",
            0,
        )
        assert (second.text, second.subject, second.is_category, second.source) == ("как оплатить долг", "PAY_DEBT", False, 1)

    def test_texts_of_the_detectors_are_left_out(self, tmp_path):
        write(
            tmp_path, "# urgent\nне дышит\n# protected EXTORTION\nпросят сверху\n# open\nсколько стоит\n# GRATITUDE OTHER_TOPIC\nрахмет\n"
        )
        assert [text.text for text in read_texts(tmp_path)] == ["рахмет"]

    def test_a_text_written_twice_counts_once(self, tmp_path):
        write(tmp_path, "# GRATITUDE OTHER_TOPIC\nрахмет\n", "a.txt")
        write(tmp_path, "# FEEDBACK OTHER_TOPIC\nрахмет\nмнение\n", "b.txt")
        assert [(text.kind, text.text, text.source) for text in read_texts(tmp_path)] == [
            ("GRATITUDE", "рахмет", 0),
            ("FEEDBACK", "мнение", 1),
        ]

    @pytest.mark.parametrize(
        "heading",
        [
            "# COMPLAINT",
            "# COMPLAINT PAY_DEBT",
            "# CONSULTATION REFUSAL",
            "# PRAISE OTHER_TOPIC",
            "# complaint REFUSAL",
            "# COMPLAINT REFUSAL +",
        ],
    )
    def test_a_wrong_heading_is_named_with_its_line(self, tmp_path, heading):
        write(tmp_path, f"# OTHER OTHER_TOPIC\nтекст\n{heading}\nтекст\n")
        with pytest.raises(BadLabel, match=r"some\.txt:3"):
            read_texts(tmp_path)

    def test_codes_in_braces_are_accepted_as_well(self, tmp_path):
        write(tmp_path, "# COMPLAINT WAITING_QUEUE\nсколько ждать талон {CONSULTATION CARE_PROVISION REFUSAL_APPOINTMENT}\n")
        (text,) = read_texts(tmp_path)
        assert (text.text, text.also_kinds) == ("сколько ждать талон", {"CONSULTATION"})
        assert text.accepted_families == {"WAITING", "CARE_PROVISION", "REFUSAL"}

    def test_an_unknown_code_in_braces_is_named_with_its_line(self, tmp_path):
        write(tmp_path, "# COMPLAINT WAITING_QUEUE\nсколько ждать {DELAY}\n")
        with pytest.raises(BadLabel, match=r"some\.txt:2: \['DELAY'\]"):
            read_texts(tmp_path)

    def test_a_text_without_a_heading_is_refused(self, tmp_path):
        write(tmp_path, "текст\n")
        with pytest.raises(BadLabel, match=r"some\.txt:1"):
            read_texts(tmp_path)

    def test_every_text_of_the_repository_has_a_valid_label(self):
        assert len(read_texts()) > 200


class TestNoise:
    def test_the_same_text_has_the_same_copy(self):
        text = "Тегін дәрі бермейді, дәріханада жоқ дейді"
        assert noisy_text(text) == noisy_text(text) != text

    def test_texts_are_mistyped_written_in_latin_letters_and_surrounded(self):
        copies = [(text.text, copy) for text in read_texts()[:200] if (copy := noisy_text(text.text))]
        assert any(copy.isascii() for _, copy in copies)
        assert any(text in copy for text, copy in copies)
        assert any(copy.islower() and not copy.isascii() for _, copy in copies)

    def test_a_sample_has_each_text_with_its_copy_and_its_label(self):
        texts = read_texts()[:20]
        sample = Sample.of(texts)
        assert [text for text, is_copy in zip(sample.texts, sample.is_copy, strict=True) if not is_copy] == texts
        for row in np.flatnonzero(sample.is_copy):
            written, copy = sample.texts[row - 1], sample.texts[row]
            assert (copy.kind, copy.subjects, copy.source) == (written.kind, written.subjects, written.source)
            assert copy.text == noisy_text(written.text)
