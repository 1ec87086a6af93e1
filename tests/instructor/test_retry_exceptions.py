"""`except InstructorRetryException` goes on to work in a program that was written for it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import instructor
import pytest
from client_runs import ASK, Product, async_sdk, sync_sdk
from instructor.core.exceptions import InstructorRetryException
from pydantic import BaseModel

from partialstream import (
    OutputValidationError,
    RetriesExhaustedError,
    Usage,
    from_instructor,
    from_openai,
)
from partialstream.testing import Answer, ReplayServer

BAD = '{"name": ["not", "a", "name"]}'
WRONG = Answer(BAD, usage=Usage(10, 5))


def failure(make: Any, *, asynchronous: bool, stream: bool, answers: Any = WRONG) -> Any:
    """What a call raises whose responses are all wrong."""
    import asyncio

    with ReplayServer([answers] * 3) as server:

        async def main() -> None:
            async with async_sdk(base_url=server.base_url) as sdk:
                made = make(sdk).create(response_model=Product, stream=stream, max_retries=2, **ASK)
                if not stream:
                    await made
                async for _ in made:
                    pass

        try:
            if asynchronous:
                asyncio.run(main())
            else:
                with sync_sdk(base_url=server.base_url) as sdk:
                    made = make(sdk).create(
                        response_model=Product, stream=stream, max_retries=2, **ASK
                    )
                    list(made)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error
    raise AssertionError("it has to fail")


def of_instructor(sdk: Any) -> Any:
    return from_instructor(instructor.from_openai(sdk, mode=instructor.Mode.JSON))


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("stream", [False, True], ids=["complete", "streamed"])
def test_spent_retries_are_instructors_error_as_well(asynchronous: bool, stream: bool) -> None:
    error = failure(of_instructor, asynchronous=asynchronous, stream=stream)
    assert isinstance(error, InstructorRetryException)
    assert isinstance(error, RetriesExhaustedError)
    assert error.n_attempts == len(error.attempts) == 3
    assert isinstance(error.__cause__, OutputValidationError)
    assert error.total_usage == error.usage == Usage(30, 15)
    assert error.create_kwargs is not None
    assert error.create_kwargs["model"] == "any"
    assert error.messages == error.create_kwargs["messages"]
    assert error.failed_attempts is not None
    assert [attempt.attempt_number for attempt in error.failed_attempts] == [1, 2, 3]
    assert all(isinstance(each.exception, OutputValidationError) for each in error.failed_attempts)
    if stream:
        assert error.last_completion == BAD
    else:
        assert error.last_completion.choices[0].message.content == BAD
    assert str(error).startswith("no more retries, after 3 request(s): ")
    assert str(error).endswith("attempt 3)")
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(other) is type(error)
        assert (str(other), repr(other)) == (str(error), repr(error))
        assert (other.n_attempts, other.attempts) == (3, error.attempts)


def test_of_other_clients_it_is_not() -> None:
    error = failure(from_openai, asynchronous=False, stream=True)
    assert type(error) is RetriesExhaustedError
    assert not isinstance(error, InstructorRetryException)


def test_nothing_of_instructor_is_imported_for_it() -> None:
    program = "import sys, partialstream.errors; assert 'instructor' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class Person(BaseModel):
    name: str


def test_a_program_written_for_instructor() -> None:
    with ReplayServer([WRONG] * 2) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_instructor(instructor.from_openai(sdk))
        with pytest.raises(InstructorRetryException) as caught:
            client.chat.completions.create(response_model=Person, max_retries=1, **ASK)
    assert caught.value.n_attempts == 2
    assert caught.value.last_completion is not None
