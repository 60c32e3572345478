"""An object store on loopback that speaks S3 over TLS and checks the signature of every request: S3Proxy over a folder."""

import secrets
from pathlib import Path

from engines import processes
from engines.authority import Certificate
from engines.processes import Daemon, Engine, EngineMissing, find_java, free_ports

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".run" / "objects-libs"
POM = ROOT / "deploy" / "objects" / "pom.xml"
START_SECONDS = 120.0  # 2 s on an idle machine
MEMORY = ("-Xms32m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = """\
s3proxy.secure-endpoint=https://127.0.0.1:{port}
s3proxy.keystore-path={folder}/server.p12
s3proxy.keystore-password={store_password}
s3proxy.authorization=aws-v4
s3proxy.identity={identity}
s3proxy.credential={secret}
jclouds.provider=filesystem-nio2
jclouds.identity=none
jclouds.credential=none
jclouds.filesystem.basedir={folder}/buckets
"""
LOGGING = """\
<configuration>
  <appender name="ERR" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%level %logger{0} %msg%n%ex</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="ERR"/></root>
</configuration>
"""


def bring_libraries(libraries: Path = LIBRARIES) -> bool:
    """Download the store's libraries with Maven unless they are present. Returns whether anything was downloaded. Raises EngineMissing."""
    return processes.bring_libraries(POM, libraries, "S3Proxy")


class ObjectServer(Engine):
    """A store under `folder` with one bucket, at `https://127.0.0.1:port`."""

    def __init__(self, folder: Path, *, certificate: Certificate, bucket: str = "aryz-files") -> None:
        self.folder = folder.absolute()
        self.bucket = bucket
        self.identity = "aryz"
        self.secret = secrets.token_urlsafe(24)
        self._certificate = certificate
        self._port = free_ports(1)[0]
        self._settings = self.folder / "s3proxy.conf"
        self._daemon = Daemon(self.folder / "pid", self.folder / "s3proxy.log", str(self._settings))

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def objects(self) -> Path:
        """Return the folder of the bucket's objects."""
        return self.folder / "buckets" / self.bucket

    def start(self) -> None:
        """Start the store and wait until it accepts connections. Raises EngineMissing, EngineDidNotStart."""
        if not (LIBRARIES / "complete").exists():
            raise EngineMissing("the libraries of the S3 store are not here: make objects-libs brings them")
        java = find_java()
        self.objects.mkdir(parents=True, exist_ok=True)
        store_password = secrets.token_urlsafe(16)
        processes.write_private(self.folder / "server.p12", self._certificate.key_store(store_password), None)
        values = {"port": self._port, "folder": self.folder, "identity": self.identity, "secret": self.secret}
        processes.write_private(self._settings, SETTINGS.format(**values, store_password=store_password).encode(), None)
        (self.folder / "logback.xml").write_text(LOGGING)
        logging = f"-Dlogback.configurationFile={self.folder}/logback.xml"
        command = [java, *MEMORY, logging, "-cp", f"{LIBRARIES}/*", "org.gaul.s3proxy.Main", "--properties", str(self._settings)]
        self._daemon.start(command)
        self._daemon.wait_listening(self._port, START_SECONDS, "S3Proxy")

    def kill_all(self) -> None:
        self._daemon.kill()
