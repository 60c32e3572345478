"""TLS and SASL by settings. Every mistake gives a sentence that names the setting."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from shared.messaging.kafka_connection import connection
from shared.settings import MissingSetting, ServiceSettings


def settings(**more) -> ServiceSettings:
    return ServiceSettings(kafka_bootstrap="broker.example:9092", **more)


@pytest.fixture
def pair(tmp_path):
    """A certificate and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unsealed = serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unsealed))
    return tmp_path / "cert.pem", tmp_path / "key.pem"


class TestConnection:
    def test_an_address_alone_is_plain(self):
        made = connection(settings()).arguments()
        assert made["bootstrap_servers"] == "broker.example:9092"
        assert made["security_protocol"] == "PLAINTEXT"
        assert "ssl_context" not in made

    def test_tls_checks_the_brokers_certificate_and_name_and_shows_ours(self, pair):
        certificate, key = pair
        given = settings(kafka_security_protocol="SSL", kafka_ca_file=certificate, kafka_cert_file=certificate, kafka_key_file=key)
        tls = connection(given).arguments()["ssl_context"]
        assert tls.verify_mode is ssl.CERT_REQUIRED
        assert tls.check_hostname
        assert [one["serialNumber"] for one in tls.get_ca_certs()] == ["01"]

    def test_a_name_and_password_go_over_tls(self):
        given = settings(kafka_security_protocol="SASL_SSL", kafka_sasl_username="aryz", kafka_sasl_password=SecretStr("not-so-secret"))
        made = connection(given).arguments()
        assert (made["sasl_mechanism"], made["sasl_plain_username"], made["sasl_plain_password"]) == (
            "SCRAM-SHA-512",
            "aryz",
            "not-so-secret",
        )
        assert isinstance(made["ssl_context"], ssl.SSLContext)
        assert "not-so-secret" not in repr(given)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_username": "aryz"}, "ARYZ_KAFKA_SASL_PASSWORD"),
            ({"kafka_security_protocol": "SSL", "kafka_cert_file": "cert.pem"}, "ARYZ_KAFKA_KEY_FILE"),
            ({"kafka_security_protocol": "SSL", "kafka_ca_file": "absent.pem"}, "ARYZ_KAFKA_CA_FILE.*missing"),
            ({"kafka_ca_file": "ca.pem"}, "ARYZ_KAFKA_SECURITY_PROTOCOL"),
        ],
    )
    def test_what_is_missing_is_named(self, given, message):
        with pytest.raises(MissingSetting, match=message):
            connection(settings(**given))
