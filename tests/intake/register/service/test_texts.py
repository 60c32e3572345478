import re
from pathlib import Path

from intake.handlers import HANDLERS
from intake.register.service.texts import _texts, position, timeline_text
from shared.domain.labels import Label
from shared.web.catalogs import missing_messages

PACKAGE = Path(__file__).parents[4] / "services" / "intake" / "intake"
PLACEHOLDERS = {"tier", "provider", "outcome", "due"}


class TestTimelineTexts:
    def test_every_language_has_the_same_placeholders_and_known_ones(self):
        for text in _texts()["timeline"].values():
            used = [set(re.findall(r"{(\w+)}", one)) for one in (text.kk, text.ru, text.en)]
            assert used[0] == used[1] == used[2]
            assert used[0] <= PLACEHOLDERS

    def test_each_is_of_a_fact_that_intake_follows(self):
        facts = {event.FACT for event in HANDLERS} | {"received", "registered"}
        facts |= {"withdrawal-asked", "withdrawal-refused", "withdrawal-late", "appeal-reopened"}  # told here alone
        assert set(_texts()["timeline"]) <= facts

    def test_an_event_without_a_text_is_not_shown(self):
        assert timeline_text("provider-matched") is None

    def test_a_position_is_named_in_three_languages(self):
        assert isinstance(position("operator"), Label)


class TestTheCatalogs:
    def test_every_sentence_is_translated(self):
        assert missing_messages(PACKAGE) == []
