"""The few operations of GitHub's API that the actions' scripts ask for, with a memory."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support import run

Answer = tuple[int, Any]


@dataclass
class Api:
    """What it remembers; `repositories` is the folder in which it makes new ones."""

    repositories: Path
    url: str = ""
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rerun: list[int] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, query: str, body: Any) -> Answer:
        if re.fullmatch(r"/repos/[\w.-]+/[\w.-]+/issues/\d+/comments", path):
            return self._comment(body) if method == "POST" else (200, list(self.comments.values()))
        if match := re.fullmatch(r"/repos/[\w.-]+/[\w.-]+/issues/comments/(\d+)", path):
            self.comments[int(match[1])]["body"] = body["body"]
            return 200, self.comments[int(match[1])]
        if path.endswith("/pulls"):
            return 200, self.pulls
        if path.endswith("/runs"):
            head = re.search(r"head_sha=(\w+)", query)
            return 200, {"workflow_runs": self.runs.get(head[1] if head else "", [])[:1]}
        if match := re.fullmatch(r"/repos/.*/actions/runs/(\d+)/rerun", path):
            self.rerun.append(int(match[1]))
            return 201, {}
        if match := re.fullmatch(r"/orgs/([\w.-]+)/repos", path):
            return self._repository(match[1], body)
        return 404, {"message": "Not Found"}

    def _comment(self, body: Any) -> Answer:
        number = len(self.comments) + 1
        self.comments[number] = {"id": number, "body": body["body"], "user": {"type": "Bot"}}
        return 201, self.comments[number]

    def _repository(self, organisation: str, body: Any) -> Answer:
        folder = self.repositories / organisation / str(body["name"])
        if folder.exists():
            return 422, {"message": "Repository creation failed."}
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", folder, cwd=self.repositories)
        folder.with_suffix(".git").symlink_to(folder)
        self.created.append(body)
        return 201, {"full_name": f"{organisation}/{body['name']}"}


@contextmanager
def serving(repositories: Path, token: str) -> Iterator[Api]:
    """Serve it on a free loopback port to whoever has the token."""
    api = Api(repositories)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path, _, query = self.path.partition("?")
            known = self.headers.get("Authorization") == f"Bearer {token}"
            status, answer = (
                api.answer(self.command, path, query, body)
                if known
                else (401, {"message": "Bad credentials"})
            )
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815 - the server's own names

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is the run's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
