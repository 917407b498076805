"""Reads of the environment are found under whatever name, and nothing else is taken for one."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.standards.rules.python_environment import python_environment_reads
from idp.standards.rules.source_environment import LANGUAGES, Language, environment_reads

PYTHON_READS = [
    "import os\nos.environ['X']",
    "import os\nos.getenv('X')",
    "import os as o\no.environ.get('X')",
    "import os.path\nos.environ",
    "from os import environ",
    "from os import environ as e",
    "from os import getenv",
    "from os import putenv",
    "from os import *",
    "import os\ngetattr(os, 'environ')",
    "import os\ngetattr(os, 'env' + 'iron')",
    "import os\nvars(os)['environ']",
    "import os\nos.__dict__['environ']",
    "import os\nx = os\ny = x\ny.getenv('X')",
    "__import__('os').environ",
    "import importlib\nimportlib.import_module('os').environ",
    "import importlib\no = importlib.import_module('os')\no.getenv('A')",
    "import sys\nsys.modules['os'].environ",
    "import os\nos.putenv('A', 'b')",
    "import os\nos.environb",
    "import posix\nposix.environ",
    "import os\ndef f():\n    return [os.environ[k] for k in 'ab']",
    "if True:\n    import os as hidden\n    lambda: hidden.getenv('X')",
]
PYTHON_OTHERS = [
    "import os\nos.path.join('a')",
    "import os\ngetattr(os, 'cpu_count')()",
    "environ = {}\nenviron['X']",
    "from wsgi import environ",
    "from .os import environ",
    "class A:\n    environ = 1\nA().environ",
    "x = 'os.environ'",
    "# os.environ",
    "settings.getenv('x')",
    "import os.path as p\np.environ",
]


@pytest.mark.parametrize("source", PYTHON_READS)
def test_a_python_read_is_found(source: str) -> None:
    assert python_environment_reads(source)


@pytest.mark.parametrize("source", PYTHON_OTHERS)
def test_other_python_code_is_left_alone(source: str) -> None:
    assert python_environment_reads(source) == []


def test_the_line_of_a_read_is_given() -> None:
    assert [read.line for read in python_environment_reads("import os\n\nos.environ\nos.getenv('x')")] == [
        3,
        4,
    ]


@pytest.mark.parametrize("source", ["(" * 5000, "x = \0", "def", "-" * 100_000 + "1", "f(" * 300 + ")" * 300])
def test_what_is_no_python_is_one_kind_of_error(source: str) -> None:
    with pytest.raises(SyntaxError):
        python_environment_reads(source)


@pytest.fixture
def _switching_threads() -> Iterator[None]:
    """Threads switch even within the parser: garbage is collected often, and a callback lets others run."""

    def switch(_phase: str, _info: object) -> None:
        sum(range(50))

    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    gc.callbacks.append(switch)
    yield
    gc.callbacks.remove(switch)
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_switching_threads")
def test_several_threads_can_parse_at_once() -> None:
    deep = "import os\nos.environ\nx = " + "(" * 60 + "1" + ",)" * 60
    sources = [PYTHON_READS[0], deep, "import os\n" + "y = [a.b(c) for c in d]\n" * 200 + "os.environ"]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(python_environment_reads, sources * 100))
    assert all(len(reads) == 1 for reads in found)


def language(name: str) -> Language:
    return next(one for one in LANGUAGES if one.name == name)


READS = [
    ("Java", 'String x = System.getenv("X");'),
    ("Java", "map.computeIfAbsent(k, System::getenv);"),
    ("Java", "import static java.lang.System.getenv;"),
    ("Java", "System\n    .getenv()"),
    ("JavaScript", "const x = process.env.X"),
    ("JavaScript", "process['env'].X"),
    ("JavaScript", "process?.env?.X"),
    ("JavaScript", "const { env } = process"),
    ("JavaScript", 'import { env } from "node:process"'),
    ("JavaScript", "`${process.env.X}`"),
    ("Go", 'os.Getenv("X")'),
    ("Go", 'v, ok := os.LookupEnv("X")'),
    ("Go", 'import o "os"'),
    ("Go", 'import (\n\to "os"\n)'),
    ("C#", 'Environment.GetEnvironmentVariable("X")'),
    ("Rust", 'std::env::var("X")'),
    ("Ruby", "ENV['X']"),
    ("PHP", "getenv('X')"),
]
OTHERS = [
    ("Java", '// System.getenv("X")'),
    ("Java", "/* System.getenv */ int x;"),
    ("Java", 'String s = "call System.getenv there";'),
    ("Java", 'System.getProperty("X")'),
    ("JavaScript", "// process.env.X"),
    ("JavaScript", "'process.env is banned'"),
    ("JavaScript", "subprocess.environment"),
    ("Go", 'import "os"'),
    ("Go", 'import (\n\t"os"\n)'),
    ("Go", "os.Exit(1)"),
]


@pytest.mark.parametrize(("name", "source"), READS)
def test_a_read_in_another_language_is_found(name: str, source: str) -> None:
    assert environment_reads(language(name), source)


@pytest.mark.parametrize(("name", "source"), OTHERS)
def test_comments_and_strings_are_no_reads(name: str, source: str) -> None:
    assert environment_reads(language(name), source) == []


@given(st.sampled_from(LANGUAGES), st.text())
def test_any_text_can_be_scanned(one: Language, source: str) -> None:
    for read in environment_reads(one, source):
        assert 1 <= read.line <= source.count("\n") + 1


@given(st.text(alphabet="\"'\\/*\n#`{}ab"))
def test_scanning_takes_time_in_proportion_to_the_text(source: str) -> None:
    for one in LANGUAGES:
        environment_reads(one, source * 200)
