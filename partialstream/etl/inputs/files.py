"""Files that match a pattern, in the order of their names.

Unlike `glob.iglob`, the order is the same on every machine, a folder that cannot be read is
reported, and `**` does not follow symbolic links to folders, which may lead in circles.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class FoundFile(NamedTuple):
    """A file that matches.

    Attributes:
        path: Its path.
        name: Its path relative to the folder that the pattern begins with, with slashes.
        error: Why it cannot be read; also of a folder whose files cannot be listed.
    """

    path: str
    name: str
    error: OSError | None = None


def matching_files(pattern: str, root: str | None = None) -> Iterator[FoundFile]:
    """Find files. The names of one folder at a time are held in memory.

    Args:
        pattern: A path in which `*`, `?` and `[...]` stand for parts of a name, and `**` for any
            number of folders. A path of a file stands for itself, whatever characters it has.
        root: The folder that names are relative to; None for the one that the pattern begins with.

    Raises:
        ValueError: `**` is not a part of its own.
    """
    parts = Path(pattern).parts
    # A second `**` in a row adds nothing, and would find files twice.
    parts = tuple(
        part
        for part, before in zip(parts, ("", *parts), strict=False)
        if part != "**" or before != "**"
    )
    for part in parts:
        if "**" in part and part != "**":
            raise ValueError(f"'**' stands for folders: write **/{part.replace('**', '*')}")
    if os.path.isfile(pattern) or not has_magic(pattern):
        fixed = len(parts) - 1
    else:
        fixed = next(place for place, part in enumerate(parts) if has_magic(part))
    start = os.path.join("", *parts[:fixed])
    base = start if root is None else root
    return (
        FoundFile(path, _relative(path, base), _problem(path) if error is None else error)
        for path, error in _below(start, parts[fixed:], literal=os.path.isfile(pattern))
    )


_Found = tuple[str, "OSError | None"]


def _below(folder: str, parts: Sequence[str], *, literal: bool = False) -> Iterator[_Found]:
    """The files below a folder that match the parts of a pattern."""
    if not parts:
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _below(folder, rest or ("*",))
        yield from _in_folders(folder, "*", parts, lambda entry: not entry.is_symlink())
    elif literal or not has_magic(part):
        path = os.path.join(folder, part)
        if rest:
            yield from _below(path, rest)
        elif os.path.lexists(path) and not os.path.isdir(path):
            yield path, None
    elif rest:
        yield from _in_folders(folder, part, rest, lambda _: True)
    else:
        names, error = _names(folder, part, lambda entry: not entry.is_dir())
        if error is not None:
            yield folder or os.curdir, error
        for name in names:
            yield os.path.join(folder, name), None


def _in_folders(
    folder: str, part: str, rest: Sequence[str], wanted: Callable[[os.DirEntry[str]], bool]
) -> Iterator[_Found]:
    # An error is reported where files are listed; here it would come twice.
    names, _ = _names(folder, part, lambda entry: entry.is_dir() and wanted(entry))
    for name in names:
        yield from _below(os.path.join(folder, name), rest)


def _names(
    folder: str, part: str, wanted: Callable[[os.DirEntry[str]], bool]
) -> tuple[list[str], OSError | None]:
    """The names in a folder that match one part of a pattern, sorted; hidden ones if it says so."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            return sorted(
                entry.name
                for entry in entries
                if (entry.name[0] != "." or part[0] == ".")
                and fnmatch(entry.name, part)
                and wanted(entry)
            ), None
    except (FileNotFoundError, NotADirectoryError):
        return [], None
    except OSError as error:
        return [], error


def _relative(path: str, root: str) -> str:
    name = Path(os.path.relpath(path, root or os.curdir)).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _problem(path: str) -> OSError | None:
    """Why a path cannot be read: opening a pipe would wait for somebody to write."""
    try:
        if Path(path).stat() and not Path(path).is_file():
            return OSError("not a regular file")
    except OSError as error:  # a symbolic link to nothing
        return error
    return None
