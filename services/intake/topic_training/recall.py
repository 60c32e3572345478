"""`python -m topic_training.recall`: how often the right article is among the first three, written into `docs/operations/articles.md`.

Measured on held-out questions on which the topic model was never trained or tuned, with the published articles of routing's file.
"""

import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from intake.suggestions.policy import suggestion_policy
from intake.suggestions.schemas import OfferedArticle
from intake.suggestions.service import QUESTION
from intake.suggestions.service.features import features_of
from intake.suggestions.service.index import ArticleIndex
from intake.suggestions.service.topics import topic_model

ROOT: Final = Path(__file__).parents[3]
ARTICLES: Final = ROOT / "services/routing/routing/knowledge/data/articles.toml"
HELD_OUT: Final = ROOT / "services/routing/training/held_out/appeals.jsonl"
PAGE: Final = ROOT / "docs/operations/articles.md"
DAY: Final = date(2026, 3, 2)
LANGUAGES: Final = ("kk", "ru")
ALL: Final = "all"
BEGINNING, END = "<!-- written by `make recall` -->", "<!-- end -->"
_WRITTEN: Final = re.compile(rf"{re.escape(BEGINNING)}\n.*?{re.escape(END)}", re.DOTALL)


class Recall(NamedTuple):
    """Questions with the right article among the first ones, and all questions, by topic, by language and `ALL`.

    `refused`: questions that are taken for something else, so that nothing is offered. `without`: those that have nothing in common with
    any article. `topics` and `languages`: the keys of both kinds.
    """

    right: Counter[str]
    asked: Counter[str]
    refused: int
    without: int
    topics: list[str]
    languages: list[str]


def published_articles() -> Iterator[OfferedArticle]:
    """Yield the articles of routing's file that are published and about a topic, as they reach the replica."""
    for row in tomllib.loads(ARTICLES.read_text(encoding="utf-8"))["article"]:
        if "topic" in row and row["review"] == "done":
            yield OfferedArticle(
                uuid5(NAMESPACE_OID, row["id"]),
                row["topic"],
                {language: row[language]["question"] for language in LANGUAGES},
                {language: row[language]["answer"] for language in LANGUAGES},
                {language: row[language].get("synonyms", []) for language in LANGUAGES},
                DAY,
                None,
                row["source"],
            )


def measure() -> Recall:
    """Ask the held-out questions of topics with a published article."""
    known, model, policy = list(published_articles()), topic_model(), suggestion_policy()
    index, covered = ArticleIndex(known, model), {article.topic for article in known}
    right, asked, refused, without = Counter[str](), Counter[str](), 0, 0
    topics, languages = set[str](), set[str]()
    for line in HELD_OUT.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question["kind"] != QUESTION or question["topic"] not in covered:
            continue
        topics.add(question["topic"])
        languages.add(question["language"])
        offered = index.search(question["text"], DAY, policy.shown)
        is_right = question["topic"] in [each.article.topic for each in offered]
        for slot in (ALL, question["topic"], question["language"]):
            asked[slot] += 1
            right[slot] += is_right
        refused += model.judge(model.rarities(features_of(question["text"]))).no_question >= policy.no_question_chosen
        without += not offered
    return Recall(right, asked, refused, without, sorted(topics), sorted(languages))


def table(found: Recall) -> str:
    """Return the measurement as the page has it."""
    lines = [
        f"Topic model `{topic_model().version}`, {found.asked[ALL]} held-out questions; {found.refused} of them are taken for no question.",
        "",
        "| questions | asked | right article among the first three |",
        "|---|---|---|",
        *(
            f"| {slot} | {found.asked[slot]} | {100 * found.right[slot] / found.asked[slot]:.1f} % |"
            for slot in (ALL, *found.languages, *found.topics)
        ),
    ]
    return "\n".join(lines)


def figures_of_page() -> dict[str, float]:
    """Return the shares of the page by row, 0..1."""
    written = _WRITTEN.search(PAGE.read_text(encoding="utf-8"))
    rows = re.findall(r"^\| (\w+) \| \d+ \| ([0-9.]+) % \|$", written[0] if written else "", re.MULTILINE)
    return {slot: float(share) / 100 for slot, share in rows}


def main() -> None:
    """Write the table into the page."""
    found = measure()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_WRITTEN.sub(lambda _: f"{BEGINNING}\n{table(found)}\n{END}", page), encoding="utf-8")
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()
