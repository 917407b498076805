import httpx
import pytest

from app.problems import response_docs

CASES = [
    ("GET", "/nowhere", None, 404),
    ("POST", "/health/live", None, 405),
    ("GET", "/contract-probe/error", None, 500),
    ("GET", "/contract-probe/outbound?url=http://example.org", None, 400),
    ("GET", "/contract-probe/outbound?url=http://[", None, 400),
    ("POST", "/contract-probe/echo", {"value": "hunter2"}, 422),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CASES)
async def test_every_error_is_a_problem_document_with_the_request_id(
    client: httpx.AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    response = await client.request(method, path, json=body, headers={"X-Request-ID": "abc-1"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "abc-1"
    problem = response.json()
    assert problem["status"] == status
    assert problem["request_id"] == "abc-1"
    assert problem["instance"] == path.partition("?")[0]
    assert problem["title"]
    assert problem["detail"]


async def test_an_invalid_request_is_told_where_but_not_what_it_sent(client: httpx.AsyncClient) -> None:
    response = await client.post("/contract-probe/echo", json={"value": "hunter2"})
    assert response.json()["errors"][0]["location"] == "body.value"
    assert "hunter2" not in response.text


async def test_an_unhandled_error_says_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    response = await client.get("/contract-probe/error")
    assert "RuntimeError" not in response.text
    assert "contract probe" not in response.text


async def test_a_method_that_is_not_allowed_keeps_its_allow_header(client: httpx.AsyncClient) -> None:
    assert (await client.post("/health/live")).headers["allow"] == "GET"


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/contract-probe/echo", content=b"x" * 2_000_000)
    assert (response.status_code, response.json()["status"]) == (413, 413)


async def test_the_openapi_document_describes_problems_and_hides_the_probe(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert set(schema["components"]["schemas"]) >= {"Problem", "InvalidField"}
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert operation["responses"]["422"]["content"].keys() == {"application/problem+json"}
    assert not [path for path in schema["paths"] if "probe" in path]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (499, "Error"),
    ],
)
def test_a_title_is_the_same_on_every_python(status: int, title: str) -> None:
    assert response_docs(status)[status]["description"] == title
