"""Example resource: a router, a model and a repository behind a protocol. Grow it, or delete the folder."""

from app.items.repository import InMemoryItems, ItemRepository
from app.items.router import build_items_router

__all__ = ["InMemoryItems", "ItemRepository", "build_items_router"]
