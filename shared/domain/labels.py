"""A text in the three languages that citizens and clerks read: Kazakh and Russian first, English third."""

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
        """The text in one language; raises KeyError for a language we do not write."""
        return self.as_dict()[language]

    def as_dict(self) -> dict[Language, str]:
        return {"kk": self.kk, "ru": self.ru, "en": self.en}

    def filled(self, **names: "Label") -> "Label":
        """This text with each {name} replaced by that label in the same language."""
        return Label(*(self.in_(one).format(**{name: label.in_(one) for name, label in names.items()}) for one in LANGUAGES))
