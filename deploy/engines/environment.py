"""`engines.env`: where the engines of this folder are, one `NAME=value` a line, unquoted; lines of others are kept."""

from pathlib import Path

KAFKA = "ARYZ_KAFKA_BOOTSTRAP"
DATABASE = "ARYZ_DATABASE_URL"


def set_value(file: Path, name: str, value: str) -> None:
    """Set one line."""
    _write(file, [*_others(file, name), f"{name}={value}"])


def remove_value(file: Path, name: str) -> None:
    """Remove one line; a file without lines goes."""
    if file.exists():
        _write(file, _others(file, name))


def _others(file: Path, name: str) -> list[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if not line.startswith(f"{name}=")]


def _write(file: Path, lines: list[str]) -> None:
    """Replace the file in one step; it holds a password, so that only its owner may read it."""
    if not lines:
        file.unlink(missing_ok=True)
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines))
    fresh.replace(file)
