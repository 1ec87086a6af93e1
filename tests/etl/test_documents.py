from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from extras import needs

from partialstream.etl import Document, documents
from partialstream.etl.prompting import Prompting

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".txt").write_text(text, "utf-8", newline="")


def test_files_by_a_pattern_each_is_a_document(tmp_path: Path) -> None:
    write(tmp_path, b="2\r\n€", a="1", sub__c="3", sub__deep__d="4")
    (tmp_path / "other.md").write_text("no")
    found = list(documents(f"{tmp_path}/**/*.txt"))
    assert {each.id: each.text for each in found} == {
        "a.txt": "1",
        "b.txt": "2\r\n€",
        "sub/c.txt": "3",
        "sub/deep/d.txt": "4",
    }
    assert [each.id for each in documents(f"{tmp_path}/*.txt")] == ["a.txt", "b.txt"]


def test_the_id_of_a_single_file_is_its_name(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    assert list(documents(tmp_path / "a.txt")) == [Document("a.txt", "1")]


def test_a_folder_or_file_that_is_not_there(tmp_path: Path) -> None:
    for pattern in (tmp_path / "none.txt", tmp_path / "*.txt"):
        with pytest.raises(FileNotFoundError, match="no file matches"):
            list(documents(pattern))


def test_a_file_that_is_not_utf_8_has_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    write(tmp_path, b="fine")
    bad, good = documents(f"{tmp_path}/*.txt")
    assert bad.problem is not None
    assert "utf-8" in bad.problem
    assert good == Document("b.txt", "fine")
    [latin] = documents(tmp_path / "a.txt", encoding="latin-1")
    assert latin.text == "ÿþ"


def test_lines_of_json(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"id": "a", "text": "1", "year": 2024},
        {"id": 7, "text": "2"},
        {"id": "c"},
        {"text": "4"},
        {"id": "e", "text": None},
        [1],
        {"id": "\ud800", "text": "5"},
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows) + "\n{not json}\n"
    (tmp_path / "in.jsonl").write_text(text)
    found = list(documents(tmp_path / "in.jsonl"))
    assert found[0] == Document("a", "1", {"year": 2024})
    assert found[1] == Document("7", "2")
    assert [(each.id, each.problem) for each in found[2:5]] == [
        ("c", "has no text in 'text'"),
        ("in.jsonl:4", "has no 'id'"),
        ("e", "has no text in 'text'"),
    ]
    assert [each.id for each in found[5:]] == ["in.jsonl:6", "in.jsonl:7", "in.jsonl:9"]
    assert all(each.problem for each in found[5:])


def test_columns_by_other_names(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('key,body,n\nx,"a, ""b""\nc",1\n', newline="")
    (tmp_path / "in.tsv").write_text("key\tbody\nx\tb\n", newline="")
    assert list(documents(tmp_path / "in.csv", id="key", text="body")) == [
        Document("x", 'a, "b"\nc', {"n": "1"})
    ]
    assert list(documents(tmp_path / "in.tsv", id="key", text="body")) == [Document("x", "b")]
    with pytest.raises(ValueError, match="no column 'id' and no column 'text', but 'key', 'body'"):
        list(documents(tmp_path / "in.csv"))


def test_a_field_of_a_csv_file_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"id,text\na,{'x' * 300_000}\n")
    [document] = documents(tmp_path / "in.csv")
    assert len(document.text) == 300_000


@needs("parquet", "pyarrow")
def test_columns_of_parquet(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"id": [1, 2], "text": ["a", None], "tags": [["x"], []]})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    first, second = documents(tmp_path / "in.parquet")
    assert first == Document("1", "a", {"tags": ["x"]})
    assert second.problem == "has no text in 'text'"
    with pytest.raises(ValueError, match="no column 'key'"):
        list(documents(tmp_path / "in.parquet", id="key"))


def test_a_file_is_read_as_its_documents_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "text": "1"}\n' * 3)
    found = documents(path)
    assert len(list(islice(found, 1))) == 1
    path.write_text("")
    assert len(list(found)) <= 2


@pytest.mark.parametrize("id_", ["", "\ud800"])
def test_an_id_that_no_journal_can_hold(id_: str) -> None:
    with pytest.raises(ValueError, match="a document's id must"):
        Document(id_, "text")


def test_an_id_that_is_no_text() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="must be a str, not int"):
        Document(wrong, "text")


# -- prompts -------------------------------------------------------------------------------


def test_places_of_a_prompt() -> None:
    document = Document("n1", "{id} {metadata.year}", {"year": 2024})
    messages = Prompting('{"a": {b}} {id} {metadata.year}: {text}').messages(document)
    assert messages == [{"role": "user", "content": '{"a": {b}} n1 2024: {id} {metadata.year}'}]


def test_a_function_as_a_prompt() -> None:
    document = Document("n1", "text")
    assert Prompting(lambda given: given.text.upper()).messages(document) == [
        {"role": "user", "content": "TEXT"}
    ]
    conversation = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "x"}]
    assert Prompting(lambda given: iter(conversation)).messages(document) == conversation


def test_the_source_of_a_function_tells_it_from_another() -> None:
    def ask(document: Document) -> str:
        return document.text

    before = Prompting(ask).identity

    def ask(document: Document) -> str:  # type: ignore[no-redef]  # on purpose
        return document.text.lower()

    assert Prompting(ask).identity != before
    assert Prompting(ask).identity == Prompting(ask).identity


def test_a_prompt_without_a_place_for_the_text() -> None:
    with pytest.raises(ValueError, match=r"\{text\}"):
        Prompting("List the articles.")
    wrong: Any = 5
    with pytest.raises(TypeError, match="a text or a function"):
        Prompting(wrong)
