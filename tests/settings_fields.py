"""A cache of what pydantic-settings finds out about each field, which it does anew for each of the tests' thousands of settings."""

from pydantic_settings import EnvSettingsSource as _Source

_extract = _Source._extract_field_info
_is_complex = _Source._field_is_complex
_extracted = {}
_complex = {}


def _extracted_once(self, field, field_name, model_config=None):
    if model_config is not None:  # a field of a nested model
        return _extract(self, field, field_name, model_config)
    key = (self.settings_cls, field_name, self.env_prefix, self.case_sensitive)
    if key not in _extracted:
        _extracted[key] = _extract(self, field, field_name)
    return list(_extracted[key])


def _judged_once(self, field):
    key = (type(self), id(field))
    if key not in _complex:
        _complex[key] = field, _is_complex(self, field)  # the field too, so that no other one has its id
    return _complex[key][1]


def read_once() -> None:
    """Read the annotations of a class of settings once."""
    _Source._extract_field_info = _extracted_once
    _Source._field_is_complex = _judged_once
