"""Build ``dist/risk_lakehouse-<version>.gluewheels.zip``: what an AWS Glue 5.1 job installs without any network.

Glue unpacks a zip of that ending and installs ``wheels/requirements.txt`` from the wheels beside it. It holds this
project and all of ``glue.lock``, hash-checked: also what Glue has in some version of its own, because a run there is to
be the run that was tested here. Spark and Delta are Glue's. The same content gives the same bytes, so its hash in the
key of the uploaded object tells whether anything changed.

``--project-only`` leaves the lock out, for a server that runs no job.
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile, ZipInfo

REQUIREMENTS = Path(__file__).resolve().parent
PROJECT = REQUIREMENTS.parent
LOCK = REQUIREMENTS / "glue.lock"
#: Amazon Linux 2023 with glibc 2.34 and CPython 3.11, newest first.
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")


def build(folder: Path, *, project_only: bool = False) -> Path:
    """The zip, made in ``folder``; CalledProcessError where a wheel cannot be built or fetched."""
    with TemporaryDirectory() as temporary:
        wheels = Path(temporary)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels],
            cwd=PROJECT,
            check=True,
            capture_output=True,
        )
        (own,) = wheels.glob("*.whl")
        if not project_only:
            fetch(wheels)
        name, version, _ = own.name.split("-", 2)
        target = folder / f"{name}-{version}.gluewheels.zip"
        folder.mkdir(parents=True, exist_ok=True)
        pack(wheels, target)
    return target


def fetch(folder: Path) -> None:
    """Download the wheels of the lock for Glue's platform, whatever this machine is."""
    platform = [option for name in PLATFORMS for option in ("--platform", name)]
    checked = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *checked, *platform]
    subprocess.run([*command, "--requirement", LOCK, "--dest", folder], check=True)


def pack(wheels: Path, target: Path) -> None:
    """Put the wheels of a folder and a list of them into a zip; wheels are packed already, so it stores them."""
    found = sorted(wheels.glob("*.whl"))
    part = target.with_suffix(".part")
    with ZipFile(part, "w", ZIP_STORED) as packed:
        packed.writestr(ZipInfo("wheels/requirements.txt"), "".join(f"{pin(path)}\n" for path in found))
        for path in found:
            packed.writestr(ZipInfo(f"wheels/{path.name}"), path.read_bytes())
    part.replace(target)


def pin(wheel: Path) -> str:
    """The requirement that a wheel meets and no other does."""
    name, version, _ = wheel.name.split("-", 2)
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def main() -> None:
    """Build the zip; one line tells what was made, or what failed."""
    options = ArgumentParser(description="Build the zip of wheels that AWS Glue jobs install.")
    options.add_argument("--folder", type=Path, default=PROJECT / "dist")
    options.add_argument("--project-only", action="store_true")
    given = options.parse_args()
    try:
        built = build(given.folder, project_only=given.project_only)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"the zip of wheels was not built: {error}")
    print(f"{built} {built.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
