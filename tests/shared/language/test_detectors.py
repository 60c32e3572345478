import numpy as np
import pytest

from shared.language.danger import signs_in_dictionary, signs_of_danger, speaks_of_danger
from shared.language.detector_versions import (
    DATA,
    WEIGHTS_FILE,
    NoFormerDetectors,
    StoredDetectors,
    roll_detectors_back,
    stored_detectors,
    use_detectors,
)
from shared.language.detectors import DICTIONARY_ARRAY, DetectorMetadata, Detectors, DetectorText, detectors
from shared.language.dictionaries import SUMS, URGENT, ProtectedSubject, sums_of
from shared.language.linear_model import BrokenModel, arrays_of
from shared.language.protected import protected_subjects, signs_of_protected
from training.fitting import archive

UNLISTED = "Бабушка лежит пластом, на голос не реагирует, кожа ледяная"
"""An emergency without a term of the dictionary."""


@pytest.fixture(scope="module")
def weights() -> bytes:
    return (DATA / stored_detectors().current / WEIGHTS_FILE).read_bytes()


class TestDecision:
    def test_a_danger_is_found_without_a_word_of_the_dictionary_and_its_words_are_named(self):
        assert signs_in_dictionary(DetectorText.of(UNLISTED)) == []
        signs = signs_of_danger(UNLISTED)
        assert 1 <= len(signs) <= 4
        assert {(sign.term.text, sign.term.group, sign.term.code) for sign in signs} == {("", "urgent", "URGENT")}
        assert all(UNLISTED[sign.start : sign.end].strip() for sign in signs)
        assert [sign.start for sign in signs] == sorted(sign.start for sign in signs)

    def test_the_words_that_decided_a_protected_subject_are_named_with_it(self):
        text = "Приняли только после того, как занесли пять тысяч завотделением"
        [subject] = protected_subjects(text)
        assert {sign.term.code for sign in signs_of_protected(text)} == {subject}

    @pytest.mark.parametrize("text", ["", "  \n", "12345", "!!!", "\u200b", "Сынақ Азамат", "анам үшін", "№5 емхана"])
    def test_a_text_of_too_few_words_is_neither(self, text):
        assert DetectorText.of(text).scores is None
        assert (speaks_of_danger(text), protected_subjects(text)) == (False, [])

    @pytest.mark.parametrize(
        "text",
        [
            "Детская больница № 3 не отвечает на звонки",
            "Онкологический центр перенёс дату консультации",
            "Жұқпалы аурулар ауруханасының анықтамасын қайдан аламын",
            "Психиатрическая больница: как получить справку для прав",
            "Центр крови работает по субботам?",
            "Прикрепили без согласия: Перинатальный центр № 2",
        ],
    )
    def test_the_name_of_an_organisation_is_neither(self, text):
        assert (speaks_of_danger(text), protected_subjects(text)) == (False, [])

    def test_reading_a_text_once_for_both_changes_nothing(self):
        for text in (UNLISTED, "Медсестра рассказала соседке мой диагноз", "Как оплатить взносы?"):
            read = DetectorText.of(text)
            assert (signs_of_danger(text, read), signs_of_protected(text, read)) == (signs_of_danger(text), signs_of_protected(text))


class TestFile:
    def test_its_metadata_name_the_columns_that_decisions_need(self):
        about = detectors().about
        assert {URGENT, *ProtectedSubject} <= set(about.columns)
        assert len(about.version) == 8
        assert about.texts > 6_500

    def test_it_is_small(self, weights):
        assert len(weights) < 2_000_000

    def test_a_broken_file_stops_the_start(self, weights):
        about = detectors().about
        renamed = DetectorMetadata(about.version, ["other", *about.columns[1:]], about.danger, about.protected, about.texts)
        shorter = DetectorMetadata(about.version, about.columns[:-1], about.danger, about.protected, about.texts)
        arrays = arrays_of(weights)
        without = archive({name: array for name, array in arrays.items() if name != DICTIONARY_ARRAY})
        for metadata, content in ((renamed, weights), (shorter, weights), (about, without), (about, weights[:1000])):
            with pytest.raises(BrokenModel):
                Detectors(metadata, content)

    def test_sums_of_the_dictionaries_have_the_order_of_the_array(self, weights):
        assert arrays_of(weights)[DICTIONARY_ARRAY].shape == (len(SUMS), len(detectors().about.columns))
        assert sums_of(DetectorText.of("Хирург попросил взятку").hits)[SUMS.index(ProtectedSubject.EXTORTION)] >= 3
        assert sums_of(DetectorText.of("не дышит").hits)[SUMS.index(URGENT)] >= 2.5
        assert not np.any(sums_of(DetectorText.of("Здравствуйте").hits))


class TestVersions:
    def test_a_rollback_returns_to_the_version_before_and_not_further_than_the_oldest(self, tmp_path):
        use_detectors(StoredDetectors("new", ("old", "new")), tmp_path)
        assert roll_detectors_back(tmp_path) == stored_detectors(tmp_path) == StoredDetectors("old", ("old", "new"))
        with pytest.raises(NoFormerDetectors, match="old"):
            roll_detectors_back(tmp_path)
        assert stored_detectors(tmp_path).current == "old"

    def test_a_version_that_is_not_stored_cannot_be_in_use(self, tmp_path):
        use_detectors(StoredDetectors("gone", ("old",)), tmp_path)
        with pytest.raises(ValueError, match="gone is none of"):
            stored_detectors(tmp_path)

    def test_the_version_in_use_is_the_one_that_is_named(self):
        assert detectors().about.version == stored_detectors().current
