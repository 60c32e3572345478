import pytest

from routing.cases.policy import history_texts
from routing.cases.service.history import check, sentence
from shared.contracts import AppealRegistered

CODES = {
    "kind": "COMPLAINT", "tier": 2, "reason": "URGENT", "policy": "APPK_15WD", "outcome": "JUSTIFIED", "code": "RESOLVED",
    "due": "2026-02-23T18:59:59+00:00", "body": "POLICE", "danger": "LIFE", "return_ground": "OBSCENE", "termination_ground": "COURT_ACT",
    "score": 5, "day": "2026-02-05", "category": "WAITING_QUEUE", "action": "answer-and-close",
    "protection_ground": "PRIVACY", "method": "COURIER",
}  # fmt: skip


class TestSentence:
    @pytest.mark.parametrize("entry_type", sorted(history_texts()))
    def test_every_entry_reads_in_three_languages_without_a_code_or_a_gap(self, entry_type):
        label = sentence(entry_type, CODES, "KZ-43")
        for text in (label.kk, label.ru, label.en):
            assert text
            assert "{" not in text
            assert not any(str(code) in text for name, code in CODES.items() if name not in {"tier", "score"})

    def test_times_are_those_of_the_region(self):
        assert sentence("clock-breached", {"policy": "APPK_15WD", "due": CODES["due"]}, "KZ-43").kk.endswith("23.02.2026 23:59")

    def test_an_unknown_code_is_shown_as_it_is(self):
        assert sentence("inquiry-answered", {"code": "OLD_CODE"}, "KZ-43").en == "The medical organisation answered: OLD_CODE"


class TestCheck:
    def test_a_fact_without_a_sentence_stops_the_start(self):
        with pytest.raises(KeyError):
            check(AppealRegistered)
