"""Where code in languages other than Python reads the process environment."""

import re
from dataclasses import dataclass
from itertools import islice

from idp.standards.rules.python_environment import EnvironmentRead

# Each alternative also matches unclosed, so that every character is scanned once whatever the text is.
_SLASH_COMMENTS = r"//[^\n]*|/\*(?:[\s\S]*?\*/|[\s\S]*\Z)"
_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?"
_C_LIKE = re.compile(f"{_SLASH_COMMENTS}|{_QUOTED}")
_RUST = re.compile(_SLASH_COMMENTS)
_HASH = re.compile(rf"#[^\n]*|{_QUOTED}")
MAX_READS = 100
"""Reads reported per file."""
_KEPT_STRING = re.compile(r"[\"'][\w:]{1,12}[\"']")


@dataclass(frozen=True)
class Language:
    """How one language is scanned."""

    name: str
    suffixes: tuple[str, ...]
    blank: re.Pattern[str]
    reads: re.Pattern[str]


LANGUAGES = (
    Language(
        "Java",
        (".java", ".kt", ".kts", ".scala", ".groovy"),
        _C_LIKE,
        re.compile(r"\bSystem\s*(?:\.|::)\s*getenv\b|\bimport\s+static\s+java\.lang\.System\.(?:getenv|\*)"),
    ),
    Language(
        "JavaScript",
        (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"),
        _C_LIKE,
        re.compile(
            r"\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*(?:\?\.)?\s*\[\s*['\"]env['\"]"
            r"|\{[^{}\n]{0,200}\benv\b[^{}\n]{0,200}\}\s*(?:=\s*process\b|from\s*['\"](?:node:)?process['\"])"
            r"|\b(?:Deno|Bun)\s*\.\s*env\b"
        ),
    ),
    Language(
        "Go",
        (".go",),
        _C_LIKE,
        re.compile(
            r"\b(?:os|syscall)\s*\.\s*(?:Getenv|LookupEnv|Environ|ExpandEnv)\b|\b\w+\s*\.\s*LookupEnv\b"
            r"|(?m:^[ \t]*(?!import[ \t]+\")(?:import[ \t]+)?[\w.]+[ \t]+\"(?:os|syscall)\")"
        ),
    ),
    Language("C#", (".cs",), _C_LIKE, re.compile(r"\bEnvironment\s*\.\s*GetEnvironmentVariables?\b")),
    Language("Rust", (".rs",), _RUST, re.compile(r"\benv\s*::\s*vars?(?:_os)?\b")),
    Language("Ruby", (".rb",), _HASH, re.compile(r"\bENV\s*(?:\[|\.)")),
    Language("PHP", (".php",), _C_LIKE, re.compile(r"\bgetenv\s*\(|\$_ENV\b")),
)


def language_of(suffix: str) -> Language | None:
    return next((language for language in LANGUAGES if suffix in language.suffixes), None)


def environment_reads(language: Language, source: str) -> list[EnvironmentRead]:
    """Every access to the environment outside comments and string literals."""
    code = language.blank.sub(_blank, source)
    return [
        EnvironmentRead(code.count("\n", 0, match.start()) + 1, " ".join(match[0].split())[:60])
        for match in islice(language.reads.finditer(code), MAX_READS)
    ]


def _blank(match: re.Match[str]) -> str:
    """Spaces of the same shape; short word-like strings stay, since `process["env"]` is a read."""
    text = match[0]
    return text if _KEPT_STRING.fullmatch(text) else re.sub(r"[^\n]", " ", text)
