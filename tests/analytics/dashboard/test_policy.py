import pytest

from analytics.dashboard import policy
from analytics.sentences.service import Amount, filled
from shared.domain.labels import LANGUAGES, Label
from shared.domain.tables import ReferenceDataError


class TestTexts:
    def test_no_text_has_a_placeholder_left(self):
        numbers = ("total", "change", "value", "count", "checked", "verified", "refuted", "before", "now", "people")
        values = {name: Amount.number(21) for name in numbers}
        values |= {name: Amount.percent(12.5) for name in ("percent", "share", "fund", "provider", "applicant", "points")}
        values |= {name: Label("а", "б", "c") for name in ("than", "as_before", "label", "inside", "day")}
        for text in policy.texts().values():
            for language in LANGUAGES:
                assert not set(filled(text, values, language)) & set("{}|")

    def test_a_file_without_a_text_is_refused(self, monkeypatch):
        content = policy.policy_text(policy.PACKAGE, policy.TEXTS_FILE).replace("[peak]", "[summit]")
        monkeypatch.setattr(policy, "policy_text", lambda *_: content)
        policy.texts.cache_clear()
        with pytest.raises(ReferenceDataError, match="missing or unknown: peak, summit"):
            policy.texts()
        policy.texts.cache_clear()

    @pytest.mark.parametrize(
        ("number", "sentence"),
        [
            (1, "Нарушен срок по 1 обращению. Начните с них."),
            (3, "Нарушены сроки по 3 обращениям. Начните с них."),
            (21, "Нарушен срок по 21 обращению. Начните с них."),
        ],
    )
    def test_russian_words_agree_with_the_number(self, number, sentence):
        found = filled(policy.texts()[policy.Text.ADVICE_OVERDUE], {"count": Amount.number(number)}, "ru")
        assert found.replace("\u00a0", " ") == sentence
