"""Every failure a user can meet, each with a code, a message and a hint about what to do next."""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The process exit codes, a public contract (docs/reference/exit-codes.md)."""

    DONE = 0
    FAILURE = 1
    USAGE = 2
    BUG = 3
    DRIFT = 10
    GATE_BLOCKED = 11
    CONFLICT = 12
    CHECKS_FAILED = 13
    INTERRUPTED = 130


class IdpError(Exception):
    """An expected failure.

    Args:
        code: stable, machine-readable identifier such as `destination-exists`.
        message: one sentence that says what went wrong.
        hint: what the reader can do next.
    """

    exit_code = ExitCode.FAILURE

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class UserError(IdpError):
    """What was asked for cannot be done as things stand."""


class UsageError(IdpError):
    """The command line itself is wrong."""

    exit_code = ExitCode.USAGE


class GateBlocked(IdpError):
    """A gate did not let a promotion through."""

    exit_code = ExitCode.GATE_BLOCKED


class UpdateConflict(IdpError):
    """A template update and the service's own edits contradict each other."""

    exit_code = ExitCode.CONFLICT


class ChecksFailed(IdpError):
    """At least one check failed."""

    exit_code = ExitCode.CHECKS_FAILED


class AdapterError(IdpError):
    """Something outside the program (Git, Copier, an engine, a server) failed or is missing."""


@dataclass(frozen=True)
class Failure:
    """Why nothing could be done for one service; the fields of an error of the envelope."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: IdpError) -> "Failure":
        return cls(error.code, error.message, error.hint)
