"""moto as a server with two additions: what Terraform needs of it and it lacks, and a record of who called what.

The additions change moto's own classes in this process, so they are pinned to one version of it. None of them proves
anything of what it answers: a state machine that is "valid" here has been looked at by nobody.

``python -m tests.aws.support.moto_application PORT RECORD``; the record is one JSON object a line.
"""

from __future__ import annotations

import gzip
import inspect
import json
import re
import sys
import threading
from collections.abc import Callable, Iterable
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

MOTO_VERSION = "5.2.5"
_SIGNED_BY = re.compile(r"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/")
_KEY_NAME = "x-amz-server-side-encryption-aws-kms-key-id"
_DELETED_KEY = re.compile(r"<Key>([^<]*)</Key>")

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


def patch() -> None:
    """Teach this process's moto what it lacks; RuntimeError for another version, whose gaps nobody has looked at."""
    import moto

    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(f"moto is {moto.__version__}, its additions are for {MOTO_VERSION}")
    _saved_queries()
    _glue_connections()
    _rules_of_security_groups()
    _state_machines()
    _logs_of_functions()
    _markers_of_deletion()
    _trails()
    _interfaces_of_machines()


def _saved_queries() -> None:
    """``DeleteNamedQuery`` exists."""
    from moto.athena.responses import AthenaResponse

    def delete_named_query(self: Any) -> str:
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
        return json.dumps({})

    AthenaResponse.delete_named_query = delete_named_query


def _glue_connections() -> None:
    """``GetConnection`` tells type and place in the network as given, and ``DeleteConnection`` exists."""
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


def _rules_of_security_groups() -> None:
    """A rule for a group or a prefix list tells its description; only those for addresses do by themselves."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    made = SecurityGroupRule.__init__

    def init(self: Any, *args: Any, **told: Any) -> None:
        bound = inspect.signature(made).bind(self, *args, **told).arguments
        given = [bound.get(kind) or {} for kind in ("ip_range", "source_group", "prefix_list_id")]
        self.told_description = next((kind["Description"] for kind in given if "Description" in kind), None)
        made(self, *args, **told)

    SecurityGroupRule.__init__ = init
    SecurityGroupRule.description = property(lambda self: self.told_description)


def _state_machines() -> None:
    """What Terraform's provider asks before and after it makes a state machine."""
    from moto.stepfunctions.responses import StepFunctionResponse

    def answer(reply: dict[str, Any]) -> Callable[[Any], str]:
        return lambda _: json.dumps(reply)

    valid = {"result": "OK", "diagnostics": [], "truncated": False}
    StepFunctionResponse.validate_state_machine_definition = answer(valid)
    StepFunctionResponse.list_state_machine_versions = answer({"stateMachineVersions": []})


def _logs_of_functions() -> None:
    """A function tells where it logs."""
    from moto.awslambda.models import LambdaFunction

    made, told = LambdaFunction.__init__, LambdaFunction.get_configuration

    def init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **more: Any) -> None:
        self.logging_config = spec.get("LoggingConfig")
        made(self, account_id, spec, *args, **more)

    def get_configuration(self: Any, *args: Any, **more: Any) -> dict[str, Any]:
        given = {"LoggingConfig": self.logging_config} if self.logging_config else {}
        return told(self, *args, **more) | given

    LambdaFunction.__init__ = init
    LambdaFunction.get_configuration = get_configuration


def _markers_of_deletion() -> None:
    """The last version of an object can go while markers of its deletion are there; they hold nothing to free."""
    from moto.s3.models import FakeDeleteMarker

    def dispose(self: Any, garbage: bool = False) -> None: ...

    FakeDeleteMarker.dispose = dispose


def _trails() -> None:
    """A trail can be removed by its ARN, too."""
    from moto.cloudtrail.models import CloudTrailBackend

    delete = CloudTrailBackend.delete_trail

    def delete_trail(self: Any, name: str) -> None:
        delete(self, name.rpartition(":trail/")[2])

    CloudTrailBackend.delete_trail = delete_trail


def _interfaces_of_machines() -> None:
    """A machine that was asked for together with its network interface has that interface's security groups.

    An interface without a public address tells of none, where an empty one would be taken for an address.
    """
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.instances import Instance

    made, associated = Instance.__init__, NetworkInterface.association.fget

    def init(self: Any, *args: Any, **told: Any) -> None:
        made(self, *args, **told)
        self.security_groups = self.security_groups or list(self.nics[0].group_set)

    Instance.__init__ = init
    NetworkInterface.association = property(lambda self: associated(self) or None)


def without_key_names(application: WSGI) -> WSGI:
    """Keep from clients which KMS key an object has.

    To copy an object, Hadoop's client names its key, which AWS's library for Java does over HTTPS alone.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [pair for pair in headers if pair[0].lower() != _KEY_NAME], *rest)

        return application(environ, start)

    return answer


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
    """Of a request: what the S3 protocol says by method, path and query, the others by a target or a form."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded") and not query
    body: dict[str, Any] = {}
    if target or is_form or "delete" in query:
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(content)
        if target:
            plain = gzip.decompress(content) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else content
            body = json.loads(plain or b"{}")
        elif is_form:
            body = dict(parse_qsl(content.decode(errors="replace")))
        else:
            body = {"keys": [unescape(key) for key in _DELETED_KEY.findall(content.decode())]}
    return {
        "method": environ["REQUEST_METHOD"],
        "path": unquote(environ.get("RAW_URI", environ["PATH_INFO"]).split("?")[0]),
        "query": query,
        "target": target,
        "body": body,
        "copy_source": unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")),
    }


def main(port: int, record: Path) -> None:
    """Serve on loopback until told to end."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import run_simple

    patch()
    application = Recorder(without_key_names(DomainDispatcherApplication(create_backend_app)), record)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
