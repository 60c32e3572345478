import re

import pytest

from analytics.reconciliations import policy
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError


@pytest.fixture
def fresh():
    """Empty the caches around a test, so that it reads changed files."""
    cached = (policy.headings, policy.columns_by_heading, policy._value_words, policy.explanations)
    for each in cached:
        each.cache_clear()
    yield
    for each in cached:
        each.cache_clear()


@pytest.mark.usefixtures("fresh")
class TestCheckPolicies:
    def test_the_files_are_sound(self):
        policy.check_policies()

    @pytest.mark.parametrize("code", ["sum-right", "share-wrong"])
    def test_a_text_that_is_missing_is_refused(self, monkeypatch, code):
        content = re.sub(rf"^\[{code}\]\n(?:.+\n)+", "", policy.policy_text(policy.PACKAGE, policy.TEXTS_FILE), flags=re.MULTILINE)
        monkeypatch.setattr(policy, "policy_text", lambda *_: content)
        with pytest.raises(ReferenceDataError, match=f"missing or unknown: {code}"):
            policy.check_policies()

    def test_a_text_whose_languages_name_different_values_is_refused(self, monkeypatch):
        content = policy.policy_text(policy.PACKAGE, policy.TEXTS_FILE).replace("Части сходятся с итогом: {parts}", "{whole}")
        monkeypatch.setattr(policy, "policy_text", lambda *_: content)
        with pytest.raises(ReferenceDataError, match="sum-right: the languages name different values"):
            policy.check_policies()

    def test_a_file_without_the_known_columns_is_refused(self, monkeypatch):
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: "# source: a test\ncode,kk,ru,en\nid,№,№,No.\n")
        with pytest.raises(ReferenceDataError, match="the columns must be id, title"):
            policy.check_policies()

    def test_a_heading_of_two_columns_is_refused(self, monkeypatch):
        monkeypatch.setattr(policy, "headings", lambda: {"title": Label("атауы", "имя", "name"), "unit": Label("бірлік", "Имя", "unit")})
        with pytest.raises(ReferenceDataError, match="Имя names two columns"):
            policy.check_policies()

    @pytest.mark.parametrize("word", ["мың", "мың*"])
    def test_a_word_that_is_given_twice_is_refused(self, monkeypatch, word):
        content = "# source: a test\nword,meaning,in_change\n" + 2 * f"{word},THOUSAND,THOUSAND\n"
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: content)
        with pytest.raises(ReferenceDataError, match=f"{re.escape(word)} is given twice"):
            policy._value_words()


class TestWordOf:
    def test_the_longest_stem_counts_and_short_words_are_whole(self):
        assert policy.word_of("мыңнан").meaning is policy.Meaning.THOUSAND
        assert policy.word_of("аз").in_change is policy.Meaning.DOWN
        assert policy.word_of("азамат") is None
