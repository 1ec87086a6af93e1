from __future__ import annotations

import socket

import pytest

from partialstream.testing import Endpoint, endpoint, endpoint_parser


def test_without_options_a_replay_server_answers_until_the_block_ends() -> None:
    options = endpoint_parser("…").parse_args([])
    with endpoint(options, '{"items": []}') as there:
        assert there.server is not None
        assert there == Endpoint(
            "gpt-5-mini", there.server.base_url, there.server.url, "none", there.server
        )
        host, port = "127.0.0.1", int(there.server.url.rpartition(":")[2])
        socket.create_connection((host, port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port))


def test_a_live_endpoint_starts_no_server_and_knows_no_key() -> None:
    options = endpoint_parser("…").parse_args(["--live", "--model", "m"])
    with endpoint(options, '{"items": []}') as there:
        assert there == Endpoint("m")


def test_a_live_endpoint_may_be_anywhere() -> None:
    options = endpoint_parser("…", model="m").parse_args(["--live", "--base-url", "http://a/v1"])
    with endpoint(options, '{"items": []}') as there:
        assert there == Endpoint("m", base_url="http://a/v1", url="http://a/v1")


def test_help_says_what_the_program_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        endpoint_parser("Streams a list.\n\nTwice.").parse_args(["--help"])
    shown = capsys.readouterr().out
    assert "Streams a list.\n\nTwice." in shown
    assert "--live" in shown
