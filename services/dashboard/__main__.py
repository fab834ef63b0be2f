"""``python -m services.dashboard``: start the dashboard over a lake. Nothing leaves this machine."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from services.dashboard import palette
from services.dashboard.settings import Settings, SettingsError
from spark_jobs.errors import RiskLakeError
from spark_jobs.storage import Zones

APP = Path(__file__).with_name("app.py")
#: What Streamlit is told beside address and port. No statistics go out, and no file is watched or can be sent in.
OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": "false",
    "logger.enableRich": "false",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "1",
    "theme.base": "light",
    "theme.primaryColor": palette.BLUE,
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f5f6f8",
    "theme.textColor": palette.INK,
    "theme.borderColor": palette.LINE,
    # Of what rises and falls, which must be told apart without red and green.
    "theme.redColor": palette.VERMILLION,
    "theme.redTextColor": palette.LEVEL_COLOURS["critical"],
    "theme.greenColor": palette.BLUE,
    "theme.greenTextColor": "#00507d",
    "theme.baseRadius": "8px",
    "theme.showWidgetBorder": "true",
    "theme.font": "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif",
}


def command(address: str, port: int, public_address: str | None = None) -> list[str]:
    """The command line that serves the pages.

    ``public_address`` is the name by which browsers know them; without one no other than ``address`` is printed.
    """
    place = {"server.address": address, "server.port": str(port)}
    place["browser.serverAddress"] = public_address or "localhost"
    options = [f"--{name}={value}" for name, value in (OPTIONS | place).items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *options]


def main(
    lake: Annotated[str | None, typer.Option(help="Folder of the lake, or s3://name-{zone}.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    public_address: Annotated[str | None, typer.Option(help="Host name that browsers use, behind a proxy.")] = None,
    login_header: Annotated[
        str | None, typer.Option(help="Header in which a reverse proxy names the visitor; without it nobody enters.")
    ] = None,
    stale_after_days: Annotated[
        float | None, typer.Option(help="Newest data older than this is called stale; 0 for never.")
    ] = None,
) -> None:
    """Serve the dashboard until it is stopped; options win over RISK_LAKE_DASHBOARD_<NAME> in the environment."""
    given: dict[str, Any] = {"lake": lake, "login_header": login_header, "stale_after_days": stale_after_days}
    try:
        settings = Settings.of(os.environ)
        chosen = {name: value for name, value in given.items() if value is not None}
        settings = Settings.of(replace(settings, **chosen).to_environment())
        zones = Zones(settings.lake)
        if find_spec("streamlit") is None:
            raise SettingsError("the dashboard needs Streamlit: install the extra `services`")
        _check_free(address, port)
    except RiskLakeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if zones.is_local and not zones.root.is_dir():
        typer.echo(f"there is no lake in {zones.root} yet; the pages say how to make one", err=True)
    line = command(address, port, public_address)
    # The server takes this process's place, so that its id and its signals are those of the server.
    os.execve(line[0], line, os.environ | settings.to_environment())  # noqa: S606 - arguments, no shell


def _check_free(address: str, port: int) -> None:
    """SettingsError where nothing can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise SettingsError(f"cannot listen on {address}, port {port}: {why}; choose another with --port") from None


if __name__ == "__main__":
    typer.run(main)
