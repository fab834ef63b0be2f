"""moto on a free loopback port, and the environment in which everything asks it instead of AWS."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REGION = "eu-west-1"
ROOT = Path(__file__).resolve().parents[3]
_SECONDS_TO_START = 60


@contextmanager
def moto_server(record: Path | None = None) -> Iterator[dict[str, str]]:
    """The environment variables that lead to a server of its own, which ends with the context.

    ``record`` is the file into which it writes each call.
    """
    port = free_port()
    server = start(port, record or Path(os.devnull))
    try:
        yield variables(port)
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(port: int, record: Path) -> subprocess.Popen[bytes]:
    """A server that answers; RuntimeError where it ends or stays silent."""
    command = [sys.executable, "-m", "tests.aws.support.moto_application", str(port), str(record)]
    environment = cleaned_environment() | {
        "PYTHONPATH": str(ROOT),
        "MOTO_PORT": str(port),
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    log = Path(os.devnull) if record == Path(os.devnull) else record.with_name("server.log")
    with log.open("ab") as told:
        # In a session of its own it outlives the command that started it, and Ctrl-C meant for that.
        server = subprocess.Popen(command, env=environment, stdout=told, stderr=told, start_new_session=True)
    try:
        _wait_for(port, server)
    except RuntimeError:
        server.kill()
        raise
    return server


def variables(port: int, who: str = "test") -> dict[str, str]:
    """The environment that leads to a server; ``who`` signs the calls and stands in its record."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": who,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"moto ended with {server.returncode}")
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"moto did not answer on port {port} within {_SECONDS_TO_START} s")


def cleaned_environment() -> dict[str, str]:
    """This process's environment without what leads to an account or to another key of pseudonyms."""
    return {n: value for n, value in os.environ.items() if not n.startswith(("AWS_", "RISK_LAKE_HMAC"))}
