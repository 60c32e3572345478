"""Translations in three languages, read from `.po` catalogs on first use. A msgid is the English sentence, so English needs no catalog."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from babel.support import Translations as Catalog

SHARED_LOCALES: Final = Path(__file__).parent / "locales"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate this later"
    """Mark a message for extraction. It is translated where it is displayed."""
    return message


class Translations:
    """The catalogs of all languages. A service's catalog overrides shared messages."""

    def __init__(self, directories: Sequence[Path]) -> None:
        """Read `<language>.po` of each directory when the language is first used; a later directory wins. Fuzzy entries are left out."""
        self._directories = tuple(directories)

    def of(self, language: str) -> NullTranslations:
        """Return the messages of a language. Raises babel.messages.pofile.PoFileError for a malformed file."""
        return _catalog(language, self._directories)

    def gettext(self, language: str, message: str) -> str:
        return self.of(language).gettext(message)


@cache  # several groups of pages have the same catalogs; a process without pages reads none
def _catalog(language: str, directories: tuple[Path, ...]) -> NullTranslations:
    merged: Catalog | None = None
    for directory in directories:
        path = directory / f"{language}.po"
        if not path.is_file():
            continue
        compiled = BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=language, abort_invalid=True))
        compiled.seek(0)
        catalog = Catalog(compiled)
        merged = catalog if merged is None else merged.merge(catalog)
    return merged or NullTranslations()
