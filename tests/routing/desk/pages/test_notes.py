from datetime import timedelta

from tests.routing.desk.support import open_desk, send, session
from tests.routing.support import NOW


async def note(desk, appeal_id, who, **fields):
    return await desk.client.post(f"/routing/desk/{appeal_id}/notes", headers=who, data=fields)


class TestNotes:
    async def test_a_note_stands_in_the_thread_and_marks_the_case_for_a_mentioned_colleague(self, desk, complaint):
        arman, aigul = session(desk, subject="arman", name="Сынақ Арман"), session(desk, subject="aigul", name="Сынақ Айгүл")
        assert "mentions you" not in (await open_desk(desk, who=aigul)).text
        page = (await open_desk(desk, f"/{complaint}", arman)).text
        assert 'name="mention.aigul"' in page
        assert 'name="mention.arman"' not in page
        sent = await note(desk, complaint, arman, **{"note-text": "Айгүл, <b>қараңызшы</b>.", "mention.aigul": "yes"})
        assert sent.status_code == 303
        assert "mentions you" in (await open_desk(desk, who=aigul)).text
        page = (await open_desk(desk, f"/{complaint}", aigul)).text
        assert "Note, for staff only" in page
        assert "Айгүл, &lt;b&gt;қараңызшы&lt;/b&gt;." in page
        assert "Сынақ Арман" in page
        assert "mentions you" not in (await open_desk(desk, who=aigul)).text

    async def test_a_note_that_is_refused_comes_back_with_what_was_entered(self, desk, complaint):
        await open_desk(desk, who=session(desk, subject="stranger", region="KZ-75"))
        answer = await note(desk, complaint, session(desk), **{"note-text": "Қараңызшы", "mention.stranger": "yes"})
        assert answer.status_code == 422
        assert "Қараңызшы</textarea>" in answer.text
        assert "does not see this case" in answer.text

    async def test_whoever_does_not_see_the_case_writes_none(self, desk, complaint):
        for who, status in ((session(desk, region="KZ-75"), 404), (session(desk, "admin", None), 403), (session(desk, "provider"), 403)):
            assert (await note(desk, complaint, who, **{"note-text": "Қараңызшы"})).status_code == status
        assert "Write a note" not in (await open_desk(desk, f"/{complaint}", session(desk, "admin", None))).text


class TestCalls:
    async def test_the_day_to_call_again_is_shown_and_marks_the_list_when_it_has_come(self, desk, complaint):
        day = (NOW + timedelta(days=2)).date().isoformat()
        sent = await send(desk, complaint, "log-call", **{"log-call-text": "Бейсенбіде.", "log-call-follow_up_on": day})
        assert sent.status_code == 303
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Call again on 4 February 2026" in page
        assert "call the applicant" not in page
        desk.clock.set(NOW + timedelta(days=2))
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "call the applicant" in page
        assert '<span class="badge bad">Call again on 4 February 2026' in page
