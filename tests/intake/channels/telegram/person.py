"""A person in a conversation without a database: every step is one call of the pure function."""

import json

from intake.channels.telegram.policy import script
from intake.channels.telegram.service.conversation import advance
from intake.channels.telegram.service.drafts import articles_found
from intake.channels.telegram.service.steps import BotReply, ButtonPress, ConversationState, SuggestArticles, TextMessage
from intake.channels.telegram.service.texts import button_label
from shared.domain.taxonomy import taxonomy

ID = "0198aaaa-0000-7000-8000-000000000001"


class Person:
    def __init__(self, language="kk"):
        self.state, self.replies, self.action = ConversationState(language), [], None

    def does(self, event):
        return self.apply(advance(self.state, event, ID))

    def apply(self, following):
        self.state, self.replies, self.action = following.state, following.replies, following.action
        json.dumps(dict(self.state.draft))  # as it is stored
        if isinstance(self.action, SuggestArticles):  # no article is published here
            return self.apply(articles_found(self.state, []).noted(following.note).after(*self.replies))
        return self

    def writes(self, text, message_id=1):
        return self.does(TextMessage(message_id, text))

    def presses(self, name):
        return self.does(ButtonPress("q", self.data(name)))

    def data(self, name):
        label = button_label(name, self.state.shown_language) if name in script().buttons else name
        return next(
            each.data for say in self.replies if isinstance(say, BotReply) for row in say.buttons for each in row if each.label == label
        )

    @property
    def text(self):
        return "\n".join(each.text or "" for each in self.replies)

    def up_to(self, step):
        self.writes(button_label("send", "kk"))
        return self._follow(self.moves(), step)

    def moves(self):
        """The moves that lead to each step."""
        return {
            "PROVIDER": lambda: self.does(ButtonPress("q", f"r:KZ-43:{self.state.tag}")),
            "MATTER": lambda: self.presses("no_provider"),
            "KIND": lambda: self.writes("Кезек ұзақ", 7),
            "CONTACT": lambda: self.presses(taxonomy().kinds["COMPLAINT"].label.kk),
            "NAME": lambda: self.presses("agree"),
            "PHONE": lambda: self.writes("Сынақ Азамат"),
            "ADDRESS": lambda: self.writes("8 701 000 00 00"),
            "PREVIEW": lambda: self.presses("skip"),
        }

    def up_to_named(self, step):
        """As `up_to`, after an organisation was named."""
        return self._follow({name: move for name, move in self.moves().items() if name not in {"PROVIDER", "MATTER"}}, step)

    def _follow(self, moves, step):
        for name, move in moves.items():
            if self.state.step == step:
                break
            move()
            assert self.state.step == name
        return self
