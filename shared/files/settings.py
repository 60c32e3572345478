"""Settings of a service that stores files."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class StoreRefused(RuntimeError):
    """The object store refuses this process. The message says which setting to correct."""


class FileSettings(ServiceSettings):
    """Settings of the object store, which is the same for all services, and of the virus scanner."""

    objects_url: str | None = Field(
        None,
        validation_alias="ARYZ_OBJECTS_URL",
        pattern=r"^s3://[^/?#]+(/[^?#]*)?$",
        description="s3://bucket/prefix; absent: DATA/objects",
    )
    objects_ca_file: Path | None = Field(
        None, validation_alias="ARYZ_OBJECTS_CA_FILE", description="of the endpoint; absent: the system's own authorities"
    )
    objects_http: bool = Field(
        default=False, validation_alias="ARYZ_OBJECTS_HTTP", description="an endpoint without TLS on another machine"
    )
    clamd: str | None = Field(None, pattern=r"^(/.+|.+:\d+)$", description="virus scanner: host:port or a socket's path; absent: none")
