"""A small GitHub that remembers: what a description of the API cannot show.

It answers the few requests that the forge makes, keeps pull requests between them, and fails on demand.
Whether requests and answers are GitHub's own is checked apart from it, by Prism between the two (prism.py).
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.quiet_server import QuietServer

OWNER, NAME = "acme", "user-profile"
SLUG = f"{OWNER}/{NAME}"
REPOSITORY = f"https://github.com/{SLUG}"
DOCUMENTATION = "https://docs.github.com/rest"
REPOSITORY_ID = 1296269


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str


def refused(status: int, message: str, *errors: str) -> Answer:
    """An error as GitHub words it."""
    details = [{"resource": "PullRequest", "code": "custom", "message": error} for error in errors]
    body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return Answer(status, {**body, **({"errors": details} if details else {})})


@dataclass
class GitHub:
    """The server's memory; tests read and change it while it serves.

    Attributes:
        shapes: GitHub's own examples, by name; what is remembered is laid over them.
        heads: branch → commit, where it is not the one of GitHub's examples.
        settings: what GET answers below the repository, by the path's rest; an Answer as it is.
        faults: called with each request before anything else; the first answer wins.
    """

    shapes: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    public_url: str = ""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: list[Callable[[Request], Answer | None]] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    has_drafts: bool = True
    hidden: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
            for fault in self.faults:
                if (answer := fault(request)) is not None:
                    return answer
            for method, pattern, handle in ROUTES:
                found = re.fullmatch(pattern, request.path)
                if method == request.method and found:
                    return handle(self, request, *found.groups())
            return refused(404, "Not Found")

    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.method != "GET"]

    def open_pulls(self) -> list[dict[str, Any]]:
        return [pull for pull in self.pulls if pull["state"] == "open"]

    def add(self, head: str, base: str = "main", **other: Any) -> dict[str, Any]:
        """Remember a pull request as if somebody had opened it."""
        number = len(self.pulls) + 1
        pull = {
            "number": number,
            "node_id": f"PR_{number}",
            "state": "open",
            "title": "",
            "body": None,
            "draft": False,
            "labels": [],
            "head": head,
            "base": base,
            "fork": False,
            "user": "opener",
            **other,
        }
        self.pulls.append(pull)
        return pull

    def shown(self, pull: dict[str, Any], shape: str) -> dict[str, Any]:
        body: dict[str, Any] = deepcopy(self.shapes.get(shape, {}))
        source = {"id": REPOSITORY_ID + 1 if pull["fork"] else REPOSITORY_ID}
        body |= {name: pull[name] for name in ("number", "node_id", "state", "title", "body", "draft")}
        body["html_url"] = f"{REPOSITORY}/pull/{pull['number']}"
        body["url"] = f"https://api.github.com/repos/{SLUG}/pulls/{pull['number']}"
        body["user"] = {**body.get("user", {}), "login": pull["user"]}
        body["labels"] = [_label(name) for name in pull["labels"]]
        body["requested_teams"] = []  # GitHub's own example breaks GitHub's own schema here
        for side in ("head", "base"):
            told = body.get(side, {})
            repository = {**told.get("repo", {}), **(source if side == "head" else {"id": REPOSITORY_ID})}
            sha = self.heads.get(pull[side], "6dcb09b5b57875f334f61aebed695e2e4193db5e")
            body[side] = {**told, "ref": pull[side], "sha": sha, "repo": repository}
        return body


def _label(name: str) -> dict[str, Any]:
    return {
        "id": 1,
        "node_id": "LA_1",
        "url": f"https://api.github.com/repos/{SLUG}/labels/1",
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def _page(github: GitHub, request: Request, entries: list[Any], key: str = "") -> Answer:
    size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    part = entries[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(entries):
        query = "&".join(f"{k}={v}" for k, v in {**request.query, "page": str(number + 1)}.items())
        headers["Link"] = f'<{github.public_url or github.url}{request.path}?{query}>; rel="next"'
    return Answer(200, {"total_count": len(entries), key: part} if key else part, headers)


def _list_pulls(github: GitHub, request: Request) -> Answer:
    chosen = github.open_pulls()
    owner, separator, branch = request.query.get("head", "").partition(":")
    if separator and owner.lower() == OWNER:
        chosen = [pull for pull in chosen if pull["head"] == branch]
    if github.hidden:
        github.hidden -= 1
        chosen = []
    return _page(github, request, [github.shown(pull, "listed") for pull in chosen])


def _create_pull(github: GitHub, request: Request) -> Answer:
    wanted = request.body
    if wanted.get("draft") and not github.has_drafts:
        return refused(422, "Draft pull requests are not supported in this repository.")
    if wanted["head"] == "empty":
        return refused(422, "Validation Failed", "No commits between main and empty")
    pair = (wanted["head"], wanted["base"])
    if any((pull["head"], pull["base"]) == pair for pull in github.open_pulls()):
        return refused(
            422, "Validation Failed", f"A pull request already exists for {OWNER}:{wanted['head']}."
        )
    fields = {name: wanted[name] for name in ("head", "base", "title", "body", "draft")}
    return Answer(201, github.shown(github.add(**fields), "pull"))


def _edit_pull(github: GitHub, request: Request, number: str) -> Answer:
    pull = github.pulls[int(number) - 1]
    pull |= request.body
    return Answer(200, github.shown(pull, "pull"))


def _add_labels(github: GitHub, request: Request, number: str) -> Answer:
    pull = github.pulls[int(number) - 1]
    pull["labels"] = [*pull["labels"], *request.body["labels"]]
    return Answer(200, [_label(name) for name in pull["labels"]])


def _comment(github: GitHub, request: Request, number: str) -> Answer:
    github.comments.append((int(number), request.body["body"]))
    return Answer(201, {**deepcopy(github.shapes.get("comment", {})), "body": request.body["body"]})


def _reviews(github: GitHub, request: Request, _number: str) -> Answer:
    shape = github.shapes.get("review", {})
    return _page(github, request, [_laid_over(shape, review) for review in github.reviews])


def _commits(github: GitHub, request: Request, _number: str) -> Answer:
    shape = github.shapes.get("commit", {})
    return _page(github, request, [_laid_over(shape, commit) for commit in github.commits])


def _runs(github: GitHub, request: Request, _sha: str) -> Answer:
    shape = github.shapes.get("run", {})
    return _page(github, request, [_laid_over(shape, run) for run in github.runs], "check_runs")


def _statuses(github: GitHub, request: Request, _sha: str) -> Answer:
    shape = github.shapes.get("status", {})
    return _page(github, request, [_laid_over(shape, status) for status in github.statuses])


def _laid_over(shape: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    merged = deepcopy(shape)
    for name, value in content.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = {**merged[name], **value} if both else value
    return merged


def _graphql(github: GitHub, request: Request) -> Answer:
    node = request.body["variables"]["input"]["pullRequestId"]
    pull = next(pull for pull in github.pulls if pull["node_id"] == node)
    to_draft = "convertPullRequestToDraft" in request.body["query"]
    if to_draft and not github.has_drafts:
        message = "Draft pull requests are not supported in this repository."
        return Answer(200, {"errors": [{"message": message}], "data": None})
    pull["draft"] = to_draft
    name = "convertPullRequestToDraft" if to_draft else "markPullRequestReadyForReview"
    return Answer(200, {"data": {name: {"clientMutationId": None, "pullRequest": {"isDraft": to_draft}}}})


def _installation(github: GitHub, _request: Request) -> Answer:
    return Answer(200, {**deepcopy(github.shapes.get("installation", {})), "id": 7})


def _installation_token(github: GitHub, request: Request, number: str) -> Answer:
    assert request.authorization.startswith("Bearer ")
    shape = deepcopy(github.shapes.get("token", {}))
    return Answer(201, {**shape, "token": f"ghs_of_{number}", "expires_at": "2099-07-11T22:14:10Z"})


def _setting(github: GitHub, _request: Request, rest: str) -> Answer:
    known = github.settings.get(rest, refused(404, "Not Found"))
    return known if isinstance(known, Answer) else Answer(200, known)


_REPOSITORY = rf"/repos/{SLUG}"
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", rf"{_REPOSITORY}/pulls", _list_pulls),
    ("POST", rf"{_REPOSITORY}/pulls", _create_pull),
    ("PATCH", rf"{_REPOSITORY}/pulls/(\d+)", _edit_pull),
    ("POST", rf"{_REPOSITORY}/issues/(\d+)/labels", _add_labels),
    ("POST", rf"{_REPOSITORY}/issues/(\d+)/comments", _comment),
    ("GET", rf"{_REPOSITORY}/pulls/(\d+)/reviews", _reviews),
    ("GET", rf"{_REPOSITORY}/pulls/(\d+)/commits", _commits),
    ("GET", rf"{_REPOSITORY}/commits/([0-9a-f]+)/check-runs", _runs),
    ("GET", rf"{_REPOSITORY}/commits/([0-9a-f]+)/statuses", _statuses),
    ("GET", rf"{_REPOSITORY}/installation", _installation),
    ("POST", r"/app/installations/(\d+)/access_tokens", _installation_token),
    ("POST", r"/graphql", _graphql),
    ("GET", rf"{_REPOSITORY}(|/.+)", _setting),
]


def _encoded(body: Any) -> bytes:
    """JSON, nothing for None, bytes as they are."""
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """The server on a free loopback port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            authorization = self.headers.get("Authorization", "")
            body = json.loads(text) if text else None
            answer = github.answer(Request(self.command, unquote(parts.path), query, body, authorization))
            content = _encoded(answer.body)
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    server = QuietServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
