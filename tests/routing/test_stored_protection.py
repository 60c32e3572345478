from uuid import uuid4

from tests.routing.desk.pages.test_provider import recorded
from tests.routing.desk.support import session
from tests.stored_protection import check_stored_rows, sealed_tables


async def test_each_table_with_ciphertext_holds_a_sealed_value(desk):
    specialist = desk.token("specialist", region="KZ-43")
    asked = await desk.carry_out(await desk.open(), "ask", specialist, text="Қай күні бардыңыз?", language="kk")
    answered = await desk.carry_out(
        await desk.open(kind="CONSULTATION"), "answer", specialist, key="k", text="1414-ке шалыңыз.", language="kk"
    )
    called = await desk.carry_out(await desk.open(), "log-call", specialist, text="Ертең хабарласуды сұрады.")
    clinic = uuid4()
    await desk.apply(recorded(clinic))
    complaint = await desk.open(kind="COMPLAINT", category="WAITING")
    question = {"provider_id": str(clinic), "text": "Пациент қашан қабылданды?", "language": "kk"}
    assert (await desk.carry_out(complaint, "ask-provider", specialist, **question)).status_code == 200
    waiting = await desk.open()
    for step in ({"action": "request-extension", "until": "2026-03-16"}, {"action": "reject-extension"}):
        assert (await desk.carry_out(waiting, who=specialist, reason="Құжаттар әлі келген жоқ.", **step)).status_code == 200
    second = await desk.open()
    for step in ({"action": "return", "ground": "SAME_AS_CLOSED"}, {"action": "reject", "reason": "Өтінішті қарау керек."}):
        assert (await desk.carry_out(second, who=specialist, **step)).status_code == 200
    finding = {"issue_id": (await desk.case(complaint))["issues"][0]["issue_id"], "outcome": "JUSTIFIED", "fact": "Бар.", "rule": "Бұйрық"}
    assert (await desk.carry_out(complaint, "set-finding", specialist, **finding)).status_code == 200
    draft = {"expected_draft_version": 0, "language": "kk", "text": "1414-ке"}
    drafted = await desk.client.put(f"/routing/v1/cases/{await desk.open()}/draft", headers=specialist, json=draft)
    assert (asked.status_code, answered.status_code, called.status_code, drafted.status_code) == (200, 200, 200, 200)
    await desk.client.post("/routing/desk/views?tab=queue", headers=session(desk), data={"name": "Кезек"})
    expert, leaked = desk.token("expert"), await desk.open(kind="COMPLAINT", category="PRIVACY")
    assert (await desk.carry_out(leaked, "forward", expert, body="POLICE")).status_code == 200
    proof = {"method": "COURIER", "delivered_on": "2026-02-02", "reference": "№ 12"}
    assert (await desk.carry_out(leaked, "record-delivery", expert, **proof)).status_code == 200
    seen = await check_stored_rows("routing", desk.parts.database)
    assert sealed_tables("routing") - {table for table, _ in seen} == set()
