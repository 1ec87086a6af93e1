"""Objects that grow while their text arrives, and what they gained with each piece of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from typing_extensions import override

from partialstream.engine.recorder import ChangeRecorder
from partialstream.validation.partials import PartialParser
from partialstream.validation.writing import ModelWriter

if TYPE_CHECKING:
    from partialstream.engine.builder import SnapshotBuilder
    from partialstream.engine.changes import Change, Recording
    from partialstream.engine.parser import SyntaxReader
    from partialstream.errors import JSONSyntaxError
    from partialstream.validation.checks import Settings

M = TypeVar("M", bound=BaseModel)


class RecordingParser(PartialParser[M]):
    """A `PartialParser` that knows what each snapshot has beyond the one before.

    Args:
        model: The model.
        recording: How changes are written; None as the model says.
        options: Those of `PartialParser`.

    Example:
        >>> class Report(BaseModel):
        ...     title: str
        >>> parser = RecordingParser(Report)
        >>> for delta in ('{"title": "On', ' paper"}'):
        ...     _ = parser.feed(delta)
        ...     print([change.as_dict() for change in parser.take_changes()])
        [{'path': [], 'op': 'set', 'value': {'title': 'On'}}]
        [{'path': ['title'], 'op': 'append', 'value': ' paper'}, {'path': [], 'op': 'complete'}]
    """

    _recorder: ChangeRecorder[Settings]

    def __init__(self, model: type[M], recording: Recording | None = None, **options: Any) -> None:
        self._by_alias = None if recording is None else recording.by_alias
        super().__init__(model, **options)

    def take_changes(self) -> list[Change]:
        """What the last snapshot has beyond the one at the last call.

        The first change of a document sets the whole: what the text began with, and what stands
        from other texts.
        """
        return self._recorder.take()

    @override
    def _new_builder(self) -> SnapshotBuilder[Settings]:
        self._recorder = ChangeRecorder(
            self._plan.node,
            self.transcript,
            self._settings,
            writer=ModelWriter(self._plan.source, self._by_alias),
        )
        return self._recorder

    @override
    def _complete(self, reader: SyntaxReader) -> M:
        final = super()._complete(reader)
        self._recorder.complete(final)
        return final

    @override
    def _complete_leniently(self, malformed: JSONSyntaxError) -> None:
        super()._complete_leniently(malformed)
        self._recorder.complete(self._final)
