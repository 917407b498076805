"""Runs workflows with `act` on this machine: own actions from this work tree, foreign ones by stand-ins.

A folder is the little GitHub of a test: `git/<owner>/<name>` holds its repositories, found by Git at their
github.com addresses, and the stand-ins keep there what GitHub would (artifacts, statements, tokens handed out).
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import ROOT, git, run

STAND_INS = Path(__file__).parent / "stand_ins"
PLATFORM = "example-org/idp-lite"
GITHUB = "https://github.com"
_FOREIGN = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([0-9a-f]{40})\b")


@dataclass(frozen=True)
class Step:
    """One step that ended.

    Attributes:
        name: the job's own step; an action's steps bear the name of the step that uses it.
        path: IDs, or numbers where there are none, from the job's own step to this one of the actions that it uses.
    """

    job: str
    name: str
    result: str
    seconds: float
    path: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a run did: its exit code, what its jobs came to, and every line that they printed."""

    exit_code: int
    jobs: Mapping[str, str]
    steps: tuple[Step, ...]
    lines: tuple[str, ...]

    @property
    def log(self) -> str:
        """What to read of a run that went wrong: the ends of its failed jobs, or of everything."""
        failed = [name for name, result in self.jobs.items() if result == "failure"]
        told = [line for line in self.lines if "LocalRepositoryCache" not in line]
        ends = [[line for line in told if line.startswith(f"[{name}]")][-80:] for name in failed]
        return "\n".join(line[:300] for end in ends or [told[-80:]] for line in end)


@dataclass(frozen=True)
class Hub:
    """Repositories and whatever else a run leaves behind."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "cache").mkdir(parents=True)
        (self.folder / "advisories").touch()
        config = os.environ.get("GIT_CONFIG_GLOBAL", os.devnull)
        (self.folder / "gitconfig").write_text(
            f'[include]\n\tpath = {config}\n[url "file://{self.folder}/git/"]\n\tinsteadOf = {GITHUB}/\n'
        )

    def bare(self, name: str) -> Path:
        return self.folder / "git" / name

    def publish(self, repository: Path, name: str) -> Path:
        """Put a copy of a repository at its address."""
        git("clone", "--quiet", "--bare", repository, self.bare(name), cwd=self.folder)
        self.bare(f"{name}.git").symlink_to(self.bare(name))  # GitHub knows it by both names
        return self.bare(name)

    def clone(self, name: str, folder: Path) -> Path:
        """A work tree of a repository, with its github.com address as origin."""
        git("clone", "--quiet", self.bare(name), folder, cwd=self.folder)
        git("remote", "set-url", "origin", f"{GITHUB}/{name}", cwd=folder)
        return folder

    def kept(self, name: str) -> list[str]:
        """The lines of a file that the stand-ins keep."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


def own_actions(folder: Path) -> Path:
    """A copy of the workflows and actions whose `idp` is this test run's, since to install it takes seconds each time.

    What installs it is run together with service-ci.yml.
    """
    for name in (".github/workflows", "workflows"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    script = folder / "workflows" / "actions" / "setup-idp" / "install-idp.sh"
    script.write_text(f'#!/usr/bin/env bash\nset -euo pipefail\nln -sfn "{sys.prefix}" "$RUNNER_TEMP/idp"\n')
    return folder


def foreign_actions() -> dict[str, str]:
    """Every foreign action that a workflow or an action of the platform uses: name → commit."""
    files = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("workflows/actions/*/action.yml")]
    return dict(match for path in files for match in _FOREIGN.findall(path.read_text()))


def stand_in(action: str) -> Path:
    return STAND_INS / action.replace("/", "-")


def run_workflow(
    hub: Hub,
    checkout: Path,
    event: str,
    payload: Mapping[str, Any],
    *,
    platform: Path,
    own: tuple[str, ...] = (PLATFORM,),
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
) -> Outcome:
    """Run the workflows of a checkout that answer to an event.

    Args:
        hub: where the repositories are.
        checkout: a clone of the event's repository, at the event's commit.
        event: `push`, `pull_request`, `workflow_dispatch`, …
        payload: the event as GitHub would send it.
        platform: what `<own>@v1` stands for.
        own: names under which the platform is called.
        secrets: of the repository.
        variables: of the repository.
        arguments: more for act, such as `-W` and one workflow.
    """
    act = shutil.which("act")
    assert act
    event_file = hub.folder / "event.json"
    event_file.write_text(json.dumps(payload))
    foreign = [
        f"--local-repository={name}@{commit}={stand_in(name)}" for name, commit in foreign_actions().items()
    ]
    argv: list[str | Path] = [
        act, event, "--json", "-P", "ubuntu-24.04=-self-hosted", "--no-skip-checkout", "--no-cache-server",
        "--eventpath", event_file, "--action-cache-path", hub.folder / "act", *foreign,
        *(f"--local-repository={name}@v1={platform}" for name in own),
        *(f"--secret={name}" for name in secrets or {}),
        *(f"--var={name}={value}" for name, value in (variables or {}).items()),
        *arguments,
    ]  # fmt: skip
    env = {
        "STAND_INS": str(hub.folder),
        "GIT_CONFIG_GLOBAL": str(hub.folder / "gitconfig"),
        "PATH": f"{STAND_INS / 'bin'}{os.pathsep}{_without_this_python(os.environ['PATH'])}",
        **hub.env,
        **(secrets or {}),
    }
    shutil.rmtree(hub.folder / "artifacts", ignore_errors=True)  # one run's are not the next one's
    done = run(*argv, cwd=checkout, env=env, timeout=900)
    return _outcome(done.returncode, done.stdout + done.stderr)


def _without_this_python(path: str) -> str:
    """A service's `make` has to find the machine's Python, not the one that runs the tests."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join(part for part in path.split(os.pathsep) if part != own)


def _outcome(exit_code: int, output: str) -> Outcome:
    jobs: dict[str, str] = {}
    steps: list[Step] = []
    lines: list[str] = []
    for entry in _entries(output):
        name = _job_name(entry)
        if "jobResult" in entry:
            jobs[name] = entry["jobResult"]
        elif "stepResult" in entry:
            seconds = entry.get("executionTime", 0) / 1e9
            path = tuple(entry.get("stepID", []))
            if entry.get("stage") == "Main":
                steps.append(Step(name, entry["step"], entry["stepResult"], seconds, path))
        lines.append(f"[{name}] {entry.get('msg', '').rstrip()}")
    return Outcome(exit_code, jobs, tuple(steps), tuple(lines))


def _job_name(entry: Mapping[str, Any]) -> str:
    """The job's own name; act writes a number after those of a matrix."""
    name = str(entry.get("job", "")).rpartition("/")[2].strip()
    bare = re.sub(r"-\d+$", "", name)
    values = [str(value) for value in (entry.get("matrix") or {}).values()]
    return bare if any(bare.endswith(value) for value in values if value) else name


def _entries(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"msg": line}
        yield entry if isinstance(entry, dict) else {"msg": line}
