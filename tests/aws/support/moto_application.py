"""moto as a server with two additions: what Terraform needs of it and it lacks, and a record of who called what.

The additions change moto's own classes in this process, so they are pinned to one version of it. None of them proves
anything of what it answers: a state machine that is "valid" here has been looked at by nobody.

``python -m tests.aws.support.moto_application PORT RECORD``; the record is one JSON object a line.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

MOTO_VERSION = "5.2.5"
_SIGNED_BY = re.compile(r"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/")

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


def patch() -> None:
    """Teach this process's moto what it lacks; RuntimeError for another version, whose gaps nobody has looked at."""
    import moto

    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(f"moto is {moto.__version__}, its additions are for {MOTO_VERSION}")
    _glue_connections()
    _state_machines()


def _glue_connections() -> None:
    """``GetConnection`` tells the type and the place in the network that were given, and ``DeleteConnection`` exists."""
    from moto.core.responses import ActionResult
    from moto.glue.models import FakeConnection
    from moto.glue.responses import GlueResponse

    told = FakeConnection.as_dict

    def as_dict(self: Any, hide_password: bool = False) -> dict[str, Any]:
        return self.connection_input | told(self, hide_password)

    def delete_connection(self: Any) -> ActionResult:
        self.glue_backend.connections.pop(self.parameters["ConnectionName"], None)
        return ActionResult({})

    FakeConnection.as_dict = as_dict
    GlueResponse.delete_connection = delete_connection


def _state_machines() -> None:
    """What Terraform's provider asks before and after it makes a state machine."""
    from moto.stepfunctions.responses import StepFunctionResponse

    def answer(reply: dict[str, Any]) -> Callable[[Any], str]:
        return lambda _: json.dumps(reply)

    valid = {"result": "OK", "diagnostics": [], "truncated": False}
    StepFunctionResponse.validate_state_machine_definition = answer(valid)
    StepFunctionResponse.list_state_machine_versions = answer({"stateMachineVersions": []})


class Recorder:
    """Writes down each signed call before it is answered: who, which service, and what names the action."""

    def __init__(self, application: WSGI, record: Path) -> None:
        self._application = application
        self._record = record
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        signed = _SIGNED_BY.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed:
            line = json.dumps({"who": signed["key"], "service": signed["service"], **_told(environ)})
            with self._lock, self._record.open("a") as record:
                record.write(f"{line}\n")
        return self._application(environ, start_response)


def _told(environ: dict[str, Any]) -> dict[str, Any]:
    """Of a request: what the S3 protocol says by method, path and query, and the JSON protocol by target and body."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    body: dict[str, Any] = {}
    if target:
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(content)
        body = json.loads(content or b"{}")
    return {
        "method": environ["REQUEST_METHOD"],
        "path": unquote(environ.get("RAW_URI", environ["PATH_INFO"]).split("?")[0]),
        "query": dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        "target": target,
        "body": body,
        "copy_source": unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")),
    }


def main(port: int, record: Path) -> None:
    """Serve on loopback until told to end."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import run_simple

    patch()
    application = Recorder(DomainDispatcherApplication(create_backend_app), record)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
