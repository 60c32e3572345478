import asyncio
from uuid import UUID, uuid4

from intake.register.repository.recipients import confirm_contact
from shared.contracts import APPEALS, AnswerGiven
from shared.messaging.envelope import Envelope
from shared.outgoing.senders import open_local_file
from tests.patience import PATIENCE


class TestWorker:
    async def test_an_answer_in_the_event_log_is_sent(self, start, tmp_path):
        async with start(tmp_path, worker=True) as desk:
            receipt = (await desk.file(language="ru")).json()
            async with desk.parts.database.write() as session:
                await confirm_contact(session, UUID(receipt["appeal_id"]), ["phone"], desk.clock.now())
            answer = AnswerGiven(
                appeal_id=UUID(receipt["appeal_id"]), answer_id=uuid4(), language="ru", findings=["JUSTIFIED"], actor_role="expert"
            )
            event_id = uuid4()
            raw, at = answer.model_dump_json().encode(), desk.clock.now()
            await desk.parts.log.append(APPEALS, [Envelope(event_id, answer.TYPE, at, str(answer.subject), event_id, None, None, raw)])
            async with asyncio.timeout(PATIENCE):
                while not (files := list((tmp_path / "outgoing").rglob("*.txt.sealed"))) or not files[0].stat().st_size:
                    await asyncio.sleep(0.05)
            (path,) = files
            message = open_local_file(desk.parts.sealer, path, UUID(path.name.partition(".")[0]), "txt")
            assert f"№ {receipt['number']}: ответ дан" in message.decode()
