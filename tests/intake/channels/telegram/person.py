"""Somebody in a conversation of whom no database knows: each step is the pure function alone."""

import json

from intake.channels.telegram.service.conversation import turn
from intake.channels.telegram.service.steps import Pressed, Said, Say, Talk
from intake.channels.telegram.service.texts import button, script
from shared.domain.taxonomy import taxonomy

ID = "0198aaaa-0000-7000-8000-000000000001"


class Person:
    def __init__(self, language="kk"):
        self.talk, self.says, self.effect = Talk(language), [], None

    def does(self, event):
        return self.take(turn(self.talk, event, ID))

    def take(self, following):
        self.talk, self.says, self.effect = following.talk, following.says, following.effect
        json.dumps(dict(self.talk.draft))  # as it is stored
        return self

    def says_text(self, text, message_id=1):
        return self.does(Said(message_id, text))

    def presses(self, name):
        return self.does(Pressed("q", self.data(name)))

    def data(self, name):
        label = button(name, self.talk.speaks) if name in script().buttons else name
        return next(each.data for say in self.says if isinstance(say, Say) for row in say.buttons for each in row if each.label == label)

    @property
    def text(self):
        return "\n".join(each.text or "" for each in self.says)

    def up_to(self, step):
        self.says_text(button("send", "kk"))
        return self._follow(self.moves(), step)

    def moves(self):
        """What brings the conversation to each step."""
        return {
            "PROVIDER": lambda: self.does(Pressed("q", f"r:KZ-43:{self.talk.tag}")),
            "MATTER": lambda: self.presses("no_provider"),
            "KIND": lambda: self.says_text("Кезек ұзақ", 7),
            "CONTACT": lambda: self.presses(taxonomy().kinds["COMPLAINT"].label.kk),
            "NAME": lambda: self.presses("agree"),
            "PHONE": lambda: self.says_text("Сынақ Азамат"),
            "ADDRESS": lambda: self.says_text("8 701 000 00 00"),
            "PREVIEW": lambda: self.presses("skip"),
        }

    def up_to_named(self, step):
        """As `up_to`, from where an organisation was named."""
        return self._follow({name: move for name, move in self.moves().items() if name not in {"PROVIDER", "MATTER"}}, step)

    def _follow(self, moves, step):
        for name, move in moves.items():
            if self.talk.step == step:
                break
            move()
            assert self.talk.step == name
        return self
