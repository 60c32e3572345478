"""The Idempotency-Key header: its form, and the rule that a key without a token is a random UUID.

With a token a key identifies a request among those of the token's subject. Without a token it identifies a request among all, so
it must not be guessable: whoever guesses it could read another person's answer or occupy the key in advance.
"""

import re
from typing import Annotated, Final, TypedDict
from uuid import uuid4

from fastapi import Depends, Header
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from pydantic import StringConstraints, TypeAdapter, ValidationError

from shared.auth import Principal, PrincipalDep
from shared.errors import DomainError, InvalidInput
from shared.header_fields import field_of


class _KeyRules(TypedDict):
    min_length: int
    max_length: int
    pattern: str


HEADER: Final = "Idempotency-Key"
_FIELD: Final = HEADER.lower().encode()  # as servers pass it on
_RULES: Final[_KeyRules] = {"min_length": 1, "max_length": 255, "pattern": r"^[\x21-\x7e]+$"}
_KEY: Final[TypeAdapter[str]] = TypeAdapter(Annotated[str, StringConstraints(**_RULES)])
_VERSION_4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_FEWEST_CHARACTERS: Final = 8  # of 17; one random UUID in ten million has fewer, and `00000000-0000-4000-8000-000000000000` has four
_DESCRIPTION: Final = "Names the request: sent again under the same key it is answered again. Without a token: a random UUID, version 4."


class IdempotencyKeyWeak(DomainError):
    code, status = "idempotency-key-weak", 422
    title = "Without a token the Idempotency-Key must be a random UUID, version 4; make a new one for each request."


def new_key() -> str:
    """Return a new key that is accepted without a token."""
    return str(uuid4())


def is_random_uuid(key: str) -> bool:
    """Return whether `key` is a version 4 UUID in canonical form and not a placeholder of a few repeated digits."""
    return _VERSION_4.fullmatch(key) is not None and len(set(key.lower())) >= _FEWEST_CHARACTERS


def strong_key(key: str | None, sender: Principal) -> str | None:
    """Return `key`. Raises IdempotencyKeyWeak for a guessable key of a sender without a token."""
    if key is not None and sender.is_anonymous and not is_random_uuid(key):
        raise IdempotencyKeyWeak
    return key


def idempotency_key(request: HttpRequest, sender: Principal) -> str | None:
    """Return the header as `IdempotencyKey` does, for a route that reads its request itself. Raises InvalidInput and IdempotencyKeyWeak."""
    given = field_of(request.scope, _FIELD)
    try:
        return None if given is None else strong_key(_KEY.validate_python(given), sender)
    except ValidationError as error:
        found = [{**each, "loc": ("header", HEADER)} for each in error.errors(include_url=False, include_input=False)]
        raise InvalidInput.of(RequestValidationError(found)) from None


async def _read_key(
    sender: PrincipalDep, key: Annotated[str | None, Header(alias=HEADER, description=_DESCRIPTION, **_RULES)] = None
) -> str | None:
    return strong_key(key, sender)


IdempotencyKey = Annotated[str | None, Depends(_read_key)]
"""The idempotency key of a request as a route parameter. A route that answers without a token declares `IdempotencyKeyWeak`."""
