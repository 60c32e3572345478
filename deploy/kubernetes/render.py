"""Writes what kustomize makes of each overlay to `rendered/`, for a look, a diff and the tests: `make manifests`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import yaml

FOLDER: Final = Path(__file__).parent
OVERLAYS: Final = ("production", "trial")
TOOL: Final = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"


def fingerprint(folder: Path = FOLDER) -> str:
    """Return a hash of everything that kustomize reads."""
    files = sorted(file for part in ("base", "overlays") for file in (folder / part).rglob("*") if file.is_file())
    return hashlib.sha256(b"".join(f"{file.relative_to(folder)}\n".encode() + file.read_bytes() for file in files)).hexdigest()


def render(overlay: str) -> str:
    """Return the manifests of an overlay, by the installed kustomize or by Go's."""
    command = ["kustomize"] if shutil.which("kustomize") else ["go", "run", TOOL]
    done = subprocess.run([*command, "build", FOLDER / "overlays" / overlay], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    manifests = list(yaml.safe_load_all(done.stdout))
    text = yaml.safe_dump_all(manifests, sort_keys=False, width=140, allow_unicode=True, default_flow_style=None)
    return f"# Written by `make manifests` from base and overlays/{overlay}. inputs: {fingerprint()}\n{text}"


def main() -> int:
    (FOLDER / "rendered").mkdir(exist_ok=True)
    for overlay in OVERLAYS:
        (FOLDER / "rendered" / f"{overlay}.yaml").write_text(render(overlay), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
