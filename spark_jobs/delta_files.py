"""Which files hold a Delta table: the list every engine reads by. Imports nothing that is not needed to say it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from deltalake import DeltaTable


def data_files(table: DeltaTable, folder: Path) -> list[str]:
    """The absolute paths of the files that hold the newest version of the table in ``folder``."""
    # file_uris() percent-encodes the folders above the table too, and then a lake under "a b" is not found.
    return [str(folder.absolute() / unquote(path)) for path in table.get_add_actions()["path"].to_pylist()]
