"""Kinds of file: what is read, what is said of it, and what is refused with the reason."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

import qualify as ql
from qualify.errors import InvalidDeals
from qualify.reading import packed
from qualify.reading.encodings import as_utf8
from qualify.reading.source import open_table

HEADINGS = ["Deal", "Status", "Budget", "Note"]
ROWS = [[f"D{k}", ("Won", "Lost")[k % 3 > 0], ("Yes", "No")[k % 2], ""] for k in range(1, 13)]


def book_of(*sheets: tuple[str, list[list[object]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return book


def saved(book: openpyxl.Workbook, folder: Path) -> Path:
    book.save(folder / "deals.xlsx")
    return folder / "deals.xlsx"


def test_merged_cells_are_repeated_and_said(tmp_path: Path) -> None:
    book = book_of(("Deals", [HEADINGS, *ROWS]))
    sheet = book["Deals"]
    for row in range(2, 13, 2):
        sheet.cell(row, 3).value = "Yes" if row % 4 else "No"
        sheet.cell(row + 1, 3).value = None
        sheet.merge_cells(start_row=row, end_row=row + 1, start_column=3, end_column=3)
    table = open_table(saved(book, tmp_path))
    texts, codes = table.coded("Budget").texts(), table.coded("Budget").codes
    assert [texts[code] for code in codes] == ["Yes", "Yes", "No", "No"] * 3
    assert table.notes == ("6 merged cells over several rows, repeated in each; the first is C2.",)


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    book = book_of(("Deals", [HEADINGS, *ROWS]))
    book["Deals"].row_dimensions[4].hidden = True
    book["Deals"].auto_filter.ref = "A1:D13"
    table = open_table(saved(book, tmp_path))
    assert len(table) == 12 and "1 rows by a filter of the sheet are hidden" in table.notes[0]


def test_errors_of_a_spreadsheet_are_unknown_and_said(tmp_path: Path) -> None:
    book = book_of(("Deals", [HEADINGS, *ROWS]))
    cell = book["Deals"]["C5"]
    cell.value, cell.data_type = "#DIV/0!", "e"
    survey = ql.infer_survey(saved(book, tmp_path), outcome="Status")
    assert (
        "1 cell shows an error of the spreadsheet" in survey.notes[0] and "Budget, row 5" in survey.notes[0]
    )
    deals = ql.read_deals(tmp_path / "deals.xlsx", survey)
    assert (deals.answers["Budget"] == "unknown").sum() == 1 and survey.notes[0] in deals.notes
    cell = book["Deals"]["B5"]
    cell.value, cell.data_type = "#N/A", "e"
    with pytest.raises(ql.InvalidArgument, match="#N/A"):
        ql.infer_survey(saved(book, tmp_path), outcome="Status")


def test_the_sheet_with_a_table_is_found_or_named(tmp_path: Path) -> None:
    other = [["Rep", "Deals"], ["Ann", 3], ["Bo", 4]]
    file = saved(book_of(("Cover", [["Read me"]]), ("Deals", [HEADINGS, *ROWS]), ("Reps", other)), tmp_path)
    table = open_table(file)
    assert len(table) == 12 and table.layout.sheet == "Deals"
    assert "Read the sheet Deals; other sheets with cells: Reps" in table.notes[0]
    assert open_table(file, sheet="Reps").headings == ("Rep", "Deals")
    with pytest.raises(InvalidDeals, match=r"has no sheet 'Deal'; name another\. Did you mean Deals\?"):
        open_table(file, sheet="Deal")
    survey = ql.infer_survey(file, outcome="Status", sheet="Deals")
    (tmp_path / "next").mkdir()
    moved = saved(book_of(("Reps", other), ("Deals", [HEADINGS, *ROWS])), tmp_path / "next")
    assert ql.read_deals(moved, survey).n == 12


def test_packed_files_hold_one_table_of_a_sensible_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(",".join(row) for row in [HEADINGS, *ROWS]).encode()
    (tmp_path / "one.csv.gz").write_bytes(gzip.compress(text))
    assert len(open_table(tmp_path / "one.csv.gz")) == 12
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("b.csv", text)
    with pytest.raises(InvalidDeals, match=r"holds 2 files: a\.csv, b\.csv"):
        open_table(tmp_path / "two.zip")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(text)[:-9])
    with pytest.raises(InvalidDeals, match="cannot be unpacked"):
        open_table(tmp_path / "cut.csv.gz")
    monkeypatch.setattr(packed, "MOST_BYTES", 100)
    with pytest.raises(InvalidDeals, match="unpacks to more than"):
        open_table(tmp_path / "one.csv.gz")


def test_json_is_a_list_of_objects_or_one_a_line(tmp_path: Path) -> None:
    records = [dict(zip(HEADINGS, row, strict=True)) for row in ROWS]
    (tmp_path / "deals.json").write_text(json.dumps(records, indent=1))
    (tmp_path / "deals.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "packed.json").write_text(json.dumps({"results": records, "more": False, "errors": []}))
    for name in ("deals.json", "deals.jsonl", "packed.json"):
        assert open_table(tmp_path / name).coded("Deal").texts() == [row[0] for row in ROWS]
    (tmp_path / "odd.json").write_text('[{"a": 1}, 2]')
    assert [problem.row for problem in open_table(tmp_path / "odd.json").problems] == [2]


def test_a_page_may_be_called_a_workbook(tmp_path: Path) -> None:
    cells = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in [HEADINGS, *ROWS])
    (tmp_path / "deals.xls").write_text(
        f"<style>td {{}}</style><table>{cells}</table><table><tr><td>x</table>"
    )
    table = open_table(tmp_path / "deals.xls")
    assert len(table) == 12 and "2 tables" in table.notes[0]
    tabbed = "\n".join("\t".join(row) for row in [HEADINGS, *ROWS])
    (tmp_path / "text.xls").write_text(tabbed)
    assert len(open_table(tmp_path / "text.xls")) == 12
    (tmp_path / "empty.html").write_text("<p>nothing</p>")
    with pytest.raises(InvalidDeals, match="a page without a table"):
        open_table(tmp_path / "empty.html")


def test_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").mkdir()
    for folder in (tmp_path, tmp_path / "deals.csv"):
        with pytest.raises(InvalidDeals, match="is a folder, not a file"):
            ql.infer_survey(folder, outcome="Status")


def test_a_column_without_a_heading_is_said(tmp_path: Path) -> None:
    lines = [",".join([*HEADINGS[:3], ""]), *(",".join([*row[:3], "x"]) for row in ROWS)]
    (tmp_path / "deals.csv").write_text("\n".join(lines))
    assert open_table(tmp_path / "deals.csv").notes == ("Column 4 has cells and no heading; left out.",)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe;Müller;Straße", "cp1252"),
        ("Société générale; déjà vu; cœur", "cp1252"),
        ("Coração;São Paulo;não;José Müller", "cp1252"),
        ("Øresund;Håndværk;smørrebrød", "cp1252"),
        ("Příliš žluťoučký kůň;úpěl ďábelské ódy", "cp1250"),
        ("Zażółć gęślą jaźń;Łódź;Kraków", "cp1250"),
        ("árvíztűrő tükörfúrógép;Győr;Szűcs", "cp1250"),
        ("Привет;Москва;сделка выиграна", "cp1251"),
        ("Ευρώπη;συμφωνία;κερδισμένη", "cp1253"),
        ("Şişli;müşteri;kazanıldı;ığdır", "cp1254"),
    ],
)
def test_the_code_page_is_the_one_whose_letters_make_a_language(text: str, encoding: str) -> None:
    content, found = as_utf8(text.encode(encoding), "deals.csv")
    assert (content.decode(), found) == (text, encoding)


def test_an_encoding_other_than_utf_8_is_said(tmp_path: Path) -> None:
    rows = [["Größe", "Status"], *([f"groß {k}", ("Won", "Lost")[k % 2]] for k in range(8))]
    for encoding, said in (("utf-8", 0), ("utf-8-sig", 0), ("cp1252", 1), ("utf-16", 1)):
        (tmp_path / "deals.csv").write_bytes("\n".join(";".join(row) for row in rows).encode(encoding))
        table = open_table(tmp_path / "deals.csv")
        assert len(table.notes) == said and table.headings == ("Größe", "Status")


def test_a_word_for_unknown_that_no_cell_has_is_said(tmp_path: Path) -> None:
    lines = [",".join(HEADINGS), *(",".join(row) for row in ROWS)]
    (tmp_path / "deals.csv").write_text("\n".join(lines))
    data = ql.infer_survey(tmp_path / "deals.csv", outcome="Status").to_dict()
    data["unknown"].append("Select")
    data["characteristics"][0]["unknown"] = ["k.A."]
    notes = ql.read_deals(tmp_path / "deals.csv", ql.Survey.from_dict(data)).notes
    assert notes == (
        "No cell has 'Select', which the survey lists under unknown.",
        "Budget: no cell has 'k.A.', which is listed under unknown.",
    )


def test_question_texts_in_a_frame_are_no_deal() -> None:
    import pandas as pd

    texts = ["Deal ID", "What became of it?", "Is the budget there?", "Remarks"]
    codes = [json.dumps({"ImportId": name}) for name in HEADINGS]
    text = "\n".join(
        [
            ",".join(HEADINGS),
            ",".join(texts),
            ",".join(f'"{code.replace(chr(34), chr(34) * 2)}"' for code in codes),
        ]
    )
    frame = pd.read_csv(io.StringIO(text + "\n" + "\n".join(",".join(row) for row in ROWS)), dtype=str)
    survey = ql.infer_survey(frame, outcome="Status")
    assert survey.characteristic("Budget").question == "Is the budget there?"
    assert ql.read_deals(frame, survey).n == 12 and len(frame) == 14
