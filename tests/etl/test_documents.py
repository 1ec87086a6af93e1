from __future__ import annotations

import csv
import io
import json
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, Model, lines
from extras import needs
from hypothesis import given, settings
from hypothesis import strategies as st

from partialstream.etl import Document, documents
from partialstream.etl.prompting import Prompting
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Sequence
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


@pytest.mark.parametrize("name", ["none.txt", "*.txt", "no/*.txt", "**/*.txt", "a.md/*.txt"])
def test_a_pattern_that_no_file_matches_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.md").touch()
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        documents(tmp_path / name)
    assert repr(str(tmp_path / name)) in str(caught.value)


def test_what_is_no_path_and_a_home_that_is_not_expanded() -> None:
    sources: Any = ["a.txt", "b.txt"]
    with pytest.raises(TypeError, match="a path or a pattern, not list; for several, use iter"):
        documents(sources)
    with pytest.raises(FileNotFoundError, match=r"no file matches .*; '~' is not expanded, use os"):
        documents("~/no-such-folder/*.txt")


def test_a_folder_is_an_error_that_names_a_pattern(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"is a folder; use a pattern, such as .*\*\*"):
        documents(tmp_path)
    (tmp_path / "rows.parquet").mkdir()
    with pytest.raises(IsADirectoryError, match=r"such as '.*rows.parquet.{1,2}\*\.parquet'"):
        documents(tmp_path / "rows.parquet")


def test_an_unknown_encoding_is_an_error_at_once(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    with pytest.raises(LookupError, match="utf-9"):
        documents(tmp_path / "a.txt", encoding="utf-9")


def test_two_stars_within_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"write \*\*/\*\.txt"):
        documents(tmp_path / "**.txt")


def ids(pattern: object) -> list[str]:
    return [each.id for each in documents(str(pattern))]


def test_files_come_in_order_and_those_of_subfolders_last(tmp_path: Path) -> None:
    write(tmp_path, z="", a="", m__b="", m__a="", b__z="", b__c__d="")
    expected = ["a.txt", "z.txt", "b/z.txt", "b/c/d.txt", "m/a.txt", "m/b.txt"]
    assert ids(tmp_path / "**" / "*.txt") == expected
    assert ids(tmp_path / "**") == expected
    assert ids(tmp_path / "**" / "**" / "*.txt") == expected
    assert ids(tmp_path / "*" / "?.txt") == ["b/z.txt", "m/a.txt", "m/b.txt"]
    assert ids(tmp_path / "[!b]" / "*.txt") == ["m/a.txt", "m/b.txt"]
    assert ids(tmp_path / "*" / "c" / "*.txt") == ["b/c/d.txt"]
    assert ids(tmp_path / "*" / "c" / "d.txt") == ["b/c/d.txt"]
    assert ids(tmp_path / "**" / "c" / "d.txt") == ["b/c/d.txt"]


def test_hidden_files_match_a_pattern_that_says_so(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    for name in (".hidden.txt", ".git/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("2")
    assert ids(tmp_path / "**" / "*.txt") == ["a.txt"]
    assert ids(tmp_path / ".*.txt") == [".hidden.txt"]
    assert ids(tmp_path / ".git" / "*.txt") == ["b.txt"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "notes [1].txt").write_text("one")
    assert ids(tmp_path / "notes [1].txt") == ["notes [1].txt"]


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a="1", sub__b="2")
    monkeypatch.chdir(tmp_path)
    assert ids("*.txt") == ["a.txt"]
    assert ids("sub/*.txt") == ["b.txt"]
    assert ids("./**/*.txt") == ids("**/*.txt") == ["a.txt", "sub/b.txt"]
    (tmp_path / "in.csv").write_text("a\n")
    with pytest.raises(ValueError, match=r"^in\.csv has no column"):
        list(documents("in.csv"))
    monkeypatch.chdir(tmp_path / "sub")
    assert ids("../*.txt") == ["a.txt"]
    assert ids("../**/b.txt") == ["sub/b.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_symbolic_links(tmp_path: Path) -> None:
    write(tmp_path, docs__a="1", other__b="2")
    docs = tmp_path / "docs"
    (docs / "up").symlink_to(tmp_path)
    (docs / "again").symlink_to(tmp_path)
    (docs / "linked.txt").symlink_to(tmp_path / "other" / "b.txt")
    (docs / "lost.txt").symlink_to(tmp_path / "none.txt")
    found = {each.id: each for each in documents(f"{docs}/**/*.txt")}
    assert {name: each.text for name, each in found.items()} == {
        "a.txt": "1",
        "linked.txt": "2",
        "lost.txt": "",
    }
    assert "No such file" in (found["lost.txt"].problem or "")
    assert ids(tmp_path / "*" / "up" / "other" / "*.txt") == ["docs/up/other/b.txt"]
    [lost] = documents(docs / "lost.txt")
    assert "No such file" in (lost.problem or "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are valid Unicode there")
def test_names_that_are_not_utf_8_have_different_ids(tmp_path: Path) -> None:
    for name in (b"\xfe.txt", b"\xff.txt"):
        (tmp_path / os.fsdecode(name)).write_text(repr(name))
    found = {each.id: each.text for each in documents(tmp_path / "*.txt")}
    assert found == {"\\xfe.txt": repr(b"\xfe.txt"), "\\xff.txt": repr(b"\xff.txt")}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    [document] = documents(tmp_path / "*.txt")
    assert document.problem == "cannot be read: not a regular file"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_files_and_folders_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a="1", closed__b="2", open__c="3")
    scandir = os.scandir

    def denied(path: str) -> object:  # root may read everything
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = {each.id: each.problem for each in documents(f"{tmp_path}/**/*.txt")}
    assert found["a.txt"] is found["open/c.txt"] is None
    assert "Permission denied" in (found["closed"] or "")
    assert len(found) == 3


def test_a_file_that_is_gone_when_its_turn_comes(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="2")
    (tmp_path / "c.txt").write_text("3")
    found = documents(f"{tmp_path}/*.txt")
    next(found)
    (tmp_path / "b.txt").unlink()
    gone, last = found
    assert "No such file" in (gone.problem or "")
    assert last.text == "3"


@pytest.mark.parametrize("text", ["a\r\nb\rc\n", "\ufeffa", "a\u2028b\x85c\x0bd\x00", "\n\r"])
def test_a_text_is_exactly_what_is_in_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    [document] = documents(tmp_path / "a.txt")
    assert document == Document("a.txt", text)


def test_the_mark_of_an_encoding_is_dropped_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffa".encode())
    assert next(documents(tmp_path / "a.txt", encoding="utf-8-sig")).text == "a"
    (tmp_path / "a.txt").write_text("ä", encoding="utf-16")
    assert next(documents(tmp_path / "a.txt", encoding="utf-16")).text == "ä"


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


@needs("parquet", "pyarrow")
def test_parquet_files_that_cannot_be_read_and_ids_that_are_not_integers(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    table = pyarrow.table({"id": [1.0, None], "text": [b"a", b"b"]})
    pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
    table = pyarrow.table({"id": ["c"], "text": [b"a"]})
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    (tmp_path / "empty.parquet").touch()
    found = {each.id: each.problem or "" for each in documents(tmp_path / "*.parquet")}
    assert list(found) == ["a.parquet", "b.parquet:1", "b.parquet:2", "c", "empty.parquet"]
    assert "cannot be read" in found["a.parquet"]
    assert found["b.parquet:1"] == "its 'id' is neither a text nor an integer, but float"
    assert found["b.parquet:2"] == "has no 'id'"
    assert found["c"] == "its 'text' is not a text, but bytes"


@needs("parquet", "pyarrow")
def test_what_arrow_does_not_support_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow
    import pyarrow.parquet

    def fail(path: str) -> None:
        raise pyarrow.ArrowNotImplementedError("no such codec")

    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", fail)
    (tmp_path / "in.parquet").touch()
    [document] = documents(tmp_path / "in.parquet")
    assert document.problem == "cannot be read: no such codec"


def test_a_byte_order_mark_is_not_part_of_a_table(tmp_path: Path) -> None:
    # Spreadsheets write one.
    (tmp_path / "a.csv").write_bytes("\ufeffid,text\na,1\n".encode())
    (tmp_path / "b.jsonl").write_bytes('\ufeff{"id": "b", "text": "2"}\n'.encode())
    assert list(documents(tmp_path / "*.*")) == [Document("a", "1"), Document("b", "2")]


def test_one_wrong_byte_spoils_one_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,text\na,\xe9\nb,fine\n")
    (tmp_path / "b.jsonl").write_bytes(
        b'{"id": "c", "text": "\xe9"}\n{"id": "d", "text": "fine"}\n'
    )
    found = list(documents(tmp_path / "*.*"))
    assert [each.id for each in found] == ["a.csv:2", "b", "b.jsonl:1", "d"]
    for bad in found[::2]:
        assert "0xe9" in (bad.problem or "")
        assert (bad.problem or "").startswith("cannot be read: 'utf-8' codec")
    assert [each.text for each in found[1::2]] == ["fine", "fine"]
    assert [each.text for each in documents(tmp_path / "a.csv", encoding="latin-1")] == [
        "é",
        "fine",
    ]


def test_tables_in_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\na,ä\n", encoding="utf-16")
    (tmp_path / "b.jsonl").write_text('{"id": "b", "text": "ä"}\n', encoding="utf-16")
    assert [each.text for each in documents(tmp_path / "*.*", encoding="utf-16")] == ["ä", "ä"]
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    *_, bad = documents(tmp_path / "*.*", encoding="utf-16")
    assert bad.id == "b.jsonl"
    assert "utf-16" in (bad.problem or "")


def test_rows_of_csv_that_are_not_whole(tmp_path: Path) -> None:
    text = 'id,text\na,"1, 2"\nb,one, two\nc\n\nd,"x"y\ne,a "quoted" word\nf,"never closed\ng,3\n'
    (tmp_path / "in.csv").write_text(text)
    found = {each.id: each for each in documents(tmp_path / "in.csv")}
    assert [name for name, each in found.items() if each.problem is None] == ["a", "e"]
    assert found["a"].text == "1, 2"
    assert found["e"].text == 'a "quoted" word'
    assert found["b"].problem == "has 3 fields, and there are 2 columns"
    assert found["c"].problem == "has 1 fields, and there are 2 columns"
    assert "expected after" in (found["in.csv:6"].problem or "")
    assert "unexpected end of data" in (found["in.csv:8"].problem or "")
    assert len(found) == 6


def test_lines_of_json_that_are_hard_to_read(tmp_path: Path) -> None:
    bad = ["[" * 100_000, '{"id": ' + "9" * 5000 + "}", '"text"', "null", "{} {}", "\x00"]
    good = json.dumps({"id": "a", "text": "x\u2028\x85\n" * 100_000, "n": None})
    text = "\r\n".join([*bad, "", " \t", good, good.replace('"a"', '"b"')])
    (tmp_path / "in.ndjson").write_bytes(text.encode())
    *problems, first, last = documents(tmp_path / "in.ndjson")
    assert [each.id for each in problems] == [f"in.ndjson:{line}" for line in range(1, 7)]
    assert all(each.problem for each in problems)
    assert first == Document("a", "x\u2028\x85\n" * 100_000, {"n": None})
    assert last.id == "b"


def test_only_a_line_feed_ends_a_line_of_json(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"id": "a",\r"text": "1"}\r\n{"id": true, "text": "2"}\n')
    first, second = documents(tmp_path / "in.jsonl")
    assert first == Document("a", "1")
    assert (second.id, second.problem) == (
        "in.jsonl:2",
        "its 'id' is neither a text nor an integer, but bool",
    )


def test_columns_that_are_nearly_those_that_were_asked_for(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("ID,Texts\na,1\n")
    with pytest.raises(ValueError, match="did you mean 'ID' and 'Texts'"):
        list(documents(tmp_path / "in.csv"))
    (tmp_path / "in.jsonl").write_text('{"Id": "a", "text": "1"}\n{"id": "b", "txet": "1"}\n')
    assert [each.problem for each in documents(tmp_path / "in.jsonl")] == [
        "has no 'id'; did you mean 'Id'?",
        "has no text in 'text'; did you mean 'txet'?",
    ]
    (tmp_path / "two.csv").write_text("id,text,text\na,1,2\n")
    with pytest.raises(ValueError, match="2 columns 'text'"):
        list(documents(tmp_path / "two.csv"))


def test_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    assert list(documents(tmp_path / "in.jsonl")) == []
    (tmp_path / "in.csv").touch()
    with pytest.raises(ValueError, match="does not begin with a line that names its columns"):
        list(documents(tmp_path / "in.csv"))


@pytest.mark.parametrize(
    ("name", "first_line"), [("in.csv", "id;text"), ("in.csv", "id\ttext"), ("in.tsv", "id,text")]
)
def test_a_table_with_another_delimiter(tmp_path: Path, name: str, first_line: str) -> None:
    (tmp_path / name).write_text(f"{first_line}\n1,a\n")
    with pytest.raises(ValueError, match=r"columns of \.csv files are separated by commas"):
        list(documents(tmp_path / name))


def test_rows_without_an_id_are_told_apart_by_their_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "in.jsonl").write_text("{}\n")
    assert ids(tmp_path / "**" / "*.jsonl") == ["a/in.jsonl:1", "b/in.jsonl:1"]


fields = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(fields.filter(bool), fields), max_size=6))
def test_rows_that_were_written_are_read(
    rows: Sequence[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    made = io.StringIO(newline="")
    csv.writer(made).writerows([("id", "text"), *rows])
    (folder / "in.csv").write_bytes(made.getvalue().encode())
    lines = "".join(
        json.dumps({"id": id_, "text": text}, ensure_ascii=False) + "\n" for id_, text in rows
    )
    (folder / "in.jsonl").write_bytes(lines.encode())
    for path in folder.iterdir():
        assert [(each.id, each.text) for each in documents(path)] == list(rows)


@pytest.mark.parametrize(
    "suffix",
    ["txt", "jsonl", "csv", pytest.param("parquet", marks=needs("parquet", "pyarrow"))],
)
@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=200))
def test_a_file_of_any_bytes_gives_documents_or_problems(
    content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("files") / f"in.{suffix}"
    path.write_bytes(b"id,text\n" + content if suffix == "csv" else content)
    for document in documents(path):
        assert document.problem or suffix != "parquet"


def test_a_document_with_a_known_id_is_sent_once_and_one_with_another_text_is_not(
    tmp_path: Path,
) -> None:
    rows = [("a", "1|2"), ("b", "2|1"), ("a", "1|2"), ("b", "3|1")]
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps({"id": id_, "text": text}) + "\n" for id_, text in rows)
    )
    with ReplayServer(Model()) as server:
        summary = DRIVERS[0].run(
            server,
            documents(tmp_path / "in.jsonl"),
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
            concurrency=1,
        )
        assert len(server.requests) == 2
    assert (summary.done, summary.known, summary.refused) == (2, 1, 1)
    [letter] = lines(tmp_path / "run.dead-letters.jsonl")
    assert letter["document"] == "b"
    assert "the same id and a different text" in letter["reason"]


@pytest.mark.parametrize("size", [10, 5000])
def test_files_of_a_large_folder_are_opened_one_at_a_time(tmp_path: Path, size: int) -> None:
    # Hard links, as so many files would take their time.
    (tmp_path / "0.txt").write_text("text")
    for number in range(1, size):
        os.link(tmp_path / "0.txt", tmp_path / f"{number}.txt")
    found = documents(tmp_path / "*.txt")
    assert next(found).id == "0.txt"
    (tmp_path / "1.txt").unlink()
    assert next(found).problem is not None
    assert sum(1 for _ in found) == size - 2


def test_a_file_is_read_as_its_documents_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "text": "1"}\n' * 3)
    found = documents(path)
    assert len(list(islice(found, 1))) == 1
    path.write_text("")
    assert len(list(found)) <= 2


@pytest.mark.parametrize("id_", ["", "\ud800"])
def test_an_empty_or_invalid_id_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="a document's id must"):
        Document(id_, "text")


def test_an_id_that_is_not_a_str_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="must be a str, not int"):
        Document(wrong, "text")


# -- prompts -------------------------------------------------------------------------------


def test_placeholders_of_a_prompt() -> None:
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


def test_a_name_that_the_metadata_does_not_have() -> None:
    document = Document("n1", "text", {"Customer name": "x", "year": 1})
    assert Prompting("{metadata.Customer name}: {text}").messages(document) == [
        {"role": "user", "content": "x: text"}
    ]
    with pytest.raises(ValueError, match=r"has {metadata.yaer}, .* has 'Customer name', 'year'"):
        Prompting("{metadata.yaer} {text}").messages(document)
    with pytest.raises(ValueError, match=r"has {metadata.year}, .* metadata has nothing"):
        Prompting("{metadata.year} {text}").messages(Document("n1", "text"))


@pytest.mark.parametrize("returned", [None, {"role": "user"}, b"text", 5])
def test_a_function_that_does_not_return_messages(returned: Any) -> None:
    with pytest.raises(TypeError, match="must return a text or a list of messages"):
        Prompting(lambda _: returned).messages(Document("n1", "text"))


def test_a_prompt_without_a_placeholder_for_the_text() -> None:
    with pytest.raises(ValueError, match=r"\{text\}"):
        Prompting("List the articles.")
    wrong: Any = 5
    with pytest.raises(TypeError, match="a text or a function"):
        Prompting(wrong)
