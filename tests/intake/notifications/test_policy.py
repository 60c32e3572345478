import pytest

from intake.notifications import policy as policies
from intake.notifications.policy import LONGEST_VALUES, notification_texts, policy, routes
from intake.notifications.service.texts import LANGUAGES, fill, writing_language
from shared import policy_files
from shared.contracts import AnswerGiven, AppealWithdrawn, CaseForwarded, CaseReturned, CaseTerminated, CompletionAsked, InquirySent
from shared.domain.tables import ReferenceDataError

SUBJECT_WORDS = ("диагноз", "емхана", "поликлин", "clinic", "шағым туралы", "жалоб", "complaint about")


class TestFiles:
    @pytest.mark.parametrize(
        "event", [AnswerGiven, CompletionAsked, CaseReturned, CaseTerminated, CaseForwarded, AppealWithdrawn, InquirySent]
    )
    def test_the_facts_that_the_law_names_have_a_route_for_every_electronic_method(self, event):
        for channel in ("SMS", "EMAIL", "TELEGRAM"):
            assert (event.FACT, "APPLICANT", channel) in routes()

    def test_only_a_mail_or_a_letter_contains_the_answer(self):
        assert {channel for (_, _, channel), route in routes().items() if route.with_answer} == {"EMAIL", "LETTER"}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_sms_fits_into_one_message_and_no_short_text_names_the_subject(self, language):
        for template in notification_texts().templates.values():
            assert len(fill(template.sms, language, LONGEST_VALUES)) <= 70
            for label in (template.sms, template.short):
                assert not any(word in label.in_(language).lower() for word in SUBJECT_WORDS)

    @pytest.mark.parametrize(("language", "word"), [("kk", "қайтарып алу"), ("ru", "отзыв"), ("en", "withdraw")])
    def test_a_code_says_what_it_is_for_and_whom_to_call(self, language, word):
        confirms, withdraws = notification_texts().templates["code"], notification_texts().templates["withdrawal-code"]
        for label in (withdraws.short, withdraws.sms, withdraws.body):
            assert word in label.in_(language).lower()
        for label in (withdraws.sms, withdraws.body):
            assert "1414" in label.in_(language)
        assert not any(word in label.in_(language).lower() for label in (confirms.short, confirms.sms, confirms.body))

    def test_an_unknown_language_becomes_kazakh(self):
        assert [writing_language(code) for code in ("ru", "en", None, "xx")] == ["ru", "en", "kk", "kk"]


class TestChecks:
    @pytest.fixture
    def changed(self, monkeypatch, tmp_path):
        """Read the policy files with a passage replaced in one file."""
        (tmp_path / "data").mkdir()
        for name in (policies.POLICY, policies.ROUTES, policies.TEXTS):
            text = (policy_files.files("intake.notifications") / "data" / name).read_text(encoding="utf-8")
            (tmp_path / "data" / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(policy_files, "files", lambda _package: tmp_path)

        def change(name, before, after):
            file = tmp_path / "data" / name
            text = file.read_text(encoding="utf-8")
            assert before in text
            file.write_text(text.replace(before, after, 1), encoding="utf-8")

        yield change
        policy.cache_clear()
        notification_texts.cache_clear()

    @pytest.mark.parametrize(
        ("before", "after", "problem"),
        [
            ("opens = 09:00:00", "opens = 22:00:00", "contradicts"),
            ('["TELEGRAM", "SMS"', '["PIGEON", "SMS"', "not known"),
            ("minutes = 60", "hours = 1", "minutes"),
            ("# source: ", "# ", "source"),
        ],
    )
    def test_a_contradictory_policy_stops_the_start(self, changed, before, after, problem):
        changed(policies.POLICY, before, after)
        policy.cache_clear()
        with pytest.raises(ReferenceDataError, match=problem):
            policy()

    @pytest.mark.parametrize(
        ("before", "after", "problem"),
        [
            ('sms]\nkk = "№ {number}', f'sms]\nkk = "{"ұ" * 40}№ {{number}}', "longer than 70"),
            ("растау коды: {code}", "растау коды: {iin}", "nothing fills"),
            ("№ {number}: жаңалықтар", "№ {code}: жаңалықтар", "nothing fills"),
            ("[state.SENT]", "[state.GONE]", "not those in use"),
            ("[template.news.body]", "[template.other.body]", "incomplete"),
        ],
    )
    def test_a_text_that_does_not_fit_stops_the_start(self, changed, before, after, problem):
        changed(policies.TEXTS, before, after)
        notification_texts.cache_clear()
        with pytest.raises(ReferenceDataError, match=problem):
            notification_texts()

    def test_a_route_for_a_fact_that_nobody_publishes_stops_the_start(self, changed):
        changed(policies.ROUTES, "inquiry-sent,APPLICANT,SMS", "inquiry-lost,APPLICANT,SMS")
        with pytest.raises(ReferenceDataError, match="fact 'inquiry-lost' is not known"):
            routes.__wrapped__()
