"""Promotion of a new model without regression on any slice of the test file, and the files of the models."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import routing.classification
from routing.classification.policy import ModelFile, Pointer
from routing.classification.service.versions import stored, use
from training.evaluation import Figures

DATA: Final = Path(routing.classification.__file__).parent / "data"
STORED: Final = 3
"""Versions that stay in the repository: the current one, and two to go back to."""
_NOISE: Final = 0.03
_FEW: Final = 2
"""The share of a slice, and the number of texts of a small one, that may be lost: two models never err in the same texts."""


def regressions(before: Mapping[tuple[str, str], Figures], after: Mapping[tuple[str, str], Figures]) -> list[str]:
    """Return a sentence for each slice on which the new figures are worse. Over all texts nothing may be lost."""
    found = []
    for (aspect, value), old in before.items():
        new = after[aspect, value]
        allowed = 0.0 if aspect == "all" else max(_FEW, _NOISE * old.texts)
        found += [
            f"{aspect} {value}: {name} right in {had} of {old.texts} before, in {has} now"
            for name, had, has in (("kind", old.kind, new.kind), ("subject", old.subject, new.subject))
            if has < had - allowed
        ]
    return found


def promote(file: ModelFile, data: Path = DATA) -> Pointer:
    """Store the model and make it the current one. Versions older than the last `STORED` are deleted."""
    version = file.metadata.version
    folder = data / "models" / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.npz").write_bytes(file.weights)
    written = json.dumps(file.metadata.model_dump(), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "metadata.json").write_text(written + "\n", encoding="utf-8")
    versions = [each for each in stored(data).versions if each != version]
    for former in versions[: -(STORED - 1)]:
        shutil.rmtree(data / "models" / former, ignore_errors=True)
    return use(Pointer(current=version, versions=[*versions[-(STORED - 1) :], version]), data)
