"""The output of one Responses API answer: which item an event is about.

An event says it by `output_index`, by the item's id, by both or by neither. Some relays invent
an id per event (Copilot), leave out the index (llama.cpp), or give all items the same index.
Hence an event is about

    the item of its id          unless the index says that it is another
    the last item of its index  unless the event announces an item of another id
    the last item               if it has neither
    a new item                  otherwise
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from partialstream.sources.provider_errors import unknown_chunk
from partialstream.sources.responses_item import OutputItem, wholes_in
from partialstream.sources.shapes import is_list, is_object

if TYPE_CHECKING:
    from partialstream.results import AnswerMetadata, ChannelKind, Delta
    from partialstream.sources.responses_item import Whole


class Output:
    """All items of the output.

    Args:
        metadata: Of the answer, where they are counted.

    Attributes:
        items: In the order in which they were first heard of.
    """

    def __init__(self, metadata: AnswerMetadata) -> None:
        self._metadata = metadata
        self.items: list[OutputItem] = []
        self._by_id: dict[str, OutputItem] = {}
        self._by_index: dict[int, OutputItem] = {}
        self._keys: set[int] = set()
        self._free = 0  # above all keys
        self._having: Counter[ChannelKind] = Counter()  # items with a text of each kind

    def find(self, index: Any, item_id: Any, *, announces: bool = False) -> OutputItem:
        """Give the item that an event is about.

        Args:
            index: Its `output_index`, if any.
            item_id: Its `item_id`, or the `id` of the item in it, if any.
            announces: Whether it says that an item begins.
        """
        index = index if isinstance(index, int) else None
        item_id = _id_in(item_id)
        item = self._by_id.get(item_id) if item_id is not None else None
        if item is not None and item.index is None and index is not None:
            item.index = index
            self._by_index.setdefault(index, item)
        if item is None or (index is not None and item.index != index):
            if index is not None:
                item = self._by_index.get(index)
            elif item_id is None and self.items and not announces:
                item = self.items[-1]
            if item is not None and announces and item.announced and item.id != item_id:
                item = None
        if item is None:
            item = self._add(index, item_id)
        if item.id is None and item_id is not None:
            item.id = item_id
            self._by_id[item_id] = item
        item.announced = item.announced or announces
        return item

    def missing(self, output: Any) -> list[tuple[OutputItem, Whole]]:
        """Give the texts of the whole output of which nothing has come.

        Raises:
            ProviderError: If it is no list of items, or a text in it is none.
        """
        if not output:
            return []
        if not is_list(output) or not all(map(is_object, output)):
            raise unknown_chunk(output, "the output as a list of items")
        # How many items of each kind are new. Relays that mix up ids and indexes do so
        # differently in the events and here: what then seems new may be what has come.
        kinds: list[set[ChannelKind]] = [
            {whole.form.kind for whole in wholes_in(fields)} for fields in output
        ]
        new: Counter[ChannelKind] = Counter()
        for each in kinds:
            new.update(each)
        new.subtract({kind: self._having[kind] for kind in new})
        missing: list[tuple[OutputItem, Whole]] = []
        for position, (fields, its_kinds) in enumerate(zip(output, kinds, strict=True)):
            item_id = _id_in(fields.get("id"))
            known = None if item_id is None else self._by_id.get(item_id)
            known = known or self._by_index.get(position)
            wanted: set[ChannelKind] = set()
            for kind in its_kinds:
                if known is None or not known.has_any(kind):
                    if new[kind] <= 0:
                        continue
                    new[kind] -= 1
                wanted.add(kind)
            if wanted:
                item = known or self._add(position, item_id)
                item.begin(fields)
                missing += [
                    (item, each) for each in item.missing(fields) if each.form.kind in wanted
                ]
        return missing

    def finish(self, *, cut: bool) -> list[Delta]:
        """End all items."""
        return [delta for item in self.items for delta in item.finish(cut=cut)]

    def _add(self, index: int | None, item_id: str | None) -> OutputItem:
        key = len(self.items) if index is None or index in self._keys else index
        if key in self._keys:
            key = self._free
        self._free = max(self._free, key + 1)
        item = OutputItem(key, index, item_id, self._having, self._metadata)
        self._keys.add(key)
        self.items.append(item)
        if item_id is not None:
            self._by_id[item_id] = item
        if index is not None:
            self._by_index[index] = item
        return item


def _id_in(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
