import pytest

from training.labelled import BadLabel, read_texts
from training.noise import noisy_copies


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
    def test_the_same_text_has_the_same_copies_with_its_label(self, tmp_path):
        write(tmp_path, "# COMPLAINT DRUGS_NOT_ISSUED\nТегін дәрі бермейді, дәріханада жоқ дейді\n")
        (text,) = read_texts(tmp_path)
        copies = noisy_copies(text)
        assert copies == noisy_copies(text)
        assert len({text.text, *(copy.text for copy in copies)}) == 1 + len(copies) == 4
        assert {(copy.kind, copy.subjects, copy.source) for copy in copies} == {(text.kind, text.subjects, text.source)}

    def test_texts_are_mistyped_written_in_latin_letters_and_surrounded(self):
        copies = [(text.text, copy.text) for text in read_texts()[:200] for copy in noisy_copies(text)]
        assert any(copy.isascii() for _, copy in copies)
        assert any(text in copy and copy != text for text, copy in copies)
        assert any(copy.islower() and not copy.isascii() for _, copy in copies)
