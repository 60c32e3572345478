"""Part of `make train`: train the detectors, compare them with those in use on the held-out files, and promote them if nothing is lost."""

import sys
from collections.abc import Sequence
from pathlib import Path

from training.detectors.card import DOCS, write_card
from training.detectors.fitting import DetectorFile, train
from training.detectors.promotion import DATA, HeldOutText, figures, promote, read_held_out, regressions, stored
from training.detectors.texts import read_examples


def compare_and_promote(
    new: DetectorFile, tests: Sequence[HeldOutText], data: Path = DATA, docs: Path = DOCS, *, accepted: Sequence[str] = ()
) -> list[str]:
    """Promote the detectors and write their card, unless recall on a slice is worse or too much is marked. Return those slices in words.

    `accepted`: the beginnings of sentences about losses that a person accepts by name; the card names them.
    """
    after = figures(new.detectors(), tests)
    lost = regressions(figures(stored(data), tests), after)
    known = [each for each in lost if each.startswith(tuple(accepted))]
    worse = [each for each in lost if each not in known]
    if not worse:
        promote(new, data)
        write_card(new.metadata, after, figures(None, tests), known, docs)
    return worse


def main() -> None:
    """Train and promote. Exits with 1 if the new detectors lose on a slice that no argument names."""
    new = train(read_examples())
    if worse := compare_and_promote(new, read_held_out(), accepted=sys.argv[1:]):
        sys.stdout.write(f"detectors {new.metadata.version} are not promoted:\n" + "".join(f"- {each}\n" for each in worse))
        raise SystemExit(1)
    sys.stdout.write(f"detectors {new.metadata.version} are in use\n")


if __name__ == "__main__":
    main()
