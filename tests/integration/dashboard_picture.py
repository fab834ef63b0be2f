"""``python -m tests.integration.dashboard_picture``: the page *Demand* as the README shows it.

A lake's costliest anomaly of the newest 90 days, opened by a click on its row. Without a lake, that of the tests.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from PIL import Image

from tests.demand_tables import demand_lake
from tests.integration.dashboard_visit import NEVER_OLD, PROJECT, Visitor, chromium, opened, served

PICTURE = PROJECT / "docs" / "images" / "dashboard.png"
#: Colours of the picture: those of the page and what smooths its letters.
_COLOURS = 256


def main(
    lake: Annotated[Path | None, typer.Option(help="Folder of the lake; without it that of the tests.")] = None,
    output: Annotated[Path, typer.Option(help="Picture to write.")] = PICTURE,
) -> None:
    """Write the picture."""
    executable = chromium()
    if executable is None:
        raise SystemExit("chromium is not on the PATH")
    with TemporaryDirectory() as folder:
        found = lake or demand_lake(Path(folder) / "lake", series=1_000, days=400, groups=8).path
        with (
            served(found, Path(folder) / "log", *NEVER_OLD) as address,
            opened(executable) as browser,
            Visitor(browser) as visitor,
        ):
            visitor.open(address)
            visitor.select_row("demand_queue")
            taken = visitor.picture("readme")
    output.parent.mkdir(parents=True, exist_ok=True)
    Image.open(taken).convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE).save(output, optimize=True)
    typer.echo(f"{output}: {output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
