"""The tabs that watch: compliance alerts, data quality, runs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard import palette
from services.dashboard.ask import Lake
from services.dashboard.banking import charts, queries
from services.dashboard.layout import card, cards, download, draw, nothing, one_of, pick_table, section, table
from services.dashboard.markdown import plain
from spark_jobs.report import wording

#: Rows that a browser gets; the download has all of them.
MOST_ALERTS, MOST_RUNS = 300, 60
#: Of a customer's token, enough to tell customers apart on a screen; the download has all of it.
_TOKEN = 12
_RUN = "banking_run"


def alerts_tab(lake: Lake) -> None:
    """Alerts by month, and one by one; customers by token."""
    with section("Compliance alerts", "By month of the last transaction of the episode."):
        months = lake.ask(queries.alert_months)
        if months.empty:
            nothing("No alerts.", "The rules found nothing in these transactions.")
            return
        told = "Stacked bars: alerts by month and severity."
        draw(charts.alert_chart(months), told, key="banking-alerts", height=210)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            severities = st.pills(
                "Severity",
                palette.SEVERITIES[::-1],
                selection_mode="multi",
                format_func=wording.words,
                key="banking_severities",
            )
            rules = st.multiselect(
                "Rule",
                sorted(months["rule"].unique()),
                format_func=lambda rule: wording.ALERT_RULES.get(rule, wording.words(rule)),
                width=420,
                placeholder="Any rule",
            )
        asked = {"severities": tuple(severities), "rules": tuple(rules)}
        found = lake.ask(queries.alerts, **asked, limit=MOST_ALERTS)
        if found.empty:
            nothing("No alerts in this selection.", "Take a filter away.")
            return
        _alert_table(found)
        total = int(found["found_count"].iloc[0])
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            more = "" if total <= len(found) else f" Shown are the first {wording.count(len(found))}."
            st.caption(f"{wording.plural(total, 'alert', 'alerts')}.{more}")
            download(
                "Download all as CSV",
                "compliance_alerts",
                lambda: lake.once(queries.alerts, **asked, limit=None).drop(columns="found_count"),
                key="banking-alerts-csv",
            )


def _alert_table(found: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Day": found["alert_date"],
            "Severity": found["severity"].map(wording.words),
            "Rule": found["rule"].map(lambda rule: wording.ALERT_RULES.get(rule, wording.words(rule))),
            "Amount": found["amount"],
            "Currency": found["currency"],
            "Customer (token)": found["customer_token"].str.slice(0, _TOKEN),
            "Segment": found["segment"].map(wording.words),
            "Evidence": found["evidence"],
            "Limits": found["threshold"],
        }
    )
    column = st.column_config
    table(
        shown,
        "Compliance alerts",
        key="banking_alert_table",
        columns={
            "Day": column.DateColumn(format="D MMM YYYY"),
            "Amount": column.NumberColumn(format="accounting"),
            "Evidence": column.TextColumn(width="large"),
        },
    )


def quality_tab(lake: Lake) -> None:
    """What the newest run of each table checked, the failures first, and the share of rows it rejected."""
    with section("Data quality", "Checks of each table's newest run."):
        found = lake.ask(queries.checks)
        if found.empty:
            nothing("Nothing has been checked yet.", "Checks come with a run.")
            return
        _verdicts(found)
        rejected = queries.rejected(found)
        if not rejected.empty:
            st.markdown("**Delivered rows that were rejected** and wait in quarantine with their reasons")
            told = "Bars: share of the delivered rows that each table rejected."
            draw(charts.rejected_chart(rejected), told, key="banking-rejected", height=50 + 30 * len(rejected))
        _check_table(found)


def _verdicts(found: pd.DataFrame) -> None:
    about = "Rows that break a row rule go to quarantine; a failed gate holds the table back."
    with cards("banking-check-cards"):
        for kind, label in (("gate", "Gates"), ("expectation", "Expectations"), ("row_rule", "Row rules")):
            of_kind = found[found["kind"] == kind]
            failed = int((~of_kind["is_passed"]).sum())
            held = f"{wording.count(len(of_kind) - failed)} of {wording.count(len(of_kind))}"
            if not failed:
                card(label, held, "all hold", about=about)
            elif kind == "row_rule":
                card(label, held, f"{failed} met by bad rows", about=about)
            else:
                card(label, held, f"{failed} failed", tone="bad", about=about)


def _check_table(found: pd.DataFrame) -> None:
    which = one_of("Show", ("Failed", "All"), key="banking_checks_shown")
    chosen = found[~found["is_passed"]] if which == "Failed" else found
    if chosen.empty:
        nothing("Every check holds.")
        return
    shown = pd.DataFrame(
        {
            "Result": chosen["is_passed"].map({True: "✓ holds", False: "✕ failed"}),
            "Table": chosen["table_name"],
            "Check": chosen["check_name"],
            "Kind": chosen["kind"].map(wording.CHECK_KINDS),
            "Rows that failed": chosen["failed_count"],
            "Share": chosen["failed_rate"],
            "Found": chosen["observed"],
            "Expected": chosen["expected"],
            "Failed runs": chosen["failed_run_count"],
            "Runs": chosen["run_count"],
        }
    )
    column = st.column_config
    table(
        shown,
        "Checks",
        key="banking_checks",
        columns={
            "Rows that failed": column.NumberColumn(format="localized"),
            "Share": column.NumberColumn(format="percent"),
        },
    )


def runs_tab(lake: Lake) -> None:
    """The last runs, and the course of one."""
    with section("Runs", "The worst of its tables is the outcome of a run. Select one to see its course."):
        found = lake.ask(queries.runs, limit=MOST_RUNS)
        if found.empty:
            nothing("No run has been logged yet.")
            return
        told = "Bars: how long each run took, coloured by how it ended."
        draw(charts.duration_chart(found), told, key="banking-durations", height=180)
        run = _chosen_run(found)
        tables = lake.ask(queries.run_tables, run=run)
        st.markdown(f"**Course of run {plain(run)}**")
        for row in tables[tables["status"].isin(queries.STATUSES[:3])].to_dict("records"):
            st.warning(plain(f"{row['table_name']}: {row['message'] or row['status']}"), icon=":material/report:")
        told = f"Bars: when work on each table of run {run} began and ended."
        draw(charts.course_chart(tables), told, key="banking-course", height=70 + 20 * len(tables))


def _chosen_run(found: pd.DataFrame) -> str:
    """The run whose row is selected, the newest while none is."""
    runs: list[str] = found["run_id"].tolist()
    shown = pd.DataFrame(
        {
            "Started (UTC)": found["started_at"],
            "Outcome": found["status"].map(wording.STATUSES),
            "Took": [wording.seconds(value) for value in found["wall_seconds"]],
            "Tables": found["table_count"],
            "New versions": found["published_count"],
            "Rows delivered": found["delivered_count"],
            "Rows rejected": found["rejected_count"],
            "Run": runs,
        }
    )
    column = st.column_config
    pick_table(
        shown,
        "Runs, the newest first",
        lambda row: st.session_state.update({_RUN: runs[row]}),
        of=runs,
        key="banking_runs",
        columns={
            "Started (UTC)": column.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone="UTC"),
            "Rows delivered": column.NumberColumn(format="localized"),
            "Rows rejected": column.NumberColumn(format="localized"),
        },
    )
    chosen = st.session_state.get(_RUN)
    return chosen if chosen in runs else runs[0]
