"""A real Trino for one test session: fetched once through Maven, started on a free port, stopped by pid.

Trino speaks Athena v3's dialect and reads the same Delta files, so a view that answers here answers on Athena. The
server sees hard links to the lake's files, never the lake itself, and keeps its metastore beside them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = "476"
ARTIFACT = f"io.trino:trino-server:{VERSION}:tar.gz"
OLDEST_JAVA = 24
PLUGINS = ("delta-lake", "hive", "geospatial")
CATALOG = "delta"
START_SECONDS = 300
NODE_SECONDS = 60
NOT_READY = ("NO_NODES_AVAILABLE", "SERVER_STARTING_UP")

JVM_OPTIONS = (
    "-Xmx2G",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dfile.encoding=UTF-8",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
)


class TrinoUnavailableError(Exception):
    """Trino cannot run on this machine; the message is the reason to skip."""


@dataclass
class TrinoServer:
    """A running server over one copied lake."""

    port: int
    pid: int
    tables: list[str] = field(default_factory=list)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of one statement, as Python values; waits while a busy server has not announced its node yet."""
        from trino.exceptions import TrinoQueryError

        deadline = time.monotonic() + NODE_SECONDS
        while True:
            try:
                return self._rows(sql)
            except TrinoQueryError as error:
                if error.error_name not in NOT_READY or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        from trino.dbapi import connect

        connection = connect(
            host="127.0.0.1", port=self.port, user="tests", catalog=CATALOG, schema="views", timezone="UTC"
        )
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()
            connection.close()


def find_java() -> Path:
    """A ``java`` of release 24 or newer; TrinoUnavailableError where there is none."""
    homes = [os.environ.get("TRINO_JAVA_HOME"), os.environ.get("JAVA_HOME")]
    homes += sorted(map(str, Path("/usr/lib/jvm").glob("*")), reverse=True)
    for home in filter(None, homes):
        java = Path(home) / "bin" / "java"
        if java.is_file() and _release(java) >= OLDEST_JAVA:
            return java
    raise TrinoUnavailableError(
        f"Trino {VERSION} needs a JDK {OLDEST_JAVA} or newer: install one or set TRINO_JAVA_HOME"
    )


def trino_home(cache: Path) -> Path:
    """The unpacked server under ``cache``, fetched through Maven the first time."""
    home = cache / f"trino-server-{VERSION}"
    if (home / "complete").is_file():
        return home
    maven = shutil.which("mvn")
    if maven is None:
        raise TrinoUnavailableError("Maven is missing, and Trino is not in build/trino: install mvn")
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"trino-server-{VERSION}.tar.gz"
    if not archive.is_file():
        _fetch(maven, cache)
    shutil.rmtree(home, ignore_errors=True)
    _unpack(archive, cache)
    (home / "complete").touch()
    archive.unlink()
    return home


@contextmanager
def trino_server(lake: Path, cache: Path) -> Iterator[TrinoServer]:
    """A server with every gold, ops and silver table of ``lake`` registered; it and its files are gone afterwards."""
    java, home = find_java(), trino_home(cache)
    # Beside the cache, so that hard links work and a large lake is not copied.
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as folder:
        run = Path(folder)
        tables = _link_tables(lake, run / "lake")
        port = _free_port()
        _configure(run, home, port)
        with (run / "server.log").open("wb") as log:
            process = subprocess.Popen(
                _command(java, home, run), stdout=log, stderr=subprocess.STDOUT, cwd=run, start_new_session=True
            )
        server = TrinoServer(port=port, pid=process.pid)
        try:
            _wait_until_ready(server, process, run / "server.log")
            _register(server, tables)
            yield server
        finally:
            _stop(process)


def _release(java: Path) -> int:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else 0


def _fetch(maven: str, cache: Path) -> None:
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={cache}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except subprocess.TimeoutExpired:
        raise TrinoUnavailableError(f"Maven did not fetch {ARTIFACT} within 15 minutes") from None
    if done.returncode != 0:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        faults = [line.removeprefix("[ERROR]").strip() for line in plain.splitlines() if line.startswith("[ERROR]")]
        reason = next(filter(None, faults), "no network?")
        raise TrinoUnavailableError(f"Maven cannot fetch {ARTIFACT}: {reason[:200]}")


def _unpack(archive: Path, cache: Path) -> None:
    """Unpack what the server needs. Plugins share jars through hard links, so the targets come along and then go."""
    root = f"trino-server-{VERSION}"
    wanted = tuple(f"{root}/{part}" for part in ("lib/", *(f"plugin/{name}/" for name in PLUGINS)))
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        targets = {m.linkname for m in members if m.islnk() and m.name.startswith(wanted)}
        chosen = [m for m in members if m.name.startswith(wanted) or m.name in targets]
        tar.extractall(cache, members=chosen, filter="data")
    for plugin in (cache / root / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)


def _link_tables(lake: Path, target: Path) -> list[str]:
    names = []
    for zone in ("silver", "gold", "ops"):
        for log in sorted((lake / zone).glob("*/_delta_log")):
            shutil.copytree(log.parent, target / zone / log.parent.name, copy_function=_link_or_copy)
            names.append(f"{zone}.{log.parent.name}")
    return names


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _configure(run: Path, home: Path, port: int) -> None:
    files = {
        "etc/config.properties": (
            "coordinator=true",
            "node-scheduler.include-coordinator=true",
            f"http-server.http.port={port}",
            f"discovery.uri=http://127.0.0.1:{port}",
            "node.environment=tests",
            "node.internal-address=127.0.0.1",
            "node.bind-ip=127.0.0.1",
            f"plugin.dir={home / 'plugin'}",
            "catalog.config-dir=etc/catalog",
        ),
        f"etc/catalog/{CATALOG}.properties": (
            "connector.name=delta_lake",
            "hive.metastore=file",
            "hive.metastore.catalog.dir=local:///metastore",
            "fs.native-local.enabled=true",
            f"local.location={run / 'lake'}",
            "delta.register-table-procedure.enabled=true",
            "delta.security=allow-all",
        ),
    }
    (run / "lake" / "metastore").mkdir(parents=True)
    for name, lines in files.items():
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _command(java: Path, home: Path, run: Path) -> list[str]:
    return [
        str(java),
        *JVM_OPTIONS,
        f"-Dnode.data-dir={run / 'data'}",
        f"-Dconfig={run / 'etc' / 'config.properties'}",
        "-cp",
        f"{home / 'lib'}/*",
        "io.trino.server.TrinoServer",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: TrinoServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if "======== SERVER STARTED ========" in log.read_text(encoding="utf-8", errors="replace"):
            with suppress(Exception):  # the first statement may come before the node knows itself
                if server.rows("select 1") == [(1,)]:
                    return
        time.sleep(0.5)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
    raise RuntimeError(f"Trino did not start:\n{tail}")


def _register(server: TrinoServer, tables: list[str]) -> None:
    for zone in sorted({name.split(".")[0] for name in tables} | {"views"}):
        server.rows(f"create schema {CATALOG}.{zone} with (location = 'local:///{zone}')")
    for name in tables:
        zone, table = name.split(".")
        server.rows(f"call {CATALOG}.system.register_table('{zone}', '{table}', 'local:///{zone}/{table}')")
    server.tables += tables


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
