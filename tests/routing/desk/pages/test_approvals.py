from tests.routing.desk.support import forms, open_desk, send, session

REASON = "Есть новые доводы, обращение надо рассмотреть."


def clerk(desk):
    return session(desk, subject="clerk-1", name="Сынақ Арман")


def head(desk, subject="head-1"):
    return session(desk, "head", subject=subject, name="Сынақ Басшы")


async def ask(desk, appeal_id, who=None):
    return await send(desk, appeal_id, "return", who or clerk(desk), **{"return-ground": "OBSCENE"})


class TestCard:
    async def test_the_form_says_that_a_second_person_approves_and_the_message_that_it_waits(self, desk, complaint):
        assert "A second person approves it before it is carried out." in (await open_desk(desk, f"/{complaint}", clerk(desk))).text
        done = await ask(desk, complaint)
        assert done.headers["location"].endswith("?flash=waits-for-approval")
        page = await open_desk(desk, f"/{complaint}", clerk(desk))
        assert ("approve" in forms(page), "reject" in forms(page), "return" in forms(page)) == (False, True, False)
        assert "Withdraw the request" in page.text

    async def test_the_head_reads_what_is_asked_and_approves(self, desk, complaint):
        await ask(desk, complaint)
        page = await open_desk(desk, f"/{complaint}", head(desk))
        for text in ("Second person", "Waits for a decision", "Return the appeal", "Сынақ Арман", "Obscene or insulting language"):
            assert text in page.text
        assert (await send(desk, complaint, "approve", head(desk))).headers["location"].endswith("flash=approve")
        page = await open_desk(desk, f"/{complaint}", head(desk))
        assert "Approved: Return the appeal" in page.text

    async def test_a_rejection_needs_its_reason_and_shows_it(self, desk, complaint):
        await ask(desk, complaint)
        assert (await send(desk, complaint, "reject", head(desk), **{"reject-reason": ""})).status_code == 422
        assert (await send(desk, complaint, "reject", head(desk), **{"reject-reason": REASON})).status_code == 303
        page = await open_desk(desk, f"/{complaint}", clerk(desk))
        assert REASON in page.text
        assert "return" in forms(page)


class TestInbox:
    async def test_it_says_who_decides_what(self, desk, complaint):
        await ask(desk, complaint)
        for who, part in ((head(desk), "You decide"), (clerk(desk), "Your request"), (session(desk, subject="clerk-2"), "Others decide")):
            page = await open_desk(desk, "/approvals", who)
            assert page.status_code == 200
            assert part in page.text
            assert f"/routing/desk/{complaint}?tab=approvals" in page.text
        assert "Return of the appeal: " in page.text

    async def test_an_extension_stands_in_the_same_inbox(self, desk, complaint):
        asked = {"request-extension-until": "2026-03-14", "request-extension-reason": REASON}
        await send(desk, complaint, "request-extension", clerk(desk), **asked)
        page = (await open_desk(desk, "/approvals", head(desk))).text
        assert "Extension of the term: " in page
        assert "You decide" in page

    async def test_it_is_empty_without_a_request_and_shows_no_case_of_another_region(self, desk, complaint):
        assert "Nothing waits for approval" in (await open_desk(desk, "/approvals", head(desk))).text
        await ask(desk, complaint)
        other = session(desk, "head", subject="head-2", region="KZ-75")
        assert "Nothing waits for approval" in (await open_desk(desk, "/approvals", other)).text

    async def test_those_who_decide_find_the_inbox_among_their_lists(self, desk, complaint):
        await ask(desk, complaint)
        for role, is_there in (("head", True), ("supervisor", True), ("specialist", False)):
            page = (await open_desk(desk, "", session(desk, role, subject=f"{role}-1"))).text
            assert ('href="/routing/desk/approvals"' in page) is is_there
        assert "waits for approval" in page
