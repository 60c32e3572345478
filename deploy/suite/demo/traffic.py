"""Concurrent traffic: citizens file appeals, clerks handle a share of them, and providers answer half of their inquiries."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from uuid import uuid4

from pydantic import JsonValue

from suite.demo.appeals import DemoAppeal
from suite.demo.surface import InquiryView, Surface

SENDERS = 32
CLERKS = 4
HANDLED_EVERY = 16  # about 6 % of the appeals are answered and closed while the demo runs
CLERK_SECONDS = 1.0  # until a clerk opens a new case
REST_SECONDS = 0.1
PROVIDER_ROUNDS = 2
OUTCOMES = {"COMPLAINT": ("JUSTIFIED", "PARTLY_JUSTIFIED", "UNJUSTIFIED"), "GRATITUDE": ("NOTED",), "SUGGESTION": ("NOTED",)}
ANSWER = {
    "kk": (
        "Өтінішіңіз қаралды. Бұл – сынақ жауабы.",
        "Қосымша әрекет қажет емес.",
        "Келіспесеңіз, жоғары тұрған органға шағымдана аласыз.",
    ),
    "ru": (
        "Обращение рассмотрено. Это тестовый ответ.",
        "Дополнительных действий не требуется.",
        "Вы вправе обжаловать ответ в вышестоящем органе.",
    ),
}

RESPONSE = {"language": "ru", "code": "EXPLANATION", "text": "Тестовое пояснение организации."}


@dataclass
class Done:
    """What was sent and done, to be compared with the figures."""

    appeals: list[tuple[DemoAppeal, str]] = field(default_factory=list)
    """Each appeal with its id."""
    outcomes: Counter[str] = field(default_factory=Counter)
    inquiries_answered: int = 0
    began: float = 0.0
    accepted: float = 0.0
    """When the last appeal was accepted (perf_counter)."""


class Traffic:
    def __init__(self, surface: Surface, seed: int, advance: Callable[[], None]) -> None:
        self._surface = surface
        self._random = Random(seed)  # noqa: S311 - repeatable, nothing secret
        self._seed = seed
        self._advance = advance
        self._to_handle: asyncio.Queue[tuple[float, DemoAppeal, str] | None] = asyncio.Queue()
        self.done = Done()

    async def run(self, appeals: Sequence[DemoAppeal], *, rate: float | None = None) -> Done:
        """Send all appeals. Returns when clerks and providers have done their share."""
        clerks = [asyncio.create_task(self._clerk()) for _ in range(CLERKS)]
        self.done.began = perf_counter()
        waiting = iter(enumerate(appeals))
        senders = (self._send(waiting) for _ in range(SENDERS)) if rate is None else [self._send_by_clock(waiting, rate)]
        await asyncio.gather(*senders)
        self.done.accepted = perf_counter()
        for _ in clerks:
            self._to_handle.put_nowait(None)
        await asyncio.gather(*clerks, self._providers())
        return self.done

    async def _send(self, waiting: Iterable[tuple[int, DemoAppeal]]) -> None:
        for number, appeal in waiting:
            await self._register(number, appeal)

    async def _send_by_clock(self, waiting: Iterable[tuple[int, DemoAppeal]], rate: float) -> None:
        """Send every appeal at its own time, whether or not earlier ones are answered (open loop)."""
        began, under_way = perf_counter(), []
        for number, appeal in waiting:
            await asyncio.sleep(max(0.0, began + number / rate - perf_counter()))
            under_way.append(asyncio.create_task(self._register(number, appeal)))
        await asyncio.gather(*under_way)

    async def _register(self, number: int, appeal: DemoAppeal) -> None:
        receipt = await self._surface.register(appeal, str(uuid4()))
        sent = (appeal, str(receipt["appeal_id"]))
        self.done.appeals.append(sent)
        self._advance()
        if number % HANDLED_EVERY == 0:
            self._to_handle.put_nowait((perf_counter() + CLERK_SECONDS, *sent))

    async def _clerk(self) -> None:
        while (task := await self._to_handle.get()) is not None:
            look_at, appeal, appeal_id = task
            await asyncio.sleep(max(0.0, look_at - perf_counter()))
            while not await self._handle(appeal, appeal_id):  # noqa: ASYNC110 - what it waits for happens in another process
                await asyncio.sleep(CLERK_SECONDS / 2)

    async def _handle(self, appeal: DemoAppeal, appeal_id: str) -> bool:
        """Claim the case, report a danger, answer and close as far as possible now. Returns False if it has to be tried again."""
        case = await self._surface.case(appeal_id)
        while case is not None:
            possible = {each["action"]: each for each in case["next_actions"]}
            action = next((each for each in ("claim", "redirect", "answer", "close") if each in possible), None)
            if action is None:
                return False
            proposed = {field["name"]: field["value"] for field in possible[action]["fields"] if field["value"]}
            fields = proposed if action == "redirect" else self._fields(action, appeal)
            case = await self._surface.act_on_case(appeal_id, action, case["version"], **fields)
            if case is not None and action == "close":
                self.done.outcomes[str(fields["outcome"])] += 1
                return True
        return False

    def _fields(self, action: str, appeal: DemoAppeal) -> dict[str, JsonValue]:
        outcome = OUTCOMES.get(appeal.kind, ("EXPLAINED",))
        if action == "close":
            return {"outcome": self._random.choice(outcome)}
        if action == "claim":
            return {}
        text, next_steps, how_to_complain = ANSWER[appeal.body["language"]]
        category = appeal.body.get("category")
        findings: list[JsonValue] = (
            [{"category": category, "outcome": outcome[0], "fact": text, "rule": "ҚР ДСМ / МЗ РК"}] if category else []
        )
        answer: dict[str, JsonValue] = {"language": appeal.body["language"], "text": text, "findings": findings}
        return answer | {"next_steps": next_steps, "how_to_complain": how_to_complain}

    async def _providers(self) -> None:
        """Acknowledge and answer every second open inquiry, in two rounds, because typed names are matched a little later."""
        seen: set[str] = set()
        for _ in range(PROVIDER_ROUNDS):
            cursor: str | None = None
            while True:
                page = await self._surface.inquiries(cursor)
                for inquiry in page["items"]:
                    if inquiry["inquiry_id"] not in seen and len(seen) % 2 == 0:
                        await self._answer(inquiry)
                    seen.add(inquiry["inquiry_id"])
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            await asyncio.sleep(REST_SECONDS)

    async def _answer(self, inquiry: InquiryView) -> None:
        version = inquiry["version"]
        for action, fields in (("acknowledge", {}), ("respond", RESPONSE)):
            moved = await self._surface.respond(inquiry, action, version, **fields)
            if moved is None:
                return
            version = moved["version"]
        self.done.inquiries_answered += 1
