import pytest

from routing.classification.service.proposals import ALTERNATIVES, READ, alternatives, further_issues
from shared.domain.taxonomy import taxonomy

TWO = "Дәрігер қабылдаудан бас тартты, емханада жазып алмады. Тіркеуші дөрекі сөйледі, айқайлады."
REFUSED = "REFUSAL_APPOINTMENT"


class TestAlternatives:
    def test_they_are_admissible_and_leave_out_the_choice_itself(self):
        found = alternatives(TWO, ("COMPLAINT", REFUSED))
        assert 1 < len(found) <= ALTERNATIVES
        assert len({(each.kind, each.subject) for each in found}) == len(found)
        assert ("COMPLAINT", REFUSED) not in {(each.kind, each.subject) for each in found}
        assert not any(taxonomy().subject_errors(each.kind, each.category, each.topic) for each in found)

    def test_what_the_text_speaks_of_comes_first_with_its_words(self):
        first = alternatives(TWO, ("COMPLAINT", REFUSED))[0]
        assert (first.kind, first.category) == ("COMPLAINT", "ETHICS_RUDENESS")
        assert all(TWO[piece.start : piece.end].strip() for piece in first.evidence)

    def test_a_text_without_words_still_offers_kinds(self):
        assert len(alternatives("… ?!", ("OTHER", "OTHER_TOPIC"))) == ALTERNATIVES


class TestFurtherIssues:
    def test_another_clause_is_proposed_with_evidence_in_that_clause(self):
        (found,) = further_issues(TWO, [REFUSED])
        assert taxonomy().root_category(found.subject) != taxonomy().root_category(REFUSED)
        assert found.evidence
        assert all(piece.start >= TWO.index("Тіркеуші") for piece in found.evidence)

    def test_an_issue_that_the_case_has_is_not_proposed_again(self):
        (found,) = further_issues(TWO, [REFUSED])
        assert further_issues(TWO, [REFUSED, found.subject]) == []

    @pytest.mark.parametrize("text", ["", "Дәрігер қабылдаудан бас тартты.", "Рақмет! Қайырлы күн.", "Подскажите тариф. Сколько платить?"])
    def test_a_text_of_one_issue_or_without_a_complaint_proposes_nothing(self, text):
        assert further_issues(text, [REFUSED]) == []

    def test_a_long_text_is_read_to_a_limit(self):
        assert further_issues("а" * READ + ". Тіркеуші дөрекі сөйледі, айқайлады.", [REFUSED]) == []
