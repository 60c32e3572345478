"""Only the boundaries of a service open transactions: routes, pages, handlers, jobs. Use cases receive a unit of work."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUNDARIES = frozenset({"app", "api", "pages", "jobs", "dependencies"})
INTAKE = "services/intake/intake"
DELIVERIES = "services/provider-contact/provider_contact/deliveries"
OWN_TRANSACTIONS = {
    "services/routing/routing/cases/service/colleagues.py": "records staff before the unit of work of the route is open",
    "services/routing/routing/cases/service/bulk.py": "each case of a bulk is a transaction of its own: a refusal changes no other case",
    "services/provider-contact/provider_contact/directory/service/search.py": "an index of the process, built from snapshots of its own",
    f"{DELIVERIES}/service/mail_worker.py": "worker: claims mails, sends them without a transaction, stores each result",
    "services/provider-contact/provider_contact/accounts/service/sign_in.py": "finds the account before the route opens its own",
    "services/provider-contact/provider_contact/inquiries/service/detail.py": "asks intake and routing with no transaction open",
    "services/analytics/analytics/dashboard/service/live.py": "figures of the process, counted once for all who ask",
    f"{INTAKE}/register/service/registration.py": "group commit: appeals of different requests are stored in one transaction",
    f"{INTAKE}/notifications/service/dispatch.py": "worker: claims messages, sends them without a transaction, stores each result",
    f"{INTAKE}/channels/partner/service/sending.py": "worker: reads what a message says before partners are called",
    f"{INTAKE}/channels/partner/service/update_streams.py": "one reader of new updates for all streams of the process, while any is open",
    f"{INTAKE}/channels/telegram/service/polling.py": "worker: asks Telegram without a transaction, stores updates with the position",
    f"{INTAKE}/channels/telegram/service/sender.py": "worker: sends to Telegram without a transaction, stores each result",
    f"{INTAKE}/channels/telegram/service/worker.py": "worker: claims chats, runs the actions of a conversation, stores its state",
}
CONVERTED = ("intake", "routing", "provider-contact", "analytics")
BUILT_FROM_PARTS = {
    f"{INTAKE}/channels/partner/service/sending.py": {"WebhookSender"},
    f"{INTAKE}/channels/telegram/service/polling.py": {"Poller"},
    f"{INTAKE}/channels/telegram/service/sender.py": {"MessageSender"},
    f"{INTAKE}/channels/telegram/service/worker.py": {"ConversationWorker"},
    f"{INTAKE}/notifications/service/dispatch.py": {"Dispatcher"},
    f"{DELIVERIES}/service/mail_worker.py": {"MailWorker"},
    f"{DELIVERIES}/service/webhook_sending.py": {"ProviderWebhookSender"},
}
"""Workers: objects of the process, with transactions of their own. The jobs build them and pass `Parts` to their constructors."""
USE_CASES = sorted(
    path.relative_to(ROOT) for path in (ROOT / "services").glob("*/*/**/*.py") if "service" in path.parts or path.stem == "service"
)
MODULES = sorted(path.relative_to(ROOT) for service in CONVERTED for path in (ROOT / "services" / service).glob("*/**/*.py"))


def opened(tree: ast.AST) -> list[int]:
    """Return the lines of `….write()` and `….read()` in an `async with`."""
    entered = [item.context_expr for node in ast.walk(tree) if isinstance(node, ast.AsyncWith) for item in node.items]
    calls = [call.func for call in entered if isinstance(call, ast.Call)]
    return [func.lineno for func in calls if isinstance(func, ast.Attribute) and func.attr in {"write", "read"}]


def is_boundary(path: Path) -> bool:
    return path.stem in BOUNDARIES or not BOUNDARIES.isdisjoint(path.parent.parts)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_use_case_opens_no_transaction(path):
    if not (is_boundary(path) or str(path) in OWN_TRANSACTIONS):
        assert opened(ast.parse((ROOT / path).read_text())) == []


def takes_parts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a parameter is the `Parts` of the process, of whatever settings."""
    given = function.args
    annotations = [argument.annotation for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs) if argument.annotation]
    return any(isinstance(node, ast.Name) and node.id == "Parts" for annotation in annotations for node in ast.walk(annotation))


def functions_with_parts(path: Path) -> set[str]:
    """Return the names of a module's functions and methods that take `Parts`, and of the classes whose constructors do."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ClassDef):
            functions = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
            found |= {node.name for function in functions if takes_parts(function)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__" and takes_parts(node):
            found.add(node.name)
    return found


@pytest.mark.parametrize("path", USE_CASES, ids=str)
def test_no_use_case_takes_the_parts_of_the_process(path):
    assert functions_with_parts(path) == BUILT_FROM_PARTS.get(str(path), set())


def test_parts_are_found_in_a_signature_however_they_are_written():
    functions = ast.parse("def a(parts: Parts[Settings]): ...\nasync def b(*, parts: Parts | None): ...\ndef c(work: UnitOfWork): ...").body
    assert [takes_parts(function) for function in functions] == [True, True, False]


@pytest.mark.parametrize("path", OWN_TRANSACTIONS)
def test_an_exception_is_still_needed(path):
    assert opened(ast.parse((ROOT / path).read_text()))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_nothing_commits_but_the_unit_of_work(path):
    calls = [node.func for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Attribute) and call.attr in {"commit", "rollback"}]
