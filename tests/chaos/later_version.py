"""Later versions of the product for a rolling upgrade: copies of this tree with changes of the kind that a release makes.

- `SECOND`: a fact gets a second version with a field more (routing publishes it, an upcaster makes it of the first), and analytics a column
  for the field, which may be empty: the migration *expands*.
- `THIRD`: the migration *contracts*: rows of the first version are filled in, and a constraint refuses what the first version would write.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("shared", "services", "deploy/suite")
PATHS = (".", "deploy", "services/intake", "services/provider-contact", "services/routing", "services/analytics")
VERSIONS = Path("services/analytics/migrations/versions")
NEVER_COPIED = shutil.ignore_patterns("__pycache__", "training", "node_modules")

CONTRACTS = "shared/contracts/routing.py"
FACTS = "services/analytics/analytics/facts"
SECOND: Mapping[str, Mapping[str, str]] = {
    CONTRACTS: {
        "from shared.contracts.event import ARTICLES, AppealEvent, Event, ExtensionAttribute\n": (
            "from shared.contracts.event import ARTICLES, AppealEvent, Event, ExtensionAttribute, upcaster\n"
        ),
        'class AppealRouted(AppealEvent, service="routing", fact="appeal-routed"):\n': (
            'class AppealRouted1(AppealEvent, service="routing", fact="appeal-routed"):\n'
        ),
        'class ClockStarted(AppealEvent, service="routing", fact="clock-started"):\n': '''\
class AppealRouted(AppealRouted1, service="routing", fact="appeal-routed", version=2):
    """Names the version of the router as well."""

    router: str


@upcaster(AppealRouted1, AppealRouted)
def _with_router(old: AppealRouted1) -> AppealRouted:
    return AppealRouted(**{name: getattr(old, name) for name in AppealRouted1.model_fields}, router="first")


class ClockStarted(AppealEvent, service="routing", fact="clock-started"):
''',
    },
    "services/routing/routing/cases/events.py": {
        '"concerns_provider": concerns_provider})': '"concerns_provider": concerns_provider, "router": "second"})',
    },
    f"{FACTS}/models/rows.py": {
        "\n\n\nclass FactChange(": "\n    router: str | None\n\n\nclass FactChange(",
        "\n\n\nclass FactRow(": "\n    router: str | None\n\n\nclass FactRow(",
    },
    f"{FACTS}/models/grains.py": {
        "    reopening_id: UUID | None = None\n": "    reopening_id: UUID | None = None\n    router: str | None = None\n"
    },
    f"{FACTS}/handlers/__init__.py": {
        '        "reopening_id": None,\n': '        "reopening_id": None,\n        "router": None,\n',
        '    change["decision"] = None if': '    change["router"] = event.router\n    change["decision"] = None if',
    },
}
"""By file, what is replaced by what. Each text occurs once in its file."""

EXPAND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{own}", "{before}", None, None


def upgrade():
    op.add_column("fact", sa.Column("router", sa.String()))
"""
CONTRACT = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "{own}", "{before}", None, None


def upgrade():
    op.execute("UPDATE fact SET router = 'first' WHERE router IS NULL AND routed_at IS NOT NULL")
    op.create_check_constraint("ck_fact_router", "fact", "routed_at IS NULL OR router IS NOT NULL")
"""


def second(folder: Path) -> Path:
    """Make the second version in a new folder and return it."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=NEVER_COPIED)
    for name, changes in SECOND.items():
        file = folder / name
        text = file.read_text(encoding="utf-8")
        for former, new in changes.items():
            assert text.count(former) == 1, f"{name} has changed: {former!r} is there {text.count(former)} times"
            text = text.replace(former, new)
        file.write_text(text, encoding="utf-8")
    _add_revision(folder, "expand", EXPAND)
    return folder


def third(folder: Path, second_version: Path) -> Path:
    """Make the third version out of the second, in a new folder, and return it."""
    shutil.copytree(second_version, folder)
    _add_revision(folder, "contract", CONTRACT)
    return folder


def environment_of(version: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that runs the copy in place of this tree."""
    paths = os.pathsep.join(str(version / path) for path in PATHS)
    return {**environment, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}  # not the current folder, which may be this tree


def _add_revision(version: Path, name: str, text: str) -> None:
    before = max(path.name.partition("_")[0] for path in (version / VERSIONS).glob("[0-9]*_*.py"))
    own = f"{int(before) + 1:04d}"
    (version / VERSIONS / f"{own}_{name}.py").write_text(f'"""{name}"""\n{text.format(own=own, before=before)}', encoding="utf-8")
