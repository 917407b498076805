"""A Dockerfile as a list of instructions in stages."""

import json
import re
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"^#\s*escape\s*=\s*([\\`])\s*$", re.IGNORECASE)
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)(?:\s+(.*))?$", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?[-+]([^}]*))?\}|([A-Za-z_]\w*))")
_NAME_VALUE = re.compile(r"([\w.\-]+)=(\"(?:\\.|[^\"\\])*\"?|'[^']*'?|\S*)")
_FLAG = re.compile(r"^\s*--[\w-]+(?:=\S*)?\s+")


@dataclass(frozen=True)
class Instruction:
    """One instruction: upper-case keyword, its text with continuations joined, the line it starts on."""

    keyword: str
    value: str
    line: int

    @property
    def words(self) -> list[str]:
        """The arguments without flags such as `--chown=…`."""
        value = self.value
        while match := _FLAG.match(value):
            value = value[match.end() :]
        return value.split()

    @property
    def pairs(self) -> dict[str, str]:
        """`ENV`, `ARG` and `LABEL` arguments, unquoted; the old `ENV NAME value` form too."""
        if self.keyword == "ARG":
            return {name: _unquote(value) for name, _, value in (w.partition("=") for w in self.words)}
        if "=" not in self.value.split(" ", 1)[0]:
            name, _, value = self.value.strip().partition(" ")
            return {name: value.strip()} if name else {}
        return {name: _unquote(value) for name, value in _NAME_VALUE.findall(self.value)}

    @property
    def is_exec_form(self) -> bool:
        """Whether the arguments are a JSON array of strings, run without a shell."""
        try:
            value = json.loads(self.value.strip())
        except (ValueError, RecursionError):
            return False
        return isinstance(value, list) and all(isinstance(part, str) for part in value)


@dataclass(frozen=True)
class Stage:
    """One build stage: its `FROM` and what follows it."""

    start: Instruction
    instructions: tuple[Instruction, ...]

    @property
    def base(self) -> str:
        words = self.start.words
        return words[0] if words else ""

    @property
    def name(self) -> str:
        words = self.start.words
        return words[2].lower() if words[2:] and words[1].lower() == "as" else ""

    def last(self, keyword: str) -> Instruction | None:
        return next((one for one in reversed(self.instructions) if one.keyword == keyword), None)


@dataclass(frozen=True)
class Dockerfile:
    """The whole file: arguments before the first `FROM`, then the stages."""

    arguments: dict[str, str] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    def expand(self, text: str) -> str:
        """Replace variables by the defaults of the global arguments; unknown ones stay as they are."""

        def value(match: re.Match[str]) -> str:
            known = self.arguments.get(match[1] or match[3], "")
            return known or match[2] or match[0]

        return _VARIABLE.sub(value, text)

    def ancestry(self) -> tuple[Stage, ...]:
        """The final stage, then the stage it is built from, and so on."""
        named = {stage.name: index for index, stage in enumerate(self.stages) if stage.name}
        chain: list[Stage] = []
        index: int | None = len(self.stages) - 1 if self.stages else None
        while index is not None:
            chain.append(self.stages[index])
            parent = named.get(self.stages[index].base.lower())
            index = parent if parent is not None and parent < index else None
        return tuple(chain)

    def effective(self, keyword: str) -> Instruction | None:
        """The last such instruction that the final image has, inherited from earlier stages too."""
        return next((found for stage in self.ancestry() if (found := stage.last(keyword))), None)


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile; anything that is no instruction is passed over. Never raises."""
    instructions = _instructions(text)
    arguments: dict[str, str] = {}
    stages: list[tuple[Instruction, list[Instruction]]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif instruction.keyword == "ARG":
            arguments.update(instruction.pairs)
    return Dockerfile(arguments, tuple(Stage(start, tuple(body)) for start, body in stages))


def _instructions(text: str) -> list[Instruction]:
    lines = text.split("\n")
    directive = _DIRECTIVE.match(lines[0]) if lines else None
    escape = directive[1] if directive else "\\"
    found: list[Instruction] = []
    index = 0
    while index < len(lines):
        start = index
        logical, index = _logical_line(lines, index, escape)
        match = _INSTRUCTION.match(logical)
        if match is None:
            continue
        found.append(Instruction(match[1].upper(), (match[2] or "").strip(), start + 1))
        if match[1].upper() in {"RUN", "COPY", "ADD"}:
            for end in _HEREDOC.findall(logical):
                index = _after_heredoc(lines, index, end)
    return found


def _logical_line(lines: list[str], index: int, escape: str) -> tuple[str, int]:
    """The line from `index` on with its continuations, comments within left out, and the next index."""
    parts: list[str] = []
    while index < len(lines):
        line = lines[index]
        index += 1
        stripped = line.strip()
        if stripped.startswith("#") or (parts and not stripped):
            if not parts:
                return "", index
            continue
        if not line.rstrip().endswith(escape):
            parts.append(line)
            break
        parts.append(line.rstrip()[:-1])
    return " ".join(parts), index


def _after_heredoc(lines: list[str], index: int, end: str) -> int:
    while index < len(lines) and lines[index].strip() != end:
        index += 1
    return index + 1


def _unquote(value: str) -> str:
    is_quoted = bool(value[1:]) and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value
