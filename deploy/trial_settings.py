"""Prints the file `.env` of deploy/compose.yaml with new secrets: `python3 deploy/trial_settings.py > deploy/.env`. Needs Python alone."""

import argparse
import base64
import json
import secrets
import sys
from typing import Final

SECRETS: Final = (
    "ARYZ_METRICS_TOKEN",
    "POSTGRES_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "IDENTITY_ADMIN_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
    *(f"ARYZ_{client}_CLIENT_SECRET" for client in ("PAGES", "INTAKE", "ROUTING", "PROVIDER_CONTACT", "ANALYTICS")),
)


def settings(address: str, sign_in_address: str) -> dict[str, str]:
    """Return what Compose has to be told: two addresses, and a secret of its own for each purpose."""
    return {
        "ARYZ_ADDRESS": address,
        "ARYZ_SIGN_IN_ADDRESS": sign_in_address,
        "ARYZ_KEYS": json.dumps({"active": "k1", "keys": {"k1": _key()}, "pepper": _key()}),
        "KAFKA_CLUSTER_ID": base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("="),  # no dash at its beginning
        "AWS_ACCESS_KEY_ID": "aryz",
    } | {name: secrets.token_hex(24) for name in SECRETS}  # letters and digits: one is a part of a URL


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def main() -> None:
    """Print the file. Values are quoted, so that Compose takes them as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="where browsers reach the gateway")
    parser.add_argument("--sign-in-address", default="http://127.0.0.1:8081", help="where browsers reach the identity provider")
    chosen = parser.parse_args()
    sys.stdout.writelines(f"{name}='{value}'\n" for name, value in settings(chosen.address, chosen.sign_in_address).items())


if __name__ == "__main__":
    main()
