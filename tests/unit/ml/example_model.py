"""A small model with a term of every kind."""

from __future__ import annotations

from ml.loan_default.model import CategoricalTerm, LoanDefaultModel, MissingTerm, NumericTerm, Term

MODEL = LoanDefaultModel(
    kind="logistic_regression",
    intercept=-2.0,
    numeric=(
        NumericTerm("principal_amount", "signed_log", 9.0, Term(9.5, 0.5, 0.4), "Large loan", "Small loan"),
        NumericTerm("annual_income_amount", "signed_log", 10.0, Term(10.0, 1.0, -0.8), "High", "Low income", "income"),
        NumericTerm("term_months", "none", 36.0, Term(30.0, 10.0, 0.1), "Long duration", "Short duration"),
    ),
    missing=(MissingTerm("income", "annual_income_amount", "Income not known", Term(0.25, 0.4, 0.2)),),
    categorical=(
        CategoricalTerm(
            "employment_status",
            "Employment status",
            (("employed", Term(0.7, 0.4, -0.3)), ("self_employed", Term(0.2, 0.4, 0.3))),
        ),
    ),
)
