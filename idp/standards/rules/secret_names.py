"""Which configuration keys and values look like secrets."""

import math
import re
from collections import Counter

_SECRET_WORDS = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASS|SECRET|SECRETS|TOKEN|CREDENTIAL|CREDENTIALS|APIKEY|API_KEY|PRIVATE_KEY|"
    r"ACCESS_KEY|SIGNING_KEY|ENCRYPTION_KEY)(?:_|$)"
)
_NOT_THE_SECRET = re.compile(
    r"_(?:FILE|PATH|URL|URI|NAME|TTL|TIMEOUT|SECONDS|LENGTH|HEADER|ISSUER|ENABLED|MOUNT|PROVIDER|ID)$"
)
_PLACEHOLDER = re.compile(
    r"(?i)(?:change|replace|example|placeholder|dummy|todo|your|insert|none|null|test|local|xxx|<|\$\{|\$\(|\{\{)"
)


def is_secret_name(name: str) -> bool:
    """Whether a key such as `DB_PASSWORD` or `api-key` names a secret itself, not a path or a limit."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper().replace("-", "_").replace(".", "_")
    return _SECRET_WORDS.search(words) is not None and _NOT_THE_SECRET.search(words) is None


def entropy(text: str) -> float:
    """Shannon entropy in bits per character; 0.0 for an empty text."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def is_placeholder(value: str) -> bool:
    """Whether a value stands for one to be filled in, or refers to one kept elsewhere."""
    return not value or _PLACEHOLDER.search(value) is not None
