"""The advice on danger to life, worded once (`data/danger_advice.toml`) for every page, message and script."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from shared.domain.labels import Label, Language

AMBULANCE: Final = "103"
RESCUE: Final = "112"


@dataclass(frozen=True, slots=True)
class DangerAdvice:
    """The advice in one language. `numbers`: each emergency number with its name; `whole`: question, call and numbers as a paragraph."""

    question: str
    call: str
    whole: str
    nobody_comes: str
    numbers: Mapping[str, str]


@cache
def danger_advice(language: Language) -> DangerAdvice:
    """Return the advice in one language."""
    document = tomllib.loads((files("shared.language") / "data" / "danger_advice.toml").read_text(encoding="utf-8"))
    texts = {name: Label(**entry).in_(language) for name, entry in document.items()}
    numbers = {AMBULANCE: texts["ambulance"], RESCUE: texts["rescue"]}
    named = {"ambulance": f"{AMBULANCE} ({numbers[AMBULANCE]})", "rescue": f"{RESCUE} ({numbers[RESCUE]})"}
    whole = texts["whole"].format(question=texts["question"], **named)
    return DangerAdvice(texts["question"], texts["call"], whole, texts["nobody_comes"], numbers)
