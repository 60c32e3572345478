import pytest

from intake.notifications.service import policy as policies
from intake.notifications.service import texts as words
from intake.notifications.service.policy import policy, routes
from intake.notifications.service.texts import FULLEST, LANGUAGES, as_language, filled, texts
from shared import policy_files
from shared.contracts import AnswerGiven, AppealWithdrawn, CaseForwarded, CaseReturned, CaseTerminated, CompletionAsked, InquirySent
from shared.domain.tables import ReferenceDataError

MATTER = ("диагноз", "емхана", "поликлин", "clinic", "шағым туралы", "жалоб", "complaint about")


class TestFiles:
    @pytest.mark.parametrize(
        "event", [AnswerGiven, CompletionAsked, CaseReturned, CaseTerminated, CaseForwarded, AppealWithdrawn, InquirySent]
    )
    def test_what_the_law_has_told_is_told_by_every_electronic_way(self, event):
        for channel in ("SMS", "EMAIL", "TELEGRAM"):
            assert (event.FACT, "APPLICANT", channel) in routes()

    def test_only_a_mail_or_a_letter_carries_the_answer(self):
        assert {channel for (_, _, channel), route in routes().items() if route.with_answer} == {"EMAIL", "LETTER"}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_sms_fits_into_one_message_and_nothing_short_says_a_word_of_the_matter(self, language):
        for template in texts().templates.values():
            assert len(filled(template.sms, language, FULLEST)) <= 70
            for label in (template.sms, template.short):
                assert not any(word in label.in_(language).lower() for word in MATTER)

    @pytest.mark.parametrize(("language", "word"), [("kk", "қайтарып алу"), ("ru", "отзыв"), ("en", "withdraw")])
    def test_a_code_says_what_it_is_for_and_whom_to_call(self, language, word):
        confirms, withdraws = texts().templates["code"], texts().templates["withdrawal-code"]
        for label in (withdraws.short, withdraws.sms, withdraws.body):
            assert word in label.in_(language).lower()
        for label in (withdraws.sms, withdraws.body):
            assert "1414" in label.in_(language)
        assert not any(word in label.in_(language).lower() for label in (confirms.short, confirms.sms, confirms.body))

    def test_whoever_writes_in_another_language_reads_kazakh(self):
        assert [as_language(code) for code in ("ru", "en", None, "xx")] == ["ru", "en", "kk", "kk"]


class TestChecks:
    @pytest.fixture
    def changed(self, monkeypatch, tmp_path):
        """Reads the reviewed files with one thing replaced in one of them."""
        (tmp_path / "data").mkdir()
        for name in (policies.POLICY, words.FILE):
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
        texts.cache_clear()

    @pytest.mark.parametrize(
        ("before", "after", "problem"),
        [
            ("opens = 09:00:00", "opens = 22:00:00", "contradicts"),
            ('["TELEGRAM", "SMS"', '["PIGEON", "SMS"', "not known"),
            ("minutes = 60", "hours = 1", "minutes"),
            ("# source: ", "# ", "source"),
        ],
    )
    def test_a_policy_that_cannot_be_stops_the_start(self, changed, before, after, problem):
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
        changed(words.FILE, before, after)
        texts.cache_clear()
        with pytest.raises(ReferenceDataError, match=problem):
            texts()
