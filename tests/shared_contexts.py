"""One SSL context for the HTTP clients of tests: httpx builds one for each client, which takes 20 to 50 ms, also for `http://`."""

import os

from httpx._transports import default

_create = default.create_ssl_context
_created = {}


def _created_once(verify=True, cert=None, trust_env=True):
    if verify is not True or cert is not None:
        return _create(verify, cert, trust_env)
    key = tuple(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")) if trust_env else ()
    if key not in _created:
        _created[key] = _create(verify, cert, trust_env)
    return _created[key]


def share_contexts() -> None:
    default.create_ssl_context = _created_once
