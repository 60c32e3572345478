"""Form, receipt, bot, call screen and routing agree about every text, because they share one detector."""

from pathlib import Path

import pytest

from intake.channels.telegram.service.conversation import advance, reply_to_late
from intake.channels.telegram.service.prompts import danger
from intake.channels.telegram.service.steps import ConversationState, EditedMessage, MediaMessage, TextMessage
from routing.classification.service import classify
from shared.language.danger import speaks_of_danger

TEXTS = Path(__file__).parents[2] / "services" / "routing" / "training" / "texts"
STATE = ConversationState("kk")
HIDDEN = [
    "ә к е м  ө л і п  ж а т ы р",
    "ребёнок 3адыхается",
    "ба\u00adба за\u200bдыхается",
    "вызвали скорую-\nне едет, мать без-\nсознания лежит",
    "о т е ц у м и р а е т",
]


def written() -> list[str]:
    lines = [line for name in ("urgency.txt", "protected.txt") for line in (TEXTS / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("# ")] + HIDDEN


def test_routing_judges_as_the_pages_do():
    assert [text for text in written() if classify(text).urgent != speaks_of_danger(text)] == []


@pytest.mark.parametrize(
    "event_of",
    [
        lambda text: TextMessage(7, text),
        lambda text: EditedMessage(7, text),
        lambda text: EditedMessage(7, text, is_caption=True),
        lambda text: MediaMessage(7, text),
        lambda text: MediaMessage(7, text, "album"),
    ],
    ids=["text", "edit", "edited caption", "caption", "caption in an album"],
)
def test_the_bot_advises_as_the_pages_do(event_of):
    wrong = []
    for text in written():
        advised = danger(STATE) in advance(STATE, event_of(text), "new").replies
        late = danger(STATE) in reply_to_late(STATE, event_of(text))
        if {advised, late} != {speaks_of_danger(text)}:
            wrong.append(text)
    assert wrong == []
