"""An error that is part of a result: one service's, where others went on."""

from dataclasses import dataclass

from idp.core.errors import IdpError


@dataclass(frozen=True)
class Failure:
    """Why nothing could be done for one service; the fields of an error of the envelope."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: IdpError) -> "Failure":
        return cls(error.code, error.message, error.hint)
