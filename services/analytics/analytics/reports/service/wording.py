"""Sentences of reports: texts with numbers, which have Kazakh endings, and Russian nouns in the form that the number needs."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from analytics.kpis.service import percent
from analytics.reports.policy import ReportLanguage, report_text
from analytics.sentences.service import Amount, joined, shown
from shared.web.formats import Formats


class Wording:
    """The texts and numbers of one language."""

    def __init__(self, language: ReportLanguage) -> None:
        self.language = language
        self.formats = Formats(language)

    def text(self, code: str, **values: str) -> str:
        """Return a text with its values."""
        return report_text(code, self.language).format_map(values)

    def sentence(self, code: str, **values: str) -> str:
        """Return a text that begins with a capital letter."""
        text = self.text(code, **values)
        return text[:1].upper() + text[1:]

    def count(self, value: float) -> str:
        """Return a whole number for a text."""
        return shown(Amount.number(int(value)), self.language)

    def percent(self, value: float | Decimal) -> str:
        """Return a percentage with one decimal for a text."""
        return shown(Amount.percent(value), self.language)

    def share(self, part: int, whole: int) -> str:
        """Return the share of a part in a whole that is not 0."""
        share = percent(part, whole)
        return self.percent(share if share is not None else 0)

    def decimal(self, value: float) -> str:
        """Return a number with one decimal."""
        return self.formats.number(value, 1)

    def at(self, moment: datetime, zone: ZoneInfo) -> str:
        """Return a time in the region's zone."""
        return self.formats.datetime(moment, zone)

    def listed(self, items: Sequence[str]) -> str:
        """Return items as a person lists them, with "and" before the last."""
        return joined(items, self.language)


def in_sentence(label: str) -> str:
    """Return a label as it stands inside a sentence: in small letters, unless it begins with an abbreviation or a Latin letter."""
    first = label.split(" ", 1)[0]
    is_word = len(first) == 1 or first[1:].islower()
    return label[:1].lower() + label[1:] if is_word and not label[:1].isascii() else label
