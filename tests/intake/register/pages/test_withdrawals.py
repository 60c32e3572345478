"""The pages of withdrawals that wait for a call, as a browser without JavaScript posts them."""

import re
from uuid import uuid4

import pytest

from intake.register.models import ContentRead, Withdrawal
from intake.register.pages.withdrawals import LISTED
from shared.web.session import COOKIE
from tests.intake.register.test_applicant_api import WORDS, Case, emitted, filed

PATH = "/intake/withdrawals"
PHONE = "+77010000000"


def cookie(desk, role="specialist", **claims):
    claims = {"region": "KZ-43"} | claims if role != "admin" else claims
    return {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue(role, **claims)}; aryz_lang=ru", "Accept": "text/html"}


async def waiting(desk, reason="SOLVED"):
    case = await filed(desk)
    await case.routed()
    assert (await case.withdraw(reason)).json()["withdrawal"] == "PENDING"
    return case


async def seen(desk, path="", headers=None):
    return await desk.client.get(PATH + path, headers=headers or cookie(desk))


async def post(desk, case: Case, headers=None, **fields):
    return await desk.client.post(f"{PATH}/{case.id}", data=fields, headers=headers or cookie(desk, subject="clerk-7"))


class TestList:
    async def test_the_longest_waiting_is_first_and_a_pressed_applicant_stands_out(self, desk):
        first, second = await waiting(desk), await waiting(desk, "PRESSURE")
        page = (await seen(desk)).text
        assert page.index(first.number) < page.index(second.number)
        assert page.count('class="badge bad"') == 1
        assert PHONE not in page
        assert WORDS not in page

    async def test_an_empty_list_says_so(self, desk):
        assert "Вашего звонка никто не ждёт" in (await seen(desk)).text

    async def test_other_regions_see_none_of_it(self, desk):
        case = await waiting(desk)
        stranger = cookie(desk, region="KZ-75")
        assert case.number not in (await seen(desk, headers=stranger)).text
        assert (await seen(desk, f"/{case.id}", stranger)).status_code == 404
        assert (await post(desk, case, stranger, said="continue", sure="yes")).status_code == 404

    async def test_a_long_list_has_pages(self, desk, monkeypatch):
        monkeypatch.setattr("intake.register.pages.withdrawals.LISTED", 1)
        assert LISTED > 1
        first, second = await waiting(desk), await waiting(desk)
        page = (await seen(desk)).text
        assert (first.number in page, second.number in page) == (True, False)
        following = re.search(r'href="/intake/withdrawals(\?cursor=[^"]+)"', page)[1]
        page = (await seen(desk, following)).text
        assert (first.number in page, second.number in page) == (False, True)

    @pytest.mark.parametrize("role", ["operator", "expert", "applicant", "analyst"])
    async def test_roles_that_may_not_call_are_refused(self, desk, role):
        assert (await seen(desk, headers=cookie(desk, role))).status_code == 403

    async def test_a_visitor_is_sent_to_sign_in(self, desk):
        answer = await seen(desk, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fintake%2Fwithdrawals")


class TestCall:
    async def test_the_page_has_what_the_call_needs_and_the_access_is_audited(self, desk):
        case = await waiting(desk, "PRESSURE")
        page = (await seen(desk, f"/{case.id}", cookie(desk, subject="clerk-7"))).text
        for text in (PHONE, "Сынақ Азамат", WORDS, "Говорите с заявителем наедине"):
            assert text in page
        (read,) = [row for row in await desk.rows(ContentRead) if row.purpose == "withdrawal-call"]
        assert (read.reader, read.ids, read.appeal_id, read.role) == ("clerk-7", [str(case.id)], case.id, "specialist")
        assert (await case.seen())["reads"][0]["part"] == "TEXT_AND_CONTACTS"

    @pytest.mark.parametrize(("choice", "events", "status"), [("withdraw", 1, "WITHDRAWN"), ("continue", 0, "IN_REVIEW")])
    async def test_what_the_applicant_said_decides(self, desk, choice, events, status):
        case = await waiting(desk)
        answer = await post(desk, case, said=choice, sure="yes", note="Өзі айтты", key=str(uuid4()))
        assert answer.status_code == 303
        assert (await case.seen())["status"] == status
        assert len(await emitted(desk, "appeal-withdrawn")) == events
        (row,) = await desk.rows(Withdrawal)
        assert row.decided_by == "clerk-7"
        assert "никто не ждёт" in (await seen(desk)).text

    @pytest.mark.parametrize("sent", [{"said": "withdraw"}, {"sure": "yes"}, {"said": "perhaps", "sure": "yes"}])
    async def test_nothing_happens_without_a_choice_and_its_confirmation(self, desk, sent):
        case = await waiting(desk)
        answer = await post(desk, case, note="Өзі айтты", **sent)
        assert (answer.status_code, "Өзі айтты" in answer.text) == (422, True)
        assert (await desk.rows(Withdrawal))[0].state == "PENDING"

    async def test_a_second_result_changes_nothing(self, desk):
        case = await waiting(desk)
        await post(desk, case, said="continue", sure="yes")
        answer = await post(desk, case, said="withdraw", sure="yes")
        assert answer.headers["location"] == f"{PATH}?flash=withdrawal-settled"
        assert await emitted(desk, "appeal-withdrawn") == []
        assert (await seen(desk, f"/{case.id}")).status_code == 404

    async def test_an_administrator_reads_but_does_not_decide(self, desk):
        case = await waiting(desk)
        page = await seen(desk, f"/{case.id}", cookie(desk, "admin"))
        assert (page.status_code, '<form method="post" action="/intake/withdrawals' in page.text) == (200, False)
        assert (await post(desk, case, cookie(desk, "admin"), said="withdraw", sure="yes")).status_code == 403

    async def test_another_site_cannot_post(self, desk):
        case = await waiting(desk)
        crossed = cookie(desk) | {"Sec-Fetch-Site": "cross-site"}
        assert (await post(desk, case, crossed, said="withdraw", sure="yes")).status_code == 403
