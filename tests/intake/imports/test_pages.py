import json
import re
from uuid import UUID

import pytest

from intake.register.models import Appeal
from shared.contracts import ImportUndoRefused
from shared.web.session import COOKIE
from tests.intake.imports.open_rows import open_row
from tests.intake.register.test_handlers import apply

ORIGIN = {"Origin": "http://aryz.example"}


def signed_in(desk, role="admin"):
    return {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue(role)}", "Accept": "text/html"} | ORIGIN


async def send(desk, rows, language="kk", name="open.ndjson", **fields):
    raw = "\n".join(json.dumps(each) for each in rows).encode()
    files = {"file": (name, raw, "application/octet-stream")}
    return await desk.client.post(f"/intake/imports?lang={language}", data=fields, files=files, headers=signed_in(desk))


class TestPages:
    async def test_at_first_it_proposes_to_check_a_file(self, desk):
        answer = await desk.client.get("/intake/imports", headers=signed_in(desk))
        assert answer.status_code == 200
        assert re.search(r'value="check"[^>]* checked', answer.text)

    async def test_the_file_is_checked_first_and_every_fault_is_said(self, desk):
        wrong = open_row(2, region="KZ-99", due_on="soon")
        said = {"kk": "Мәні белгілі кодтардың бірі емес.", "ru": "Значение не входит в список кодов."}
        for language, sentence in said.items():
            answer = await send(desk, [open_row(), wrong], language, task="check")
            assert answer.status_code == 200
            assert sentence in answer.text
            assert "due_on" in answer.text
        assert await desk.rows(Appeal) == []

    async def test_then_it_is_imported_and_undone(self, desk):
        answer = await send(desk, [open_row(), open_row(2)], task="import")
        assert len(await desk.rows(Appeal)) == 2
        path = re.search(r'href="(/intake/imports/[0-9a-f-]{36})"', answer.text)[1]
        assert (await desk.client.get(path, headers=signed_in(desk))).status_code == 200
        undone = await desk.client.post(f"{path}/undo", headers=signed_in(desk))
        assert (undone.status_code, undone.headers["location"]) == (303, f"{path}?flash=open-import-undone")
        stays = (await desk.rows(Appeal))[0]
        await apply(desk, ImportUndoRefused(appeal_id=UUID(str(stays.id))))
        shown = (await desk.client.get(path, headers=signed_in(desk))).text
        assert stays.number in shown
        assert f"{path}/undo" not in shown

    @pytest.mark.parametrize(("rows", "name"), [([open_row()], "open.docx"), ([], "open.txt")])
    async def test_another_file_is_refused_with_a_sentence(self, desk, rows, name):
        answer = await send(desk, rows, "ru", name, task="check")
        assert answer.status_code == 422
        assert "Выберите файл CSV или NDJSON." in answer.text

    async def test_others_are_not_let_in(self, desk):
        assert (await desk.client.get("/intake/imports", headers=signed_in(desk, "supervisor"))).status_code == 403
        assert (await desk.client.get("/intake/imports", headers={"Accept": "text/html"})).headers["location"].startswith("/sign-in")
