"""Apache Kafka on loopback: one broker, or a cluster of three with replication factor 3.

Each broker is also a controller (KRaft's combined mode), so no other process is needed. Tested with Kafka 4.4.0 on Java 17.
"""

import base64
import json
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engines import processes
from engines.authority import Certificate
from engines.processes import Daemon, Engine, EngineDidNotStart, EngineMissing, find_java, free_ports, tail

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".run" / "kafka-libs"
POM = ROOT / "deploy" / "kafka" / "pom.xml"
LOGGING = ROOT / "deploy" / "kafka" / "log4j2.properties"
START_SECONDS = 150  # 3 s for one broker, 6 s for three on an idle machine; a killed broker on a busy machine has taken a minute
POLL_SECONDS = 0.05
READY = b"Kafka Server started"  # logged once the broker is registered with the controllers and unfenced
HEAP = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC")
QUICK_TO_COMPILE = ("-XX:TieredStopAtLevel=1",)  # half the processor time of minutes on two cores: docs/decisions/15-kafka-client.md

SETTINGS = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{port}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
metadata.max.idle.interval.ms=5000
replica.lag.time.max.ms=3000
log.cleaner.dedupe.buffer.size=8388608
"""

SECURE_SETTINGS = """\
listeners=BROKER://127.0.0.1:{port},MUTUAL://127.0.0.1:{mutual_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{port},MUTUAL://127.0.0.1:{mutual_port}
inter.broker.listener.name=MUTUAL
listener.security.protocol.map=BROKER:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
listener.name.broker.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.broker.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/authority.pem
"""
"""In addition to SETTINGS; a later line replaces an earlier one."""


def bring_libraries(libraries: Path = LIBRARIES) -> bool:
    """Download Kafka's libraries with Maven unless they are present. Returns whether anything was downloaded. Raises EngineMissing."""
    return processes.bring_libraries(POM, libraries, "Kafka")


@dataclass(frozen=True)
class KafkaSecurity:
    """A broker that accepts clients by name and password over TLS (SCRAM-SHA-512), or by certificate on an address of its own.

    There is no plain listener.
    """

    authority: bytes
    """The certificate, in PEM, whose signature a client's certificate needs."""
    certificate: Certificate
    username: str
    password: str


@dataclass(frozen=True)
class _Broker:
    node: int
    port: int
    controller_port: int
    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "server.properties"


class KafkaCluster(Engine):
    """A cluster under `folder`: one broker, or three with replication 3 and two in-sync replicas.

    Brokers are numbered from 1. An existing folder keeps its ports and data, and a second object over it finds the running
    brokers. Topics are not created automatically. One broker may have `security`; then `bootstrap` is its address for clients with a
    password and `mutual_bootstrap` that for clients with a certificate.
    """

    def __init__(
        self, folder: Path, *, brokers: Literal[1, 3] = 1, ports: tuple[int, ...] = (), security: KafkaSecurity | None = None
    ) -> None:
        self.folder = folder.absolute()
        self._security = security
        self._mutual_port = free_ports(1)[0] if security else 0
        layout = self.folder / "cluster.json"
        if layout.exists():
            pairs = json.loads(layout.read_text())
        else:
            free = free_ports(2 * brokers)
            pairs = list(zip(ports or free[:brokers], free[brokers:], strict=True))
        self._brokers = [_Broker(n, port, own, self.folder / f"broker-{n}") for n, (port, own) in enumerate(pairs, 1)]
        self._daemons = {
            broker.node: Daemon(broker.folder / "pid", broker.folder / "broker.log", str(broker.settings)) for broker in self._brokers
        }

    @property
    def bootstrap(self) -> str:
        return ",".join(map(self.address, self.nodes))

    @property
    def mutual_bootstrap(self) -> str:
        """Return the address for clients with a certificate."""
        return f"127.0.0.1:{self._mutual_port}"

    def address(self, node: int) -> str:
        """Return the address of a single broker."""
        return f"127.0.0.1:{self._brokers[node - 1].port}"

    @property
    def nodes(self) -> tuple[int, ...]:
        return tuple(self._daemons)

    @property
    def alive(self) -> tuple[int, ...]:
        """Return the brokers whose processes exist, suspended ones included."""
        return tuple(node for node, daemon in self._daemons.items() if daemon.process() is not None)

    def pid(self, node: int) -> int | None:
        process = self._daemons[node].process()
        return None if process is None else process.pid

    def start(self) -> None:
        """Start the brokers that do not run and wait until each is ready. Raises EngineMissing, EngineDidNotStart."""
        self._format()
        self._launch([node for node in self.nodes if node not in self.alive])

    def restart(self, node: int) -> None:
        """Restart broker `node`, whether it was killed, is suspended or runs, and wait until it is ready."""
        self._daemons[node].stop()
        self._launch([node])

    def kill(self, node: int) -> None:
        """Kill the broker, as a power cut would."""
        self._daemons[node].kill()

    def suspend(self, node: int) -> None:
        """Suspend the broker with SIGSTOP: its connections stay open and nothing answers."""
        self._daemons[node].send(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        self._daemons[node].send(signal.SIGCONT)

    def stop(self) -> None:
        """Stop all brokers and keep their data.

        In a cluster they are killed: the last brokers cannot shut down in order, because no controller quorum is left.
        """
        first, *others = self._daemons.values()
        if others:
            for daemon in self._daemons.values():
                daemon.kill()
        else:
            first.stop()

    def kill_all(self) -> None:
        for node in self.nodes:
            self.kill(node)

    def _format(self) -> None:
        """Format the folders once, all with the same cluster id."""
        layout = self.folder / "cluster.json"
        if layout.exists():
            return
        java = self._java()
        shutil.rmtree(self.folder, ignore_errors=True)  # the remains of an incomplete start
        cluster = base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")  # an id must not begin with a dash
        tools = []
        for broker in self._brokers:
            broker.folder.mkdir(parents=True, exist_ok=True)
            broker.settings.write_text(self._settings(broker))
            command = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(broker.settings), *self._credentials()]
            tools.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))  # noqa: S603 - our own command
        outputs = [tool.communicate()[0] for tool in tools]
        for tool, output in zip(tools, outputs, strict=True):
            if tool.returncode:
                raise EngineDidNotStart(f"Kafka's folder could not be made ready: {output[-1500:]}")
        layout.write_text(json.dumps([(broker.port, broker.controller_port) for broker in self._brokers]))

    def _settings(self, broker: _Broker) -> str:
        replicas = len(self._brokers)
        settings = SETTINGS.format(
            node=broker.node,
            port=broker.port,
            controller_port=broker.controller_port,
            voters=",".join(f"{other.node}@127.0.0.1:{other.controller_port}" for other in self._brokers),
            data=broker.folder / "data",
            replicas=replicas,
            in_sync=min(2, replicas),
        )
        if (security := self._security) is None:
            return settings
        (broker.folder / "authority.pem").write_bytes(security.authority)
        (broker.folder / "broker.pem").write_bytes(security.certificate.key + security.certificate.chain)
        ports = {"port": broker.port, "mutual_port": self._mutual_port, "controller_port": broker.controller_port}
        return settings + SECURE_SETTINGS.format(**ports, folder=broker.folder)

    def _credentials(self) -> list[str]:
        if (given := self._security) is None:
            return []
        return ["--add-scram", f"SCRAM-SHA-512=[name={given.username},password={given.password}]"]

    def _java(self) -> list[str]:
        if not (LIBRARIES / "complete").exists():
            raise EngineMissing("Kafka's libraries are not here: make kafka-libs brings them")
        return [find_java(), *HEAP, *QUICK_TO_COMPILE, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{LIBRARIES}/*"]

    def _launch(self, nodes: list[int]) -> None:
        daemons = [self._daemons[node] for node in nodes]
        begins = [daemon.log.stat().st_size if daemon.log.exists() else 0 for daemon in daemons]
        for node, daemon in zip(nodes, daemons, strict=True):
            daemon.start([*self._java(), "kafka.Kafka", str(self._brokers[node - 1].settings)])
        until = time.monotonic() + START_SECONDS
        for daemon, begin in zip(daemons, begins, strict=True):
            while READY not in daemon.log.read_bytes()[begin:]:
                if daemon.process() is None or time.monotonic() > until:
                    raise EngineDidNotStart(f"Kafka did not start: {tail(daemon.log)}")
                time.sleep(POLL_SECONDS)
