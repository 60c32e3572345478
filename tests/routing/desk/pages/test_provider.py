from uuid import uuid4

from routing.cases.handlers import HANDLERS
from shared.contracts import ProviderMatched, ProviderRecorded
from tests.routing.desk.support import open_desk, session
from tests.routing.support import NOW

CLINIC, OTHER = uuid4(), uuid4()


def recorded(provider_id, name_kk="№ 103 емхана", name_ru="Поликлиника № 103", region="KZ-43"):
    return ProviderRecorded(
        provider_id=provider_id, name_kk=name_kk, name_ru=name_ru, short_name="", aliases=[], region=region, district="", kind="POLYCLINIC",
        ownership="STATE", active=True,
    )  # fmt: skip


class TestTheProvider:
    async def test_it_is_shown_by_name_on_the_case_and_in_the_list(self, desk, complaint):
        await desk.apply(recorded(CLINIC))
        await desk.apply(ProviderMatched(appeal_id=complaint, provider_id=CLINIC, score=1, matched_by="name"))
        for language, name in (("kk", "№ 103 емхана"), ("ru", "Поликлиника № 103")):
            page = (await open_desk(desk, f"/{complaint}", lang=language)).text
            assert f"<b>{name}</b>" in page
            assert name in (await open_desk(desk, lang=language)).text
        case = await desk.case(complaint)
        assert case["provider"] == {"provider_id": str(CLINIC), "name_kk": "№ 103 емхана", "name_ru": "Поликлиника № 103"}

    async def test_a_newer_entry_of_the_directory_replaces_the_name(self, desk, complaint):
        await desk.apply(ProviderMatched(appeal_id=complaint, provider_id=CLINIC, score=1, matched_by="name"))
        assert (await desk.case(complaint))["provider"] is None
        for name in ("Прежнее имя", "Новое имя"):
            await desk.apply(recorded(CLINIC, name_ru=name))
        assert (await desk.case(complaint))["provider"]["name_ru"] == "Новое имя"
        assert ProviderRecorded in HANDLERS

    async def test_an_unclear_name_is_chosen_from_the_candidates_or_none_of_them(self, desk, owners, complaint):
        await desk.apply(recorded(CLINIC), recorded(OTHER, "№ 105 емхана", "Поликлиника № 105"))
        owners.sent = {"provider_name": "10… <емхана>"}
        owners.exchange = {"candidates": [{"provider_id": str(CLINIC), "score": 0.7}, {"provider_id": str(OTHER), "score": 0.6}]}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "The applicant wrote: “10… &lt;емхана&gt;”" in page
        form = page[page.index('id="choose-provider"') :].split("</form>")[0]
        assert f'action="/provider-contact/matches/{complaint}?tab=' in form
        assert [text in form for text in ("Поликлиника № 103", "Поликлиника № 105", "None of these")] == [True] * 3
        assert ("provider-contact", "desk-exchange", "specialist-KZ-43") in owners.asked
        assert 'id="choose-provider"' not in (await open_desk(desk, f"/{complaint}", session(desk, "admin", None))).text

    async def test_the_inquiry_is_shown_with_its_state_and_its_term(self, desk, owners, complaint):
        await desk.apply(recorded(CLINIC))
        inquiry = {"inquiry_id": str(uuid4()), "provider_id": str(CLINIC), "sent_at": NOW.isoformat(), "due_at": NOW.isoformat()}
        owners.exchange = {"inquiries": [inquiry | {"status": "ACKNOWLEDGED", "overdue": True, "closed": False}]}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "read by the organisation" in page
        assert "Answer expected by:" in page
        assert '<span class="badge bad">overdue</span>' in page
        assert f'href="/intake/consents/{complaint}"' in page
        owners.exchange = {"inquiries": [inquiry | {"status": "RESPONDED", "overdue": True, "closed": False}]}
        assert "Answer expected by:" not in (await open_desk(desk, f"/{complaint}")).text

    async def test_an_inquiry_has_its_clock_its_quick_actions_and_a_way_to_its_page(self, desk, owners, complaint):
        await desk.apply(recorded(CLINIC))
        inquiry_id = str(uuid4())
        label = {"kk": "Уақыт беру", "ru": "Дать время", "en": "Grant more time"}
        owners.exchange = {
            "inquiries": [
                {
                    "inquiry_id": inquiry_id, "provider_id": str(CLINIC), "sent_at": NOW.isoformat(), "due_at": NOW.isoformat(),
                    "status": "DELIVERED", "overdue": False, "closed": False, "version": 4, "round": 2, "time_asked_until": "2026-02-16",
                    "clock": {"kk": "Мерзім", "ru": "Срок", "en": "3 working days"}, "actions": [{"action": "grant-time", **label}],
                }
            ]
        }  # fmt: skip
        page = (await open_desk(desk, f"/{complaint}")).text
        assert all(text in page for text in ("3 working days", "round 2", "more time is asked for"))
        form = page[page.index(f'action="/provider-contact/inquiries/{inquiry_id}') :].split("</form>")[0]
        for field in ('value="grant-time"', 'name="expected_version" value="4"', 'name="from" value="desk"', "Grant more time"):
            assert field in form
        assert f'href="/provider-contact/inquiries/{inquiry_id}"' in page
        assert "grant-time" not in (await open_desk(desk, f"/{complaint}", session(desk, "admin", None))).text

    async def test_who_was_notified_how_and_when_is_shown_with_the_error_in_plain_text(self, desk, owners, complaint):
        await desk.apply(recorded(CLINIC))

        def label(text):
            return {"kk": text, "ru": text, "en": text}

        sent = {
            "notice": label("Inquiry"), "method": label("e-mail"), "recipient": label("Patient support service"), "state": "FAILED",
            "state_label": label("Not delivered"), "attempts": 3, "planned_at": NOW.isoformat(), "next_at": None, "delivered_at": None,
            "error": label("the mailbox <refused> the mail"),
        }  # fmt: skip
        inquiry = {
            "inquiry_id": str(uuid4()), "provider_id": str(CLINIC), "sent_at": NOW.isoformat(), "due_at": NOW.isoformat(),
            "status": "DELIVERED", "overdue": False, "closed": False, "deliveries": [sent],
        }  # fmt: skip
        owners.exchange = {"inquiries": [inquiry]}
        page = (await open_desk(desk, f"/{complaint}")).text
        shown = page[page.index("Who was notified, and how") - 40 :].split("</details>")[0]
        assert "<details open>" in shown, "somebody was not reached"
        for text in (
            "e-mail · Patient support service",
            "Not delivered",
            "attempts: 3",
            "Last attempt: the mailbox &lt;refused&gt; the mail",
        ):
            assert text in shown
        owners.exchange = {"inquiries": [inquiry | {"deliveries": [sent | {"state": "DELIVERED", "error": None}]}]}
        assert "<details open>" not in (await open_desk(desk, f"/{complaint}")).text.split("Who was notified, and how")[0][-40:]

    async def test_without_provider_contact_the_case_says_what_is_missing(self, desk, owners, complaint):
        owners.down = True
        page = await open_desk(desk, f"/{complaint}")
        assert page.status_code == 200
        assert "The exchange with medical organisations cannot be shown just now" in page.text
