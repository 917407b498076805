"""Example resource: a router, a model and a repository behind a protocol. Grow it, or delete the folder."""

from app.items.repository import InMemoryItems, ItemRepository
from app.items.router import add_item_routes

__all__ = ["InMemoryItems", "ItemRepository", "add_item_routes"]
