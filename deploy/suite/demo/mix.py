"""The published mix of appeals of one half-year, scaled to any number of appeals."""

import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, TypeAlias, TypedDict, cast

ByLanguage: TypeAlias = Mapping[str, Sequence[str]]


class Texts(TypedDict):
    """Sentences by code and language; `ask` has those for codes without their own."""

    ask: ByLanguage
    kinds: Mapping[str, ByLanguage]
    categories: Mapping[str, ByLanguage]
    topics: Mapping[str, ByLanguage]


@cache
def weights() -> Mapping[str, Mapping[str, int]]:
    """Return the weights by table of mix.toml."""
    return cast("Mapping[str, Mapping[str, int]]", _read("mix.toml"))


@cache
def texts() -> Texts:
    """Return the tables of texts.toml."""
    return cast("Texts", _read("texts.toml"))


def apportion(total: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Divide `total` in proportion to `shares` into whole numbers that add up to it (largest remainder method)."""
    whole = sum(shares.values())
    exact = {code: Fraction(total * share, whole) for code, share in shares.items()}
    counts = {code: int(part) for code, part in exact.items()}
    by_remainder = sorted(shares, key=lambda code: exact[code] - counts[code], reverse=True)
    for code in by_remainder[: total - sum(counts.values())]:
        counts[code] += 1
    return counts


def shuffled(total: int, table: str, random: Random) -> list[str]:
    """Return the codes of a table in their exact numbers, in random order."""
    codes = [code for code, count in apportion(total, weights()[table]).items() for _ in range(count)]
    random.shuffle(codes)
    return codes


def _read(file: str) -> Any:
    return tomllib.loads((files("suite.demo") / file).read_text(encoding="utf-8"))
