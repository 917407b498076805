"""The peer: the same routes in a bare FastAPI application, with the service's server options and environment.

Started as a program of its own: `python bare.py PORT`. It has no logs, no metrics, no request IDs.
"""

import sys

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class NewItem(BaseModel):
    name: str


class Item(BaseModel):
    id: int
    name: str


app = FastAPI()
items: dict[int, Item] = {}


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/items", status_code=201)
async def make(new: NewItem) -> Item:
    item = Item(id=len(items) + 1, name=new.name)
    items[item.id] = item
    return item


@app.get("/items/{item_id}")
async def read(item_id: int) -> Item:
    if item_id not in items:
        raise HTTPException(404)
    return items[item_id]


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
    )
