"""Scan ``terraform/`` with checkov, in an environment of its own below ``build``: its pins fit no other environment.

A finding is fixed, or skipped where it stands with ``#checkov:skip=ID:reason``. Where the packages cannot be had, one
line says so and nothing fails. Needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
PROJECT = REQUIREMENTS.parent
LOCK = REQUIREMENTS / "checkov.lock"
#: Only what is in the folder is looked at: nothing is asked of its maker, nothing is sent.
SCAN = "--directory terraform --framework terraform --skip-path tests/ --skip-download --quiet --compact".split()


def environment() -> Path:
    """The folder with the packages of the lock; CalledProcessError where they cannot be installed."""
    folder = PROJECT / "build" / f"checkov-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not (folder / ".whole").exists():
        print("installing requirements/checkov.lock", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        checked = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")
        subprocess.run([folder / "bin" / "pip", "install", *checked, "--requirement", LOCK], check=True)
        (folder / ".whole").touch()
    return folder


def main() -> None:
    """Scan; the exit code is checkov's."""
    try:
        folder = environment()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"checkov could not be installed, Terraform's files were not scanned: {error}")
        return
    quiet = os.environ | {"LOG_LEVEL": "ERROR"}  # it warns of each expression that it cannot work out
    done = subprocess.run([folder / "bin" / "checkov", *SCAN], cwd=PROJECT, env=quiet, check=False)
    print(f"checkov: {'findings' if done.returncode else 'no finding'} that no reason is given for")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
