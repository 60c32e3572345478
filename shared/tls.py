"""Whom a client believes at the other end of a TLS connection."""

import ssl
from functools import cache


@cache
def authorities() -> ssl.SSLContext:
    """The system's authorities and those that SSL_CERT_FILE names, read once a process: reading them anew for a client takes 60 ms."""
    return ssl.create_default_context()
