"""Part of `make train`: train the detectors, compare them with those in use on the held-out files, and promote them if nothing is lost."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shared.language.detector_versions import DATA
from training.detectors.card import DOCS, write_card
from training.detectors.fitting import DetectorFile, train
from training.detectors.promotion import HeldOutText, figures, promote, read_held_out, regressions, stored
from training.detectors.texts import read_examples
from training.inputs import detector_inputs


def compare_and_promote(new: DetectorFile, tests: Sequence[HeldOutText], data: Path = DATA, docs: Path = DOCS) -> list[str]:
    """Promote the detectors and write their card, unless recall on a slice is worse or too much is marked. Return those slices in words."""
    after = figures(new.detectors(), tests)
    worse = regressions(figures(stored(data), tests), after)
    if not worse:
        promote(new, data)
        write_card(new.metadata, after, figures(None, tests), docs)
    return worse


def main() -> None:
    """Train and promote. Exits with 1 if the new detectors lose on a slice."""
    examples = read_examples()
    found = train(examples)
    new = replace(found, metadata=replace(found.metadata, inputs=detector_inputs(examples)))
    if worse := compare_and_promote(new, read_held_out()):
        sys.stdout.write(f"detectors {new.metadata.version} are not promoted:\n" + "".join(f"- {each}\n" for each in worse))
        raise SystemExit(1)
    sys.stdout.write(f"detectors {new.metadata.version} are in use\n")


if __name__ == "__main__":
    main()
