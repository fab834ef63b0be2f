"""gold.transaction_alerts. A window is found by bisection in a sorted array: account and second in one number."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.references.pandas_by_hand.columns import ACCOUNT, Tables
from spark_jobs.gold import alert_limits as limits
from spark_jobs.gold.alert_rules import DORMANT_SECONDS, HOUR_SECONDS, RAPID_SECONDS, STRUCTURING_SECONDS

#: More seconds than lie between any two bookings, so that the windows of two accounts never meet.
_APART = 10**11


def transaction_alerts(tables: Tables, _as_of: date) -> Any:
    """Episodes that meet a compliance rule, with their evidence."""
    silver = tables["silver.transactions"]
    bookings = silver.loc[
        ~silver["type"].isin(limits.BANK_TYPES),
        ["transaction_id", *ACCOUNT, "booked_at", "amount", "direction", "type"],
    ].reset_index(drop=True)
    instant = bookings["booked_at"].to_numpy(dtype="datetime64[us]").astype("int64")
    bookings["second"] = instant // 1_000_000
    bookings["is_credit"] = (bookings["direction"] == "credit").astype(bool)
    bookings["has_time"] = instant % (24 * HOUR_SECONDS * 1_000_000) != 0
    bookings["account"] = bookings.groupby(ACCOUNT, sort=False).ngroup()
    bookings = bookings.sort_values(["account", "second", "transaction_id"], ignore_index=True)
    found = [_structuring(bookings), _velocity(bookings), _rapid_in_and_out(bookings), _dormant(bookings)]
    alerts = pd.concat([f for f in found if len(f)] or found, ignore_index=True)
    content = alerts["rule"] + "|" + alerts["account_id"].astype(object) + "|" + alerts["anchor_id"].astype(object)
    is_escalated = alerts["amount"] >= _in_currency(limits.REPORTING_EUR * limits.ESCALATION_FACTOR, alerts)
    is_medium = alerts["rule"].isin(limits.MEDIUM_RULES)
    severity = np.select([is_medium & is_escalated, is_medium | is_escalated], ["high", "medium"], "low")
    owners = tables["silver.accounts"].set_index("account_id")["customer_id"]
    return alerts.assign(
        alert_id=[hashlib.sha256(c.encode()).hexdigest() for c in content],
        severity=severity,
        customer_id=alerts["account_id"].map(owners),
        alert_date=alerts["window_end_at"].dt.tz_localize(None).dt.normalize(),
        transaction_count=alerts["ids"].map(len),
        transaction_ids=alerts["ids"].map(sorted),
    )


def _in_currency(euro: Decimal, rows: Any) -> Any:
    """A limit in euro as hundredths in the currency of each row."""
    units = (
        rows["currency"].astype(object).map({code: int(euro * u * 100) for code, u in limits.UNITS_PER_EURO.items()})
    )
    return units.fillna(int(euro * 100)).astype("int64")


def _told(cents: Any, rows: Any) -> Any:
    return cents.map(lambda c: str(Decimal(int(c)).scaleb(-2))).astype(object) + " " + rows["currency"].astype(object)


def _day(instants: Any) -> Any:
    return instants.dt.strftime("%Y-%m-%d").astype(object)


def _minute(instants: Any) -> Any:
    return instants.dt.strftime("%Y-%m-%d %H:%M").astype(object)


def _places(rows: Any) -> Any:
    return rows["account"].to_numpy() * _APART + rows["second"].to_numpy()


def _bursts(rows: Any, seconds: int, minimum: int) -> Any:
    """The episodes in which at least ``minimum`` of the sorted ``rows`` lie within ``seconds``."""
    place = _places(rows)
    completes = np.searchsorted(place, place, "right") - np.searchsorted(place, place - seconds, "left") >= minimum
    completed = np.concatenate([[0], np.cumsum(completes)])
    ahead = (
        completed[np.searchsorted(place, place + seconds, "right")] - completed[np.searchsorted(place, place, "left")]
    )
    members = rows[ahead > 0]
    apart = np.diff(_places(members), prepend=-_APART) > seconds
    grouped = members.groupby(np.cumsum(apart), sort=False)
    return grouped.agg(
        account_id=("account_id", "first"),
        currency=("currency", "first"),
        anchor_id=("transaction_id", "first"),
        window_start_at=("booked_at", "min"),
        window_end_at=("booked_at", "max"),
        amount=("amount", "sum"),
        ids=("transaction_id", list),
    ).reset_index(drop=True)


def _structuring(bookings: Any) -> Any:
    reporting = _in_currency(limits.REPORTING_EUR, bookings)
    is_cash_in = bookings["is_credit"] & (bookings["type"] == "cash").astype(bool)
    is_below = (bookings["amount"] >= _in_currency(limits.STRUCTURING_FLOOR_EUR, bookings)) & (
        bookings["amount"] < reporting
    )
    found = _bursts(bookings[is_cash_in & is_below], STRUCTURING_SECONDS, limits.STRUCTURING_COUNT)
    found = found[found["amount"] >= _in_currency(limits.REPORTING_EUR, found)]
    floor, ceiling = (
        _told(_in_currency(euro, found), found) for euro in (limits.STRUCTURING_FLOOR_EUR, limits.REPORTING_EUR)
    )
    return found.assign(
        rule="structuring",
        threshold=f"at least {limits.STRUCTURING_COUNT} cash deposits from "
        + floor
        + " to below "
        + ceiling
        + f" within {limits.STRUCTURING_DAYS} days",
        evidence=found["ids"].map(len).astype(str)
        + " cash deposits, each just below "
        + ceiling
        + ", add up to "
        + _told(found["amount"], found)
        + " between "
        + _day(found["window_start_at"])
        + " and "
        + _day(found["window_end_at"])
        + ".",
    )


def _velocity(bookings: Any) -> Any:
    found = _bursts(bookings[bookings["has_time"]], HOUR_SECONDS, limits.VELOCITY_COUNT)
    return found.assign(
        rule="velocity",
        threshold=f"at least {limits.VELOCITY_COUNT} bookings within one hour",
        evidence=found["ids"].map(len).astype(str)
        + " bookings of "
        + _told(found["amount"], found)
        + " in sum between "
        + _minute(found["window_start_at"])
        + " and "
        + _minute(found["window_end_at"])
        + " UTC.",
    )


def _rapid_in_and_out(bookings: Any) -> Any:
    is_large = bookings["amount"] >= _in_currency(limits.LARGE_CREDIT_EUR, bookings)
    credits = bookings[bookings["is_credit"] & (bookings["type"] != "loan").astype(bool) & is_large]
    debits = bookings[~bookings["is_credit"]].reset_index(drop=True)
    place, at = _places(debits), _places(credits)
    start, end = np.searchsorted(place, at, "left"), np.searchsorted(place, at + RAPID_SECONDS, "right")
    total = np.concatenate([[0], np.cumsum(debits["amount"].to_numpy(dtype="int64"))])
    outflow = total[end] - total[start]
    share = int(limits.RAPID_SHARE * 100)
    leaves = (end > start) & (outflow * 100 >= credits["amount"].to_numpy(dtype="int64") * share)
    found = credits[leaves].reset_index(drop=True)
    ids, spans = debits["transaction_id"].to_numpy(dtype=object), list(zip(start[leaves], end[leaves], strict=True))
    instants = debits["booked_at"]
    found["window_end_at"] = pd.Series([instants.iloc[a:b].max() for a, b in spans], dtype=instants.dtype)
    found["ids"] = [[anchor, *ids[a:b]] for anchor, (a, b) in zip(found["transaction_id"], spans, strict=True)]
    counts = (found["ids"].map(len) - 1).astype(str)
    return found.assign(
        rule="rapid_in_and_out",
        anchor_id=found["transaction_id"],
        window_start_at=found["booked_at"],
        threshold=f"at least {limits.RAPID_SHARE:.0%} of a credit of "
        + _told(_in_currency(limits.LARGE_CREDIT_EUR, found), found)
        + f" or more leaves within {limits.RAPID_DAYS} days",
        evidence=_told(found["amount"], found)
        + " came in on "
        + _day(found["booked_at"])
        + " and "
        + _told(pd.Series(outflow[leaves]), found)
        + " had left in "
        + counts
        + " bookings by "
        + _day(found["window_end_at"])
        + ".",
    )


def _dormant(bookings: Any) -> Any:
    """Large bookings after a silence of the account in any currency."""
    rows = bookings.assign(account=bookings.groupby("account_id", sort=False).ngroup())
    rows = rows.sort_values(["account", "booked_at"], ignore_index=True)
    place = _places(rows)
    before = np.searchsorted(place, place, "left") - 1
    account = rows["account"].to_numpy()
    silence = np.where((before >= 0) & (account[before] == account), place - place[before], 0)
    is_awake = (silence >= DORMANT_SECONDS) & (rows["amount"] >= _in_currency(limits.WAKING_EUR, rows)).to_numpy()
    found = rows[is_awake].reset_index(drop=True)
    previous = rows["booked_at"].iloc[before[is_awake]].reset_index(drop=True)
    direction = pd.Series(np.where(found["is_credit"], " came in on ", " went out on "), dtype=object)
    return found.assign(
        rule="dormant_account_awake",
        anchor_id=found["transaction_id"],
        window_start_at=previous,
        window_end_at=found["booked_at"],
        ids=found["transaction_id"].map(lambda one: [one]),
        threshold="a booking of "
        + _told(_in_currency(limits.WAKING_EUR, found), found)
        + f" or more after at least {limits.DORMANT_DAYS} days without any",
        evidence=_told(found["amount"], found)
        + direction
        + _day(found["booked_at"])
        + ", the first booking since "
        + _day(previous)
        + ".",
    )
