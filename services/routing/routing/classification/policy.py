"""The dictionary of the classifier as `data/lexicon.toml` has it, and the trained models of `data/models`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel

from shared.domain.tables import ReferenceDataError
from shared.policy_files import SOURCE, policy_model, policy_text

_PACKAGE: Final = "routing.classification"
POINTER: Final = "models/current.toml"


@dataclass(frozen=True)
class LexiconSettings:
    """Thresholds and weights of the decision; the data file explains each."""

    auto_confidence: float
    suggest_confidence: float
    auto_evidence: float
    side_topic: float
    phrase_gap: int
    evidence_limit: int


class TermEntry(BaseModel):
    """Terms of one code as `lexicon.toml` has them."""

    group: str
    code: str
    weight: float
    stems: list[str]


class LexiconFile(BaseModel):
    """The form of `lexicon.toml`."""

    version: str
    settings: LexiconSettings
    priors: dict[str, float]
    terms: list[TermEntry]


class ModelMetadata(BaseModel):
    """The form of `metadata.json` of a model: its codes in the order of the columns, and how its probabilities become decisions.

    `auto`: the confidence from which a choice of this kind stands by itself; None: never. `evidence_confidence`: below it a text
    without a word of the dictionary says nothing. `inputs`: the hash of what the weights were computed from.
    """

    version: str
    lexicon: str
    inputs: str = ""
    texts: int
    kinds: list[str]
    categories: list[str]
    topics: list[str]
    subcategories: list[str]
    confidence: dict[str, float]
    auto: dict[str, float | None]
    suggest_confidence: float
    evidence_confidence: float
    subcategory_share: float


@dataclass(frozen=True)
class ModelFile:
    """A model as it is stored: its metadata and its weights (`.npz`)."""

    metadata: ModelMetadata
    weights: bytes


class Pointer(BaseModel):
    """The form of `models/current.toml`: the versions, oldest first, and the one in use; "" for the dictionary alone."""

    current: str
    versions: list[str]


@cache
def lexicon_file() -> LexiconFile:
    """Return the dictionary as written. Raises ReferenceDataError for a missing source, ValidationError for a wrong form."""
    return policy_model(_PACKAGE, "lexicon.toml", LexiconFile)


def pointer_in(text: str) -> Pointer:
    """Return which model is in use. Raises ReferenceDataError if it is none of the versions, ValidationError for a wrong form."""
    found = Pointer.model_validate(tomllib.loads(text))
    if found.current and found.current not in found.versions:
        raise ReferenceDataError(POINTER, 1, f"{found.current} is none of {found.versions}")
    return found


def pointer_text(pointer: Pointer) -> str:
    """Return `models/current.toml` for a pointer."""
    versions = ", ".join(f'"{version}"' for version in pointer.versions)
    source = f"{SOURCE}`make train` from the labelled texts; docs/classifier.md has the figures"
    return f'{source}\ncurrent = "{pointer.current}"\nversions = [{versions}]\n'


def current_model() -> ModelFile | None:
    """Return the model in use, or None for the dictionary alone. Raises ReferenceDataError, ValidationError or FileNotFoundError."""
    version = pointer_in(policy_text(_PACKAGE, POINTER)).current
    return model_file(version) if version else None


def model_file(version: str) -> ModelFile:
    """Return the model of a version. Raises ReferenceDataError if its metadata name another one, FileNotFoundError if there is none."""
    folder = files(_PACKAGE) / "data" / "models" / version
    metadata = ModelMetadata.model_validate_json((folder / "metadata.json").read_bytes())
    if metadata.version != version:
        raise ReferenceDataError(f"models/{version}/metadata.json", 1, f"is of version {metadata.version}")
    return ModelFile(metadata, (folder / "weights.npz").read_bytes())
