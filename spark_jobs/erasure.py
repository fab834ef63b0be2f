"""The right to be forgotten: one person leaves every zone, and the bytes are searched to prove it.

Landing copies keep their line numbers: the lines of an erased record become blank. Bronze loses the rows; silver,
quarantine, gold and models are made again by the pipeline; old versions are vacuumed. Source: GDPR, article 17.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spark_jobs.bronze.delivered_file import read_batches
from spark_jobs.contract import Contract, contract, landing_contracts
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake
from spark_jobs.landing import LEDGER
from spark_jobs.storage import ALL_ZONES, Zones, listing, local_copy, signature, write_bytes, write_text

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath, LakeLocation

#: An identifier is searched as bare bytes only where it cannot be met by chance: long enough, and not a plain number.
_SHORTEST_SEARCHED = 6


class ErasureError(RiskLakeError):
    """The person is unknown, or a trace was found where none may be."""


@dataclass(frozen=True)
class Person:
    """The identifiers of one customer, as delivered."""

    customer_id: str
    token: str
    contacts: tuple[str, ...]
    account_ids: tuple[str, ...]
    loan_ids: tuple[str, ...]

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Everything that names the person."""
        return (self.customer_id, self.token, *self.contacts, *self.account_ids, *self.loan_ids)


@dataclass(frozen=True)
class Proof:
    """What was searched, and how many times the person was found."""

    file_count: int
    byte_count: int
    identifier_count: int
    found_in: tuple[str, ...]


def pending_file(lake: Lake) -> AnyPath:
    """Identifiers of an erasure under way; gone when it is done."""
    return lake.zones.folder("ops") / ".erasure.json"


def find_person(lake: Lake, customer_id: str, token: str) -> Person:
    """Everything bronze knows under ``customer_id``, or what an interrupted erasure of the same person noted."""
    pending = pending_file(lake)
    if pending.exists():
        noted: dict[str, Any] = json.loads(pending.read_text())
        if noted["customer_id"] != customer_id:
            raise ErasureError(f"an erasure of another customer was interrupted; finish it first (see {pending})")
        several = {name: tuple(noted[name]) for name in ("contacts", "account_ids", "loan_ids")}
        return Person(customer_id, noted["token"], **several)
    rows = _matching(lake, "customers", "customer_id", [customer_id])
    accounts = _matching(lake, "accounts", "customer_id", [customer_id])
    loans = _matching(lake, "loans", "customer_id", [customer_id])
    if not rows and not accounts and not loans:
        raise ErasureError(f"customer {customer_id} is not in this lake")
    contacts = sorted({r[c].strip() for r in rows for c in ("email", "phone") if r[c] and r[c].strip()})
    account_ids = sorted({r["account_id"].strip() for r in accounts if r["account_id"]})
    loan_ids = sorted({r["loan_id"].strip() for r in loans if r["loan_id"]})
    person = Person(customer_id, token, tuple(contacts), tuple(account_ids), tuple(loan_ids))
    write_text(pending, json.dumps(asdict(person)), mode=0o600)
    return person


def erase_delivered(lake: Lake, person: Person) -> dict[str, int]:
    """Blank the person's lines in landing and delete their rows from bronze; rows erased by table."""
    erased: dict[str, int] = {}
    lines: dict[str, set[int]] = defaultdict(set)
    places: dict[str, set[str]] = {}
    for landing in _about_people():
        rows = _rows_of(lake, landing.table, person)
        for row in rows:
            lines[row["_source_file"]].add(row["_row_number"])
        places[landing.table] = {f"{row['_source_file']}#{row['_row_number']}" for row in rows}
        erased[landing.table] = len(places[landing.table])
    mentions = _places_naming(lake, person)
    affected = {*lines, *mentions}
    originals = {path: path for path in affected} | _twins(lake, affected)
    for path, original in originals.items():
        _blank(lake, path, lines.get(original, set()), mentions.get(original, set()), person)
    for landing in _about_people():
        named = {f"{p}#{n}" for p, ns in mentions.items() for n in ns} if landing.table == "transactions" else set()
        if lake.exists(f"bronze.{landing.table}"):
            _delete_from_bronze(lake, landing.table, places[landing.table], named - places[landing.table])
    return erased


def finish(lake: Lake, person: Person) -> Proof:
    """Vacuum every table and search what is left; ErasureError where a trace is found."""
    for name in lake.zones.tables():
        lake.open(name).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    pending_file(lake).unlink(missing_ok=True)
    proof = search(lake.zones, person)
    if proof.found_in:
        raise ErasureError(f"traces of customer {person.customer_id} are left in {', '.join(proof.found_in)}")
    return proof


def search(location: LakeLocation, person: Person) -> Proof:
    """Look for the person in every file of a lake: bytes as they lie, gzip unpacked, Parquet decoded by cell.

    In S3 these are the objects as they are now; former versions of them end when the bucket's lifecycle says.
    """
    whole = re.compile(
        b"(?<![A-Za-z0-9_-])(?:"
        + b"|".join(re.escape(i.encode()) for i in person.identifiers if _is_distinctive(i))
        + b")(?![A-Za-z0-9_-])"
    )
    count = size = 0
    found = []
    for name, path in _every_file(Zones.of(location)):
        content = path.read_bytes()
        count, size = count + 1, size + len(content)
        texts = [content, content.replace(b"\x00", b"")]
        if content[:2] == b"\x1f\x8b":
            texts.append(gzip.decompress(content))
        in_cells = path.suffix == ".parquet" and _in_parquet(path, person)
        if in_cells or any(whole.search(text) for text in texts):
            found.append(name)
    return Proof(count, size, len(person.identifiers), tuple(found))


def _every_file(zones: Zones) -> Iterator[tuple[str, Path]]:
    """Name and bytes of every file, on this machine."""
    if zones.is_local:
        yield from ((file.name, local_copy(file.path)) for file in listing(zones.root, hidden=True))
        return
    for zone in ALL_ZONES:
        for file in listing(zones.folder(zone), hidden=True):
            path = local_copy(file.path)
            yield f"{zone}/{file.name}", path
            path.unlink()


def _is_distinctive(identifier: str) -> bool:
    return len(identifier) >= _SHORTEST_SEARCHED and not identifier.isdigit()


def _in_parquet(path: Path, person: Person) -> bool:
    """Whether a cell of a column that may hold such an identifier holds one."""
    by_column = {
        "customer_id": (person.customer_id,),
        "customer_token": (person.token,),
        "account_id": person.account_ids,
        "loan_id": person.loan_ids,
        "counterparty": person.account_ids,
        "email": person.contacts,
        "phone": person.contacts,
    }
    schema = pq.read_schema(path)
    columns = [name for name in by_column if name in schema.names and pa.types.is_string(schema.field(name).type)]
    table = pq.read_table(path, columns=columns)
    return any(
        pc.any(pc.is_in(pc.utf8_trim_whitespace(table[name]), pa.array(by_column[name], pa.string()))).as_py()
        for name in columns
    )


def _matching(lake: Lake, table: str, column: str, values: Iterable[str]) -> list[dict[str, Any]]:
    if not lake.exists(f"bronze.{table}"):
        return []
    cell = pc.utf8_trim_whitespace(pc.field(column))
    dataset = lake.dataset(f"bronze.{table}")
    rows: list[dict[str, Any]] = dataset.to_table(filter=cell.isin(pa.array(list(values), pa.string()))).to_pylist()
    return rows


def _rows_of(lake: Lake, table: str, person: Person) -> list[dict[str, Any]]:
    """Bronze rows that belong to the person, malformed records that name them included."""
    column, values = _owner_column(table, person)
    rows = _matching(lake, table, column, values)
    if not lake.exists(f"bronze.{table}"):
        return rows
    raw = lake.dataset(f"bronze.{table}").to_table(filter=pc.field("_raw_record").is_valid())
    named = [r for r in raw.to_pylist() if _names(r["_raw_record"], person)]
    return rows + named


def _names(text: str, person: Person) -> bool:
    cells = {cell.strip(' "') for cell in re.split("[,;\t|]", text)}
    return not cells.isdisjoint(person.identifiers)


def _about_people() -> list[Contract]:
    """Landing tables whose rows belong to a customer; what a shop sells tells of nobody."""
    return [c for c in landing_contracts() if not {"customer_id", "account_id"}.isdisjoint(c.column_names)]


def _owner_column(table: str, person: Person) -> tuple[str, tuple[str, ...]]:
    if "customer_id" in contract(f"landing.{table}").column_names:
        return "customer_id", (person.customer_id,)
    return "account_id", person.account_ids


def _places_naming(lake: Lake, person: Person) -> dict[str, set[int]]:
    """Lines of other customers' transactions whose counterparty is an account of the person."""
    places: dict[str, set[int]] = defaultdict(set)
    for row in _matching(lake, "transactions", "counterparty", person.account_ids):
        places[row["_source_file"]].add(row["_row_number"])
    return places


def _twins(lake: Lake, paths: Iterable[str]) -> dict[str, str]:
    """Files delivered again under another name, each with the one of ``paths`` whose bytes it repeats."""
    entries = {e["path"]: e for e in lake.rows(LEDGER)}
    by_content = {entries[path]["sha256"]: path for path in paths if path in entries}
    return {
        path: by_content[entry["sha256"]]
        for path, entry in entries.items()
        if entry["status"] == "duplicate" and entry["sha256"] in by_content
    }


def _blank(lake: Lake, relative_path: str, numbers: set[int], mentioned: set[int], person: Person) -> None:
    """Empty whole records and, elsewhere, the cells that name the person; every other byte and line number stays."""
    landed = lake.zones.folder("landing") / relative_path
    if not landed.exists():
        return
    path = local_copy(landed)
    content = path.read_bytes()
    packed = content[:2] == b"\x1f\x8b"
    plain = gzip.decompress(content) if packed else content
    table = contract(f"landing.{relative_path.split('/', maxsplit=1)[0]}")
    starts = [n for batch in read_batches(path, relative_path, table) for n in batch.column("_row_number").to_pylist()]
    following = dict(zip(starts, [*starts[1:], None], strict=True))
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(plain[:2])
    text = plain.decode(wide if wide else "latin-1")
    ends = re.split("(\r\n|\r|\n)", text)
    for start in numbers:
        stop = following.get(start) or len(ends) // 2 + 2
        for line in range(start, stop):
            if 2 * (line - 1) < len(ends):
                ends[2 * (line - 1)] = ""
    for line in mentioned - numbers:
        for identifier in person.account_ids:
            cell = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(identifier)}(?![A-Za-z0-9_-])")
            ends[2 * (line - 1)] = cell.sub("", ends[2 * (line - 1)])
    encoded = "".join(ends).encode(wide if wide else "latin-1")
    rewritten = gzip.compress(encoded, mtime=0) if packed else encoded
    write_bytes(landed, rewritten)
    size_bytes, modified_at = signature(landed)
    stored_sha256 = hashlib.sha256(rewritten).hexdigest()
    lake.open(LEDGER).update(
        new_values={"size_bytes": size_bytes, "modified_at": modified_at, "stored_sha256": stored_sha256},
        predicate=f"path = '{_quoted(relative_path)}'",
    )


def _delete_from_bronze(lake: Lake, table: str, places: set[str], mentions: set[str]) -> None:
    """Delete rows and empty counterparties by place: Delta's log keeps the predicate, so it must name nobody."""
    bronze, place = f"bronze.{table}", "concat(_source_file, '#', cast(_row_number as varchar))"
    if places:
        lake.open(bronze).delete(f"{place} in ({_listed(places)})")
    if mentions:
        lake.open(bronze).update(updates={"counterparty": "null"}, predicate=f"{place} in ({_listed(mentions)})")


def _listed(places: set[str]) -> str:
    return ", ".join(f"'{_quoted(place)}'" for place in sorted(places))


def _quoted(text: str) -> str:
    return text.replace("'", "''")
