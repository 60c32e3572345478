"""Settings: one class per service with its own prefix. Settings common to all services are named `ARYZ_…`."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from shared.request_limits import HEADER_LIMIT

Environment = Literal["local", "production"]


def _known_in_production(given: str | None, info: ValidationInfo) -> str | None:
    if given is None and info.data.get("oidc_issuer"):
        raise PydanticCustomError("public-url", "is needed beside ARYZ_OIDC_ISSUER: letters must not print the host that a request names")
    return given


PublicUrl = Annotated[Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] | None, AfterValidator(_known_in_production)]
"""Where citizens reach the pages. None on one machine alone; give the field `validate_default=True`."""


class MissingSetting(ValueError):
    """A setting that another setting requires is missing. The message names it."""


class BadSettings(ValueError):
    """Settings that cannot be read. The message names each one and the expected form, without its value: some are secret."""


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise PydanticCustomError("network", "This is not a network, such as 10.0.0.0/8.") from None
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:]+\]", text.lower()):
        raise PydanticCustomError("host", "This is not a host's name or address without a port, such as aryz.example.")
    return text


class ServiceSettings(BaseSettings):
    """Settings common to all services. Without engines a service uses SQLite files and the embedded log under `data`."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore")

    env: Environment = Field("local", validation_alias="ARYZ_ENV")
    data: Path = Field(Path(".run/data"), validation_alias="ARYZ_DATA")
    prefix: str = Field("", validation_alias="ARYZ_PREFIX", pattern=r"^[a-z0-9_]*$")
    keys: SecretStr | None = Field(
        None, validation_alias="ARYZ_KEYS", description="sealing keys as JSON; absent: DATA/keys, made on first start"
    )
    log_level: str = Field("INFO", validation_alias="ARYZ_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field((), validation_alias="ARYZ_TRUSTED_PROXIES")
    metrics_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        ("127.0.0.0/8", "::1/128"),
        validation_alias="ARYZ_METRICS_NETWORKS",
        description="who may read /metrics; in production also the API's description",
    )
    metrics_token: SecretStr | None = Field(
        None, validation_alias="ARYZ_METRICS_TOKEN", min_length=16, description="the same for whoever sends it as bearer token"
    )
    traces_url: str | None = Field(
        None,
        validation_alias="ARYZ_TRACES_URL",
        pattern=r"^https?://[^/?#@]+(/[^?#]*)?$",
        description="where spans are sent by OTLP over HTTP; absent: none are recorded",
    )
    traces_ratio: float = Field(0.01, validation_alias="ARYZ_TRACES_RATIO", ge=0, le=1, description="share of the traces that is recorded")
    connections: int = Field(4_000, validation_alias="ARYZ_CONNECTIONS", ge=1, description="open at once in one process")
    connections_per_address: int = Field(256, validation_alias="ARYZ_CONNECTIONS_PER_ADDRESS", ge=0, description="0: no limit")
    connections_per_proxy: int = Field(
        0, validation_alias="ARYZ_CONNECTIONS_PER_PROXY", ge=0, description="from one address of a trusted proxy; 0: no limit"
    )
    header_seconds: float = Field(10.0, validation_alias="ARYZ_HEADER_SECONDS", gt=0, description="for the whole header of a request")
    header_bytes: int = Field(HEADER_LIMIT, validation_alias="ARYZ_HEADER_BYTES", ge=1_024, description="of the whole header of a request")
    transfer_grace_seconds: float = Field(
        20.0, validation_alias="ARYZ_TRANSFER_GRACE_SECONDS", gt=0, description="a client may be that late with a body, or in reading"
    )
    transfer_bytes_per_second: int = Field(
        1_000, validation_alias="ARYZ_TRANSFER_BYTES_PER_SECOND", ge=1, description="the slowest transfer, after the grace"
    )

    allowed_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (),
        validation_alias="ARYZ_ALLOWED_HOSTS",
        description="names that requests may ask for, next to loopback",
    )
    demo: bool = Field(
        default=False, validation_alias="ARYZ_DEMO", description="demo users at /sign-in: `aryz up --demo`; never with an OIDC provider"
    )

    kafka_bootstrap: str | None = Field(None, validation_alias="ARYZ_KAFKA_BOOTSTRAP")
    kafka_replication: int | None = Field(
        None,
        validation_alias="ARYZ_KAFKA_REPLICATION",
        ge=1,
        description="copies of each record; absent: 3, or one a broker where there are fewer",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", validation_alias="ARYZ_KAFKA_SECURITY_PROTOCOL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", validation_alias="ARYZ_KAFKA_SASL_MECHANISM"
    )
    kafka_sasl_username: str | None = Field(None, validation_alias="ARYZ_KAFKA_SASL_USERNAME")
    kafka_sasl_password: SecretStr | None = Field(None, validation_alias="ARYZ_KAFKA_SASL_PASSWORD")
    kafka_ca_file: Path | None = Field(None, validation_alias="ARYZ_KAFKA_CA_FILE", description="absent: the system's own authorities")
    kafka_cert_file: Path | None = Field(None, validation_alias="ARYZ_KAFKA_CERT_FILE")
    kafka_key_file: Path | None = Field(None, validation_alias="ARYZ_KAFKA_KEY_FILE")

    database_url: str | None = Field(None, validation_alias="ARYZ_DATABASE_URL")

    intake_url: str | None = Field(None, validation_alias="ARYZ_INTAKE_URL")
    routing_url: str | None = Field(None, validation_alias="ARYZ_ROUTING_URL")
    provider_contact_url: str | None = Field(None, validation_alias="ARYZ_PROVIDER_CONTACT_URL")
    analytics_url: str | None = Field(None, validation_alias="ARYZ_ANALYTICS_URL")

    oidc_issuer: str | None = Field(None, validation_alias="ARYZ_OIDC_ISSUER")
    oidc_jwks_url: str | None = Field(None, validation_alias="ARYZ_OIDC_JWKS_URL")
    oidc_audience: str = Field("aryz", validation_alias="ARYZ_OIDC_AUDIENCE")
    oidc_token_url: str | None = Field(None, validation_alias="ARYZ_OIDC_TOKEN_URL")
    oidc_client_id: str | None = Field(None, validation_alias="ARYZ_OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr | None = Field(None, validation_alias="ARYZ_OIDC_CLIENT_SECRET")
    oidc_claims_file: Path | None = Field(
        None, validation_alias="ARYZ_OIDC_CLAIMS_FILE", description="claims and names of roles; absent: shared/auth/data/claims.toml"
    )
    oidc_pages_client_id: str | None = Field(
        None, validation_alias="ARYZ_OIDC_PAGES_CLIENT_ID", description="the client of the pages; absent: nobody signs in on pages"
    )
    oidc_pages_client_secret: SecretStr | None = Field(None, validation_alias="ARYZ_OIDC_PAGES_CLIENT_SECRET")
    oidc_authorization_url: str | None = Field(None, validation_alias="ARYZ_OIDC_AUTHORIZATION_URL", pattern=r"^https?://[^/?#]+/")
    oidc_end_session_url: str | None = Field(None, validation_alias="ARYZ_OIDC_END_SESSION_URL", pattern=r"^https?://[^/?#]+/")
    pages_url: str | None = Field(
        None, validation_alias="ARYZ_PAGES_URL", pattern=r"^https?://[^/?#]+$", description="where browsers reach the pages"
    )

    worker: bool = Field(default=True, description="run relay, consumer and jobs inside the API's process (the one-machine form)")

    def __init__(self, **given: Any) -> None:
        """Read the settings from the environment. Raises BadSettings."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise BadSettings("settings: " + "; ".join(f"{self._named(each['loc'])}: {each['msg']}" for each in found)) from None
        except SettingsError as error:  # a list or an object that is not JSON
            raise BadSettings(f"settings: {error}") from None

    @classmethod
    def _named(cls, location: tuple[int | str, ...]) -> str:
        """Return the name of a setting as the environment spells it. pydantic reports a service's own setting by its field name alone."""
        name, *inside = map(str, location)
        return ".".join([f"{cls.model_config.get('env_prefix', '')}{name}".upper() if name in cls.model_fields else name, *inside])

    @property
    def sign_in_origins(self) -> tuple[str, ...]:
        """Return the origins of the provider to which a form of ours may lead: signing in and signing out."""
        urls = filter(None, (self.oidc_authorization_url, self.oidc_end_session_url))
        return tuple(dict.fromkeys("/".join(url.split("/", 3)[:3]) for url in urls)) if self.oidc_pages_client_id else ()

    def url_of(self, service: str) -> str | None:
        """Return the URL of another service, or None if it runs in this process."""
        url: str | None = getattr(self, f"{service.replace('-', '_')}_url")
        return url
