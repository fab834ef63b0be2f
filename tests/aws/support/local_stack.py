"""The local environment: a server that stands in for AWS, and ``terraform/envs/local`` applied to it.

``python -m tests.aws.support.local_stack up|down`` keeps one running between commands, its state in build/aws-local.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.alerting.bundle import bundle
from tests.aws.support import moto_server
from tests.aws.support.moto_server import ROOT
from tests.aws.support.terraform import TERRAFORM, init, missing, terraform

ENVIRONMENT = TERRAFORM / "envs" / "local"
KEPT = ROOT / "build" / "aws-local"


class StackError(RuntimeError):
    """Why the stack is not there, in one line."""


@dataclass(frozen=True)
class Stack:
    """The server's port and the folder with state, record of calls and the server's process number."""

    port: int
    folder: Path

    @property
    def record(self) -> Path:
        """Every signed call that the server got, one JSON object a line."""
        return self.folder / "calls.jsonl"

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """A Terraform command on the environment."""
        wheels, alerts = next(self.folder.glob("*.gluewheels.zip")), self.folder / "alerting.zip"
        return terraform(
            ENVIRONMENT,
            command,
            "-no-color",
            "-input=false",
            f"-var=wheels={wheels}",
            f"-var=alert_package={alerts}",
            *options,
            work=self.folder / "terraform",
            environment=moto_server.variables(self.port),
        )

    def apply(self) -> None:
        """Build what is uploaded and create everything; StackError with what Terraform said."""
        builder = [sys.executable, ROOT / "requirements" / "glue_wheels.py", "--project-only", "--folder", self.folder]
        _checked(subprocess.run(builder, capture_output=True, text=True, check=False))
        bundle(self.folder / "alerting.zip")
        state = f"-backend-config=path={self.folder / 'terraform.tfstate'}"
        _checked(init(ENVIRONMENT, "-reconfigure", state, work=self.folder / "terraform"))
        done = self.run("apply", "-auto-approve")
        if done.returncode:
            # A server that answers late is asked again by Terraform's client, which then finds its own first request
            # done and calls that an error. What is wrong by itself is wrong the second time.
            done = self.run("apply", "-auto-approve")
        _checked(done)

    def outputs(self) -> dict[str, Any]:
        """What the environment tells of itself."""
        told = terraform(ENVIRONMENT, "output", "-json", work=self.folder / "terraform")
        return json.loads(_checked(told))["lakehouse"]["value"]


def _checked(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        lines = [line.strip("│╷╵ ") for line in (done.stderr or done.stdout).splitlines() if line.strip("│╷╵ ")]
        raise StackError(
            next((line for line in lines if "Error" in line), lines[-1] if lines else "no reason was given")
        )
    return done.stdout


def up() -> None:
    """Start the server, apply, and print the environment to use it with."""
    if reason := missing():
        raise StackError(reason)
    if (KEPT / "server.json").exists():
        raise StackError("the local stack is up already: make aws-local-down")
    port = os.environ.get("PORT") or str(moto_server.free_port())
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise StackError(f"PORT is {port!r}, expected a number from 1 to 65535")
    KEPT.mkdir(parents=True, exist_ok=True)
    stack = Stack(int(port), KEPT)
    print(f"applying {ENVIRONMENT.relative_to(ROOT)} to a server on port {port}: some two minutes", flush=True)
    server = moto_server.start(stack.port, stack.record)
    (KEPT / "server.json").write_text(json.dumps({"port": stack.port, "pid": server.pid}))
    try:
        stack.apply()
    except StackError:
        _stop(server.pid)
        raise
    exports = "\n".join(f"export {name}={value}" for name, value in moto_server.variables(stack.port).items())
    (KEPT / "environment").write_text(f"{exports}\n")
    print(f"applied {ENVIRONMENT.relative_to(ROOT)} to the server on port {stack.port}\n")
    print(f"{exports}\n\n. build/aws-local/environment sets the same. The lake: {stack.outputs()['lake_location']}")


def down() -> None:
    """Destroy everything and end the server; what cannot be destroyed ends with the server and is told."""
    if not (KEPT / "server.json").exists():
        raise StackError("no local stack is up")
    told = json.loads((KEPT / "server.json").read_text())
    try:
        _checked(Stack(told["port"], KEPT).run("destroy", "-auto-approve"))
    finally:
        _stop(told["pid"])
    print("destroyed, and the server has ended")


def _stop(pid: int) -> None:
    """End the server, if that number is still its, and forget it."""
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists() or b"moto_application" in command.read_bytes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    shutil.rmtree(KEPT)


def main() -> None:
    """One command; an error is one line."""
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except (StackError, RuntimeError, subprocess.TimeoutExpired) as error:
        sys.exit(f"aws-local: {error}")
    except KeyboardInterrupt:
        sys.exit("aws-local: interrupted; make aws-local-down ends what is left")


if __name__ == "__main__":
    main()
