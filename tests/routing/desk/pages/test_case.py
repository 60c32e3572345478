import re
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.contracts import InquiryAnswered, InquirySent, OutcomeDenied, ProposalAnswered, SolutionProposed
from tests.routing.desk.support import CANARY, attachment, forms, message, open_desk, send, session
from tests.routing.support import NOW, imported


class TestFiles:
    async def test_a_picture_and_a_pdf_are_shown_and_anything_else_is_saved(self, desk, owners, complaint):
        kinds = {"image/png": "inline", "application/pdf": "inline", "text/plain; charset=utf-8": "attachment"}
        for media_type, disposition in kinds.items():
            file_id = str(uuid4())
            owners.files[file_id] = (b"bytes of the file", media_type, "akt.bin")
            answer = await open_desk(desk, f"/{complaint}/files/{file_id}", session(desk, subject="clerk-7"))
            assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"bytes of the file", media_type)
            assert answer.headers["content-disposition"] == f'{disposition}; filename="akt.bin"'
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert ("sandbox" in answer.headers["content-security-policy"]) == (media_type != "application/pdf")
            asked = {
                "appeal_id": str(complaint),
                "attachment_id": file_id,
                "purpose": "desk-attachment",
                "on_behalf_of": "clerk-7",
                "role": "specialist",
            }
            assert owners.opened[-1] == asked

    @pytest.mark.parametrize(("status", "text"), [(409, "still being checked"), (410, "cannot be opened any more")])
    async def test_a_withheld_file_leads_back_to_the_case_which_says_why(self, desk, owners, complaint, status, text):
        owners.withheld = (status, "attachment-withheld")
        answer = await open_desk(desk, f"/{complaint}/files/{uuid4()}")
        assert answer.status_code == 303
        page = await desk.client.get(answer.headers["location"], headers=session(desk))
        assert text in page.text

    async def test_without_intake_the_case_says_so(self, desk, owners, complaint):
        owners.down = True
        answer = await open_desk(desk, f"/{complaint}/files/{uuid4()}")
        assert "The register does not answer" in (await desk.client.get(answer.headers["location"], headers=session(desk))).text

    async def test_whoever_does_not_see_the_case_opens_no_file_and_intake_is_not_asked(self, desk, owners, complaint):
        file_id = str(uuid4())
        owners.files[file_id] = (b"bytes", "image/png", "a.png")
        assert (await open_desk(desk, f"/{complaint}/files/{file_id}", session(desk, region="KZ-75"))).status_code == 404
        assert (await open_desk(desk, f"/{complaint}/files/{file_id}", session(desk, "provider"))).status_code == 403
        assert (await open_desk(desk, f"/{complaint}/files/{file_id}", {"Accept": "text/html"})).status_code == 303
        assert owners.opened == []


class TestEndings:
    async def test_resolved_on_the_spot_is_offered_only_while_the_applicants_confirmation_stands(self, desk, complaint):
        ids = {"proposal_id": uuid4(), "inquiry_id": uuid4(), "provider_id": uuid4()}
        before = (await open_desk(desk, f"/{complaint}")).text
        await desk.apply(
            SolutionProposed(appeal_id=complaint, language="kk", answer_until=NOW, **ids),
            ProposalAnswered(appeal_id=complaint, proposal_id=ids["proposal_id"], confirmed=True, method="TRACK"),
        )
        after = (await open_desk(desk, f"/{complaint}")).text
        assert ("RESOLVED_ON_SPOT" in before, "RESOLVED_ON_SPOT" in after) == (False, True)


class TestCasePage:
    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    async def test_it_is_shown_in_every_language(self, desk, complaint, language):
        page = await open_desk(desk, f"/{complaint}", lang=language)
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text

    async def test_evidence_is_marked_and_the_text_is_escaped(self, desk):
        appeal_id = await desk.open(text="Дәрігер қабылдаудан бас тартты <script>alert(1)</script>")
        page = (await open_desk(desk, f"/{appeal_id}")).text
        assert "<mark>" in page
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page

    async def test_list_and_case_are_read_in_one_snapshot(self, desk, complaint, monkeypatch):
        """A change between two snapshots could show a provider's answer with the actions from before it."""
        units, read, snapshots = desk.parts.units, desk.parts.units.read, 0

        def counted():
            nonlocal snapshots
            snapshots += 1
            return read()

        head = session(desk, role="supervisor", subject="head-1")
        await open_desk(desk, f"/{complaint}", head)
        monkeypatch.setattr(units, "read", counted)
        page = await open_desk(desk, f"/{complaint}", head)
        assert 'name="assignee"' in page.text
        assert snapshots == 1

    async def test_the_applicant_is_fetched_only_on_request(self, desk, owners, complaint):
        clerk = session(desk, subject="clerk-7")
        hidden = (await open_desk(desk, f"/{complaint}", clerk)).text
        assert [asked for asked in owners.asked if asked[0] == "intake"] == [("intake", "desk-text", "clerk-7")]
        shown = (await open_desk(desk, f"/{complaint}", clerk, show="applicant")).text
        assert [asked for asked in owners.asked if asked[0] == "intake"][1:] == [("intake", "desk", "clerk-7")]
        assert [CANARY["iin"] in page for page in (hidden, shown)] == [False, True]

    async def test_what_the_applicant_sent_after_filing_is_shown(self, desk, owners, complaint):
        owners.sent = {
            "contested_act": "Отказ от 3 февраля",
            "provider_name": "5 <емхана>",
            "messages": [message("Маму увезли <b>в больницу</b>.", NOW), message(None, NOW, damaged=True)],
        }
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Отказ от 3 февраля" in page
        assert "The applicant wrote: “5 &lt;емхана&gt;”" in page
        assert "Маму увезли &lt;b&gt;в больницу&lt;/b&gt;." in page
        assert "This message cannot be read" in page

    async def test_files_open_at_the_desk_with_their_state_and_infected_ones_do_not(self, desk, owners, complaint):
        clean, waiting = attachment(), attachment("<акт>.pdf", media_type="application/pdf", state="SCANNING", available=False)
        owners.sent = {"attachments": [clean, waiting, attachment(None, state="INFECTED", available=False)]}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert f'href="/routing/desk/{complaint}/files/{clean["attachment_id"]}"' in page
        assert "<b>рецепт.png</b>" in page
        assert "2 kB · checked, no virus found" in page
        assert "<b>&lt;акт&gt;.pdf</b><span>2 kB · being checked for viruses" in page
        assert "<b>File without a name</b><span>2 kB · infected" in page
        assert page.count("/files/") == 1

    async def test_a_file_of_a_provider_opens_from_the_conversation(self, desk, owners, complaint):
        response, file_id = uuid4(), str(uuid4())
        usual = {"appeal_id": complaint, "inquiry_id": uuid4(), "provider_id": uuid4()}
        await desk.apply(InquiryAnswered(response_id=response, code="EXPLANATION", **usual))
        shown = {"file_id": file_id, "name": "журнал.png", "media_type": "image/png", "size": 7, "state": "CLEAN", "available": True}
        owners.responses[str(response)] = {"language": "ru", "code": "EXPLANATION", "text": "Пациент записан.", "attachments": [shown]}
        owners.files[file_id] = (b"pixels", "image/png", "a.png")
        href = f"/routing/desk/{complaint}/provider-files/{file_id}"
        assert f'href="{href}"' in (await open_desk(desk, f"/{complaint}")).text
        assert (await desk.client.get(href, headers=session(desk))).content == b"pixels"
        owners.withheld, owners.files = (409, "attachment-not-checked"), {}
        assert (await desk.client.get(href, headers=session(desk))).status_code == 303

    async def test_a_message_stands_with_its_own_files_and_the_reply_after_its_question(self, desk, owners, complaint):
        clerk = session(desk, subject="clerk-7", name="Сынақ Арман")
        assert (await send(desk, complaint, "ask", clerk, **{"ask-text": "Когда вы пришли?", "ask-language": "ru"})).status_code == 303
        reply = message("Пришла 2 февраля.", NOW + timedelta(hours=1))
        owners.sent = {"messages": [reply], "attachments": [attachment("талон.png", message_id=reply["id"])]}
        page = (await open_desk(desk, f"/{complaint}", clerk)).text
        page = page[page.index('class="thread"') :]
        places = [page.index(text) for text in ("емханада", "Сынақ Арман", "Когда вы пришли?", "Пришла 2 февраля.", "талон.png")]
        assert places == sorted(places)

    async def test_the_applicants_reactions_stand_once_with_what_was_written(self, desk, owners, complaint):
        await desk.apply(OutcomeDenied(appeal_id=complaint, answer_id=uuid4(), followed_by=None))
        assert (await open_desk(desk, f"/{complaint}")).text.count("The applicant does not accept the answer") == 1
        owners.sent = {"messages": [message("Врач так и не принял.", NOW, "REASON")]}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert page.count("The applicant does not accept the answer") == 1
        assert "Врач так и не принял." in page

    async def test_without_intake_everything_but_the_text_is_shown(self, desk, owners, complaint):
        owners.down = True
        page = await open_desk(desk, f"/{complaint}", show="applicant")
        assert page.status_code == 200
        assert "The register does not answer just now" in page.text
        assert forms(page) == {
            "claim", "classify", "escalate", "answer", "answer-and-close", "ask", "request-completion", "forward", "return", "log-call",
            "ask-provider", "request-extension", "split-issue", "set-finding", "link-duplicate", "protect",
        }  # fmt: skip

    @pytest.mark.parametrize("role", ["operator", "specialist", "supervisor", "head"])
    async def test_there_is_a_form_for_each_possible_action_and_for_no_other(self, desk, complaint, role):
        offered = await desk.case(complaint, desk.token(role, region="KZ-43"))
        assert forms(await open_desk(desk, f"/{complaint}", session(desk, role))) == {each["action"] for each in offered["next_actions"]}

    async def test_the_assignee_is_shown_by_name(self, desk, complaint):
        clerk = session(desk, subject="clerk-7", name="Сынақ Арман")
        await open_desk(desk, who=clerk)
        await send(desk, complaint, "claim", clerk)
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Assigned to Сынақ Арман" in page
        assert "clerk-7" not in re.sub(r"<[^>]*>", "", page)

    @pytest.mark.parametrize(
        ("language", "responsible", "holder"), [("kk", "Жауапты: сіз", "Өтініш беруші"), ("ru", "Ответственный: вы", "Заявитель")]
    )
    async def test_the_clerk_is_responsible_while_the_applicant_has_to_act(self, desk, complaint, language, responsible, holder):
        clerk = session(desk, subject="clerk-7")
        assert (await send(desk, complaint, "claim", clerk)).status_code == 303
        assert (await send(desk, complaint, "ask", clerk, **{"ask-text": "Қашан?", "ask-language": "kk"})).status_code == 303
        page = (await open_desk(desk, f"/{complaint}", clerk, lang=language)).text
        assert f'<b>{holder}</b><br><span class="small soft">{responsible}</span>' in page

    async def test_a_clock_explains_its_date_day_by_day(self, desk, complaint):
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Working day 15" in page
        assert "Counted from 2 February 2026 · АППК art. 76(1)-(3) 87" in page
        assert "Day off, not counted" in page

    async def test_the_response_of_the_provider_is_shown_with_its_inquiry(self, desk, owners, complaint):
        inquiry, provider, response = uuid4(), uuid4(), uuid4()
        owners.responses[str(response)] = {"language": "ru", "code": "RESOLVED", "text": "Пациент записан на 4 февраля."}
        usual = {"appeal_id": complaint, "inquiry_id": inquiry, "provider_id": provider}
        await desk.apply(InquirySent(category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=True, **usual))
        assert "Awaiting the provider 1" in (await open_desk(desk)).text
        await desk.apply(InquiryAnswered(response_id=response, code="RESOLVED", **usual))
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Пациент записан на 4 февраля." in page
        assert ("provider-contact", "desk", "specialist-KZ-43") in owners.asked
        owners.down = True
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "The text of its answer cannot be shown just now" in page

    async def test_an_imported_case_is_read_only(self, desk):
        event = imported()
        await desk.apply(event)
        page = await open_desk(desk, f"/{event.appeal_id}")
        assert "read-only" in page.text
        assert forms(page) == set()
