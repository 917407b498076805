"""Each static rule passes on a good service and fails, alone, on one that breaks it."""

import pytest

from idp.standards.rules.catalog import STATIC_STANDARDS
from idp.standards.rules.snapshot import Skipped, Snapshot, SourceFile
from idp.standards.scorecard import Outcome, RuleResult, judge
from idp.standards.service_files import read_service_files
from tests.support import ROOT

GOOD = read_service_files(ROOT / "tests" / "reference_service")
DOCKERFILE, COMPOSE, CI = "Dockerfile", "compose.yaml", ".github/workflows/ci.yml"
CATALOG, OWNERS, EXAMPLE = "catalog-info.yaml", ".github/CODEOWNERS", ".env.example"
SHA = "0123456789abcdef" * 4
ANSWERS = ".copier-answers.yml"
# Put together here, so that no scanner takes this file for one that holds secrets.
AWS_KEY = "AKIA" + "QW3RTY7UIOP2ASDF"
GITHUB_TOKEN = "ghp" + "_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6"
PRIVATE_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"
SLACK_TOKEN = "xoxb" + "-123456789012-1234567890123-abcdefABCDEF"


def text_of(path: str) -> str:
    return GOOD.files[path].text


def judged_with(changes: dict[str, str | None], **kwargs: frozenset[str]) -> list[RuleResult]:
    """The results for the good service with files replaced, added or (None) deleted."""
    files = {**GOOD.files}
    for path, text in changes.items():
        files.pop(path, None)
        if text is not None:
            files[path] = SourceFile(path, text.encode())
    return judge(STATIC_STANDARDS, Snapshot(dict(sorted(files.items())), tracked=kwargs.get("tracked")))


def failed(results: list[RuleResult]) -> set[str]:
    return {result.rule.id for result in results if result.outcome is Outcome.FAILED}


def edited(path: str, old: str, new: str) -> dict[str, str | None]:
    assert old in text_of(path), (path, old)
    return {path: text_of(path).replace(old, new)}


def with_code(path: str, code: str) -> dict[str, str | None]:
    return {path: code}


CASES: list[tuple[str, dict[str, str | None]]] = [
    ("MAKE-TARGETS", {"Makefile": None}),
    ("MAKE-TARGETS", edited("Makefile", "\nlint:", "\nlinting:")),
    ("MAKE-TARGETS", {"Makefile": "run test lint image := nothing\n"}),
    ("IMG-DOCKERFILE", {DOCKERFILE: None}),
    ("IMG-DOCKERFILE", {DOCKERFILE: "# nothing here\n"}),
    ("IMG-NON-ROOT", edited(DOCKERFILE, "USER 10001:10001", "USER root")),
    ("IMG-NON-ROOT", edited(DOCKERFILE, "USER 10001:10001", "USER 0:0")),
    ("IMG-NON-ROOT", edited(DOCKERFILE, "USER 10001:10001", 'ARG WHO=root\nUSER "$WHO"'.replace('"', ""))),
    ("IMG-NON-ROOT", edited(DOCKERFILE, "USER 10001:10001\n", "")),
    ("IMG-NON-ROOT", edited(DOCKERFILE, "USER 10001:10001", "USER 10001\nUSER root")),
    ("IMG-BASE-PINNED", edited(DOCKERFILE, "python:3.13-slim", "python:latest")),
    ("IMG-BASE-PINNED", edited(DOCKERFILE, "FROM ${BASE_IMAGE}\n", "FROM registry:5000/python\n")),
    ("IMG-MULTI-STAGE", edited(DOCKERFILE, "FROM ${BASE_IMAGE} AS build", "ARG NOTHING")),
    ("IMG-HEALTHCHECK", edited(DOCKERFILE, "HEALTHCHECK ", "HEALTHCHECK NONE #")),
    ("IMG-EXEC-FORM", edited(DOCKERFILE, 'CMD ["python", "-u", "-m", "service"]', "CMD python -m service")),
    ("IMG-EXEC-FORM", edited(DOCKERFILE, 'CMD ["python", "-u", "-m", "service"]', "")),
    ("IMG-LABELS", edited(DOCKERFILE, "org.opencontainers.image.revision", "revision")),
    ("IMG-NO-REMOTE-ADD", edited(DOCKERFILE, "WORKDIR /app", "ADD https://example.org/tool.tgz /tmp/")),
    ("IMG-NO-REMOTE-ADD", edited(DOCKERFILE, "WORKDIR /app", "ADD git@example.org:a/b.git /tmp/")),
    ("IMG-NO-SECRETS", edited(DOCKERFILE, "ARG VERSION=0.0.0", "ARG VERSION=0.0.0\nARG NPM_TOKEN")),
    ("IMG-NO-SECRETS", edited(DOCKERFILE, "ENV HOST", "ENV DB_PASSWORD=x HOST")),
    ("IMG-NO-SECRETS", edited(DOCKERFILE, "ARG BASE_IMAGE", "ARG API_KEY=1\nARG BASE_IMAGE")),
    ("IMG-DOCKERIGNORE", {".dockerignore": None}),
    ("IMG-DOCKERIGNORE", {".dockerignore": ".git\n"}),
    ("CMP-FILE", {COMPOSE: None}),
    ("CMP-FILE", {COMPOSE: "services: {}\n"}),
    ("CMP-PROFILES", edited(COMPOSE, "[dev, staging, prod]", "[dev, prod]")),
    ("CMP-READ-ONLY", edited(COMPOSE, "read_only: true", "read_only: false")),
    ("CMP-NO-SECRETS", edited(COMPOSE, "${UPSTREAM_TOKEN:-}", "a8f5f167f44f4964")),
    ("CMP-NO-SECRETS", edited(COMPOSE, "UPSTREAM_TOKEN: ${UPSTREAM_TOKEN:-}", "- DB_PASSWORD=hunter2")),
    ("CMP-STOP-GRACE", edited(COMPOSE, "    stop_grace_period: 30s\n", "")),
    ("CMP-STOP-GRACE", edited(COMPOSE, "30s", "20s")),
    (
        "CMP-STOP-GRACE",
        edited(COMPOSE, "UPSTREAM_TOKEN: ", "SHUTDOWN_GRACE_SECONDS: 60\n      UPSTREAM_TOKEN: "),
    ),
    ("CONF-ENV-READS", with_code("service/other.py", "import os\nX = os.getenv('X')\n")),
    ("CONF-ENV-READS", with_code("lib/other.go", 'package lib\nvar x = os.Getenv("X")\n')),
    ("CONF-EXAMPLE", {EXAMPLE: None}),
    ("CONF-EXAMPLE", {EXAMPLE: "# nothing\n"}),
    ("CONF-EXAMPLE", {EXAMPLE: "PORT=8080\nwhat is this\n"}),
    ("CONF-NO-ENV-FILE", {".gitignore": "__pycache__/\n"}),
    (
        "CONF-LINT-BAN",
        edited("pyproject.toml", '"TID251"]\n\n[tool.ruff.lint.per', '"B"]\n\n[tool.ruff.lint.per'),
    ),
    ("CONF-LINT-BAN", edited("pyproject.toml", '"os.getenv".msg', '"os.other".msg')),
    ("SEC-COMMITTED", {"docs/notes.md": f"key: {AWS_KEY}"}),
    ("SEC-COMMITTED", {"docs/notes.md": f"{PRIVATE_KEY}\n"}),
    ("SEC-COMMITTED", {"docs/notes.md": f"token {GITHUB_TOKEN}"}),
    ("SEC-COMMITTED", {"docs/notes.md": f"token {SLACK_TOKEN}"}),
    ("SEC-COMMITTED", {EXAMPLE: "PORT=8080\nUPSTREAM_TOKEN=9fK2qLw8ZrT4vXb7NcYd\n"}),
    ("SEC-COMMITTED", {EXAMPLE: "PORT=8080\n#UPSTREAM_TOKEN=9fK2qLw8ZrT4vXb7NcYd\n"}),
    ("CI-SHARED-WORKFLOW", {CI: None}),
    (
        "CI-SHARED-WORKFLOW",
        edited(CI, "acme/idp-lite/.github/workflows/service-ci.yml@v1", "./own.yml"),
    ),
    ("CI-PINNED", edited(CI, "@v1", "@main")),
    (
        "CI-PINNED",
        {".github/workflows/b.yml": "permissions: {}\njobs: {a: {steps: [{uses: actions/checkout@v5}]}}"},
    ),
    ("CI-PERMISSIONS", {CI: text_of(CI).replace("permissions: {}\n", "").replace("permissions:", "env:")}),
    ("CI-PERMISSIONS", edited(CI, "permissions: {}", "permissions: write-all")),
    ("META-CATALOG", {CATALOG: None}),
    ("META-CATALOG", edited(CATALOG, "lifecycle: experimental", "other: x")),
    ("META-CATALOG", edited(CATALOG, "kind: Component", "kind: Thing")),
    ("META-CATALOG", edited(CATALOG, "name: reference-service", "name: two words")),
    ("META-CODEOWNERS", {OWNERS: None}),
    ("META-CODEOWNERS", {OWNERS: "docs/ @acme/platform-team\n"}),
    ("META-CODEOWNERS", {OWNERS: "* @acme/platform-team\ndocs/ somebody\n"}),
    ("META-OWNER-MATCH", edited(CATALOG, "group:platform-team", "group:other-team")),
    ("META-ANSWERS", {ANSWERS: "_commit: v1\n_src_path: https://example.org/idp.git\n"}),
    ("META-ANSWERS", {ANSWERS: "_commit: v1.2.0\n_src_path: ../platform\n"}),
    ("META-ANSWERS", {ANSWERS: "- a list\n"}),
    ("META-ADDRESS", {ANSWERS: "_commit: v1.2.0\n_src_path: /home/me/platform\n"}),
    ("META-ADDRESS", {ANSWERS: "_commit: v1.2.0\n_src_path: file:///srv/platform.git\n"}),
    ("META-ADDRESS", edited(OWNERS, "@acme/", "@example-org/")),
    ("META-ADDRESS", edited(CI, "acme/idp-lite/", "example-org/idp-lite/")),
    ("SUPPLY-LOCKED", edited("pyproject.toml", "dependencies = []", 'dependencies = ["httpx"]')),
    ("SUPPLY-LOCKED", {"requirements.txt": "httpx==0.28.1\n"}),
    ("SUPPLY-LOCKED", {"package.json": '{"dependencies": {"express": "^5"}}'}),
    ("SUPPLY-LOCKED", {"go.mod": "module x\nrequire example.org/y v1.0.0\n"}),
    ("SUPPLY-NO-REGISTRY-HOST", {"requirements.txt": "--index-url https://packages.example.org/simple\n"}),
    (
        "SUPPLY-NO-REGISTRY-HOST",
        {
            "pom.xml": "<project><repositories><repository><id>x</id><url>https://packages.example.org/</url></repository>"
        },
    ),
    ("SUPPLY-RENOVATE", {"renovate.json": None}),
    ("SUPPLY-RENOVATE", {"renovate.json": "[]"}),
    ("DOC-README", {"README.md": None}),
    ("DOC-README", {"README.md": "# Title\n"}),
    ("DOC-RUNBOOK", {"docs/runbook.md": None}),
    ("DOC-READINESS", {"docs/production-readiness.md": None}),
    ("FILE-PARSES", {"service/broken.py": "def (:\n"}),
    ("FILE-PARSES", {"mkdocs.yml": "a: [1,\n"}),
    ("FILE-PARSES", {"broken.toml": "a = = 1\n"}),
    ("LOG-NO-PRINT", {"service/loud.py": "print('x')\n"}),
    (
        "LOG-NO-PRINT",
        {
            "web/server.js": "console.log('x')\n// eslint n/no-process-env\n",
            "eslint.config.js": "'n/no-process-env'",
        },
    ),
    ("REL-CONFIG", {"environments/prod/billing/config.env": "# settings\nPORT=9090\n"}),
    ("REL-ENV", {"prod/release.env": "RELEASE_IMAGE=example.org/app:1\n"}),
]


@pytest.mark.parametrize(("rule", "changes"), CASES, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(CASES)])
def test_exactly_the_broken_rule_fails(rule: str, changes: dict[str, str | None]) -> None:
    found = failed(judged_with(changes))
    # A Go file is also held to the lint rule, which the Python service has no configuration for.
    assert found - ({"CONF-LINT-BAN"} if any(path.endswith(".go") for path in changes) else set()) == {rule}


def test_every_static_rule_has_a_case_that_fails() -> None:
    covered = {rule for rule, _ in CASES} | {"FILE-ANY", "FILE-SKIPPED"}
    assert covered == {standard.rule.id for standard in STATIC_STANDARDS}


def test_the_reference_service_passes_every_rule() -> None:
    assert failed(judge(STATIC_STANDARDS, GOOD)) == set()


def test_an_empty_folder_is_named_as_such() -> None:
    found = failed(judge(STATIC_STANDARDS, Snapshot({})))
    assert {"FILE-ANY", "MAKE-TARGETS", "DOC-README"} <= found


def test_files_that_were_not_read_are_reported() -> None:
    assert failed(judge(STATIC_STANDARDS, Snapshot(GOOD.files, (Skipped("big", "it is large"),)))) == {
        "FILE-SKIPPED"
    }


GOOD_CASES: list[dict[str, str | None]] = [
    edited(DOCKERFILE, "FROM ${BASE_IMAGE}\n", f"FROM python@sha256:{SHA}\n"),
    edited(DOCKERFILE, "FROM ${BASE_IMAGE}\n", "ARG OTHER\nFROM $OTHER\n"),
    edited(DOCKERFILE, "FROM ${BASE_IMAGE}\n", "FROM scratch\n"),
    edited(DOCKERFILE, "WORKDIR /app", "ADD --checksum=sha256:ab https://example.org/x /x"),
    edited(DOCKERFILE, "WORKDIR /app", "RUN <<EOF\nUSER root\nCMD x\nEOF"),
    {DOCKERFILE: text_of(DOCKERFILE) + "\n# USER root\n"},
    {ANSWERS: "_commit: v1.2.0\n_src_path: https://example.org/idp.git\n"},
    {ANSWERS: f"_commit: {SHA[:40]}\n_src_path: git@example.org:org/idp.git\n"},
    {ANSWERS: "_commit: v1.2.0-3-gabcdef0\n_src_path: https://example.org/idp.git\n"},
    {ANSWERS: "_commit: 8fccded\n_src_path: gh:acme/platform\n"},
    {ANSWERS: "_commit: v0.1.0rc1\n_src_path: gh:acme/platform\n"},
    {ANSWERS: "_commit: 1.0.0\n_src_path: gh:org/idp\n"},
    {"requirements.txt": f"httpx==0.28.1 \\\n    --hash=sha256:{SHA}\n# comment\n-r other.txt\n"},
    {"package.json": '{"dependencies": {"a": "1"}}', "package-lock.json": '{"packages": {"": {}}}'},
    {
        ".github/workflows/b.yml": "permissions: {}\n"
        f"jobs: {{a: {{steps: [{{uses: actions/checkout@{SHA[:40]}}}]}}}}"
    },
    {
        "prod/release.env": f"# pin\nRELEASE_IMAGE=example.org:5000/a/b:1@sha256:{SHA}\n"
        f"RELEASE_VERSION=1.2.0-rc.1\nRELEASE_REVISION={SHA[:40]}\n"
    },
    {"docs/notes.md": "AKIA" + "IOSFODNN7EXAMPLE"},
    {"tests/test_x.py": "import os\nos.environ['X'] = '1'\nprint(os.getenv('Y'))\n"},
    {CATALOG: "---\nkind: API\n---\n" + text_of(CATALOG)},
    {"mkdocs.yml": "a: !!python/name:x.y\n---\nb: 1\n"},
    edited(COMPOSE, "30s", "1m30s"),
    {EXAMPLE: "#PORT=8080\n#DB_PASSWORD=\n"},
]  # fmt: skip


@pytest.mark.parametrize("changes", GOOD_CASES, ids=range(len(GOOD_CASES)))
def test_good_variants_pass(changes: dict[str, str | None]) -> None:
    results = judged_with(changes)
    assert failed(results) == set(), [result for result in results if result.findings]


def test_a_tracked_env_file_is_found_in_any_folder_but_the_example_is_not() -> None:
    tracked = frozenset({"deep/.env", ".env.example", ".env.local"})
    results = judged_with({}, tracked=tracked)
    assert failed(results) == {"CONF-NO-ENV-FILE"}
    paths = {finding.path for result in results for finding in result.findings}
    assert paths == {"deep/.env", ".env.local"}


@pytest.mark.parametrize("secret", [AWS_KEY, GITHUB_TOKEN, SLACK_TOKEN, "9fK2qLw8ZrT4vXb7NcYd"])
def test_a_finding_never_repeats_the_secret(secret: str) -> None:
    results = judged_with({EXAMPLE: f"PORT=8080\nUPSTREAM_TOKEN={secret}\n"})
    assert "SEC-COMMITTED" in failed(results)
    assert secret not in repr(results)
