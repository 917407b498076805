"""release.env: one grammar, under which Kustomize and Compose cannot but read the same."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from idp.core.errors import IdpError, UserError
from idp.environments.pin import MAX_BYTES, Pin, faults, parse_pin, pin_path, pin_text
from tests.support import ROOT, build_file_tree, run

SHA = "0123456789abcdef" * 4
PIN = Pin(f"registry.example.org:5000/acme/pay_api:1.4.0@sha256:{SHA}", "1.4.0-rc.1", SHA[:40])
LINES = pin_text(PIN).decode().splitlines()
IMAGE, VERSION, REVISION = LINES
FILE = "environments/prod/pay/release.env"


def kustomize(content: bytes) -> dict[str, str]:
    """What Kustomize's `envs:` makes of a file (api/kv/kv.go): trims the left, keeps quotes and inline comments."""
    found = {}
    for position, raw in enumerate(content.split(b"\n")):
        line = raw.removesuffix(b"\r")  # bufio.ScanLines
        if position == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        text = line.decode().lstrip()
        if not text or text.startswith("#"):
            continue
        key, separator, value = text.partition("=")
        assert re.fullmatch(r"[-._a-zA-Z0-9]+", key), "Kustomize refuses the key"
        assert key not in found, "Kustomize refuses the second of a key"
        found[key] = value if separator else "<the environment's>"
    return found


def compose(content: bytes) -> dict[str, str]:
    """What Compose's dotenv reader makes of a file: shell-like, with quotes, inline comments, export and $."""
    found = {}
    for line in content.decode().replace("\r\n", "\n").split("\n"):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        text = re.sub(r"^export\s+", "", text)
        key, separator, value = re.match(r"([^=:]*)([=:]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        value = value.strip()
        quoted = value[:1] in {'"', "'"}
        value = value[1:].partition(value[0])[0] if quoted else re.sub(r"\s+#.*", "", value)
        assert "$" not in value, "Compose would put a variable's value there"
        assert "\\" not in value, "Compose may read an escape there"
        found[key.strip()] = value if separator else "<the shell's>"
    return found


def pin_of(found: dict[str, str]) -> Pin:
    assert set(found) == {"RELEASE_IMAGE", "RELEASE_VERSION", "RELEASE_REVISION"}
    return Pin(found["RELEASE_IMAGE"], found["RELEASE_VERSION"], found["RELEASE_REVISION"])


numbers = st.integers(0, 99).map(str)
versions = st.tuples(numbers, numbers, numbers, st.sampled_from(["", "-rc.1", "-0a", "-a-b.0", "-RC1"])).map(
    lambda parts: ".".join(parts[:3]) + parts[3]
)
path_parts = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}", fullmatch=True)
repositories = st.tuples(
    st.sampled_from(["", "localhost:5000/", "registry.example.org/", "10.0.0.1:65535/"]),
    st.lists(path_parts, min_size=1, max_size=3).map("/".join),
).map("".join)
tags = st.just("") | st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
pins = st.builds(
    lambda repository, tag, digest, version, revision: Pin(
        f"{repository}{tag}@sha256:{digest}", version, revision
    ),
    repositories,
    tags,
    st.text("0123456789abcdef", min_size=64, max_size=64),
    versions,
    st.text("0123456789abcdef", min_size=40, max_size=40),
)
comments = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=30
).map(lambda text: f"#{text}")


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A release.env as a person could keep it: comments, empty lines, any order."""
    lines = draw(st.permutations(pin_text(draw(pins)).decode().splitlines()))
    for text in draw(st.lists(comments | st.just(""), max_size=6)):
        lines.insert(draw(st.integers(0, len(lines))), text)
    return ("\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n"]))).encode()


@settings(deadline=None)
@given(pins)
def test_what_is_written_is_read_back(pin: Pin) -> None:
    assert parse_pin(pin_text(pin), FILE) == pin
    assert pin_text(pin, pin_text(pin)) == pin_text(pin)
    assert pin.image.startswith(pin.repository)
    assert pin.image.endswith(f"@{pin.digest}")


@settings(deadline=None)
@given(files(), pins)
def test_a_persons_comments_and_order_outlive_a_new_pin(present: bytes, pin: Pin) -> None:
    written = pin_text(pin, present)
    assert parse_pin(written, FILE) == pin
    assert pin_text(pin, written) == written

    def frame(content: bytes) -> list[bytes]:
        return [
            line.partition(b"=")[0] if line[:1] != b"#" else line
            for line in content.removesuffix(b"\n").split(b"\n")
        ]

    assert frame(written) == frame(present)


mutations = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 400), st.binary(min_size=1, max_size=3)),
    st.tuples(
        st.just("insert"),
        st.integers(0, 400),
        st.sampled_from(
            [
                b'"',
                b"'",
                b" ",
                b"\t",
                b" # x",
                b"\r",
                b"$HOME",
                b"export ",
                b"\n",
                b"\\",
                b"=",
                b":",
                b"\xef\xbb\xbf",
            ]
        ),
    ),
    st.tuples(st.just("delete"), st.integers(0, 400), st.binary(min_size=1, max_size=5)),
    st.tuples(st.just("double"), st.integers(0, 400), st.just(b"")),
)


@settings(deadline=None)
@given(files(), st.lists(mutations, min_size=1, max_size=4))
@example(b"\xef\xbb\xbf" + pin_text(PIN), [])
def test_no_mutation_gives_a_pin_that_an_engine_would_read_otherwise(
    content: bytes, changes: list[tuple[str, int, bytes]]
) -> None:
    for kind, at, what in changes:
        position = at % (len(content) + 1)
        if kind == "insert":
            content = content[:position] + what + content[position:]
        elif kind == "delete":
            content = content[:position] + content[position + len(what) :]
        else:
            start, end = content.rfind(b"\n", 0, position) + 1, content.find(b"\n", position)
            content = content[:end] + b"\n" + content[start:end] + content[end:] if end > 0 else content
    if any(faults(content)):
        with pytest.raises(UserError, match=rf"^{re.escape(FILE)}:[1-9][0-9]*: \S") as raised:
            parse_pin(content, FILE)
        assert raised.value.code == "release-env-invalid"
        return
    pin = parse_pin(content, FILE)
    assert pin_of(kustomize(content)) == pin
    assert pin_of(compose(content)) == pin


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_pin_or_an_error_with_a_line(content: bytes) -> None:
    if not any(faults(content)):
        assert pin_of(kustomize(content)) == pin_of(compose(content)) == parse_pin(content, FILE)


def of(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


PITFALLS: dict[str, tuple[bytes, int, str]] = {
    "double quotes": (of(IMAGE, 'RELEASE_VERSION="1.0.0"', REVISION), 2, "quote"),
    "single quotes": (of(IMAGE, "RELEASE_VERSION='1.0.0'", REVISION), 2, "quote"),
    "inline comment": (of(IMAGE, VERSION, REVISION + " # why"), 3, "#"),
    "inline comment without a space": (of(IMAGE, VERSION, REVISION + "#why"), 3, "#"),
    "trailing space": (of(IMAGE + " ", VERSION, REVISION), 1, "space"),
    "trailing tab": (of(IMAGE + "\t", VERSION, REVISION), 1, "tab"),
    "space before =": (of(IMAGE, "RELEASE_VERSION =1.0.0", REVISION), 2, "White space"),
    "space after =": (of(IMAGE, "RELEASE_VERSION= 1.0.0", REVISION), 2, "space"),
    "leading space": (of(" " + IMAGE, VERSION, REVISION), 1, "White space"),
    "comment after a space": (of(IMAGE, " # note", VERSION, REVISION), 2, "before the #"),
    "white space alone": (of(IMAGE, "  ", VERSION, REVISION), 2, "white space"),
    "variable": (of(IMAGE, "RELEASE_VERSION=${VERSION}", REVISION), 2, "$"),
    "dollar": (of(IMAGE, "RELEASE_VERSION=1.0.$x", REVISION), 2, "$"),
    "backslash": (of(IMAGE, "RELEASE_VERSION=1.0\\.0", REVISION), 2, "backslash"),
    "export": (of("export " + IMAGE, VERSION, REVISION), 1, "export"),
    "duplicate": (of(IMAGE, VERSION, REVISION, IMAGE), 4, "twice"),
    "carriage return": (of(IMAGE, VERSION, REVISION).replace(b"\n", b"\r\n"), 1, "carriage return"),
    "carriage return in a comment": (of("# a\rRELEASE_IMAGE=b", *LINES), 1, "carriage return"),
    "bare key": (of(IMAGE, "RELEASE_VERSION", REVISION), 2, "from the shell"),
    "empty value": (of(IMAGE, "RELEASE_VERSION=", REVISION), 2, "empty"),
    "colon for =": (of(IMAGE, "RELEASE_VERSION: 1.0.0", REVISION), 2, "no key"),
    "byte order mark": (b"\xef\xbb\xbf" + pin_text(PIN), 1, "byte order mark"),
    "zero byte": (of(IMAGE, "# \0", VERSION, REVISION), 2, "control"),
    "escape sequence": (of("# \x1b[2J", *LINES), 1, "control"),
    "line separator": (of("# a\u2028b", *LINES), 1, "control"),
    "not UTF-8": (b"# \xff\n" + pin_text(PIN), 1, "UTF-8"),
    "missing image": (of(VERSION, REVISION), 3, "RELEASE_IMAGE is missing"),
    "missing version": (of(IMAGE, REVISION), 3, "RELEASE_VERSION is missing"),
    "missing revision": (of(IMAGE, VERSION), 3, "RELEASE_REVISION is missing"),
    "empty file": (b"", 1, "RELEASE_IMAGE is missing"),
    "other key": (of(*LINES, "RELEASE_DATE=2026"), 4, "no key"),
    "lower-case key": (of("release_image" + IMAGE[13:], VERSION, REVISION), 1, "no key"),
    "tag without digest": (of("RELEASE_IMAGE=example.org/pay:1.0.0", VERSION, REVISION), 1, "digest"),
    "no tag, no digest": (of("RELEASE_IMAGE=example.org/pay", VERSION, REVISION), 1, "digest"),
    "upper-case digest": (of(f"RELEASE_IMAGE=pay@sha256:{SHA.upper()}", VERSION, REVISION), 1, "lower case"),
    "upper-case repository": (of(f"RELEASE_IMAGE=Pay@sha256:{SHA}", VERSION, REVISION), 1, "lower case"),
    "short digest": (of(f"RELEASE_IMAGE=pay@sha256:{SHA[:63]}", VERSION, REVISION), 1, "64 hex"),
    "other digest": (of(f"RELEASE_IMAGE=pay@sha512:{SHA}{SHA}", VERSION, REVISION), 1, "64 hex"),
    "two digests": (of(f"RELEASE_IMAGE=pay@sha256:{SHA}@sha256:{SHA}", VERSION, REVISION), 1, "64 hex"),
    "scheme": (of(f"RELEASE_IMAGE=https://a/pay@sha256:{SHA}", VERSION, REVISION), 1, "64 hex"),
    "port": (of(f"RELEASE_IMAGE=a:65536/pay@sha256:{SHA}", VERSION, REVISION), 1, "port"),
    "long repository": (of(f"RELEASE_IMAGE={'a' * 256}@sha256:{SHA}", VERSION, REVISION), 1, "255"),
    "an ID for a repository": (of(f"RELEASE_IMAGE={SHA}@sha256:{SHA}", VERSION, REVISION), 1, "ID"),
    "plus": (of(IMAGE, "RELEASE_VERSION=1.0.0+build", REVISION), 2, "+"),
    "leading v": (of(IMAGE, "RELEASE_VERSION=v1.0.0", REVISION), 2, "SemVer"),
    "two numbers": (of(IMAGE, "RELEASE_VERSION=1.0", REVISION), 2, "SemVer"),
    "leading zero": (of(IMAGE, "RELEASE_VERSION=1.02.0", REVISION), 2, "SemVer"),
    "other digits": (of(IMAGE, "RELEASE_VERSION=1.0.\u0661", REVISION), 2, "SemVer"),
    "leading zero in a pre-release": (of(IMAGE, "RELEASE_VERSION=1.0.0-01", REVISION), 2, "SemVer"),
    "hyphen last": (of(IMAGE, "RELEASE_VERSION=1.0.0-a-", REVISION), 2, "SemVer"),
    "no tag of Git": (of(IMAGE, "RELEASE_VERSION=1.0.0-a.lock", REVISION), 2, "SemVer"),
    "long version": (of(IMAGE, f"RELEASE_VERSION=1.0.0-{'a' * 58}", REVISION), 2, "63"),
    "upper-case revision": (of(IMAGE, VERSION, f"RELEASE_REVISION={SHA[:40].upper()}"), 3, "lower-case"),
    "short revision": (of(IMAGE, VERSION, "RELEASE_REVISION=0123abc"), 3, "40"),
    "long revision": (of(IMAGE, VERSION, f"RELEASE_REVISION={SHA}"), 3, "40"),
    "huge": (b"#" * (MAX_BYTES + 1), 1, "bytes"),
}


@pytest.mark.parametrize("name", PITFALLS)
def test_a_pitfall_is_refused_with_its_line(name: str) -> None:
    content, line, words = PITFALLS[name]
    with pytest.raises(UserError) as raised:
        parse_pin(content, FILE)
    assert raised.value.code == "release-env-invalid"
    assert raised.value.message.startswith(f"{FILE}:{line}: ")
    assert words in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    "name", sorted(PITFALLS.keys() - {"missing image", "missing version", "missing revision", "empty file"})
)
def test_a_malformed_file_is_never_written_over(name: str) -> None:
    with pytest.raises(UserError):
        pin_text(PIN, PITFALLS[name][0])


def test_keys_that_are_missing_are_added_after_a_persons_comments() -> None:
    assert pin_text(PIN, b"# ours\n" + VERSION.encode()) == of("# ours", VERSION, IMAGE, REVISION)
    assert pin_text(PIN, b"") == pin_text(PIN)


def test_the_example_of_the_page_is_a_pin() -> None:
    page = (ROOT / "docs/reference/release-env.md").read_text()
    example = re.search(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert example
    assert parse_pin(example[1].encode(), FILE).version == "1.4.0"


def test_every_fault_is_told_at_once() -> None:
    content = of(IMAGE + " ", "x", REVISION)
    assert [(fault.line, fault.reason.split()[0]) for fault in faults(content)] == [
        (1, "The"),
        (2, "'x'"),
        (4, "RELEASE_VERSION"),
    ]


@pytest.mark.parametrize(
    "longest", ["1.0.0-" + "a" * 57, "0.0.0", "1.0.0-RC1", "1.0.0-0", "1.0.0--a", "10.20.30-x.7.z-9"]
)
def test_versions_that_fit_a_label_and_a_tag_are_taken(longest: str) -> None:
    assert Pin(PIN.image, longest, PIN.revision).version == longest


@pytest.mark.parametrize("names", [("../x", "pay"), ("prod", "../../etc"), ("base", "pay"), ("prod", "")])
def test_no_path_of_a_pin_leaves_its_folder(names: tuple[str, str]) -> None:
    with pytest.raises(IdpError):
        pin_path(*names)
    assert str(pin_path("prod", "pay")) == FILE


ODD_FILES = {
    "comments that look like values": of(
        "#RELEASE_IMAGE=x", '# it\'s "quoted" $HOME ${X:-y}', *LINES, "# `'"
    ),
    "any order, empty lines, no last line end": b"\n" + "\n\n".join(reversed(LINES)).encode(),
    "other alphabets": of("# größer → 日本語 \u202eabc", *LINES),
    "a backslash at a comment's end": of("# one \\", *LINES),
    "a long comment": of("#" + "x" * 8000, *LINES),
}


@pytest.mark.needs("kubectl", "docker")
@pytest.mark.parametrize("name", ODD_FILES)
def test_kustomize_and_compose_themselves_read_what_the_grammar_reads(name: str, tmp_path: Path) -> None:
    content = ODD_FILES[name]
    pin = parse_pin(content, FILE)
    build_file_tree(
        tmp_path,
        {
            "release.env": content,
            "kustomization.yaml": "configMapGenerator: [{name: release, envs: [release.env]}]\n",
            "compose.yaml": "services: {app: {image: '${RELEASE_IMAGE}', labels: {v: '${RELEASE_VERSION}', "
            "r: '${RELEASE_REVISION}'}}}\n",
        },
    )
    rendered = run("kubectl", "kustomize", "-o", "out.yaml", ".", cwd=tmp_path)
    assert rendered.returncode == 0, rendered.stderr
    assert pin_of(yaml.safe_load((tmp_path / "out.yaml").read_text())["data"]) == pin
    config = run("docker", "compose", "--env-file", "release.env", "config", "--format", "json", cwd=tmp_path)
    assert config.returncode == 0, config.stderr
    app = json.loads(config.stdout)["services"]["app"]
    assert (app["image"], app["labels"]["v"], app["labels"]["r"]) == (pin.image, pin.version, pin.revision)
