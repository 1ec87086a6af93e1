"""The requests of one call, and what reads the response to each. No I/O.

The retry policies decide what is asked for next; here it becomes a request, and what
reads the response to it. A request that follows up shows the model what it said as its own words,
and says what is asked of it now. What is quoted stands there character for character, in a
document that is closed here: templates of open models parse the arguments of a tool call, and
refuse a request whose arguments are not valid JSON.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from partialstream.client.prompts import (
    errors_of,
    first_index_prompt,
    indexes_prompt,
    repair_prompt,
    resume_prompt,
)
from partialstream.client.schema import FIRST_INDEX, INDEXES, VALUE, wrapper_model
from partialstream.engine.fields import object_text
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.items import ItemReader
from partialstream.stream.partials import PartialReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from partialstream.client.endpoint import RequestBuilder
    from partialstream.client.options import Mode, Options
    from partialstream.client.placing import Elements
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import OutputValidationError
    from partialstream.results import AttemptCause, Path, RejectedItem
    from partialstream.stream.response import ResponseStream


class Conversation:
    """The requests of one call, as the retry policies need them.

    Args:
        shape: What the call asks for.
        options: How its responses are read.
        builder: Builds its requests.

    Attributes:
        limits: Those of the reading.
    """

    def __init__(self, shape: ResponseShape, options: Options, builder: RequestBuilder) -> None:
        self._shape = shape
        self._options = options
        self._builder = builder
        self.limits = options.limits or DEFAULT_LIMITS

    @property
    def request(self) -> Any:
        """The first request, for the endpoint that it was built for."""
        return self._builder.request

    def item_reader(
        self, response: ResponseStream, on_invalid: Literal["raise", "skip"]
    ) -> ItemReader[Any]:
        """What reads one response with a list."""
        options = self._options
        return ItemReader(
            self._shape.type_,
            path=options.path,
            on_invalid=on_invalid,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            response=response,
            expected=self._builder.expected,
        )

    @property
    def wraps(self) -> bool:
        """Whether the value asked for is not an object, and so a member of one."""
        return self._builder.path == (VALUE,)

    def partial_reader(
        self,
        response: ResponseStream,
        carried: Mapping[str, str] | None = None,
        *,
        fail_fast: bool = False,
    ) -> PartialReader[Any]:
        """What reads one response with an object.

        Args:
            response: The response.
            carried: Members that were accepted from other responses.
            fail_fast: See `PartialParser`.
        """
        options = self._options
        wrapped = self.wraps
        model = _wrapper_model(self._shape.type_) if wrapped else self._shape.type_
        return PartialReader(
            model,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            response=response,
            expected=self._builder.expected,
            member=VALUE if wrapped else None,
            carried=carried,
            fail_fast=fail_fast,
        )

    # -- requests that follow up -----------------------------------------------------------

    def index_name(self, cause: AttemptCause) -> str | None:
        """The member that says which items a follow-up brings, None if it is not asked for."""
        return self._builder.member_beside(INDEXES if cause == "repair" else FIRST_INDEX)

    def repair_request(self, rejected: Sequence[RejectedItem]) -> Any:
        """Ask for rejected items again, and for nothing else."""
        said = list_text([each.raw for each in rejected], self._builder.path)
        prompt = self._options.prompts.repair
        instruction = prompt(rejected)
        name = self.index_name("repair")
        if name is not None and prompt is repair_prompt:
            instruction += f"\n\n{indexes_prompt(name, [each.index for each in rejected])}"
        return self._builder.follow_up(said, instruction, (), name)

    def resume_request(self, elements: Elements) -> Any:
        """Ask for what follows these elements of the list."""
        said = list_text(elements.texts, self._builder.path) if elements.texts else None
        prompt = self._options.prompts.resume
        instruction = prompt(elements.count, len(elements.texts))
        name = self.index_name("resume") if elements.count else None
        if name is not None and prompt is resume_prompt:
            instruction += f"\n\n{first_index_prompt(name, elements.count)}"
        return self._builder.follow_up(said, instruction, (), name)

    def reask_request(
        self, carried: Mapping[str, str], refused: OutputValidationError | None
    ) -> Any:
        """Ask for the members of an object that are missing, or were not valid.

        Args:
            carried: The members that were accepted.
            refused: What was not valid; None if the response broke off.
        """
        errors = [] if refused is None else errors_of(refused)
        said = object_text(carried) if carried else None
        raw = None
        if refused is not None and refused.path:
            raw = refused.raw
        elif refused is not None:
            said = refused.raw
        instruction = self._options.prompts.reask(errors, list(carried), raw)
        return self._builder.follow_up(said, instruction, list(carried))


CALL_ID: Final = "followup1"
"""The id of the tool call that is shown as the model's own.

Nine letters and digits, because Mistral's API takes no other ids.
"""


def follow_up_messages(
    messages: Sequence[Any], *, mode: Mode, tool_name: str, said: str | None, instruction: str
) -> list[Any]:
    """Continue a conversation by what the model said and what is asked of it now.

    Args:
        messages: The caller's messages. Neither they nor the list are changed.
        mode: How the model is made to answer; in mode `tools` it spoke through a tool call.
        tool_name: The name of the tool. Of no meaning in other modes.
        said: The model's own words; None leaves them out.
        instruction: What is asked of it.

    Returns:
        A new list: the caller's messages, the same objects, and one or two more.

    Example:
        >>> asked = [{"role": "user", "content": "Two tools, please."}]
        >>> for message in follow_up_messages(
        ...     asked, mode="json_schema", tool_name="", said='{"items": []}', instruction="Go on."
        ... ):
        ...     print(message)
        {'role': 'user', 'content': 'Two tools, please.'}
        {'role': 'assistant', 'content': '{"items": []}'}
        {'role': 'user', 'content': 'Go on.'}
    """
    request: dict[str, Any] = {"role": "user", "content": instruction}
    if said is None:
        return [*messages, request]
    if mode != "tools":
        return [*messages, {"role": "assistant", "content": said}, request]
    call = {
        "id": CALL_ID,
        "type": "function",
        "function": {"name": tool_name, "arguments": said},
    }
    return [
        *messages,
        # Neither null nor left out, though OpenAI takes both: llama-cpp-python refuses null,
        # and templates of open models read the member.
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL_ID, "content": instruction},
    ]


def list_text(raws: Iterable[str], path: Path) -> str:
    """Write a list whose elements are texts.

    Args:
        raws: The elements, each a JSON text; they stay as they are.
        path: Where the list stands, `()` if it is the document. An index in it becomes a list
            of one element.

    Returns:
        A JSON document.

    Example:
        >>> list_text(['{"n":1}', '{"n": 2e0}'], ("items",))
        '{"items": [{"n":1}, {"n": 2e0}]}'
    """
    text = f"[{', '.join(raws)}]"
    for step in reversed(path):
        text = f"[{text}]" if isinstance(step, int) else object_text({step: text})
    return text


_cached_wrapper_model = lru_cache(maxsize=256)(wrapper_model)


def _wrapper_model(type_: Any) -> type[BaseModel]:
    try:
        return _cached_wrapper_model(type_)
    except TypeError:  # an unhashable annotation
        return wrapper_model(type_)
