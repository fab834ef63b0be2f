"""The interface through which Lambda hands events to a process, for one process and a few events.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes". AWS's own client speaks to it;
what else Lambda does (the image, limits, freezing, retries) is not here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from time import time
from typing import Any

_SECONDS = 300
_FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"


class Runtime:
    """Events go in, answers come out: what the function returned, or the error that it raised."""

    def __init__(self) -> None:
        self._events: Queue[bytes] = Queue()
        self._answers: Queue[tuple[str, Any]] = Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a process that ends says no goodbye
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as the client is told them."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def invoke(self, event: Mapping[str, Any]) -> tuple[str, Any]:
        """``response`` or ``error``, and what came with it; queue.Empty after five minutes without either."""
        self._events.put(json.dumps(event).encode())
        return self._answers.get(timeout=_SECONDS)

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        events, answers = self._events, self._answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # the client keeps its connection

            def do_GET(self) -> None:
                body = events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "request")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time() + _SECONDS) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", _FUNCTION)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answers.put((self.path.rsplit("/", 1)[-1], json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        return Handler


@contextmanager
def running(command: list[str], environment: Mapping[str, str]) -> Iterator[Runtime]:
    """A process that asks for events until the context ends."""
    runtime = Runtime()
    process = subprocess.Popen(
        command,
        env={**environment, "AWS_LAMBDA_RUNTIME_API": runtime.address, "AWS_LAMBDA_FUNCTION_NAME": "f"},
        start_new_session=True,
    )
    try:
        yield runtime
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        runtime.close()
