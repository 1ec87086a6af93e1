"""The tests' oracle is itself held against stdlib `json`."""

from __future__ import annotations

import json

import reference
from hypothesis import given
from runs import shown
from strategies import Fault, json_texts, mutations


def json_says(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    # json lets lone surrogates pass, which no UTF-8 text can hold.
    return not any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False))


@given(json_texts)
def test_it_reads_what_json_reads(text: str) -> None:
    reading = reference.read(text + "\n")
    assert reading.status == "complete"
    assert shown(reading.value) == shown(json.loads(text))
    assert text[reading.end :].strip() == ""


@given(json_texts, mutations)
def test_it_refuses_what_json_refuses(text: str, fault: Fault) -> None:
    text = fault(text)
    reading = reference.read(text + "\n")
    accepts = reading.status == "complete" and not text[reading.end :].strip(" \t\n\r")
    assert accepts == json_says(text)


@given(json_texts)
def test_no_prefix_of_a_document_is_malformed(text: str) -> None:
    for end in range(len(text)):
        assert reference.read(text[:end]).status != "malformed"


@given(json_texts, mutations)
def test_what_is_malformed_stays_so(text: str, fault: Fault) -> None:
    text = fault(text)
    found: reference.Reading | None = None
    for end in range(len(text) + 1):
        reading = reference.read(text[:end])
        assert found is None or reading == found
        if reading.status == "malformed":
            found = reading
