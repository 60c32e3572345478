"""The `aryz` command. Each subcommand imports its modules when it runs, so that `aryz --help` and `aryz token` are quick."""

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer

app = typer.Typer(
    help="Aryz: the appeal desk of a health-insurance fund.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Data = Annotated[Path, typer.Option("--data", envvar="ARYZ_DATA", help="Where databases, keys and files are kept.")]
DEFAULT_DATA = Path(".run/data")
DEFAULT_PORT = 8000


def _load(module: str) -> Any:
    return import_module(f"suite.{module}")


def _refuse(problem: object) -> NoReturn:
    typer.echo(f"aryz: {problem}", err=True)
    raise typer.Exit(1)


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors that an operator has to fix before a command can run."""
    refusals: tuple[type[Exception], ...] = import_module("shared.command").REFUSALS
    return refusals


@app.callback()
def _start() -> None:
    import_module("shared.private_files").use_private_umask()


@app.command()
def up(
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="The address to listen on; beyond this machine with ARYZ_ALLOWED_HOSTS alone.")] = "127.0.0.1",
    demo: Annotated[
        bool, typer.Option("--demo", help="Demo users to sign in as, without a password, and some appeals if there are none yet.")
    ] = False,
) -> None:
    """Run the whole suite on this machine."""
    gc.disable()  # until the start is over (`settle_memory`): what it creates stays, and collections took a fifth of its time
    server = _load("server")
    try:
        server.up(data, host, port, demo=demo, announce=_announce)
    except (_load("lock").FolderInUse, *_refusals()) as refusal:
        _refuse(refusal)


def _announce(url: str) -> None:
    typer.echo(f"Aryz is ready: {url}/  appeals {url}/intake/  desk {url}/routing/desk  figures {url}/analytics/dashboard")
    sys.stdout.flush()


@app.command()
def token(
    role: Annotated[
        str,
        typer.Option(help="applicant, channel, telephony, operator, specialist, expert, supervisor, head, provider, analyst, admin, …"),
    ],
    region: Annotated[str | None, typer.Option(help="A region's code: KZ-43.")] = None,
    provider: Annotated[UUID | None, typer.Option(help="A provider's id, for the role provider.")] = None,
    subject: Annotated[str | None, typer.Option(help="Who it is; by default the role.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print a token of the local issuer on a line of its own."""
    regions = import_module("shared.domain.regions")
    if region is not None and region not in regions.regions():
        _refuse(f"there is no region {region}; known: {', '.join(regions.regions())}")
    try:
        typer.echo(_load("tokens").issue(data, role, region=region, provider_id=provider, subject=subject))
    except (ValueError, RuntimeError) as refusal:
        _refuse(refusal)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A former register: CSV or NDJSON by its ending.")],
    url: Annotated[str, typer.Option(help="Where the suite answers.")] = f"http://127.0.0.1:{DEFAULT_PORT}",
    data: Data = DEFAULT_DATA,
    is_open: Annotated[bool, typer.Option("--open", help="The appeals are open: they go on here with their clocks as they stand.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --open: report what the import would do, and store nothing.")] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="With --open: the contacts are confirmed; send the applicants the receipt.")
    ] = False,
    ask_providers: Annotated[bool, typer.Option("--ask-providers", help="With --open: send inquiries to providers by rule.")] = False,
) -> None:
    """Import a former register. Exits with 1 if any line was refused."""
    importing = _load("importing")
    if (dry_run or notify or ask_providers) and not is_open:
        _refuse("--dry-run, --notify and --ask-providers go with --open")
    terms = {"dry_run": dry_run, "notify": notify, "ask_providers": ask_providers} if is_open else None
    try:
        is_whole = importing.run(file, url, data, terms)
    except (importing.ImportFailed, *_refusals()) as failure:
        _refuse(failure)
    raise typer.Exit(0 if is_whole else 1)


@app.command()
def migrate(data: Data = DEFAULT_DATA) -> None:
    """Migrate every store to its newest revision. `up` does this automatically."""
    operations = _load("operations")
    try:
        moved = operations.migrate(data)
    except _refusals() as refusal:
        _refuse(refusal)
    typer.echo(f"migrated: {', '.join(moved)}" if moved else "everything is at its newest revision")


@app.command()
def replay(
    service: Annotated[str | None, typer.Option(help="One service; default: all.")] = None,
    key: Annotated[str | None, typer.Option(help="One appeal's id; default: all.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Apply parked events again, in order. Exits with 1 if some stay parked."""
    operations = _load("operations")
    try:
        results = operations.replay(data, service=service, key=key)
    except (operations.UnknownService, *_refusals()) as refusal:
        _refuse(refusal)
    for name, (applied, left) in results.items():
        typer.echo(f"{name}: {applied} applied, {left} still parked")
    raise typer.Exit(1 if any(left for _, left in results.values()) else 0)


@app.command()
def rebuild(
    service: Annotated[str, typer.Argument(help="analytics: the only service whose tables are built from events alone.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Build the facts again from the log beside the live ones, print what differs, and switch to them. The suite may run meanwhile."""
    if service != "analytics":
        _refuse(f"{service} cannot be built again from the log; analytics can")
    try:
        lines = _load("operations").rebuild(data)
    except _refusals() as refusal:
        _refuse(refusal)
    typer.echo("\n".join(lines))


@app.command(name="rotate-keys")
def rotate_keys(data: Data = DEFAULT_DATA) -> None:
    """Add a new sealing key. Values sealed with older keys stay readable. A running suite uses the new key after its next start."""
    typer.echo(f"the active key is now {_load('operations').rotate_keys(data)}; restart the suite to seal with it")


@app.command()
def verify(data: Data = DEFAULT_DATA) -> None:
    """Wait until all events are processed, then check every invariant over all stores. Exits with 1 if one is violated."""
    verification = _load("verification")
    try:
        is_sound = verification.run(data)
    except (verification.NothingThere, *_refusals()) as refusal:
        _refuse(refusal)
    raise typer.Exit(0 if is_sound else 1)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    data: Data = DEFAULT_DATA,
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Put the sealing keys in as well: it can then be read by itself.")] = False,
) -> None:
    """Copy all stores and the log as of one moment while the suite runs."""
    copying = _load("backup")
    try:
        copying.backup(folder, data, with_keys=with_keys)
    except (copying.BackupFailed, *_refusals()) as failure:
        _refuse(failure)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `aryz backup` made.")],
    data: Data = DEFAULT_DATA,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of what is there.")] = False,
) -> None:
    """Restore a backup while the suite is stopped. Existing data are kept unless --replace is given."""
    copying = _load("backup")
    try:
        copying.restore(folder, data, replace=replace)
    except (copying.RestoreRefused, *_refusals()) as refusal:
        _refuse(refusal)


@app.command()
def demo(
    appeals: Annotated[int, typer.Option(help="How many appeals.", min=1)] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same appeals.")] = 1,
    url: Annotated[str | None, typer.Option(help="A running suite; by default one of its own in a throw-away folder.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Appeals a second, sent by the clock; by default as fast as they are accepted.", min=0.1)
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Send realistic appeals through the public API and compare them with the figures. Exits with 1 unless they agree."""
    raise typer.Exit(0 if _load("demo").run(appeals=appeals, seed=seed, url=url, rate=rate, data=data) else 1)


@app.command(name="case-file")
def case_file(
    number: Annotated[str, typer.Option(help="The registration number.")],
    output: Annotated[Path | None, typer.Option(help="Where to write the PDF; by default case-file-NUMBER.pdf here.")] = None,
    language: Annotated[str, typer.Option(help="kk, ru or en.")] = "kk",
    url: Annotated[str, typer.Option(help="Where the suite answers.")] = f"http://127.0.0.1:{DEFAULT_PORT}",
    data: Data = DEFAULT_DATA,
) -> None:
    """Write the whole case file of an appeal as PDF, for the applicant who asks for it. Exits with 1 if a part of it is missing."""
    writing = _load("case_file")
    try:
        typer.echo(writing.run(number, url, data, language=language, output=output))
    except (writing.NotWritten, *_refusals()) as refusal:
        _refuse(refusal)


@app.command()
def reconcile(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A published statistic: CSV or XLSX.")],
    language: Annotated[str, typer.Option(help="kk, ru or en.")] = "kk",
    url: Annotated[str | None, typer.Option(help="A running suite; by default the file is checked here, and none need run.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Check the sums, shares and changes of a published statistic. Exits with 1 if it contradicts itself."""
    checking = _load("reconciling")
    try:
        is_sound = checking.run(file, language, url, data)
    except (checking.NotChecked, *_refusals()) as refusal:
        _refuse(refusal)
    raise typer.Exit(0 if is_sound else 1)


models = typer.Typer(help="The versions of the trained classifier.", no_args_is_help=True)
app.add_typer(models, name="model")


@models.command(name="list")
def list_models() -> None:
    """Print the stored versions, oldest first; * marks the one in use."""
    found = import_module("routing.classification.service.versions").stored()
    typer.echo(f"{'*' if not found.current else ' '} the dictionary alone")
    for version in found.versions:
        typer.echo(f"{'*' if version == found.current else ' '} {version}")


@models.command(name="rollback")
def roll_model_back() -> None:
    """Return to the model before the current one. A running suite uses it after its next start."""
    versions = import_module("routing.classification.service.versions")
    try:
        found = versions.rollback()
    except (versions.NoFormerModel, OSError) as refusal:
        _refuse(refusal)
    typer.echo(f"now in use: {found.current or 'the dictionary alone'}; restart the suite")


trained_detectors = typer.Typer(help="The versions of the trained detectors of danger and of protected subjects.", no_args_is_help=True)
app.add_typer(trained_detectors, name="detectors")


@trained_detectors.command(name="list")
def list_detectors() -> None:
    """Print the stored versions, oldest first; * marks the one in use."""
    found = import_module("shared.language.detector_versions").stored_detectors()
    for version in found.versions:
        typer.echo(f"{'*' if version == found.current else ' '} {version}")


@trained_detectors.command(name="rollback")
def roll_detectors_back() -> None:
    """Return to the detectors before those in use. A running suite uses them after its next start."""
    try:
        found = import_module("shared.language.detector_versions").roll_detectors_back()
    except (ValueError, OSError) as refusal:
        _refuse(refusal)
    typer.echo(f"now in use: {found.current}; restart the suite")


if __name__ == "__main__":
    app()
