"""The keys that open a backup. By default they are not in it: sealed data stored with its keys is as good as unsealed."""

import json
import shutil
from pathlib import Path

from shared import sealing
from shared.settings import ServiceSettings
from suite.backup.manifest import BackupFailed, Manifest, Part, RestoreRefused, seal_part

FOLDER = "keys"
CHECK_FILE = "keys.check"


def known_keys(settings: ServiceSettings) -> sealing.KeyMaterial | None:
    """Return the keys in the settings or the data folder, creating none. Raises BadKeys."""
    if settings.keys is not None:
        return sealing.from_settings(settings.keys.get_secret_value())
    path = settings.data / FOLDER / sealing.KEY_FILE
    return sealing.from_settings(path.read_text()) if path.exists() else None


def keys_of_data(settings: ServiceSettings, *, included: bool) -> sealing.KeyMaterial:
    """Return the keys that sealed the data to back up. Raises BackupFailed."""
    try:
        material = known_keys(settings)
        if material is None:
            raise BackupFailed(f"there are no keys in {settings.data / FOLDER}, nor is ARYZ_KEYS set: nobody could read what is restored")
        check = settings.data / CHECK_FILE
        if check.exists():
            sealing.verify_key_check(material, json.loads(check.read_text()))
    except sealing.BadKeys as error:
        raise BackupFailed(str(error)) from None
    if included and settings.keys is not None:
        raise BackupFailed("--with-keys takes the keys of the data folder, and these come from ARYZ_KEYS: keep them where they are kept")
    return material


def copy_keys(data: Path, into: Path) -> list[Part]:
    """Copy the files of the folder of keys into a backup."""
    (into / FOLDER).mkdir(mode=0o700)
    parts = []
    for path in sorted((data / FOLDER).iterdir()):
        if path.is_file() and not path.name.startswith("."):  # drafts left by a killed process
            shutil.copyfile(path, into / FOLDER / path.name)
            parts.append(seal_part(into / FOLDER / path.name, f"{FOLDER}/{path.name}"))
    return parts


def needs_its_keys(manifest: Manifest, settings: ServiceSettings, *, replace: bool) -> bool:
    """Return whether the backup's own keys have to be restored. False if the present keys open it. Raises RestoreRefused."""
    try:
        material = known_keys(settings)
        if material is not None:
            sealing.verify_key_check(material, manifest.key_check)
    except sealing.BadKeys as error:
        if manifest.keys_included and replace and settings.keys is None:
            return True
        raise RestoreRefused(f"these are not the keys of this backup: {error}") from None
    if material is None and not manifest.keys_included:
        raise RestoreRefused(
            f"the backup holds no keys, nor does {settings.data / FOLDER}: put the folder of keys there first, or set ARYZ_KEYS"
        )
    return material is None


def stage_keys(folder: Path, staged: Path) -> None:
    """Copy the keys of a backup to the staging folder."""
    shutil.copytree(folder / FOLDER, staged / FOLDER)
    (staged / FOLDER).chmod(0o700)
    for path in (staged / FOLDER).iterdir():
        path.chmod(0o600)


def note_keys(manifest: Manifest, staged: Path) -> None:
    """Write the fingerprints that a start compares the keys with."""
    sealing.write_secret(staged / CHECK_FILE, json.dumps(dict(manifest.key_check)), replace=True)
