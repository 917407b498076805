"""The items API."""

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from app.items.models import Item, NewItem
from app.items.repository import ItemRepository
from app.logs import get_logger
from app.problems import response_docs

TAGS: list[str | Enum] = ["items"]

_log = get_logger(__name__)

# What an index can be on any machine: a greater number would be the service's error, not the caller's.
MAX_OFFSET = 2**31 - 1

ItemId = Annotated[int, Path(ge=1, examples=[7])]


def add_item_routes(router: APIRouter, items: ItemRepository) -> None:
    """`/items` over a repository."""

    @router.post("/items", status_code=201, tags=TAGS, summary="Make an item")
    async def make(new: NewItem, response: Response) -> Item:
        item = await items.add(new)
        response.headers["Location"] = f"/items/{item.id}"
        _log.info("item made", item_id=item.id)
        return item

    @router.get("/items", tags=TAGS, summary="List items")
    async def page(
        offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> list[Item]:
        return await items.page(offset, limit)

    @router.get("/items/{item_id}", tags=TAGS, summary="Read an item", responses=response_docs(404))
    async def read(item_id: ItemId) -> Item:
        item = await items.get(item_id)
        if item is None:
            raise _missing(item_id)
        return item

    @router.delete(
        "/items/{item_id}", status_code=204, tags=TAGS, summary="Delete an item", responses=response_docs(404)
    )
    async def remove(item_id: ItemId) -> None:
        if not await items.remove(item_id):
            raise _missing(item_id)


def _missing(item_id: int) -> HTTPException:
    return HTTPException(404, f"There is no item {item_id}.")
