"""The reviewed files of the directory: names of contact roles, of bodies above providers, of levels and of types of care."""

from collections.abc import Mapping
from functools import cache

from provider_contact.directory.codes import ContactRole
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_table

PACKAGE = "provider_contact.directory"


@cache
def contact_roles() -> Mapping[ContactRole, Label]:
    """Return the names of the roles, in the order of pages. Raises ReferenceDataError if a role has no name or a name no role."""
    names = policy_table(PACKAGE, "contact_roles.csv", lambda row: row.label())
    if names.keys() != set(ContactRole):
        raise ReferenceDataError("contact_roles.csv", 1, "the rows are not the roles of ContactRole")
    return {ContactRole(code): label for code, label in names.items()}


@cache
def contact_bodies() -> Mapping[str, Label]:
    """Return the bodies above providers whose contacts the directory holds, by code."""
    return policy_table(PACKAGE, "contact_bodies.csv", lambda row: row.label())


@cache
def provider_levels() -> Mapping[str, Label]:
    """Return the levels of providers by code."""
    return policy_table(PACKAGE, "provider_levels.csv", lambda row: row.label())


@cache
def care_types() -> Mapping[str, Label]:
    """Return the types of care that contracts name, by code."""
    return policy_table(PACKAGE, "care_types.csv", lambda row: row.label())


def check_policies() -> None:
    """Load the files. Raises ReferenceDataError, so that no process starts with a wrong file."""
    contact_roles()
    contact_bodies()
    provider_levels()
    care_types()
