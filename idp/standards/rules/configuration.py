"""CONF: configuration through the ConfigProvider alone."""

import re
from collections.abc import Iterator

from idp.standards.rules.define import static_rule
from idp.standards.rules.dotenv import parse_dotenv
from idp.standards.rules.python_environment import EnvironmentRead, python_environment_reads
from idp.standards.rules.snapshot import Snapshot, SourceFile, application_code, as_list, as_mapping
from idp.standards.rules.source_environment import LANGUAGES, environment_reads, language_of
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged, not_applicable

_POINT = ContractPoint.CONFIGURATION
_SUFFIXES = (".py", *(suffix for language in LANGUAGES for suffix in language.suffixes))
_PROVIDER = re.compile(r".*configprovider")
_EXAMPLES = frozenset({".env.example", ".env.sample", ".env.template", ".env.dist"})


def _reads(file: SourceFile) -> list[EnvironmentRead]:
    if file.suffix == ".py":
        try:
            return python_environment_reads(file.text)
        except SyntaxError:
            return []  # FILE-PARSES reports it
    language = language_of(file.suffix)
    return environment_reads(language, file.text) if language else []


def is_provider(file: SourceFile) -> bool:
    """Whether a file is by its name the one that may read the environment."""
    return _PROVIDER.fullmatch(re.sub(r"[-_.]", "", file.stem.lower())) is not None


@static_rule(
    "CONF-ENV-READS",
    "Only the ConfigProvider reads the environment",
    point=_POINT,
    reason="A key read elsewhere escapes validation and documentation, and cannot come from Vault.",
    fix="Declare the key in the settings; read the environment in one file, named config_provider.",
    applies_to="Python, Java, Kotlin, JavaScript, TypeScript, Go, C#, Rust, Ruby and PHP code outside tests",
)
def reads_no_environment(snapshot: Snapshot) -> Verdict:
    code = list(application_code(snapshot, _SUFFIXES))
    if not code:
        return not_applicable("There is no source code in a language that the rule knows.")
    return judged(_stray_reads(code))


def _stray_reads(code: list[SourceFile]) -> Iterator[Finding]:
    provider: SourceFile | None = None
    for file in code:
        reads = _reads(file)
        if reads and provider is None and is_provider(file):
            provider = file
            continue
        elsewhere = f", although {provider.path} is the provider" if provider and is_provider(file) else ""
        for read in reads:
            yield Finding(f"`{read.what}` outside the ConfigProvider{elsewhere}.", file.path, read.line)


@static_rule(
    "CONF-EXAMPLE",
    "The keys that the service reads are listed in .env.example",
    point=_POINT,
    reason="A newcomer, an operator and `idp check --live` learn the keys from it.",
    fix="Add a .env.example with every key, a comment and a harmless value.",
)
def has_example(snapshot: Snapshot) -> Verdict:
    file = snapshot.get(".env.example")
    if file is None:
        return failed("There is no .env.example.", ".env.example")
    parsed = parse_dotenv(file.text)
    if not parsed.entries:
        return failed("It declares no key.", file.path)
    return judged(
        Finding("This line is neither KEY=value nor a comment.", file.path, line) for line in parsed.bad_lines
    )


@static_rule(
    "CONF-NO-ENV-FILE",
    "No .env file is tracked by Git, and Git ignores it",
    point=_POINT,
    reason="A .env file holds one person's secrets; once pushed, they must all be replaced.",
    fix="Run `git rm --cached .env` and add `.env` to .gitignore; replace any secret that it held.",
)
def tracks_no_env_file(snapshot: Snapshot) -> Verdict:
    tracked = snapshot.tracked or frozenset()
    found = [
        Finding("It is tracked by Git.", path)
        for path in sorted(tracked)
        if re.fullmatch(r"\.env(?:\..+)?", name := path.rpartition("/")[2]) and name not in _EXAMPLES
    ]
    ignore = snapshot.get(".gitignore")
    patterns = {line.strip().strip("/") for _, line in ignore.lines} if ignore else set()
    if not patterns & {".env", ".env*", ".env.*", "*.env", "**/.env", ".*"}:
        found.append(Finding("`.env` is not ignored.", ".gitignore"))
    return judged(found)


@static_rule(
    "CONF-LINT-BAN",
    "The service's own lint forbids reading the environment",
    point=_POINT,
    reason="The author learns of it while typing, not from the platform a day later.",
    fix="Python: ruff TID251 with `os.environ` and `os.getenv` banned. JavaScript: ESLint n/no-process-env. "
    "Java: an ArchUnit rule on System.getenv. Go: forbidigo on os.Getenv.",
    applies_to="Python, Java, JavaScript and Go services",
)
def lint_bans_reads(snapshot: Snapshot) -> Verdict:
    bans = {
        ".py": _ruff_bans,
        ".java": _archunit_bans,
        ".js": _eslint_bans,
        ".ts": _eslint_bans,
        ".mjs": _eslint_bans,
        ".go": _forbidigo_bans,
    }
    missing = {
        finding
        for suffix in {file.suffix for file in application_code(snapshot, bans)}
        if (finding := bans[suffix](snapshot))
    }
    if not any(True for _ in application_code(snapshot, bans)):
        return not_applicable("There is no source code in a language that the rule knows.")
    return judged(sorted(missing, key=lambda finding: finding.path))


def _ruff_bans(snapshot: Snapshot) -> Finding | None:
    pyproject = snapshot.get("pyproject.toml")
    tool = as_mapping(snapshot.parsed(pyproject).mapping.get("tool")) if pyproject else {}
    own = snapshot.get("ruff.toml", ".ruff.toml")
    config = snapshot.parsed(own).mapping if own else as_mapping(tool.get("ruff"))
    path = own.path if own else "pyproject.toml"
    lint = {**config, **as_mapping(config.get("lint"))}
    banned = as_mapping(as_mapping(lint.get("flake8-tidy-imports")).get("banned-api"))
    missing = {"os.environ", "os.getenv"} - banned.keys()
    if missing:
        return Finding(f"ruff does not ban {', '.join(sorted(missing))}.", path)
    selected = {str(code) for key in ("select", "extend-select") for code in as_list(lint.get(key))}
    ignored = {str(code) for key in ("ignore", "extend-ignore") for code in as_list(lint.get(key))}
    prefixes = {"TID251"[:length] for length in range(3, 7)}
    if not selected & (prefixes | {"ALL"}):
        return Finding("ruff does not select TID251 (banned-api).", path)
    return Finding("ruff ignores TID251 (banned-api).", path) if ignored & prefixes else None


def _mentions(snapshot: Snapshot, paths: str, words: str) -> bool:
    wanted = re.compile(words)
    return any(wanted.search(file.text) for file in snapshot.matching(paths))


def _archunit_bans(snapshot: Snapshot) -> Finding | None:
    if _mentions(snapshot, r"(?:.*/)?(?:test/.*\.java|checkstyle[^/]*\.xml|pmd[^/]*\.xml)", r"getenv"):
        return None
    return Finding("No ArchUnit, Checkstyle or PMD rule mentions getenv.")


def _eslint_bans(snapshot: Snapshot) -> Finding | None:
    files = (
        r"(?:\.eslintrc[^/]*|eslint\.config\.[cm]?[jt]s|biome\.jsonc?|package\.json|scripts/[^/]*lint[^/]*)"
    )
    if _mentions(snapshot, files, r"no-process-env|noProcessEnv|process\.env|['\"]process['\"]"):
        return None
    return Finding("The lint configuration does not forbid process.env.")


def _forbidigo_bans(snapshot: Snapshot) -> Finding | None:
    if _mentions(snapshot, r"\.golangci\.(?:ya?ml|toml|json)", r"os\\*\.\(?(?:Getenv|LookupEnv|\()"):
        return None
    return Finding("golangci-lint does not forbid os.Getenv.")


STANDARDS = (reads_no_environment, has_example, tracks_no_env_file, lint_bans_reads)
