"""Keycloak on loopback, with the realm of `deploy/identity` and its data in memory. Tested with Keycloak 26.4.0 on Java 17."""

import os
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engines.processes import Daemon, Engine, EngineDidNotStart, EngineMissing, find_java, free_ports, tail

ROOT: Final = Path(__file__).parents[2]
IDENTITY: Final = ROOT / "deploy" / "identity"
POM: Final = IDENTITY / "pom.xml"
REALM: Final = IDENTITY / "aryz-realm.json"
DISTRIBUTION: Final = ROOT / ".run" / "keycloak"
START_SECONDS: Final = 240  # 15 s on an idle machine, 35 s on a busy one
POLL_SECONDS: Final = 0.2
ADMIN: Final = "admin"
DATABASE: Final = "--db=dev-mem"  # fixed by the build
JAVA_OPTIONS: Final = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
)
"""Those of the distribution's own start script, with a small heap and a quick compiler."""
SECRETS: Final = tuple(f"ARYZ_{client}_CLIENT_SECRET" for client in ("PAGES", "INTAKE", "ROUTING", "PROVIDER_CONTACT", "ANALYTICS"))


def bring_keycloak(distribution: Path = DISTRIBUTION) -> bool:
    """Download Keycloak with Maven and build it, unless it is present. Returns whether anything was done. Raises EngineMissing."""
    complete = distribution / "complete"
    if complete.exists() and complete.read_bytes() == POM.read_bytes():
        return False
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineMissing("Keycloak comes by Maven, which is not installed (Debian: apt-get install maven)")
    java = find_java()
    shutil.rmtree(distribution, ignore_errors=True)
    target = [f"-DoutputDirectory={distribution}", f"-DmarkersDirectory={distribution / 'markers'}"]
    _run([maven, "-q", "-B", "-f", str(POM), "dependency:unpack-dependencies", *target])
    home = _home(distribution)
    _run([java, *_start(home, home), "build", DATABASE])
    complete.write_bytes(POM.read_bytes())
    return True


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise EngineMissing(f"Keycloak could not be brought:\n{done.stdout[-1500:]}")


def _home(distribution: Path) -> Path:
    found = next(distribution.glob("keycloak-*"), None)
    if found is None:
        raise EngineMissing("Keycloak is not here: make keycloak-dist brings it")
    return found


def _start(program: Path, home: Path) -> list[str]:
    return [
        *JAVA_OPTIONS,
        f"-Dkc.home.dir={home}",
        f"-Djboss.server.config.dir={home / 'conf'}",
        "-cp",
        str(program / "lib" / "quarkus-run.jar"),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
    ]


class Keycloak(Engine):
    """One Keycloak on a free port, with the realm `aryz`. Its database is in memory and its other files are under `folder`."""

    def __init__(self, folder: Path, *, pages: str, distribution: Path = DISTRIBUTION) -> None:
        """`pages`: where browsers reach the pages, such as `http://127.0.0.1:8000`."""
        self.folder = folder.absolute()
        self.admin_password = secrets.token_urlsafe(16)
        self.client_secrets: Mapping[str, str] = {name: secrets.token_urlsafe(24) for name in SECRETS}
        [self.port] = free_ports(1)
        self.pages = pages
        self._distribution = distribution
        self._daemon = Daemon(self.folder / "pid", self.folder / "keycloak.log", str(self.folder))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/aryz"

    @property
    def pid(self) -> int | None:
        process = self._daemon.process()
        return None if process is None else process.pid

    def start(self) -> None:
        """Start the server and wait until the realm answers. Raises EngineMissing, EngineDidNotStart."""
        if not (self._distribution / "complete").exists():
            raise EngineMissing("Keycloak is not here: make keycloak-dist brings it")
        program = _home(self._distribution)
        (self.folder / "data" / "import").mkdir(parents=True)
        for part in ("conf", "lib", "providers", "themes"):
            (self.folder / part).symlink_to(program / part)
        shutil.copy(REALM, self.folder / "data" / "import")
        options = ["--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={self.port}", "--hostname-strict=false", "--cache=local"]
        command = [find_java(), *_start(program, self.folder), "start", "--optimized", "--import-realm", *options]
        self._daemon.start(command, environment={**os.environ, **self._environment()})
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._daemon.process() is None or time.monotonic() > until:
                raise EngineDidNotStart(f"Keycloak did not start: {tail(self._daemon.log)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server. Its data end with it."""
        self._daemon.stop()

    def kill_all(self) -> None:
        self._daemon.kill()

    def _environment(self) -> dict[str, str]:
        return {
            **self.client_secrets,
            "ARYZ_ADDRESS": self.pages,
            "ARYZ_BACK_CHANNEL_ADDRESS": self.pages,
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin_password,
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.issuer, timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP
        except (urllib.error.URLError, OSError):
            return False
