"""PgBouncer on loopback in front of a PostgreSQL server, with TLS on both sides. Tested with Debian's 1.18."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

from engines.authority import Certificate
from engines.processes import Daemon, Engine, EngineMissing, free_ports, reachable, server_user, write_private

PoolMode = Literal["session", "transaction"]

PROGRAM = "pgbouncer"
PATH = f"{os.defpath}:/usr/sbin:/usr/local/sbin"  # Debian installs it where only root looks
START_SECONDS = 30.0
SETTINGS = """\
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = {mode}
max_client_conn = 400
default_pool_size = 60
client_tls_sslmode = require
client_tls_cert_file = {folder}/server.pem
client_tls_key_file = {folder}/server.key
server_tls_sslmode = verify-full
server_tls_ca_file = {folder}/authority.pem
"""


def find_program() -> str:
    """Return the path of PgBouncer. Raises EngineMissing."""
    found = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=PATH)
    if found is None:
        raise EngineMissing("PgBouncer is not installed (Debian: apt-get install pgbouncer)")
    return found


class Pooler(Engine):
    """PgBouncer under `folder` for every database of the server at `server_url`. Clients use the server's role and password over TLS."""

    def __init__(self, folder: Path, server_url: str, *, authority: bytes, certificate: Certificate, mode: PoolMode = "session") -> None:
        self.folder = reachable(folder)
        self._server = make_url(server_url)
        self._authority, self._certificate, self._mode = authority, certificate, mode
        self._port = free_ports(1)[0]
        self._settings = self.folder / f"pgbouncer-{secrets.token_hex(4)}.ini"
        self._daemon = Daemon(self.folder / "pid", self.folder / "pgbouncer.log", str(self._settings))

    @property
    def url(self) -> str:
        """Return `postgresql://role:password@127.0.0.1:port` without a database name."""
        return self._server.set(port=self._port).render_as_string(hide_password=False)

    def start(self) -> None:
        """Start PgBouncer and wait until it accepts connections. Raises EngineMissing, EngineDidNotStart."""
        program, user = find_program(), server_user()
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        write_private(self.folder / "users.txt", f'"{self._server.username}" "{self._server.password}"\n'.encode(), user)
        write_private(self.folder / "server.pem", self._certificate.chain, user)
        write_private(self.folder / "server.key", self._certificate.key, user)
        write_private(self.folder / "authority.pem", self._authority, user)
        settings = SETTINGS.format(server_port=self._server.port, port=self._port, folder=self.folder, mode=self._mode)
        write_private(self._settings, settings.encode(), user)
        self._daemon.start([program, str(self._settings)], user=user)
        self._daemon.wait_listening(self._port, START_SECONDS, "PgBouncer")

    def stop(self) -> None:
        """Stop PgBouncer, closing its sessions. `start` runs it again on the same port."""
        self._daemon.stop()

    def kill_all(self) -> None:
        self._daemon.kill()
