"""One local stack for the tests that need one applied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.aws.support import moto_server
from tests.aws.support.local_stack import Stack
from tests.aws.support.terraform import TERRAFORM, init, missing


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where Terraform, or its provider, cannot be had."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("provider")
    shutil.copy(TERRAFORM / "modules" / "zones" / "versions.tf", folder)
    tried = init(folder, work=folder / "work")
    if tried.returncode:
        pytest.skip("Terraform's AWS provider is neither in TF_PLUGIN_DIR nor to be fetched")


@pytest.fixture(scope="module")
def stack(provider: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """``terraform/envs/local`` applied to a server of its own, which this process's boto3 asks as well."""
    pytest.importorskip("moto", reason="moto is not installed: make setup")
    made = Stack(moto_server.free_port(), tmp_path_factory.mktemp("stack"))
    server = moto_server.start(made.port, made.record)
    patch = pytest.MonkeyPatch()
    try:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in moto_server.variables(made.port).items():
            patch.setenv(name, value)
        made.apply()
        yield made
    finally:
        patch.undo()
        server.terminate()
        server.wait()
