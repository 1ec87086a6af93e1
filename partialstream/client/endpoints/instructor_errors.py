"""`RetriesExhaustedError` as programs know it that were written for instructor."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.errors import RetriesExhaustedError

if TYPE_CHECKING:
    from partialstream.usage import Usage


@cache
def exhausted_class() -> type[RetriesExhaustedError]:
    """The class of errors that are instructor's `InstructorRetryException` as well.

    It is made when it is needed, as to import instructor takes a second.
    """
    from instructor.core.exceptions import InstructorRetryException

    class InstructorRetriesExhaustedError(RetriesExhaustedError, InstructorRetryException):
        """The retry policy gave up; with the attributes of `InstructorRetryException`.

        Attributes:
            n_attempts: How many requests were made.
            last_completion: The last response: the SDK's object, or the text of a stream.
            messages: Those of the last request.
            create_kwargs: The arguments of the last request.
            failed_attempts: The attempts that failed, each with its number and its error.
        """

        @property
        def total_usage(self) -> Usage | None:
            """Tokens paid for, over all requests."""
            return self.usage

        @override
        def __reduce__(self) -> tuple[Any, ...]:
            return _rebuilt, self.args, self.__dict__

    return InstructorRetriesExhaustedError


def _rebuilt(*args: Any) -> RetriesExhaustedError:
    """An error without its attributes, for pickle and copy."""
    kind = exhausted_class()
    return kind.__new__(kind, *args)
