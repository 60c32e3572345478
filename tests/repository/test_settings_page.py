"""docs/operations/settings.md lists every setting with its default, and no other."""

import json
from importlib import import_module

import pytest
from pydantic import SecretStr

from shared.settings import ServiceSettings
from tests.settings_page import PAGE, listed, of

BY_COMMAND = "worker"  # `api` and `worker` set it themselves
SERVICES = ("intake", "routing", "provider-contact", "analytics")


def settings_of(service):
    return import_module(f"{service.replace('-', '_')}.settings").Settings


def fields(settings):
    """Return the fields of a class of settings by the names that the environment has."""
    prefix = settings.model_config.get("env_prefix", "")
    return {
        field.validation_alias or f"{prefix}{name}".upper(): field for name, field in settings.model_fields.items() if name != BY_COMMAND
    }


def written(default):
    if default is None or default == "":
        return None
    if isinstance(default, bool | tuple):
        return json.dumps(default)
    return str(default)


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_of_a_service_are_on_the_page_with_their_defaults(service):
    read = {name: written(field.default) for name, field in fields(settings_of(service)).items()}
    assert {name: setting.default for name, setting in of(service).items() if name.startswith("ARYZ_")} == read


def test_the_gateway_reads_what_every_process_reads():
    assert of("suite").keys() == fields(ServiceSettings).keys()


def test_secrets_are_marked():
    secret = {name for service in SERVICES for name, field in fields(settings_of(service)).items() if SecretStr in _types(field)}
    marked = {setting.name for setting in listed() if setting.is_secret and setting.name.startswith("ARYZ_")}
    assert secret == marked - {"ARYZ_DATABASE_URL"}  # its password is a part of an address


def _types(field):
    return {field.annotation, *getattr(field.annotation, "__args__", ())} | {
        inner for each in getattr(field.annotation, "__args__", ()) for inner in getattr(each, "__args__", ())
    }


def test_no_setting_is_listed_twice():
    names = [setting.name for setting in listed()]
    assert len(set(names)) == len(names) == PAGE.read_text().count("\n| `ARYZ_") + PAGE.read_text().count("\n| `AWS_")
