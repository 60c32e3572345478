from pathlib import Path

import pytest

import shared.web
from shared.web.catalogs import missing_messages, update
from shared.web.i18n import SHARED_LOCALES, Translations


@pytest.fixture
def package(tmp_path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "locales").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{{ _("Sign in") }} {{ _("Wait %(n)s days", n=3) }}{% trans %}Done{% endtrans %}')
    (tmp_path / "pages.py").write_text('TITLE = N_("Queue")\n')
    return tmp_path


def catalog(package: Path, language: str, entries: str) -> None:
    (package / "locales" / f"{language}.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n' + entries)


class TestMissingMessages:
    def test_the_kit_itself_is_fully_translated(self):
        assert missing_messages(Path(shared.web.__file__).parent) == []

    def test_what_nobody_translated_is_named_and_what_the_kit_translates_is_not(self, package):
        assert missing_messages(package) == [
            f"{language}: not in the catalog: {message}" for language in ("kk", "ru") for message in ("Queue", "Wait %(n)s days", "Done")
        ]

    def test_fuzzy_empty_and_ill_placed_translations_are_named(self, package):
        for language in ("kk", "ru"):
            fuzzy, empty = '\n#, fuzzy\nmsgid "Queue"\nmsgstr "Кезек"\n', '\nmsgid "Done"\nmsgstr ""\n'
            misplaced = '\n#, python-format\nmsgid "Wait %(n)s days"\nmsgstr "%(m)s күн"\n'
            catalog(package, language, fuzzy + empty + misplaced)
        problems = [line for line in missing_messages(package) if line.startswith("kk")]
        assert [line.split(":")[1].split("(")[0].strip() for line in problems] == ["fuzzy", "placeholders differ", "not translated"]

    def test_new_sentences_are_added_to_the_catalogs_and_translations_stay(self, package):
        catalog(package, "ru", '\nmsgid "Done"\nmsgstr "Готово"\n\nmsgid "Old"\nmsgstr "Старое"\n')
        update(package)
        text = (package / "locales" / "ru.po").read_text()
        assert 'msgstr "Готово"' in text
        assert 'msgid "Queue"\nmsgstr ""' in text
        assert "Old" not in text
        assert "Sign in" not in text


class TestTranslations:
    def test_a_service_may_say_a_shared_sentence_in_its_own_words(self, package):
        catalog(package, "kk", '\nmsgid "Sign in"\nmsgstr "Кіріңіз"\n')
        texts = Translations([SHARED_LOCALES, package / "locales"])
        assert (texts.gettext("kk", "Sign in"), texts.gettext("kk", "Home")) == ("Кіріңіз", "Басты бет")
        assert texts.gettext("en", "Sign in") == "Sign in"

    def test_russian_has_its_three_plurals(self):
        russian = Translations([SHARED_LOCALES]).of("ru")
        said = [russian.ngettext("One answer needs correcting", "%(num)d answers need correcting", n) % {"num": n} for n in (1, 3, 5)]
        assert said == ["1 поле нужно исправить", "3 поля нужно исправить", "5 полей нужно исправить"]
