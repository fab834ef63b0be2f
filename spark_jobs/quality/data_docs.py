"""Data Docs: a static site of what each suite demands and what its newest validation found.

Built from validation results, never by validating again. The newest result of each table is kept under ``results/``,
so a run that validates three tables renders three pages and the index still shows all of them.

Great Expectations' pages load scripts, styles and a logo from eight hosts. A bank's quality report calls nobody: all
scripts and foreign files are taken out, one small style sheet is put in, and the index, which is empty without its
scripts, is written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import great_expectations as gx
from great_expectations.core import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from spark_jobs.quality.expectations import expectation_suite

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

    from spark_jobs.quality.validation import Validation

_SITE = "data_docs"
_FOREIGN = re.compile(
    r"""<script\b.*?</script>|<footer\b.*?</footer>|url\(['"]?https?://[^)]*\)"""
    r"""|<(?:link|img)\b[^>]*\b(?:href|src)=["']https?://[^>]*>""",
    re.IGNORECASE | re.DOTALL,
)
_STYLE = Path(__file__).with_name("data_docs.css")
_INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="UTF-8"><title>Data quality: what each table must keep, and does</title>
<style>{style}</style></head><body><main class="index">
<h1>Data quality</h1>
<p>Each table's newest version, held against the expectations generated from its contract.</p>
<table><thead><tr><th>Table</th><th>Result</th><th>Expectations kept</th><th>Rows</th><th>Validated at (UTC)</th>
<th>Run</th><th>Suite</th></tr></thead><tbody>
{rows}
</tbody></table></main></body></html>
"""
_INDEX_ROW = (
    '<tr><td><a href="{page}">{table}</a></td><td class="{css}">{outcome}</td><td>{kept} of {all}</td>'
    '<td class="number">{rows}</td><td>{validated_at}</td><td>{run}</td>'
    '<td><a href="{suite}">what is expected</a></td></tr>'
)


class DataDocsError(RuntimeError):
    """A page that Great Expectations did not write; it only logs such a failure."""


def write_data_docs(validations: Sequence[Validation], *, folder: Path, run_id: str, validated_at: datetime) -> Path:
    """Write the pages of ``validations`` into ``folder``, bring the index up to date and return the index page.

    ``validated_at`` is an aware instant; ``run_id`` names the run on the pages.
    """
    context = _site_context(folder)
    results: Any = context.validation_results_store
    changed: list[Any] = []
    for validation in validations:
        suite = ExpectationSuiteIdentifier(validation.contract.name)
        for earlier in [k for k in results.list_keys() if k.expectation_suite_identifier == suite]:
            results.remove_key(earlier)
            (folder / _page(earlier)).unlink(missing_ok=True)
        key = ValidationResultIdentifier(suite, RunIdentifier(run_id, validated_at), validation.document.batch_id)
        validation.document.meta["run_id"] = key.run_id
        results.set(key, validation.document)
        context.suites.add_or_update(expectation_suite(validation.contract))
        changed += [suite, key]
    if changed:
        context.build_data_docs(site_names=[_SITE], resource_identifiers=changed, build_index=False)
    for page in map(_page, changed):
        if not (folder / page).is_file():
            raise DataDocsError(f"Data Docs page {page} could not be rendered into {folder}")
        _make_self_contained(folder / page)
    index = folder / "index.html"
    rows = (_index_row(key, results.get(key)) for key in sorted(results.list_keys(), key=_page))
    index.write_text(_INDEX.format(style=_STYLE.read_text(encoding="utf-8"), rows="\n".join(rows)), encoding="utf-8")
    return index


def _page(key: Any) -> str:
    section = "validations" if isinstance(key, ValidationResultIdentifier) else "expectations"
    return f"{section}/{'/'.join(key.to_tuple())}.html"


def _index_row(key: Any, document: Any) -> str:
    table = key.expectation_suite_identifier.name
    return _INDEX_ROW.format(
        page=escape(_page(key)),
        table=escape(table),
        css="kept" if document.success else "broken",
        outcome="kept" if document.success else "broken",
        kept=sum(bool(r.success) for r in document.results),
        all=len(document.results),
        rows=f"{document.meta['row_count']:,}",
        validated_at=f"{key.run_id.run_time:%Y-%m-%d %H:%M}",
        run=escape(key.run_id.run_name),
        suite=escape(_page(key.expectation_suite_identifier)),
    )


def _site_context(folder: Path) -> EphemeralDataContext:
    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    defaults.stores[defaults.validation_results_store_name]["store_backend"] = {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(folder / "results"),
        "filepath_suffix": ".json",
    }
    defaults.data_docs_sites = {
        _SITE: {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "site_section_builders": {"profiling": "None"},
        }
    }
    config = DataContextConfig(
        store_backend_defaults=defaults,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _make_self_contained(page: Path) -> None:
    html = _FOREIGN.sub("", page.read_text(encoding="utf-8"))
    style = f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
    page.write_text(html.replace("</head>", style, 1), encoding="utf-8")
