"""`make train`: train the classifier, compare it with the current model on the test file, and promote it if no slice is worse."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from routing.classification.policy import ModelFile, model_file
from routing.classification.service.model import AppealModel
from routing.classification.service.versions import DATA, stored
from training.calibration import calibrated, cross_validate
from training.card import DOCS, Findings, write_cards
from training.evaluation import HeldOutText, answers, figures, read_tests
from training.fitting import fit
from training.inputs import classifier_inputs
from training.labelled import TEXTS, Labelled, read_texts
from training.promotion import promote, regressions
from training.sample import Sample


@dataclass(frozen=True)
class Trained:
    """A trained model, and the shares of right kinds and subjects in its cross-validation."""

    file: ModelFile
    crossed: tuple[float, float]


def train(texts: Sequence[Labelled]) -> Trained:
    """Return the model of these texts. The same texts give the same bytes."""
    sample = Sample.of(texts)
    judged = cross_validate(sample)
    crossed = (
        sum(each.kind_is_right for each in judged) / len(judged),
        sum(each.subject_is_right for each in judged) / len(judged),
    )
    file = calibrated(fit(sample, np.arange(len(sample.texts))), judged)
    metadata = file.metadata.model_copy(update={"inputs": classifier_inputs(texts)})
    return Trained(replace(file, metadata=metadata), crossed)


def compare_and_promote(new: Trained, tests: Sequence[HeldOutText], data: Path = DATA, docs: Path = DOCS) -> list[str]:
    """Promote the model and write its card, unless a slice of the tests is worse than before. Return those slices in words."""
    current = stored(data).current
    before = answers(AppealModel(model_file(current)) if current else None, tests)
    after = answers(AppealModel(new.file), tests)
    worse = regressions(figures(before), figures(after))
    if not worse:
        promote(new.file, data)
        write_cards(Findings(new.file.metadata, after, answers(None, tests), new.crossed), docs)
    return worse


def main() -> None:
    """Train and promote. Exits with 1 if the new model is worse on a slice."""
    texts = read_texts(TEXTS)
    new = train(texts)
    version = new.file.metadata.version
    say = sys.stdout.write
    say(f"{len(texts)} texts; cross-validation: kind {new.crossed[0]:.3f}, subject {new.crossed[1]:.3f}\n")
    if worse := compare_and_promote(new, read_tests()):
        say(f"model {version} is not promoted:\n" + "".join(f"- {each}\n" for each in worse))
        raise SystemExit(1)
    say(f"model {version} is current\n")


if __name__ == "__main__":
    main()
