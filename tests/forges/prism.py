"""GitHub's own API description, kept by Prism: a proxy that refuses what is not GitHub's, asked or answered.

`@octokit/openapi` is installed once into the user's cache. Only the operations that the forge uses are handed
to Prism, with whatever they refer to, unchanged: the whole of it takes half a minute and 400 MB to start.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import run

PACKAGES = (
    "@octokit/openapi@23.0.2",
    "@octokit/graphql-schema@15.26.1",
    "@stoplight/prism-cli@5.16.0",
    "graphql@16",
)
OPERATIONS = {
    "/repos/{owner}/{repo}/pulls": ("get", "post"),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("patch",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ("get",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/commits": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/statuses": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ("post",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("post",),
    "/repos/{owner}/{repo}/installation": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/repos/{owner}/{repo}": ("get",),
    "/repos/{owner}/{repo}/branches/{branch}": ("get",),
    "/repos/{owner}/{repo}/branches/{branch}/protection": ("get",),
    "/repos/{owner}/{repo}/rulesets": ("get",),
    "/repos/{owner}/{repo}/rulesets/{ruleset_id}": ("get",),
    "/repos/{owner}/{repo}/contents/{path}": ("get",),
    "/repos/{owner}/{repo}/codeowners/errors": ("get",),
    "/repos/{owner}/{repo}/actions/permissions/workflow": ("get",),
    "/repos/{owner}/{repo}/environments": ("get",),
    "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies": ("get",),
}
# GraphQL is no part of the REST description: graphql_errors checks its documents against GitHub's schema.
GRAPHQL = {
    "post": {
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    }
}


def installed() -> Path:
    """The folder of the npm packages, installed on first use; several processes may ask at once."""
    cache = Path(os.environ["IDP_TEST_TOOLS"]) / "idp-tests"
    folder = cache / "-".join(package.rpartition("@")[2] for package in PACKAGES)
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            (Path(temporary) / "tools").mkdir()
            argv = ("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", ".", *PACKAGES)
            done = run(*argv, cwd=Path(temporary) / "tools")
            assert done.returncode == 0, done.stderr
            try:
                (Path(temporary) / "tools").rename(folder)
            except OSError:  # another process was first
                assert folder.exists()
    return folder


def description() -> dict[str, Any]:
    """GitHub's description, cut down to OPERATIONS and what they refer to."""
    path = installed() / "node_modules/@octokit/openapi/generated/api.github.com.json"
    whole = json.loads(path.read_text())
    paths = {path: {verb: whole["paths"][path][verb] for verb in verbs} for path, verbs in OPERATIONS.items()}
    small = {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": {}}
    pending = _references(paths)
    while pending:
        kind, name = pending.pop()
        known = small["components"].setdefault(kind, {})
        if name not in known:
            known[name] = whole["components"][kind][name]
            pending |= _references(known[name])
    return small


def _references(node: Any) -> set[tuple[str, str]]:
    """`(kind, name)` of every component that a part of the description refers to."""
    if isinstance(node, list):
        return set().union(*map(_references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    reference = node.get("$ref")
    found: set[tuple[str, str]] = set().union(*map(_references, node.values())) if node else set()
    if isinstance(reference, str):
        kind, name = reference.split("/")[2:4]
        found.add((kind, name))
    return found


def examples(github: dict[str, Any]) -> dict[str, Any]:
    """GitHub's example of each answer: what the server in forge_github_server.py lays its memory over."""
    example = {name: entry["value"] for name, entry in github["components"]["examples"].items()}
    return {
        "pull": example["pull-request"],
        "listed": example["pull-request-simple-items"][0],
        "comment": example["issue-comment"],
        "review": example["pull-request-review-items"][0],
        "commit": example["commit-items"][0],
        "run": example["check-run-paginated"]["check_runs"][0],
        "status": example["status-items"][0],
        "installation": example["installation"],
        "token": example["installation-token"],
        "repository": example["full-repository-default-response"],
        "branch": example["branch-get"],
        "ruleset": example["repository-ruleset"],
        "file": example["content-file-response-if-content-is-a-file"],
        "environment": example["environments"]["environments"][0],
    }


@contextmanager
def proxy(github: dict[str, Any], upstream: str, folder: Path) -> Iterator[str]:
    """Prism between a client and a server; what breaks the description becomes an error. Yields its URL."""
    document = folder / "github.json"
    document.write_text(json.dumps({**github, "paths": {**github["paths"], "/graphql": GRAPHQL}}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [
        str(installed() / "node_modules/.bin/prism"),
        "proxy",
        "--errors",
        "--port",
        str(port),
        str(document),
        upstream,
    ]
    with (folder / "prism.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", process, folder / "prism.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/", timeout=5)  # noqa: S310 - a loopback address
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


_CHECK_GRAPHQL = """
const { readFileSync } = require('fs');
const { buildSchema, parse, validate } = require('graphql');
const text = readFileSync('node_modules/@octokit/graphql-schema/schema.graphql', 'utf8');
const schema = buildSchema(text, { assumeValidSDL: true }); // the schema has two fields twice
const { query, variables } = JSON.parse(readFileSync(0, 'utf8'));
const document = parse(query);
const { getVariableValues } = require('graphql/execution/values');
const coerced = getVariableValues(schema, document.definitions[0].variableDefinitions, variables);
const errors = [...validate(schema, document), ...(coerced.errors || [])];
console.log(JSON.stringify(errors.map((error) => error.message)));
"""


def graphql_errors(body: dict[str, Any]) -> list[str]:
    """What GitHub's GraphQL schema finds wrong with a request's document and variables."""
    done = run("node", "-e", _CHECK_GRAPHQL, cwd=installed(), stdin=json.dumps(body))
    assert done.returncode == 0, done.stderr
    errors: list[str] = json.loads(done.stdout)
    return errors
