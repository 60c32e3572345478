"""What accepting an appeal is held against: FastAPI and asyncpg, the same model validated, one INSERT of a row as large, an answer as long.

Nothing is sealed, hashed, numbered or authorised, no key is kept, no event is stored.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import uvicorn
from fastapi import FastAPI, Response
from pydantic_core import to_json

from intake.register.schemas import AppealIn
from shared.ids import RandomIds
from shared.postgres import POOL_SIZE

TABLE = """
CREATE TABLE IF NOT EXISTS bare_appeal (
    id uuid PRIMARY KEY, number text NOT NULL UNIQUE, channel text, region text NOT NULL, language text, kind text, category text,
    topic text, statutory_form text, provider_id uuid, text bytea, applicant bytea, consents json NOT NULL, owner bytea, pin bytea,
    received_at timestamptz NOT NULL, registered_at timestamptz NOT NULL
)"""
INSERT = f"INSERT INTO bare_appeal VALUES ({', '.join(f'${n}' for n in range(1, 18))})"
SEALED = b"0" * 32  # what a sealed value, or a keyed hash, is longer than the words


def create_app(url: str, answer_bytes: int) -> FastAPI:
    ids = RandomIds()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=POOL_SIZE, max_size=POOL_SIZE) as pool:
            await pool.execute(TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/intake/v1/appeals", status_code=201)
    async def register(appeal: AppealIn) -> Response:
        appeal_id, now = ids.new(), datetime.now(UTC)
        await app.state.pool.execute(
            INSERT,
            appeal_id,
            f"2026-43-{appeal_id.hex[-10:]}",
            appeal.channel,
            appeal.region,
            appeal.language,
            appeal.kind,
            appeal.category,
            appeal.topic,
            appeal.statutory_form,
            appeal.provider.provider_id if appeal.provider else None,
            SEALED + (appeal.text or "").encode(),
            SEALED + appeal.applicant.model_dump_json().encode(),
            to_json(appeal.consents).decode(),
            SEALED,
            SEALED,
            now,
            now,
        )
        receipt = {"appeal_id": appeal_id, "received_at": now, "registered_at": now, "due_explanation": ""}
        receipt["due_explanation"] = "0" * (answer_bytes - len(to_json(receipt)))
        return Response(to_json(receipt), 201, media_type="application/json")

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--answer-bytes", type=int, required=True)
    chosen = parser.parse_args()
    bare = create_app(chosen.url, chosen.answer_bytes)
    # The flags of `python -m intake api`.
    uvicorn.run(bare, port=chosen.port, access_log=False, log_config=None, proxy_headers=False, server_header=False, ws="none")
