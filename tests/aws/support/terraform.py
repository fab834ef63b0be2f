"""Terraform as a command, with the provider from a folder where one is named."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.aws.support.moto_server import ROOT, cleaned_environment

TERRAFORM = ROOT / "terraform"
_SECONDS = 900  # a busy machine takes minutes for what an idle one does in one


def missing() -> str | None:
    """Why Terraform cannot run here; None where it can. Without ``TF_PLUGIN_DIR`` the provider is fetched."""
    if shutil.which("terraform") is None:
        return "terraform is not installed"
    folder = os.environ.get("TF_PLUGIN_DIR")
    if folder and not Path(folder).is_dir():
        return f"TF_PLUGIN_DIR: no folder {folder}"
    return None


def terraform(
    folder: Path, *arguments: str | Path, work: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a configuration; ``work`` keeps what Terraform would put beside it."""
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env=cleaned_environment() | {"TF_DATA_DIR": str(work), "TF_IN_AUTOMATION": "1"} | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def init(folder: Path, *arguments: str, work: Path) -> subprocess.CompletedProcess[str]:
    """``terraform init``, with the provider of ``TF_PLUGIN_DIR`` or of the registry."""
    plugins = os.environ.get("TF_PLUGIN_DIR")
    provider = [f"-plugin-dir={plugins}"] if plugins else []
    return terraform(folder, "init", "-no-color", "-input=false", *provider, *arguments, work=work)
