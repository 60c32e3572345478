"""The routers of intake's areas beside the register itself."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

AREAS: Final[Sequence[APIRouter]] = ()
