import io
from hashlib import sha256
from uuid import uuid4

import pikepdf
import pytest
from sqlalchemy import select, update

from routing.cases.models import Answer, ContentRead
from routing.documents.models import AnswerLetter
from shared.contracts import OutcomeDenied
from tests.routing.desk.support import ANSWER, CANARY, send, session
from tests.routing.documents.support import FULL_ANSWER, NO_GLYPH, answer_id_of, check, text_of, write


async def stored(desk) -> list[AnswerLetter]:
    async with desk.parts.database.read() as open_session:
        return list((await open_session.execute(select(AnswerLetter))).scalars())


def bare(text: str) -> str:
    return "".join(text.split())


class TestLetter:
    async def test_it_has_all_that_an_official_answer_needs(self, desk, answered):
        letter = await write(desk, answered)
        assert (letter.status_code, letter.headers["content-type"]) == (200, "application/pdf")
        text, (row,) = text_of(letter.content), await stored(desk)
        for part in (
            "«Әлеуметтік медициналық сақтандыру қоры» КЕАҚ",
            "№ 2026-43-0000017-4 өтінішке жауап",
            "Сынақ Өтінуші",
            "Қызылорда, Сынақ көшесі, 1",
            "Тақырыбы: Дәрігердің қабылдаудан бас тартуы",
            *FULL_ANSWER["text"].split("\n"),
            "1-тармақ",
            "Не анықталды",
            ANSWER["findings.0.fact"],
            "Құқықтық негізі",
            ANSWER["findings.0.rule"],
            ANSWER["next_steps"],
            ANSWER["how_to_complain"],
            "Жауап берген: маман Сынақ Арман",
            row.code,
            "https://aryz.example/routing/letters",
        ):
            assert bare(part) in text, part

    async def test_screen_readers_get_tags_language_and_title(self, desk, answered):
        letter = await write(desk, answered)
        with pikepdf.open(io.BytesIO(letter.content)) as pdf:
            assert str(pdf.Root.Lang) == "kk-KZ"
            assert bool(pdf.Root.MarkInfo.Marked)
            assert "/StructTreeRoot" in pdf.Root
            assert pdf.open_metadata()["pdfuaid:part"] == "1"
            assert str(pdf.docinfo.Title) == "№ 2026-43-0000017-4 өтінішке жауап"

    async def test_signs_without_a_glyph_do_not_prevent_a_letter(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        answer = FULL_ANSWER | {"text": f"Рахмет {NO_GLYPH} сізге"}
        assert (await send(desk, appeal_id, "answer", session(desk), **answer)).status_code == 303
        letter = await write(desk, appeal_id)
        assert letter.status_code == 200
        assert "сізге" in text_of(letter.content)
        with pikepdf.open(io.BytesIO(letter.content)) as pdf:
            assert "/StructTreeRoot" in pdf.Root

    async def test_the_same_answer_gives_the_same_bytes_and_one_code(self, desk, answered):
        first, second = await write(desk, answered), await write(desk, answered)
        assert first.content == second.content
        (row,) = await stored(desk)
        assert row.sha256 == [sha256(first.content).hexdigest()]

    async def test_the_applicant_is_nowhere_but_in_the_file(self, desk, answered):
        await write(desk, answered)
        (row,) = await stored(desk)
        assert "Сынақ" not in repr(row)
        assert "Сынақ Өтінуші" not in repr(await desk.emitted())

    async def test_every_letter_is_an_audited_read(self, desk, answered):
        await write(desk, answered)
        async with desk.parts.database.read() as open_session:
            rows = [(row.reader, row.on_behalf_of, row.purpose) for row in (await open_session.execute(select(ContentRead))).scalars()]
        assert ("intake", "applicant", "letter") in rows

    async def test_another_service_and_an_answer_of_another_appeal_are_refused(self, desk, answered):
        assert (await write(desk, answered, reader="provider-contact")).status_code == 403
        assert (await write(desk, answered, appeal_id=str(uuid4()))).status_code == 404
        assert await stored(desk) == []

    async def test_the_hashes_of_the_newest_twenty_files_are_kept(self, desk, answered):
        digests = [sha256((await write(desk, answered, address=f"Сынақ көшесі, {n}")).content).hexdigest() for n in range(21)]
        (row,) = await stored(desk)
        assert row.sha256 == digests[1:]


class TestClerk:
    async def test_a_clerk_opens_the_letter_addressed_to_the_applicant(self, desk, owners, answered):
        letter = await desk.get(f"/cases/{answered}/letter", desk.token("specialist", region="KZ-43", subject="clerk-7"))
        assert letter.status_code == 200
        assert owners.asked == [("intake", "letter", "clerk-7")]
        assert bare(CANARY["full_name"]) in text_of(letter.content)

    async def test_a_case_out_of_sight_and_one_without_an_answer_have_none(self, desk, answered):
        assert (await desk.get(f"/cases/{answered}/letter", desk.token("specialist", region="KZ-10"))).status_code == 404
        unanswered = await desk.open()
        assert (await desk.get(f"/cases/{unanswered}/letter", desk.token("admin"))).status_code == 404

    async def test_without_the_applicant_there_is_no_letter(self, desk, owners, answered):
        owners.down = True
        assert (await desk.get(f"/cases/{answered}/letter", desk.token("admin"))).status_code == 503
        page = await desk.client.get(f"/routing/desk/{answered}/letter", headers=session(desk))
        assert (page.status_code, page.headers["location"]) == (303, f"/routing/desk/{answered}?flash=unavailable")

    async def test_the_page_of_the_case_links_to_it_once_there_is_an_answer(self, desk, answered):
        link = f"/routing/desk/{answered}/letter"
        assert link in (await desk.client.get(f"/routing/desk/{answered}", headers=session(desk))).text
        opened = await desk.client.get(link, headers=session(desk))
        assert (opened.status_code, opened.headers["content-type"]) == (200, "application/pdf")
        unanswered = await desk.open()
        assert "/letter" not in (await desk.client.get(f"/routing/desk/{unanswered}", headers=session(desk))).text


class TestCheck:
    async def test_anybody_learns_whether_a_letter_is_genuine_and_nothing_personal(self, desk, answered):
        letter = await write(desk, answered)
        (row,) = await stored(desk)
        digest = sha256(letter.content).hexdigest()
        found = await check(desk, f" {row.code[:4]} {row.code[4:8]}-{row.code[8:]}", sha256=digest)
        assert found.json() == {
            "number_tail": "0017-4",
            "answered_on": "2026-02-02",
            "language": "kk",
            "state": "VALID",
            "document": "SAME",
        }

    async def test_a_changed_file_is_found_out(self, desk, answered):
        letter = await write(desk, answered)
        (row,) = await stored(desk)
        assert (await check(desk, row.code, sha256=sha256(letter.content + b" ").hexdigest())).json()["document"] == "DIFFERENT"

    async def test_a_later_answer_supersedes_it(self, desk):
        appeal_id = await desk.open(kind="CONSULTATION", topic="PAY_RATES")
        clerk = desk.token("specialist", region="KZ-43")
        body = {"language": "ru", "text": "Ответ.", "findings": [], "next_steps": "Ждите.", "how_to_complain": "В суд."}
        assert (await desk.carry_out(appeal_id, "answer", clerk, **body)).status_code == 200
        await write(desk, appeal_id)
        (row,) = await stored(desk)
        assert (await check(desk, row.code)).json()["state"] == "VALID"
        answer_id = await answer_id_of(desk, appeal_id)
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=None))
        again = await desk.carry_out(appeal_id, "answer", clerk, **body)
        assert again.status_code == 200, again.text
        assert (await check(desk, row.code)).json()["state"] == "SUPERSEDED"

    async def test_a_check_opens_no_answer(self, desk, answered):
        await write(desk, answered)
        (row,) = await stored(desk)
        async with desk.parts.database.write() as open_session:
            of_another = desk.parts.sealer.seal("answer", uuid4(), "content", b"{}")
            await open_session.execute(update(Answer).values(content=of_another))  # cannot be opened
        assert (await check(desk, row.code)).json()["state"] == "VALID"

    @pytest.mark.parametrize("code", ["0" * 20, "1" * 20])
    async def test_an_unknown_code_says_so(self, desk, answered, code):
        await write(desk, answered)
        assert (await check(desk, code)).status_code == 404

    @pytest.mark.parametrize("code", ["", "123", "x" * 20, "1" * 21])
    async def test_what_is_no_code_is_refused(self, desk, code):
        assert (await check(desk, code)).status_code == 422

    async def test_guesses_from_one_address_are_limited(self, desk):
        answers = [(await check(desk, "1" * 20)).status_code for _ in range(31)]
        assert (answers[0], answers[-2:]) == (404, [404, 429])


class TestCheckPage:
    async def test_the_qr_code_leads_to_the_result(self, desk, answered):
        await write(desk, answered)
        (row,) = await stored(desk)
        page = await desk.client.get("/routing/letters", params={"code": row.code}, headers={"Cookie": "aryz_lang=ru"})
        assert (page.status_code, "Письмо подлинное" in page.text, "0017-4" in page.text) == (200, True, True)

    async def test_a_chosen_file_is_compared(self, desk, answered):
        letter = await write(desk, answered)
        (row,) = await stored(desk)
        for content, sentence in ((letter.content, "exactly the one"), (letter.content[:-1], "not the one that the Fund issued")):
            page = await desk.client.post(
                "/routing/letters",
                data={"code": row.code},
                files={"document": ("хат.pdf", content, "application/pdf")},
                headers={"Cookie": "aryz_lang=en"},
            )
            assert (page.status_code, sentence in page.text) == (200, True)

    async def test_an_unknown_code_and_one_that_is_none_say_what_to_do(self, desk):
        unknown = await desk.client.get("/routing/letters", params={"code": "1" * 20}, headers={"Cookie": "aryz_lang=en"})
        assert (unknown.status_code, "No letter of the Fund has this code" in unknown.text) == (404, True)
        wrong = await desk.client.post("/routing/letters", files={"code": (None, "12")}, headers={"Cookie": "aryz_lang=en"})
        assert (wrong.status_code, "The code has 20 digits" in wrong.text) == (422, True)
