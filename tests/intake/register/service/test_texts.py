import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from intake.handlers import HANDLERS
from intake.register import policy
from intake.register.policy import register_texts
from intake.register.service import texts
from intake.register.service.texts import holder_label, outcome_label, position, status_label, tier_label, timeline_data, timeline_text
from shared.contracts import ApplicantAsked, DangerReported
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.web.catalogs import missing_messages

PACKAGE = Path(__file__).parents[4] / "services" / "intake" / "intake"
NOW = datetime(2026, 2, 2, 4, tzinfo=UTC)
PLACEHOLDERS = {"tier", "provider", "outcome", "due"}


class TestTimelineTexts:
    def test_every_language_has_the_same_placeholders_and_known_ones(self):
        for text in register_texts()["timeline"].values():
            used = [set(re.findall(r"{(\w+)}", one)) for one in (text.kk, text.ru, text.en)]
            assert used[0] == used[1] == used[2]
            assert used[0] <= PLACEHOLDERS

    def test_each_is_of_a_fact_that_intake_follows(self):
        facts = {event.FACT for event in HANDLERS} | {"received", "registered"}
        facts |= {"withdrawal-asked", "withdrawal-refused", "withdrawal-late", "appeal-reopened", "pin-replaced"}
        facts |= {"proposal-confirmed", "proposal-denied", "commitment-kept", "commitment-broken"}
        facts.add("appeal-unsorted")  # in place of appeal-routed
        facts |= {"consent-given", "consent-refused", "consent-withdrawn"}  # the last lines: written here alone
        assert set(register_texts()["timeline"]) <= facts

    def test_an_event_without_a_text_is_not_shown(self):
        assert timeline_text("provider-matched") is None

    def test_an_entry_holds_the_codes_that_its_sentence_names_and_no_others(self):
        asked = ApplicantAsked(appeal_id=uuid4(), question_id=uuid4(), due_at=NOW, actor_role="expert")
        reported = DangerReported(appeal_id=uuid4(), ground="CRIME", body="POLICE", due_at=NOW)
        assert (timeline_data(asked), timeline_data(reported)) == ({"due_at": NOW.isoformat()}, {})

    def test_a_sentence_that_the_event_cannot_fill_stops_the_start(self, monkeypatch):
        sentence = Label("{provider}", "{provider}", "{provider}")
        monkeypatch.setattr(texts, "timeline_text", lambda fact: sentence if fact == "tier-raised" else None)
        with pytest.raises(ReferenceDataError, match="nothing fills provider of tier-raised"):
            texts.shown_events.__wrapped__()

    def test_a_position_is_named_in_three_languages(self):
        assert isinstance(position("operator"), Label)


class TestNamesForTheApplicant:
    @pytest.mark.parametrize(
        ("label", "kk", "ru"),
        [
            (status_label("AWAITING_APPLICANT"), "Сіздің жауабыңызды күтеміз", "Ждём вашего ответа"),
            (holder_label("APPLICANT"), "Сізде", "У вас"),
            (holder_label("FUND_TIER3"), "Қор сарапшысы", "Эксперт Фонда"),
            (tier_label(3), "Қор сарапшысы", "эксперт Фонда"),
            (outcome_label("WITHDRAWN"), "Өтінішті өзіңіз қайтарып алдыңыз", "Вы отозвали обращение"),
        ],
    )
    def test_a_code_speaks_to_the_applicant(self, label, kk, ru):
        assert (label.kk, label.ru) == (kk, ru)

    def test_no_name_speaks_of_the_applicant_or_of_tiers(self):
        codes = taxonomy()
        names = [*map(status_label, codes.statuses), *map(holder_label, codes.holders), *map(tier_label, codes.tiers)]
        names += map(outcome_label, codes.outcomes)
        shown = " ".join(text for name in names for text in (name.kk, name.ru, name.en))
        assert re.findall(r"Өтініш беруші|Арызданушы|[Зз]аявител|деңгей|уров[ен]|экспертиз|applicant|tier", shown) == []

    def test_a_name_of_an_unknown_code_stops_the_start(self, monkeypatch):
        known = register_texts()
        monkeypatch.setattr(policy, "register_texts", lambda: {**known, "holder": {"NEIGHBOUR": Label("", "", "")}})
        with pytest.raises(ReferenceDataError, match="NEIGHBOUR"):
            policy.check_policies()


class TestTheCatalogs:
    def test_every_sentence_is_translated(self):
        assert missing_messages(PACKAGE) == []
