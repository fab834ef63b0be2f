from __future__ import annotations

import pytest

from spark_jobs.quicksight.reading import packaged_texts, read_sources
from spark_jobs.quicksight.sources import (
    AccessRule,
    Calculation,
    DataSet,
    Field,
    Filter,
    Refresh,
    Row,
    Sheet,
    Sort,
    Sources,
    Visual,
)
from spark_jobs.quicksight.yaml_node import QuickSightError
from tests.unit.quicksight.small import CATALOGUE, SHEET, small_sources


def test_files_become_sources() -> None:
    calculation = Calculation("open_share", "sum({is_open}) / count({is_open})", "percent")
    assert small_sources() == Sources(
        refresh=Refresh("05:30", "UTC"),
        rows_by=("segment", "region"),
        access=(
            AccessRule("stewards", {}),
            AccessRule("it's branch", {"segment": ("mass", "student")}),
            AccessRule("north", {"region": ("Nord",)}),
        ),
        restricted_to="stewards",
        data_sets={"people": DataSet("people", "People", ("note",), (calculation,))},
        sheets=(
            Sheet(
                name="who",
                title="Who",
                description="Who they are.",
                order=1,
                filters=(
                    Filter("segment", is_single=False, data_sets=("people",)),
                    Filter("currency", is_single=True, data_sets=("people",), start=("EUR",)),
                ),
                visuals=(
                    Visual(
                        sheet="who",
                        name="owed",
                        kind="bar",
                        title="Owed by segment",
                        data_set="people",
                        wells={
                            "category": (Field("segment"),),
                            "values": (Field("owed_amount", summary="sum"), Field("open_share")),
                        },
                        sort=Sort("owed_amount", is_descending=True),
                        top=3,
                    ),
                    Visual(
                        sheet="who",
                        name="when",
                        kind="list",
                        title="One by one",
                        data_set="people",
                        wells={"columns": (Field("customer_token"), Field("opened_date"))},
                        is_restricted=True,
                    ),
                ),
                layout=(Row(4, {"owed": 12, "when": 24}),),
            ),
        ),
    )


def test_visuals_without_widths_share_a_row() -> None:
    sheet = SHEET.replace("visuals: {owed: 12, when: 24}", "visuals: [when, owed]")
    assert small_sources(sheet=sheet).sheets[0].layout == (Row(4, {"when": 18, "owed": 18}),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("refresh:", "refreshed:", "quicksight/data_sets.yaml: found no refresh, expected refresh, rows_by, access"),
        ('"05:30"', "5:30", "refresh.time: found 330, expected text"),
        ('"05:30"', '"5:30"', 'refresh.time: found 5:30, expected hours and minutes like "05:30"'),
        ("{group: stewards}", "{groups: stewards}", "access[0]: found no group, expected group, segment, region"),
        ("region: [Nord]", "branch: [Nord]", "access[2].branch: found an unknown key, expected group, segment"),
        ("region: [Nord]", 'region: ["Nord, Ost"]', "access[2].region: expected one or more values without a comma"),
        ("region: [Nord]", "region: []", "access[2].region: expected one or more values without a comma"),
        ("format: percent", "format: share", "open_share.format: found share, expected one of number, percent, amount"),
        ("title: People", "title:", "data_sets.people.title: found nothing, expected text"),
        ("restricted: [note]", "restricted: note", "data_sets.people.restricted: found 'note', expected a list"),
        (
            "restricted: [note]\n    calculations:",
            "calculations: []\n    restricted:",
            "calculations: found nothing, expected keys",
        ),
        ("rows_by:", "rows_by: [a]\nrows_by:", "line 4: found the key rows_by twice"),
        ("rows_by: [segment, region]", "rows_by: [segment", "line 4:"),
    ],
)
def test_a_mistake_in_the_catalogue_names_file_and_key(old: str, new: str, said: str) -> None:
    _expect(said, {"data_sets.yaml": CATALOGUE.replace(old, new), "who.yaml": SHEET}, "quicksight/data_sets.yaml: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: bar", "kind: bars", "visuals.owed.kind: found bars, expected one of kpi, table, list, bar, line"),
        ("    kind: bar\n", "", "visuals.owed: found no kind, expected one of kpi"),
        ("    category: segment\n", "", "visuals.owed: found no category, expected kind, title, category, values"),
        (
            "    category: segment\n",
            "    category: [segment, note]\n",
            "owed.category: found 2 fields, expected 1 to 1",
        ),
        ("    top: 3", "    tops: 3", "visuals.owed.tops: found an unknown key, expected kind, title, category"),
        ("    top: 3", "    top: 0", "visuals.owed.top: found 0, expected a whole number above 0"),
        ("    top: 3", "    top: three", "visuals.owed.top: found 'three', expected a whole number above 0"),
        ("    top: 3", "    stacked: maybe", "visuals.owed.stacked: found 'maybe', expected true or false"),
        ("sum of owed_amount", "total of owed_amount", "owed.values[0]: found total of owed_amount, expected a column"),
        ("owed_amount descending", "score descending", "visuals.owed.sort: found score descending, expected"),
        ("owed_amount descending", "owed_amount down", "visuals.owed.sort: found owed_amount down, expected"),
        ("    restricted: true", "    data_set: pets", "visuals.when.data_set: found pets, expected one of people"),
        ("    restricted: true", "    top: 3", "visuals.when.top: found an unknown key"),
        ("choose: many", "choose: any", "filters.segment.choose: found any, expected one of one, many"),
        (", start: EUR", "", "filters.currency: expected one value under start, since one is chosen"),
        ("choose: many", "choose: many, data_sets: [pets]", "segment.data_sets[0]: found pets, expected one of people"),
        ("{owed: 12, when: 24}", "{owed: 12}", "layout: found when 0 times, expected every visual once"),
        ("{owed: 12, when: 24}", "[owed, when, who]", "visuals[2]: found who, expected one of owed, when"),
        ("{owed: 12, when: 24}", "[owed, owed]", "visuals: expected one or more visuals, each once"),
        ("{owed: 12, when: 24}", "{owed: 13, when: 24}", "found widths of 37 together, expected at most 36"),
        ("{owed: 12, when: 24}", "{owed: 12, then: 24}", "visuals.then: found then, expected one of owed, when"),
        ("order: 1", "order: first", "order: found 'first', expected a whole number above 0"),
        ("  when:\n", "  owed:\n", "found the key owed twice"),
    ],
)
def test_a_mistake_in_a_sheet_names_file_and_key(old: str, new: str, said: str) -> None:
    _expect(said, {"data_sets.yaml": CATALOGUE, "who.yaml": SHEET.replace(old, new)}, "quicksight/who.yaml: ")


def test_no_catalogue_is_one_line() -> None:
    _expect("found no data_sets.yaml", {"who.yaml": SHEET}, "quicksight: ")


def test_the_shipped_files_are_read_in_the_order_of_their_sheets() -> None:
    sheets = read_sources(packaged_texts()).sheets
    assert [sheet.name for sheet in sheets] == [
        "loan_risk_monitor",
        "customer_360",
        "portfolio_and_vintages",
        "compliance_alerts",
        "data_quality",
    ]


def _expect(said: str, texts: dict[str, str], where: str) -> None:
    with pytest.raises(QuickSightError) as error:
        read_sources(texts)
    (line,) = str(error.value).splitlines()
    assert line.startswith(where)
    assert said in line
