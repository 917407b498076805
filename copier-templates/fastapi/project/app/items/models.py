"""What an item is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class NewItem(BaseModel):
    """What a client sends to make an item."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Notebook"}]})

    name: Annotated[str, Field(min_length=1, max_length=100)]


class Item(BaseModel):
    """An item as the service keeps it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, "name": "Notebook"}]})

    id: int
    name: str
