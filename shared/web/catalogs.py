"""Completeness of translation catalogs: compares the messages of a package with its kk and ru catalogs.

`python -m shared.web.catalogs services/intake/intake` adds new messages to `locales/{kk,ru}.po`, to be translated there.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from shared.web.i18n import SHARED_LOCALES

TRANSLATED: Final = ("kk", "ru")
_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
_JINJA: Final = {"newstyle_gettext": "true", "silent": "false", "extensions": "jinja2.ext.do"}
_OPTIONS: Final = {"**.html": _JINJA, "**.txt": _JINJA}

# Only headers that a reader needs, and no dates, which would change with every run.
_HEADER: Final = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plurals}\n"

"""


def missing_messages(package_dir: Path) -> list[str]:
    """Return the untranslated messages, one line `language: problem: msgid` each. Empty if the catalogs are complete.

    A message is translated if the package's catalog or the shared one contains it, not fuzzy and with the same placeholders.
    """
    used = extracted(package_dir)
    problems: list[str] = []
    for language in TRANSLATED:
        own, shared = _read(package_dir / "locales", language), _read(SHARED_LOCALES, language)
        for message in used:
            if not message.id:  # the catalog's own header
                continue
            entry = own.get(message.id) or shared.get(message.id)
            problem = _problem(entry, own)
            if problem:
                problems.append(f"{language}: {problem}: {message.id}")
    return problems


def extracted(package_dir: Path) -> Catalog:
    """Return all messages marked in the package's Python files and templates."""
    catalog = Catalog(charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(package_dir, _METHODS, _OPTIONS):
        catalog.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return catalog


def update(package_dir: Path) -> None:
    """Add new messages to the package's catalogs and remove unused ones. Translations stay."""
    for language in TRANSLATED:
        directory, shared = package_dir / "locales", _read(SHARED_LOCALES, language)
        directory.mkdir(exist_ok=True)
        used = extracted(package_dir)
        if directory.resolve() != SHARED_LOCALES.resolve():
            for message in list(used):
                if message.id and shared.get(message.id):
                    used.delete(message.id)
        catalog = _read(directory, language)
        catalog.update(used, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with (directory / f"{language}.po").open("wb") as target:
            target.write(_HEADER.format(language=language, plurals=catalog.plural_forms).encode())
            write_po(target, catalog, width=120, no_location=True, sort_output=True, omit_header=True)


def _read(directory: Path, language: str) -> Catalog:
    path = directory / f"{language}.po"
    if not path.is_file():
        return Catalog(locale=language, project="aryz", fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def _problem(entry: Message | None, catalog: Catalog) -> str | None:
    if entry is None:
        return "not in the catalog"
    if not (all(entry.string) if isinstance(entry.string, (list, tuple)) else entry.string):
        return "not translated"
    if entry.fuzzy:
        return "fuzzy"
    errors = list(_placeholder_errors(entry, catalog))
    return errors[0] if errors else None


def _placeholder_errors(entry: Message, catalog: Catalog) -> Iterator[str]:
    for error in entry.check(catalog):
        yield f"placeholders differ ({error})"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        update(Path(argument))
