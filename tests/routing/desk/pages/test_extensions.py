import re
from datetime import timedelta

from tests.routing.clocks.test_service import DUE
from tests.routing.desk.support import forms, open_desk, send, session

REASON = "Ждём документы из архива поликлиники."
FIELDS = {"request-extension-until": "2026-03-14", "request-extension-reason": REASON}


def head(desk):
    return session(desk, "head", subject="head-1", name="Басшы")


async def ask(desk, appeal_id, **fields):
    return await send(desk, appeal_id, "request-extension", session(desk, subject="clerk-1", name="Сынақ Арман"), **(FIELDS | fields))


class TestExtension:
    async def test_the_head_reads_who_asks_and_why_and_decides(self, desk, complaint):
        assert (await ask(desk, complaint)).headers["location"].endswith("?flash=request-extension")
        page = await open_desk(desk, f"/{complaint}", head(desk))
        for text in ("Extension asked for", "Waits for a decision", "Сынақ Арман", REASON, "14 March 2026"):
            assert text in page.text
        assert {"approve-extension", "reject-extension"} <= forms(page)
        assert not {"approve-extension", "reject-extension"} & forms(
            await open_desk(desk, f"/{complaint}", session(desk, subject="clerk-2"))
        )
        done = await send(desk, complaint, "approve-extension", head(desk))
        assert done.headers["location"].endswith("?flash=approve-extension")
        page = await open_desk(desk, f"/{complaint}", head(desk))
        assert "Approved" in page.text
        assert page.text.count("extended by decision of the head or a deputy, АППК art. 76(3)") == 2

    async def test_a_decision_from_a_page_that_is_out_of_date_says_what_happened_even_if_its_form_is_not_filled_in(self, desk, complaint):
        await ask(desk, complaint)
        read = re.search(r'name="entries_read" value="([0-9]+)"', (await open_desk(desk, f"/{complaint}", head(desk))).text)[1]
        await send(desk, complaint, "approve-extension", head(desk))
        late = await send(desk, complaint, "reject-extension", head(desk), entries_read=read, **{"reject-extension-reason": ""})
        assert late.status_code == 422
        note = late.text.split("The case has changed meanwhile")[1].split("</section>")[0]
        assert "What you meant to do is no longer possible." in note
        assert "The statutory term was extended until" in note

    async def test_its_author_withdraws_it(self, desk, complaint):
        await ask(desk, complaint)
        author = session(desk, subject="clerk-1")
        assert "Withdraw the request" in (await open_desk(desk, f"/{complaint}", author)).text
        assert (await send(desk, complaint, "reject-extension", author, **{"reject-extension-reason": "Құжат келді."})).status_code == 303
        page = await open_desk(desk, f"/{complaint}", author)
        assert "No longer needed" in page.text
        assert "request-extension" in forms(page)

    async def test_a_wrong_day_comes_back_with_what_was_entered(self, desk, complaint):
        refused = await ask(desk, complaint, **{"request-extension-until": "2026-02-23"})
        assert refused.status_code == 422
        assert "Choose a day after the present end of the term." in refused.text
        assert REASON in refused.text

    async def test_a_term_that_has_ended_is_explained_to_both_who_ask_and_who_decide(self, desk, complaint):
        await ask(desk, complaint)
        desk.clock.set(DUE + timedelta(seconds=1))
        refused = await send(desk, complaint, "approve-extension", head(desk))
        assert refused.status_code == 422
        assert "The term has ended: it cannot be extended any more." in refused.text
        await send(desk, complaint, "reject-extension", head(desk), **{"reject-extension-reason": "Кеш."})
        refused = await ask(desk, complaint)
        assert refused.status_code == 422
        assert "The term has ended: it cannot be extended any more." in refused.text

    async def test_the_list_of_what_waits_is_counted_for_those_who_decide(self, desk, complaint):
        await ask(desk, complaint)
        page = await open_desk(desk, who=head(desk), tab="approvals")
        assert "Awaiting approval 1" in page.text
        assert f'href="/routing/desk/{complaint}' in page.text
        assert "waits for approval" in page.text
        assert "Awaiting approval" not in (await open_desk(desk)).text
        await send(desk, complaint, "approve-extension", head(desk))
        page = await open_desk(desk, who=head(desk), tab="approvals")
        assert "Nothing waits for your approval" in page.text

    async def test_the_list_marks_an_extended_case_and_counts_to_the_new_day(self, desk, complaint):
        await ask(desk, complaint)
        await send(desk, complaint, "approve-extension", head(desk))
        desk.clock.set(DUE + timedelta(days=1))
        page = await open_desk(desk, who=head(desk), tab="region")
        assert "extended · " in page.text
        assert "overdue by" not in page.text


class TestDeputies:
    async def test_a_head_appoints_a_supervisor_who_then_approves(self, desk, complaint):
        deputy = session(desk, "supervisor", subject="dana", name="Дана")
        assert "Awaiting approval" in (await open_desk(desk, who=deputy)).text  # a supervisor decides on returns
        await ask(desk, complaint)
        assert 'href="/routing/desk/deputies"' in (await open_desk(desk, who=head(desk))).text
        sent = {"subject": "dana", "until": "2026-02-06"}
        done = await desk.client.post("/routing/desk/deputies", headers=head(desk), data=sent)
        assert done.headers["location"] == "/routing/desk/deputies?flash=deputy-appointed"
        page = await open_desk(desk, "/deputies", head(desk))
        assert "until 6 February 2026" in page.text
        assert "Awaiting approval 1" in (await open_desk(desk, who=deputy)).text
        assert (await send(desk, complaint, "approve-extension", deputy)).status_code == 303
        ended = await desk.client.post("/routing/desk/deputies/end", headers=head(desk), data={"subject": "dana"})
        assert ended.headers["location"] == "/routing/desk/deputies?flash=deputy-dismissed"
        assert "You have no deputy" in (await open_desk(desk, "/deputies", head(desk))).text

    async def test_a_wrong_choice_comes_back_with_the_form(self, desk):
        await open_desk(desk, who=session(desk, "supervisor", subject="dana", name="Дана"))
        for sent in (
            {"subject": "dana", "until": "2026-01-01"},
            {"subject": "dana", "until": "soon"},
            {"subject": "x", "until": "2026-03-01"},
        ):
            refused = await desk.client.post("/routing/desk/deputies", headers=head(desk), data=sent)
            assert refused.status_code == 422
            assert "Choose a supervisor of your region, and a day that has not passed." in refused.text

    async def test_others_are_refused(self, desk):
        for role in ("supervisor", "specialist", "admin"):
            assert (await open_desk(desk, "/deputies", session(desk, role))).status_code == 403
            sent = {"subject": "dana", "until": "2026-02-06"}
            assert (await desk.client.post("/routing/desk/deputies", headers=session(desk, role), data=sent)).status_code == 403
