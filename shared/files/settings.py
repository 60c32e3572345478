"""Settings of a service that stores files."""

from pydantic import Field

from shared.settings import ServiceSettings


class FileSettings(ServiceSettings):
    """Settings of the object store, which is the same for all services, and of the virus scanner."""

    objects_url: str | None = Field(
        None,
        validation_alias="ARYZ_OBJECTS_URL",
        pattern=r"^s3://[^/?#]+(/[^?#]*)?$",
        description="s3://bucket/prefix; absent: DATA/objects",
    )
    clamd: str | None = Field(None, pattern=r"^(/.+|.+:\d+)$", description="virus scanner: host:port or a socket's path; absent: none")
