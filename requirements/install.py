"""Make .venv hold exactly the packages of lock files and this project: ``python3.11 requirements/install.py etl``.

Every package is checked against the hash in its lock file. pip, which Python brings, fetches uv and the build tools
of ``bootstrap.lock``; uv installs the rest, several times faster. The only package published as source, pyspark, is
built with those same tools, so that nothing unhashed takes part. Needs the standard library alone.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
PROJECT = REQUIREMENTS.parent
VENV = PROJECT / ".venv"
BOOTSTRAP = REQUIREMENTS / "bootstrap.lock"
SOURCE_ONLY = "pyspark"

#: pip's setting, uv's variable for it, and what uv puts between several values.
PIP_TO_UV = (
    ("index-url", "UV_DEFAULT_INDEX", " "),
    ("extra-index-url", "UV_INDEX", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("no-index", "UV_NO_INDEX", " "),
    ("trusted-host", "UV_INSECURE_HOST", " "),
    ("default-timeout", "UV_HTTP_TIMEOUT", " "),
    ("timeout", "UV_HTTP_TIMEOUT", " "),
    ("cert", "SSL_CERT_FILE", " "),
    ("client-cert", "SSL_CLIENT_CERT", " "),
    ("proxy", "ALL_PROXY", " "),
)


def uv_environment(pip_settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv fetch from where pip does, given what ``pip config list`` prints.

    uv reads none of pip's files or variables. A variable that ``environment`` holds already wins.
    """
    settings: dict[str, str] = {}
    for line in pip_settings.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if separator and section in ("global", "install", ":env:"):
            rank = ("global", "install", ":env:").index(section)
            settings[f"{name}/{rank}"] = str(ast.literal_eval(value))
    found: dict[str, str] = {}
    for name, variable, separator in PIP_TO_UV:
        value = next((settings[f"{name}/{rank}"] for rank in (2, 1, 0) if f"{name}/{rank}" in settings), "")
        if value.split() and variable not in environment:
            found[variable] = separator.join(value.split())
    if "UV_INDEX" in found:  # pip takes the best version of all its indexes; the hashes make that safe
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


def install(*lock_names: str) -> None:
    """Bring ``.venv`` to the state of ``requirements/<lock_name>.lock``, of several together.

    Raises CalledProcessError where a tool fails, as uv does where two files want different versions of a package.
    """
    locks = [REQUIREMENTS / f"{lock_name}.lock" for lock_name in lock_names]
    python = VENV / "bin" / "python"
    if not _is_python_311(python):
        _run(sys.executable, "-m", "venv", "--clear", VENV)
    bootstrapped = VENV / ".bootstrap.lock"
    if not bootstrapped.is_file() or bootstrapped.read_bytes() != BOOTSTRAP.read_bytes():
        only_wheels = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check")
        _run(python, "-m", "pip", "install", "--quiet", *only_wheels, "--requirement", BOOTSTRAP)
        bootstrapped.write_bytes(BOOTSTRAP.read_bytes())
    pip_settings = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    environment = {
        **os.environ,
        **uv_environment(pip_settings, os.environ),
        "DIST_EXTRA_CONFIG": str(REQUIREMENTS / "source-build.cfg"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    uv = (VENV / "bin" / "uv", "pip")
    into = ("--quiet", "--python", python, "--no-build-isolation")
    only_wheels = ("--require-hashes", "--only-binary", ":all:", "--no-binary", SOURCE_ONLY)
    _run(*uv, "sync", *into, *only_wheels, BOOTSTRAP, *locks, environment=environment)
    _run(*uv, "install", *into, "--no-deps", "--editable", PROJECT, environment=environment)


def _is_python_311(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info[:2] != (3, 11))"
    return python.exists() and subprocess.run([python, "-c", check], check=False).returncode == 0


def _run(*command: str | Path, environment: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=environment)


def main() -> None:
    """Install the lock files named on the command line; one line tells how it ended."""
    lock_names, started = sys.argv[1:], time.monotonic()
    named = " and ".join(f"requirements/{name}.lock" for name in lock_names)
    print(f"installing {named} into .venv", flush=True)
    try:
        install(*lock_names)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"{named} was not installed: {error}")
    print(f"installed in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
