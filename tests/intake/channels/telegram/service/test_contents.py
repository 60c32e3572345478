"""Every type of content at every step: one reply each, and danger first."""

import json

import pytest
from aiogram.enums import ContentType

from intake.channels.telegram.codes import Step
from intake.channels.telegram.service.client import _FILES, event_of
from intake.channels.telegram.service.conversation import advance
from intake.channels.telegram.service.steps import BotReply, ButtonPress, ConversationState, EditedMessage, MediaMessage, TextMessage
from intake.channels.telegram.service.texts import text_of
from tests.intake.channels.telegram.person import ID, Person

ME = {"id": 7, "is_bot": False, "first_name": "Сынақ"}
FILE = {"file_id": "f", "file_unique_id": "u"}
PICTURE = {**FILE, "width": 1, "height": 1}
DANGER = "Ребёнок не дышит, умирает, скорая не едет"
PLACE = {"latitude": 43.2, "longitude": 76.9}
CONTENTS = {
    "text": {"text": "Кезек ұзақ"},
    "text of danger": {"text": DANGER},
    "forwarded": {"text": DANGER, "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Сынақ"}},
    "reply": {"text": DANGER, "reply_to_message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "Өтініш"}},
    "photo": {"photo": [PICTURE]},
    "photo with caption": {"photo": [PICTURE], "caption": "Кезек ұзақ"},
    "photo with danger": {"photo": [PICTURE], "caption": DANGER},
    "album": {"photo": [PICTURE], "media_group_id": "a1"},
    "album with danger": {"photo": [PICTURE], "media_group_id": "a1", "caption": DANGER},
    "document": {"document": FILE, "caption": DANGER},
    "voice": {"voice": {**FILE, "duration": 1}, "caption": DANGER},
    "audio": {"audio": {**FILE, "duration": 1}},
    "video": {"video": {**PICTURE, "duration": 1}, "caption": DANGER},
    "video note": {"video_note": {**FILE, "length": 1, "duration": 1}},
    "animation": {"animation": {**PICTURE, "duration": 1}},
    "sticker": {"sticker": {**PICTURE, "type": "regular", "is_animated": False, "is_video": False}},
    "location": {"location": PLACE},
    "venue": {"location": PLACE, "venue": {"location": PLACE, "title": "Емхана", "address": "Сынақ к."}},
    "dice": {"dice": {"emoji": "🎲", "value": 1}},
    "poll": {
        "poll": {
            "id": "1", "question": DANGER, "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
            "type": "regular", "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
        }
    },
    "own contact": {"contact": {"phone_number": "77010000000", "first_name": "Сынақ", "user_id": 7}},
    "another's contact": {"contact": {"phone_number": "77010000000", "first_name": "Сынақ"}},
}  # fmt: skip
STEPS = [
    "MENU",
    "REGION",
    "PROVIDER",
    "MATTER",
    "KIND",
    "CONTACT",
    "NAME",
    "PHONE",
    "ADDRESS",
    "PREVIEW",
    "WHY",
    "REPLY",
    Step.EXPIRED,
    None,
]
OF_DANGER = {name for name, content in CONTENTS.items() if DANGER in (content.get("text"), content.get("caption"))} | {"poll"}


def message(content, message_id=9, kind="message"):
    body = {"message_id": message_id, "date": 1, "chat": {"id": 7, "type": "private"}, "from": ME, **content}
    return event_of(json.dumps({"update_id": 1, kind: body}).encode())


def at(step):
    """Somebody who stands at a step; None: who has chosen no language yet."""
    person = Person()
    if step is None:
        person.state = ConversationState()
    elif step == Step.EXPIRED:
        person.state = ConversationState("kk", Step.EXPIRED)
    elif step in {"WHY", "REPLY"}:
        person.does(ButtonPress("q", f"{'od' if step == 'WHY' else 're'}:{'0' * 32}"))
    elif step == "REGION":
        person.writes("1414 нөміріне өтініш жіберу")
    elif step != "MENU":
        person.up_to(step)
    assert step in {None, Step.EXPIRED, person.state.step}
    return person


class TestEveryContentAtEveryStep:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("name", CONTENTS)
    def test_there_is_one_reply_and_danger_comes_first(self, step, name):
        person = at(step)
        following = advance(person.state, message(CONTENTS[name]), ID)
        says = [each for each in following.replies if isinstance(each, BotReply)]
        if name in OF_DANGER:
            assert says[0].urgent
            assert "103" in says.pop(0).text
        # A draft that was lost is said before the reply; a shared number takes its key away, which needs a message of its own.
        extra = int(step == Step.EXPIRED) + int(step == "PHONE" and name == "own contact")
        looked_up = 1 if following.action is not None else 0
        assert len(says) - extra in {1, 1 - looked_up}

    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("name", [name for name in CONTENTS if {"text", "caption"} & CONTENTS[name].keys()])
    def test_so_has_everything_that_is_edited(self, step, name):
        person = at(step)
        following = advance(person.state, message(CONTENTS[name], kind="edited_message"), ID)
        says = [each for each in following.replies if isinstance(each, BotReply)]
        if name in OF_DANGER:
            assert says.pop(0).urgent
        assert len(says) - int(step == Step.EXPIRED) in {1, 1 - int(following.action is not None)}

    def test_every_type_of_message_that_a_person_sends_is_answered(self):
        service = {"chat", "message_auto", "migrate", "forum", "video_chat", "suggested_post", "boost", "giveaway_", "gift", "unique_gift"}
        service |= {"new_chat", "left_chat", "delete_chat", "group_chat", "supergroup_chat", "channel_chat", "general_forum", "community"}
        service |= {"pinned", "successful", "refunded", "users_shared", "user_shared", "connected", "write_access", "passport", "proximity"}
        service |= {"checklist_tasks", "direct_message", "managed_bot", "paid_message", "poll_option", "web_app"}
        handled = _FILES | {ContentType.TEXT, ContentType.CONTACT, ContentType.ANY}
        assert [each for each in ContentType if each not in handled and not each.value.startswith(tuple(service))] == []


class TestCaptions:
    @pytest.mark.parametrize("name", ["photo with danger", "document", "voice", "video"])
    def test_danger_under_a_file_is_answered_as_danger_in_a_text(self, name):
        person = at("MENU").does(message(CONTENTS[name]))
        assert person.replies[0] == advance(at("MENU").state, TextMessage(1, DANGER), ID).replies[0]

    def test_a_caption_is_the_subject_where_it_is_asked_for(self):
        person = at("MATTER").does(message(CONTENTS["photo with caption"]))
        assert (person.state.step, person.state.draft["text"]) == ("KIND", "Кезек ұзақ")
        assert person.replies[0].text.startswith(text_of("caption_only", "kk"))
        person.does(message({"photo": [PICTURE], "caption": "Кезек тым ұзақ"}, kind="edited_message"))
        assert person.state.draft["text"] == "Кезек тым ұзақ"

    def test_a_caption_that_is_written_afterwards_is_the_subject_too(self):
        person = at("MATTER").does(message(CONTENTS["photo"]))
        assert person.text == text_of("no_files", "kk")
        person.does(message(CONTENTS["photo with caption"], kind="edited_message"))
        assert (person.state.step, person.state.draft["text"]) == ("KIND", "Кезек ұзақ")

    def test_an_earlier_text_that_is_edited_does_not_become_the_subject(self):
        person = at("MATTER").does(EditedMessage(3, "23 емхана"))
        assert (person.state.step, person.text) == ("MATTER", text_of("edit_late", "kk"))

    @pytest.mark.parametrize("blank", [" ", "\u3164", "\u2800", "\u0301"])
    def test_a_text_that_is_edited_away_stays_as_it_was(self, blank):
        person = at("MATTER").does(message(CONTENTS["photo with caption"]))
        person.does(message({"photo": [PICTURE], "caption": blank}, kind="edited_message"))
        assert (person.state.draft["text"], person.text) == ("Кезек ұзақ", text_of("edit_late", "kk"))

    def test_an_iin_under_a_file_is_refused(self):
        person = at("MATTER").does(MediaMessage(5, "ЖСН 991231501014"))
        assert (person.state.step, person.text) == ("MATTER", text_of("no_iin", "kk"))
        assert "991231" not in json.dumps(dict(person.state.draft))

    def test_a_caption_is_no_command(self):
        assert at("MATTER").does(MediaMessage(5, "/cancel")).state.draft["text"] == "cancel"


class TestAlbums:
    @pytest.mark.parametrize("step", STEPS)
    def test_five_pictures_of_one_album_have_one_reply(self, step):
        person, says = at(step), []
        for each in range(5):
            person.does(message(CONTENTS["album"], message_id=10 + each))
            says += person.replies
        assert len(says) == 1 + int(step == Step.EXPIRED)

    def test_the_next_album_has_its_own(self):
        person = at("MENU").does(message(CONTENTS["album"]))
        assert person.does(message({"photo": [PICTURE], "media_group_id": "a2"})).text == text_of("no_files", "kk")

    def test_the_caption_of_one_picture_is_the_subject(self):
        person, says = at("MATTER"), []
        for content in ({"caption": "Кезек ұзақ"}, {}, {}, {}, {}):
            says += person.does(message({"photo": [PICTURE], "media_group_id": "a1", **content})).replies
        assert (person.state.step, person.state.draft["text"], len(says)) == ("KIND", "Кезек ұзақ", 1)
        assert says[0].text.startswith(text_of("caption_only", "kk"))
        assert says[0].buttons, "the question of the kind"

    def test_the_advice_on_danger_stays_alone(self):
        person = at("MATTER").does(message(CONTENTS["album with danger"]))
        assert [text_of("caption_only", "kk") in each.text for each in person.replies] == [False, True]
