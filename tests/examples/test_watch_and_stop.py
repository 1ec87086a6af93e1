from __future__ import annotations

import re

from example_runs import run_example, run_live

from partialstream.testing import Answer, ReplayServer

ANSWER = r"> (?P<wish>.+)\n(?P<text>(?s:.+?))\n  stopped: (?P<why>.+?); (?P<tokens>.+)\n\n"
TOKENS = r"(\d+) of (\d+) tokens written, (\d+) saved"


def answers(shown: str) -> list[dict[str, str]]:
    """What was shown of each answer."""
    found = list(re.finditer(ANSWER, shown))
    assert "".join(match[0] for match in found) == shown
    return [match.groupdict() for match in found]


def test_an_answer_is_left_at_a_word_or_at_the_third_item() -> None:
    first, second = answers(run_example("watch_and_stop"))
    assert first["why"] == "found peanut"
    assert re.search(r'"Trail mix","made_of":\["raisins","peanut\S{0,3}$', first["text"])
    assert first["text"].count(" ✓") == 1
    assert second["why"] == "take=3"
    assert second["text"].endswith("} ✓")
    assert second["text"].count(" ✓") == 3
    for answer in (first, second):
        tokens = re.fullmatch(TOKENS, answer["tokens"])
        assert tokens is not None
        written, planned, saved = map(int, tokens.groups())
        assert written + saved == planned
        shown = -(-len(answer["text"].replace(" ✓", "")) // 4)
        # Some more may have been under way when the connection was closed.
        assert shown <= written < planned


def test_what_a_real_endpoint_would_have_written_is_not_made_up() -> None:
    snack = '{"name": "Halva", "made_of": ["SESAME"]}'
    script = [
        Answer(f'{{"items": [{snack}]}}'),
        Answer('{"items": [{"name": "Apple", "made_of": []}]}'),
    ]
    with ReplayServer(script) as server:
        first, second = answers(run_live("watch_and_stop", server.base_url))
    assert (first["why"], second["why"]) == ("found sesame", "complete")
    for answer, request in zip((first, second), server.requests, strict=True):
        tokens = re.fullmatch(
            r"about (\d+) tokens written, and at most (\d+) saved", answer["tokens"]
        )
        assert tokens is not None
        assert int(tokens[1]) + int(tokens[2]) == request.body["max_completion_tokens"]
        assert request.body["model"] == "mini"
