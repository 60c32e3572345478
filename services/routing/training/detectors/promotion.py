"""Figures of the detectors on the held-out files, and promotion without a loss on any slice of them."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.language.detector_versions import DATA, METADATA_FILE, POINTER, WEIGHTS_FILE, StoredDetectors, stored_detectors, use_detectors
from shared.language.detectors import DetectorMetadata, Detectors, DetectorText
from shared.language.dictionaries import ProtectedSubject
from training.detectors.fitting import DetectorFile
from training.detectors.texts import ListedSigns

HELD_OUT: Final = Path(__file__).parents[1] / "held_out"
STORED: Final = 2
"""Versions that stay in the repository: the one in use, and one to go back to."""
MOST_FALSE: Final[Mapping[str, float]] = {
    "danger, look-alikes": 0.20,
    "danger, ordinary": 0.05,
    "protected, look-alikes": 0.20,
    "protected, ordinary": 0.03,
}
"""The shares of texts that may be marked wrongly: recall alone would promote detectors that mark every text."""


@dataclass(frozen=True, slots=True)
class HeldOutText:
    """A held-out text: what it is tested for (`danger` or `protected`), whether that is right, and the slices that it belongs to."""

    text: DetectorText
    detector: str
    is_right: bool
    slices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """How many texts of a slice were marked."""

    texts: int
    marked: int


def read_held_out(folder: Path = HELD_OUT) -> list[HeldOutText]:
    """Return the texts of the three files: those of a detector, their look-alikes, and ordinary ones."""
    return list(_held_out(folder))


def _held_out(folder: Path) -> Iterator[HeldOutText]:
    for row in _rows(folder / "urgency.jsonl"):
        of_danger = ("danger", f"danger, language {row['language']}")
        slices: tuple[str, ...] = of_danger if row["urgent"] else ("danger, look-alikes",)
        yield HeldOutText(DetectorText.of(str(row["text"])), "danger", bool(row["urgent"]), slices)
    for row in _rows(folder / "protected.jsonl"):
        of_subject = ("protected", f"protected, language {row['language']}", f"protected, {row['protected']}")
        slices = of_subject if row["protected"] else ("protected, look-alikes",)
        yield HeldOutText(DetectorText.of(str(row["text"])), "protected", bool(row["protected"]), slices)
    for row in _rows(folder / "appeals.jsonl"):
        text = DetectorText.of(str(row["text"]))
        yield HeldOutText(text, "danger", is_right=False, slices=("danger, ordinary",))
        if row["category"] not in {*ProtectedSubject}:
            yield HeldOutText(text, "protected", is_right=False, slices=("protected, ordinary",))


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def figures(judge: Detectors | None, tests: Sequence[HeldOutText]) -> dict[str, Found]:
    """Return by slice how many texts the dictionaries and these detectors mark together, or the dictionaries alone without any."""
    texts: dict[str, int] = defaultdict(int)
    marked: dict[str, int] = defaultdict(int)
    for tested in tests:
        is_marked = _marks(judge, tested)
        for each in tested.slices:
            texts[each] += 1
            marked[each] += is_marked
    return {each: Found(number, marked[each]) for each, number in texts.items()}


def _marks(judge: Detectors | None, tested: HeldOutText) -> bool:
    listed = ListedSigns.of(tested.text)
    if listed.danger if tested.detector == "danger" else listed.protected:
        return True
    scores = tested.text.judged_by(judge) if judge is not None else None
    if judge is None or scores is None:
        return False
    return scores.danger >= judge.about.danger if tested.detector == "danger" else scores.protected >= judge.about.protected


def regressions(before: Mapping[str, Found], after: Mapping[str, Found]) -> list[str]:
    """Return a sentence for each slice of which fewer texts are found, and for each in which too many are marked wrongly."""
    lost = [
        f"{name}: {old.marked} of {old.texts} found before, {after[name].marked} now"
        for name, old in before.items()
        if name not in MOST_FALSE and after[name].marked < old.marked
    ]
    wrong = [
        f"{name}: {after[name].marked} of {after[name].texts} marked wrongly, at most {most:.0%} may be"
        for name, most in MOST_FALSE.items()
        if name in after and after[name].marked > most * after[name].texts
    ]
    return lost + wrong


def stored(data: Path = DATA) -> Detectors | None:
    """Return the detectors in use, None before the first promotion."""
    if not (data / POINTER).exists():
        return None
    folder = data / stored_detectors(data).current
    about = DetectorMetadata(**json.loads((folder / METADATA_FILE).read_text(encoding="utf-8")))
    return Detectors(about, (folder / WEIGHTS_FILE).read_bytes())


def promote(file: DetectorFile, data: Path = DATA) -> StoredDetectors:
    """Store the detectors as those in use. Versions older than the last `STORED` are deleted."""
    version = file.metadata.version
    folder = data / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(file.weights)
    written = json.dumps(file.metadata_as_dict(), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / METADATA_FILE).write_text(written + "\n", encoding="utf-8")
    versions = [each for each in stored_detectors(data).versions if each != version] if (data / POINTER).exists() else []
    for former in versions[: -(STORED - 1)]:
        shutil.rmtree(data / former, ignore_errors=True)
    return use_detectors(StoredDetectors(version, (*versions[-(STORED - 1) :], version)), data)
