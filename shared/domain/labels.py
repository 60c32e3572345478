"""A text in the three interface languages: Kazakh, Russian and English."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["kk", "ru", "en"]

LANGUAGES: tuple[Language, ...] = ("kk", "ru", "en")


@dataclass(frozen=True, slots=True)
class Label:
    kk: str
    ru: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the text in one language. Raises KeyError for an unsupported language."""
        return self.as_dict()[language]

    def as_dict(self) -> dict[Language, str]:
        return {"kk": self.kk, "ru": self.ru, "en": self.en}

    def filled(self, **names: "Label") -> "Label":
        """Return this text with each {name} replaced by that label in the same language."""
        return Label(*(self.in_(one).format(**{name: label.in_(one) for name, label in names.items()}) for one in LANGUAGES))
