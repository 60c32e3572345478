"""The file `engines.env`: the addresses of this folder's engines, one unquoted `NAME=value` per line. Other lines are preserved."""

from pathlib import Path

KAFKA = "ARYZ_KAFKA_BOOTSTRAP"
DATABASE = "ARYZ_DATABASE_URL"


def set_value(file: Path, name: str, value: str) -> None:
    """Set the line of one name."""
    _write(file, [*_others(file, name), f"{name}={value}"])


def remove_value(file: Path, name: str) -> None:
    """Remove the line of one name. A file without lines is deleted."""
    if file.exists():
        _write(file, _others(file, name))


def _others(file: Path, name: str) -> list[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if not line.startswith(f"{name}=")]


def _write(file: Path, lines: list[str]) -> None:
    """Replace the file atomically. It contains a password, so only its owner may read it."""
    if not lines:
        file.unlink(missing_ok=True)
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines))
    fresh.replace(file)
