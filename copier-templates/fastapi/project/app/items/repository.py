"""Where items are kept. Write a second class for your database; the router does not change."""

from itertools import count, islice
from typing import Protocol

from app.items.models import Item, NewItem


class ItemRepository(Protocol):
    """Keeps items."""

    async def add(self, new: NewItem) -> Item:
        """Keep a new item under a number of its own."""
        ...

    async def get(self, item_id: int) -> Item | None:
        """The item with this number, if there is one."""
        ...

    async def page(self, offset: int, limit: int) -> list[Item]:
        """At most `limit` items in the order of their making, after the first `offset`."""
        ...

    async def remove(self, item_id: int) -> bool:
        """Forget an item; whether there was one."""
        ...


class InMemoryItems:
    """Items that live as long as the process."""

    def __init__(self) -> None:
        self._items: dict[int, Item] = {}
        self._numbers = count(1)

    async def add(self, new: NewItem) -> Item:
        item = Item(id=next(self._numbers), name=new.name)
        self._items[item.id] = item
        return item

    async def get(self, item_id: int) -> Item | None:
        return self._items.get(item_id)

    async def page(self, offset: int, limit: int) -> list[Item]:
        return list(islice(self._items.values(), offset, offset + limit))

    async def remove(self, item_id: int) -> bool:
        return self._items.pop(item_id, None) is not None
