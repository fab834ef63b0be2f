"""The tabs on lending: loan book, vintages, default model."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.banking import charts, queries
from services.dashboard.banking.model import default_model
from services.dashboard.layout import card, cards, draw, nothing, one_of, section, table
from services.dashboard.markdown import plain
from spark_jobs.report import wording
from spark_jobs.report.model import Model

_MOST_REASONS = 10
_NO_BOOK = "The lake has no loan book yet."
_NO_BOOK_ADVICE = "It comes with `gold.portfolio_risk`, after the default model has scored."


def loan_book_tab(lake: Lake, currency: str | None) -> None:
    """What is lent, exposed and likely lost, cut by segment, product or region."""
    if currency is None:
        nothing(_NO_BOOK, _NO_BOOK_ADVICE)
        return
    cut = one_of("Cut by", queries.CUTS, key="banking_cut", name=wording.words)
    with section("Loan book", f"Amounts in {plain(currency)}. The rows add up to the whole book."):
        found = lake.ask(queries.loan_book, currency=currency, cut=cut)
        parts = found[found["part"].notna()]
        left, right = st.columns(2, gap="medium")
        height = 60 + 30 * len(parts)
        with left:
            st.markdown("**Exposure at default**")
            told = f"Bars: exposure of each {cut}, in {currency}."
            draw(charts.exposure_chart(parts, currency), told, key="banking-exposure", height=height)
        with right:
            st.markdown("**Default rate**")
            draw(charts.rate_chart(parts), f"Bars: default rate of each {cut}.", key="banking-rates", height=height)
        _book_table(found, cut)
    with section("Late and in default by segment", "Late: share of the loans being repaid. In default: of all."):
        _delinquency_table(lake.ask(queries.delinquency, currency=currency))


def _book_table(found: pd.DataFrame, cut: str) -> None:
    shown = pd.DataFrame(
        {
            "Part": found["part"].map(lambda name: "Whole book" if name is None else wording.words(name)),
            "Loans": found["loan_count"],
            "Open": found["open_count"],
            "In default": found["defaulted_count"],
            "Default rate": found["default_rate"],
            "Lent": found["principal_amount"],
            "Exposure": found["exposure_amount"],
            "Expected loss": found["expected_loss_amount"],
            "Loss rate": found["expected_loss_rate"],
        }
    )
    column = st.column_config
    whole, rate = column.NumberColumn(format="localized"), column.NumberColumn(format="percent")
    table(
        shown.round({"Lent": 0, "Exposure": 0, "Expected loss": 0}),
        "The loan book",
        key="banking_book",
        columns={
            "Part": column.TextColumn(wording.words(cut), pinned=True),
            **dict.fromkeys(("Loans", "Open", "In default", "Lent", "Exposure", "Expected loss"), whole),
            **dict.fromkeys(("Default rate", "Loss rate"), rate),
        },
    )


def _delinquency_table(found: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Segment": found["segment"].map(wording.words),
            "On time": found["active_count"],
            "Late": found["late_count"],
            "Share late": found["delinquency_rate"],
            "In default": found["defaulted_count"],
            "Share in default": found["default_rate"],
        }
    )
    column = st.column_config
    shares = [shown[name].max() for name in ("Share late", "Share in default")]
    late, lost = (
        column.ProgressColumn(format="percent", min_value=0, max_value=float(most) if most and most > 0 else 1.0)
        for most in shares
    )
    table(
        shown,
        "Loans late and in default by segment",
        key="banking_delinquency",
        columns={"Segment": column.TextColumn(pinned=True), "Share late": late, "Share in default": lost},
    )


def vintages_tab(lake: Lake, currency: str | None) -> None:
    """Defaults so far and lending, by quarter of origination."""
    if currency is None:
        nothing(_NO_BOOK, _NO_BOOK_ADVICE)
        return
    with section("Vintages", "Quarters in which loans were granted. Young ones have had less time to default."):
        names = lake.ask(queries.products, currency=currency)
        chosen = st.selectbox(
            "Product", names, index=None, format_func=wording.words, placeholder="All products", width=240
        )
        found = lake.ask(queries.vintages, currency=currency, product=chosen)
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**In default so far**, with the 95 % interval")
            told = "Line: share of each quarter's loans in default so far; band: its 95 % interval."
            draw(charts.vintage_chart(found), told, key="banking-vintages")
        with right:
            st.markdown(f"**Lent**, {plain(currency)}")
            told = f"Bars: amount lent in each quarter, {currency}."
            draw(charts.lending_chart(found, currency), told, key="banking-lending")
        _vintage_table(found)


def _vintage_table(found: pd.DataFrame) -> None:
    newest_first = found.iloc[::-1]
    shown = pd.DataFrame(
        {
            "Quarter": newest_first["vintage_quarter"],
            "Loans": newest_first["loan_count"],
            "In default": newest_first["defaulted_count"],
            "Default rate": newest_first["default_rate"],
            "Lent": newest_first["principal_amount"],
            "Exposure": newest_first["exposure_amount"],
            "Expected loss": newest_first["expected_loss_amount"],
        }
    )
    column = st.column_config
    whole = column.NumberColumn(format="localized")
    table(
        shown.round({"Lent": 0, "Exposure": 0, "Expected loss": 0}),
        "Quarters of origination",
        key="banking_vintage_table",
        columns={
            "Quarter": column.TextColumn(pinned=True),
            "Default rate": column.NumberColumn(format="percent"),
            **dict.fromkeys(("Loans", "In default", "Lent", "Exposure", "Expected loss"), whole),
        },
    )


def default_model_tab(lake: Lake) -> None:
    """How good the model is, whether its probabilities are true, and what raises them."""
    with section("Loan-default model"):
        found = default_model(lake.folder)
        if found is None:
            nothing("No model has been trained in this lake.", "It comes with a run where Java 17 is at hand.")
        else:
            figures, bins, drivers = found
            _figures(figures)
            left, right = st.columns(2, gap="medium")
            with left:
                st.markdown("**Expected against actual defaults**")
                told = "Dots: actual against expected share of defaults in groups of loans of equal size."
                if bins.empty:
                    nothing("No loans to judge by.")
                else:
                    draw(charts.calibration_chart(bins), told, key="banking-calibration", height=300)
            with right:
                st.markdown("**What the model weighs**: to the right raises the risk")
                if drivers.empty:
                    nothing("Nothing could be learnt.", "Every loan is given the portfolio's default rate.")
                else:
                    told = "Bars: weight of each input; to the right raises the risk."
                    draw(charts.driver_chart(drivers), told, key="banking-drivers", height=300)
    left, right = st.columns(2, gap="medium")
    with left, section("Loans by risk band", "A is the lowest risk; beside it the mean probability of default."):
        bands = lake.ask(queries.risk_bands)
        draw(charts.band_chart(bands), "Bars: loans in each risk band.", key="banking-bands", height=220)
    with right, section("Reasons of the risky", "Share of loans in bands D and E with the reason among their first."):
        reasons = lake.ask(queries.reasons, limit=_MOST_REASONS)
        told = "Bars: how many loans of bands D and E have the reason among their first."
        draw(charts.reason_chart(reasons), told, key="banking-reasons", height=40 + 30 * len(reasons))


def _figures(model: Model) -> None:
    for line in (f"{model.protocol} {model.summary}", *model.notes):
        st.caption(plain(line))
    if model.is_small:
        st.info(f"The figures rest on {wording.count(model.judged_defaults)} defaults: they may move a lot.")
    ours = model.ours
    low, high = (wording.decimal_places(value) for value in (ours.low, ours.high))
    with cards("banking-model-cards"):
        about = "How often a loan that defaults is ranked above one that does not; 95 % interval."
        card("ROC-AUC", wording.decimal_places(ours.roc_auc), f"{low} to {high}", about=about)
        card("PR-AUC", wording.decimal_places(ours.pr_auc), about="Average precision.")
        card("KS", wording.decimal_places(ours.ks), about="Greatest gap between both distributions.")
        card("Brier score", wording.decimal_places(ours.brier, 4), about="Lower is better.")
    shown = pd.DataFrame(
        [(f.name, f.detail, f.roc_auc, f.pr_auc, f.ks, f.gini, f.brier) for f in (ours, *model.others)],
        columns=["Scores", "Detail", "ROC-AUC", "PR-AUC", "KS", "Gini", "Brier"],
    )
    number = st.column_config.NumberColumn(format="%.3f")
    config = dict.fromkeys(("ROC-AUC", "PR-AUC", "KS", "Gini", "Brier"), number)
    table(shown, "Figures of the model and its baselines", key="banking_model", columns=config)
    st.caption(f"Version {plain(model.version)}, judged on {wording.count(model.judged_loans)} loans it had not seen.")
