"""An answer that came whole: what it says, and what it says beside that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partialstream.sources import source_for

if TYPE_CHECKING:
    from partialstream.results import AnswerMetadata, Channel


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A whole answer.

    Attributes:
        documents: The texts that may hold the document, each with its channel, in the order
            of their appearance: one for each choice's content and one for each tool call.
        metadata: Refusal, finish reason, usage and the rest.
    """

    documents: tuple[tuple[Channel, str], ...]
    metadata: AnswerMetadata

    @property
    def text(self) -> str:
        """The text that holds the document; `""` if there is none.

        It is the first tool call's arguments: what is said beside a tool call is prose. Without
        a tool call it is the first choice's content.
        """
        calls = [text for channel, text in self.documents if channel.kind == "tool"]
        texts = calls or [text for _, text in self.documents]
        return texts[0] if texts else ""


def read_answer(completion: Any) -> WholeAnswer:
    """Read an answer to a request without `stream=True`.

    Args:
        completion: What the SDK's `create` returned, or the same as a dict.

    Returns:
        What the answer says. Whether it is complete, and whether it is JSON, is not judged.

    Raises:
        ProviderError: If it holds an error, as some gateways send with HTTP 200, or has an
            unknown shape.

    Example:
        >>> answer = read_answer(
        ...     {"choices": [{"message": {"content": "[1]"}, "finish_reason": "stop"}]}
        ... )
        >>> answer.text, answer.metadata.finish_reason
        ('[1]', 'stop')
    """
    source = source_for(completion)
    texts: dict[Channel, str] = {}
    for channel, text in [*source.feed(completion), *source.finish()]:
        texts[channel] = texts.get(channel, "") + text
    documents = tuple(item for item in texts.items() if item[0].may_hold_document)
    return WholeAnswer(documents, source.metadata)
