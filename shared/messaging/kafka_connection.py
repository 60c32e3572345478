"""Kafka connection settings: plaintext, TLS, a user name and password, or both."""

import ssl
from dataclasses import dataclass, field
from typing import TypedDict

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.helpers import create_ssl_context

from shared.settings import MissingSetting, ServiceSettings

REQUEST_TIMEOUT_MS = 5_000  # a suspended broker does not answer: short enough to ask the partition's next leader within one send


class ClientArguments(TypedDict, total=False):
    """Arguments of an aiokafka client."""

    bootstrap_servers: str
    request_timeout_ms: int
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext
    sasl_mechanism: str
    sasl_plain_username: str
    sasl_plain_password: str


@dataclass(frozen=True, slots=True)
class Connection:
    """The addresses of the brokers and the credentials of this process."""

    bootstrap: str
    security: ClientArguments = field(default_factory=ClientArguments)
    """The arguments for TLS and SASL alone."""

    @property
    def protocol(self) -> str:
        return self.security.get("security_protocol", "PLAINTEXT")

    def arguments(self, *, client_id: str | None = None) -> ClientArguments:
        """Return the arguments of an aiokafka client."""
        arguments: ClientArguments = {**self.security, "bootstrap_servers": self.bootstrap, "request_timeout_ms": REQUEST_TIMEOUT_MS}
        if client_id is not None:
            arguments["client_id"] = client_id
        return arguments


def connection(settings: ServiceSettings) -> Connection:
    """Build the connection from the settings.

    Raises:
        MissingSetting: the brokers' address is missing, a setting required by another is, or a file cannot be read.
    """
    if not settings.kafka_bootstrap:
        raise MissingSetting("ARYZ_KAFKA_BOOTSTRAP is needed: host:port of one or more brokers, with commas between them")
    security: ClientArguments = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.endswith("SSL"):
        security["ssl_context"] = _tls(settings)
    elif settings.kafka_ca_file or settings.kafka_cert_file or settings.kafka_key_file:
        raise MissingSetting("ARYZ_KAFKA_SECURITY_PROTOCOL has to be SSL or SASL_SSL where certificate files are set")
    if settings.kafka_security_protocol.startswith("SASL"):
        if not (settings.kafka_sasl_username and settings.kafka_sasl_password):
            raise MissingSetting("ARYZ_KAFKA_SASL_USERNAME and ARYZ_KAFKA_SASL_PASSWORD are needed where the security protocol is SASL_…")
        security["sasl_mechanism"] = settings.kafka_sasl_mechanism
        security["sasl_plain_username"] = settings.kafka_sasl_username
        security["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    return Connection(settings.kafka_bootstrap, security)


async def refusal(connected: Connection) -> str | None:
    """Return what an operator has to correct before the brokers accept this process. None: a broker accepts it, or waiting may help."""
    found: str | None = None
    arguments = connected.arguments(client_id="aryz")
    for host, port, _ in collect_hosts(arguments.pop("bootstrap_servers")):
        try:
            opened = await create_conn(host, port, **arguments)
        except ssl.SSLCertVerificationError as error:
            found = (
                f"its certificate is not accepted ({error.verify_message}): ARYZ_KAFKA_CA_FILE has to be the file of the authority that "
                "signed it, and the host in ARYZ_KAFKA_BOOTSTRAP a name in it"
            )
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):  # it is going down
            continue
        except ssl.SSLError:
            found = "it does not speak TLS here, or wants a certificate: see ARYZ_KAFKA_SECURITY_PROTOCOL and ARYZ_KAFKA_CERT_FILE"
        except (SaslAuthenticationFailed, AuthenticationFailedError):
            found = "it refuses ARYZ_KAFKA_SASL_USERNAME with ARYZ_KAFKA_SASL_PASSWORD: correct them"
        except (UnsupportedSaslMechanismError, IllegalSaslStateError):
            found = "it accepts no password of this form: see ARYZ_KAFKA_SECURITY_PROTOCOL and ARYZ_KAFKA_SASL_MECHANISM"
        except (OSError, KafkaError, TimeoutError):
            continue
        else:
            opened.close()
            return None
    return found


def _tls(settings: ServiceSettings) -> ssl.SSLContext:
    if bool(settings.kafka_cert_file) != bool(settings.kafka_key_file):
        raise MissingSetting("ARYZ_KAFKA_CERT_FILE and ARYZ_KAFKA_KEY_FILE are needed together")
    files = {"cafile": settings.kafka_ca_file, "certfile": settings.kafka_cert_file, "keyfile": settings.kafka_key_file}
    try:
        context: ssl.SSLContext = create_ssl_context(**{name: str(path) for name, path in files.items() if path})
    except OSError as error:  # includes ssl.SSLError
        names = "ARYZ_KAFKA_CA_FILE, ARYZ_KAFKA_CERT_FILE, ARYZ_KAFKA_KEY_FILE"
        raise MissingSetting(f"{names}: a file is missing or is not what it should be ({error})") from error
    return context
