"""Whatever is in a folder, the rules answer; they never raise and never take long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.standards.rules.catalog import STATIC_STANDARDS
from idp.standards.rules.dockerfile import parse_dockerfile
from idp.standards.rules.dotenv import parse_dotenv
from idp.standards.rules.snapshot import Snapshot, SourceFile, parse, yaml_documents
from idp.standards.scorecard import Outcome, judge

PATHS = (
    "Makefile", "Dockerfile", ".dockerignore", "compose.yaml", ".env", ".env.example", ".gitignore",
    "README.md",
    "catalog-info.yaml", "CODEOWNERS", ".github/CODEOWNERS", ".github/workflows/ci.yml",
    ".copier-answers.yml",
    "pyproject.toml", "ruff.toml", "requirements.txt", "package.json", "package-lock.json", "pom.xml",
    "build.gradle", "go.mod", "renovate.json", "app/main.py", "app/config_provider.py", "src/A.java",
    "src/a.ts",
    "main.go", "release.env", "docs/runbook.md", "tests/test_a.py", ".golangci.yml", "poetry.lock",
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "services:\n", "  app:\n", "    build: .\n", "    profiles: [dev]\n",
        "    environment: [A=b, C]\n", "[tool.ruff]\n",
        "jobs:\n", "  a: {uses: x/y/.github/workflows/z.yml@v1}\n",
        "  b: {steps: [{uses: a@b}, 3, null]}\n", "FROM x\n",
        "USER ${A:-b}\n", 'CMD ["a"]\n', "ENV a=b c='d\n", "LABEL x\n", "ADD\n", "RUN <<EOF\n", "\\\n",
        "# escape=`\n",
        "import os\n", "os.environ\n", "run test:\n", "include Makefile\n", "A_SECRET=\n", "B_TOKEN='x\n",
        "[1]: {2: 3}\n",
        "&a [*a]\n", "<<: *a\n", "spec: {owner: 1}\n", "metadata: []\n", "* @a/b\n", "kind: Component\n",
        "---\n", "{", "}",
        "RELEASE_IMAGE=\n", "2024-99-99\n", '{"dependencies": 1, "packages": {"node_modules/x": 2}}',
        "extends: app\n",
    ]
)  # fmt: skip
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(WORDS, max_size=12).map(lambda words: "".join(words).encode()),
)
SNAPSHOTS = st.dictionaries(st.sampled_from(PATHS), CONTENTS, max_size=10).map(
    lambda files: Snapshot({path: SourceFile(path, content) for path, content in sorted(files.items())})
)


@settings(max_examples=400, deadline=None)
@given(SNAPSHOTS)
def test_every_rule_answers_for_any_files(snapshot: Snapshot) -> None:
    for result in judge(STATIC_STANDARDS, snapshot):
        assert bool(result.findings) is (result.outcome is Outcome.FAILED)
        assert all(finding.line >= 0 for finding in result.findings)


@given(st.text())
def test_any_text_is_a_dockerfile(text: str) -> None:
    dockerfile = parse_dockerfile(text)
    for stage in dockerfile.stages:
        for instruction in (stage.start, *stage.instructions):
            assert text.split("\n")[instruction.line - 1].strip()
    assert len(dockerfile.ancestry()) <= len(dockerfile.stages)


@given(st.text())
def test_any_text_is_a_dotenv_file(text: str) -> None:
    lines = text.split("\n")
    for entry in parse_dotenv(text).entries:
        assert entry.key in lines[entry.line - 1]


@given(st.sampled_from(["a.yaml", "a.toml", "a.json"]), CONTENTS)
def test_any_bytes_are_a_document_or_an_error(path: str, content: bytes) -> None:
    file = SourceFile(path, content)
    parsed = parse(file)
    assert parsed.error == "" or parsed.value is None
    yaml_documents(file)


def lol(depth: int) -> str:
    """The merge form of a billion laughs."""
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, depth)]
    return "\n".join(lines)


HOSTILE = {
    "deep-yaml": ("compose.yaml", "[" * 60_000),
    "deep-flow": ("catalog-info.yaml", "{a: " * 30_000),
    "deep-json": ("package.json", "[" * 500_000),
    "deep-toml": ("pyproject.toml", "a = " + "[" * 200_000),
    "merge-bomb": ("compose.yaml", lol(12)),
    "deep-block": ("compose.yaml", "- " * 30_000),
    "deep-keys": ("compose.yaml", "? " * 30_000),
    "many-anchors": (
        "compose.yaml",
        "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 2000)),
    ),
    "recursive-alias": ("compose.yaml", "services: &a {app: *a}"),
    "comments": ("src/A.java", "/*" * 500_000),
    "quotes": ("src/a.js", '"\\' * 500_000),
    "braces": ("src/a.ts", "{ env " * 200_000),
    "continuations": ("Dockerfile", "RUN x \\\n" * 100_000),
    "heredocs": ("Dockerfile", "FROM x\n" + "RUN <<A <<B\n" * 50_000),
    "requirements": ("requirements.txt", "a\\\n" * 200_000),
    "keys": (".env.example", "A_SECRET=" + "x" * 1_000_000),
    "long-line": ("app/main.py", "x = " + "1 + " * 100_000 + "1"),
    "workflows": (
        ".github/workflows/a.yml",
        "jobs:\n" + "".join(f"  j{n}: {{uses: a@b}}\n" for n in range(3000)),
    ),
    "keys-with-spaces": ("pom.xml", "<dependencies>" + "<version>" * 100_000),
    "private-keys": ("notes.txt", ("-----" + "BEGIN ") * 100_000),
    "makefile-loop": ("Makefile", "include Makefile\n" * 1000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_judged_in_seconds(name: str) -> None:
    path, text = HOSTILE[name]
    started = time.process_time()
    results = judge(STATIC_STANDARDS, Snapshot({path: SourceFile(path, text.encode())}))
    assert time.process_time() - started < 10
    assert results


def test_a_merge_bomb_is_an_error_and_no_bomb() -> None:
    assert "merge keys" in parse(SourceFile("compose.yaml", lol(12).encode())).error
