"""A user's folder: what is taken, under which landing name, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError
from spark_jobs.sources.csv_folder import files
from spark_jobs.sources.delivery import Delivery

KNOWN = "expected a CSV file or folder of accounts, customers, daily_demand, loans, transactions"


def place(data: Path, *names: str) -> None:
    for name in names:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("x\n")


def refusal(data: Path) -> str:
    with pytest.raises(DeliveryError) as refused:
        list(files(data))
    return str(refused.value)


def test_every_accepted_form(tmp_path: Path) -> None:
    names = {
        "accounts.csv": "accounts/accounts.csv",
        "accounts_2024-01.csv.gz": "accounts/accounts_2024-01.csv.gz",
        "Loans_EU.CSV": "loans/Loans_EU.csv",
        "transactions/2024/01/day 1.csv": "transactions/2024__01__day 1.csv",
        "transactions/2024/02/day 1.csv": "transactions/2024__02__day 1.csv",
        "transactions/any.csv.gz": "transactions/any.csv.gz",
    }
    place(tmp_path, *names, ".DS_Store", "_SUCCESS", "transactions/._any.csv", "_truth/customers.json")
    (tmp_path / "customers").mkdir()
    expected = [Delivery(relative.split("/")[0], tmp_path / name, relative) for name, relative in names.items()]
    assert list(files(tmp_path)) == sorted(expected, key=lambda d: (d.table, d.path))


def test_link_inside_the_folder(tmp_path: Path) -> None:
    place(tmp_path, "loans/a.csv")
    (tmp_path / "loans" / "b.csv").symlink_to("a.csv")
    assert [d.relative_path for d in files(tmp_path)] == ["loans/a.csv", "loans/b.csv"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("custmers.csv", f"custmers.csv: found a file of an unknown table, {KNOWN}"),
        ("customersx.csv", f"customersx.csv: found a file of an unknown table, {KNOWN}"),
        ("cards/a.csv", f"cards: found a folder of an unknown table, {KNOWN}"),
        ("README.md", "README.md: found a file that is no CSV, expected names in .csv or .csv.gz"),
        ("loans/2024/a.xlsx", "loans/2024/a.xlsx: found a file that is no CSV, expected names in .csv or .csv.gz"),
        ("loans/a\nb.csv", "loans/a\\nb.csv: found a name with control characters, expected a plain name"),
    ],
)
def test_refused_names(tmp_path: Path, name: str, message: str) -> None:
    place(tmp_path, "customers.csv", name)
    assert refusal(tmp_path) == message


def test_links_that_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    place(tmp_path, "secret.csv", "data/loans/2024/a.csv")
    link = data / "loans.csv"
    link.symlink_to(tmp_path / "secret.csv")
    assert refusal(data) == "loans.csv: found a path that leads out of its folder, expected a file inside it"
    link.unlink()
    (data / "loans" / "again").symlink_to("2024")
    assert refusal(data) == "loans/again: found a link to a folder, expected a file or a folder"
    (data / "loans" / "again").unlink()
    link.symlink_to(data / "nothing.csv")
    assert refusal(data) == "loans.csv: cannot be read (No such file or directory), expected a readable file"


def test_two_files_for_one_landing_name(tmp_path: Path) -> None:
    place(tmp_path, "loans.csv", "loans/loans.csv")
    assert refusal(tmp_path) == "loans.csv: found the same landing name as loans/loans.csv, expected another name"


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    assert (
        refusal(tmp_path)
        == f"{tmp_path}: found no CSV file, expected files of accounts, customers, daily_demand, loans, transactions"
    )
    absent = tmp_path / "absent"
    assert refusal(absent) == f"{absent}: found no folder, expected one that holds CSV files"
