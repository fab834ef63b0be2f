"""What the dashboard is told, who may enter, and the command that starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.dashboard.__main__ import OPTIONS, command
from services.dashboard.access import AccessError, visitor
from services.dashboard.settings import PREFIX, Settings, SettingsError


def test_settings_go_through_the_environment_unchanged(tmp_path: Path) -> None:
    told = Settings(str(tmp_path), tmp_path / "copy", "X-Forwarded-Email", 1.5, 30)
    assert Settings.of(told.to_environment()) == told
    assert Settings.of({}).login_header is None
    assert PREFIX + "LOGIN_HEADER" not in Settings().to_environment()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("LOGIN_HEADER", "", "the name of an HTTP header"),
        ("LOGIN_HEADER", "X Forwarded", "the name of an HTTP header"),
        ("STALE_AFTER_DAYS", "soon", "a number of 0 or more"),
        ("STALE_AFTER_DAYS", "-1", "a number of 0 or more"),
        ("STALE_AFTER_DAYS", "nan", "a number of 0 or more"),
        ("REFRESH_SECONDS", "0", "a number of 1 or more"),
        ("REFRESH_SECONDS", "inf", "a number of 1 or more"),
    ],
)
def test_a_bad_setting_is_one_clear_line(name: str, text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.of({PREFIX + name: text})
    assert str(caught.value) == f"{PREFIX}{name}: found {text!r}, expected {expected}"


def test_no_login_where_none_is_configured() -> None:
    assert visitor(None, ()) is None
    assert visitor(None, ("mallory",)) is None, "a header that nobody asked for says nothing"


def test_the_proxy_names_the_visitor() -> None:
    assert visitor("X-Forwarded-Email", (" ada@example.com ",)) == "ada@example.com"


@pytest.mark.parametrize("values", [(), ("",), ("  ",), ("ada", "mallory"), ("a" * 255,), ("a\x00b",), ("a\nb",)])
def test_who_comes_without_one_name_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(AccessError):
        visitor("X-Forwarded-Email", values)


def test_nothing_leaves_the_machine_and_only_it_is_served() -> None:
    assert OPTIONS["browser.gatherUsageStats"] == "false"
    line = command("127.0.0.1", 8601)
    assert "--server.address=127.0.0.1" in line
    assert "--server.port=8601" in line
    assert "--browser.serverAddress=localhost" in line
    assert "--browser.serverAddress=risk.example.com" in command("0.0.0.0", 8601, "risk.example.com")


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "services.dashboard", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.strip() == (
        f"cannot listen on 127.0.0.1, port {port}: address already in use; choose another with --port"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--stale-after-days", "-2"], "STALE_AFTER_DAYS: found '-2.0', expected a number of 0 or more"),
        (["--login-header", ""], "LOGIN_HEADER: found '', expected the name of an HTTP header"),
    ],
)
def test_the_command_refuses_bad_options_in_one_line(arguments: list[str], expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.dashboard", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip() == PREFIX + expected
