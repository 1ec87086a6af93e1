"""`partialstream parse` among other processes: pipes that close, Ctrl-C, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import read_line, start

ITEM = b'{"name":"a","price":1}\n'
INVALID = b'{"name":"a"}\n'
LIST = ("parse", "--model", "cli_runs:Product", "--many")

posix = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")


@posix
@pytest.mark.parametrize("item", [ITEM, INVALID], ids=["output", "errors"])
def test_a_reader_that_leaves_ends_it_quietly(item: bytes) -> None:
    options = {} if item is ITEM else {"stderr": subprocess.STDOUT}
    with start(*LIST, **options) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(item)
        read_line(process)
        process.stdout.close()
        process.stdin.write(item)
        # It has not read the end of its input, and does not wait for it.
        assert process.wait(200) == 141
        if process.stderr is not None:
            assert process.stderr.read() == b""


@posix
def test_a_shells_head_gets_its_line_and_nothing_else() -> None:
    # Each another: many in a row that are the same are taken for a model that repeats itself.
    others = [ITEM.replace(b'"a"', b'"a %d"' % number) for number in range(20_000)]
    many = b"[" + b",".join([ITEM, *others]) + b"]"
    command = f"{sys.executable} -m partialstream.cli {' '.join(LIST)} | head -1"
    result = subprocess.run(
        command, shell=True, input=many, capture_output=True, cwd=Path(__file__).parent, timeout=60
    )
    assert (result.stdout, result.stderr) == (b'{"name":"a","price":1.0}\n', b"")


@posix
@pytest.mark.parametrize("options", [LIST, (*LIST[:3], "--partial")], ids=["list", "object"])
def test_ctrl_c_ends_it_quietly_while_it_waits_for_input(options: tuple[str, ...]) -> None:
    with start(*options) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"items":[' + ITEM if options is LIST else b'{"name":"a"')
        read_line(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(200) == 130
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_in_one_line() -> None:
    with open("/dev/full", "wb") as full, start(*LIST, stdout=full) as process:
        _, err = process.communicate(ITEM, timeout=200)
    assert process.returncode == 8
    assert err == b"partialstream: cannot write to standard output: No space left on device\n"


@posix
def test_input_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    write_only = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    with start(*LIST, stdin=write_only) as process:
        os.close(write_only)
        _, err = process.communicate(timeout=200)
    assert process.returncode == 8
    assert err == b"partialstream: cannot read standard input: Bad file descriptor\n"


@posix
def test_without_standard_streams_there_is_still_an_exit_code() -> None:
    command = f"echo '[]' | {sys.executable} -m partialstream.cli {' '.join(LIST)}"
    item = (
        f"echo '{ITEM.decode().strip()}' | {sys.executable} -m partialstream.cli {' '.join(LIST)}"
    )
    for line, code in {
        f"{command} 2>&-": 0,
        f"{item} >&-": 8,
        f"{item} >&- 2>&-": 8,
        f"{command} <&-": 2,
    }.items():
        result = subprocess.run(
            line, shell=True, capture_output=True, cwd=Path(__file__).parent, timeout=60
        )
        assert (result.returncode, result.stdout) == (code, b"")
        assert result.stderr.count(b"\n") == (code != 0 and "2>&-" not in line)


def test_modules_of_the_current_directory_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("class Shop:\n    from cli_runs import Product\n")
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    arguments = ("parse", "--model", "shop:Shop.Product")
    # As the installed script does, and unlike `python -m`, without the directory on the path.
    program = (
        "import sys; sys.path.remove(''); from partialstream.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(
        command, input=ITEM, capture_output=True, cwd=tmp_path, env=environment, timeout=60
    )
    assert (result.returncode, result.stdout) == (0, b'{"name":"a","price":1.0}\n'), result.stderr
