from collections.abc import Callable
from typing import Any

import httpx
import pytest


async def test_an_item_can_be_made_read_listed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.post("/items", json={"name": "Notebook"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/items/{made.json()['id']}"
    assert (await client.get(made.headers["location"])).json() == made.json()
    assert (await client.get("/items")).json() == [made.json()]
    assert (await client.delete(made.headers["location"])).status_code == 204
    assert (await client.get(made.headers["location"])).status_code == 404
    assert (await client.delete(made.headers["location"])).status_code == 404


async def test_a_list_comes_in_pages(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post("/items", json={"name": f"item {number}"})
    page = await client.get("/items", params={"offset": 3, "limit": 10})
    assert [item["name"] for item in page.json()] == ["item 3", "item 4"]


async def test_a_page_farther_than_any_list_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/items", params={"offset": 10**29})).status_code == 422


async def test_items_share_one_route_in_logs_and_metrics(
    client: httpx.AsyncClient, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    for number in range(1, 6):
        await client.get(f"/items/{number}")
    assert {line["route"] for line in log_lines()} == {"/items/{item_id}"}
    text = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="/items/{item_id}",method="GET",status="404"} 5.0' in text


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 101}, {"name": "a", "id": 7}, []])
async def test_an_item_needs_a_name_and_nothing_else(client: httpx.AsyncClient, body: object) -> None:
    assert (await client.post("/items", json=body)).status_code == 422
