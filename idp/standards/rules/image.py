"""IMG: what a service's container image must be."""

import re
from collections.abc import Callable, Iterator

from idp.standards.rules.define import static_rule
from idp.standards.rules.dockerfile import Dockerfile, parse_dockerfile
from idp.standards.rules.makefile import find_makefile
from idp.standards.rules.secret_names import is_secret_name
from idp.standards.rules.snapshot import Snapshot, SourceFile
from idp.standards.scorecard import ContractPoint, Finding, Severity, Verdict, failed, judged, not_checked

REQUIRED_LABELS = tuple(f"org.opencontainers.image.{name}" for name in ("title", "version", "revision"))
_POINT = ContractPoint.PACKAGING
_REMOTE = re.compile(r"(?i)^(?:https?|ftp|git|ssh)://|^git@")
_ROOT = re.compile(r"(?i)^(?:root|0+)(?::.*)?$")


def _dockerfile(snapshot: Snapshot) -> SourceFile | None:
    return snapshot.get("Dockerfile", "Containerfile")


_Judge = Callable[[SourceFile, Dockerfile], Verdict]


def _on_dockerfile(judge: _Judge) -> Callable[[Snapshot], Verdict]:
    def of_snapshot(snapshot: Snapshot) -> Verdict:
        file = _dockerfile(snapshot)
        if file is None:
            return not_checked("There is no Dockerfile (IMG-DOCKERFILE).")
        parsed = parse_dockerfile(file.text)
        if not parsed.stages:
            return not_checked("The Dockerfile has no FROM (IMG-DOCKERFILE).")
        return judge(file, parsed)

    return of_snapshot


@static_rule(
    "IMG-DOCKERFILE",
    "The service has a Dockerfile",
    point=_POINT,
    reason="The image is the artifact that is promoted from one environment to the next.",
    fix="Add a multi-stage Dockerfile; the platform's templates have one to start from.",
)
def has_dockerfile(snapshot: Snapshot) -> Verdict:
    file = _dockerfile(snapshot)
    if file is None:
        return failed("There is no Dockerfile.", "Dockerfile")
    return judged([] if parse_dockerfile(file.text).stages else [Finding("It has no FROM.", file.path, 1)])


@static_rule(
    "IMG-NON-ROOT",
    "The image runs as a user other than root",
    point=_POINT,
    reason="A break-out from a process that is root in the container is far more likely to be root outside.",
    fix="End the final stage with `USER 10001:10001` (a number, so that Kubernetes can verify it).",
)
@_on_dockerfile
def runs_as_non_root(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    user = dockerfile.effective("USER")
    if user is None:
        return failed("The final stage sets no USER.", file.path, dockerfile.stages[-1].start.line)
    name = _stage_variables(dockerfile).expand(user.value.strip())
    return judged(
        [Finding(f"The final USER is `{name}`.", file.path, user.line)] if _ROOT.match(name) else []
    )


def _stage_variables(dockerfile: Dockerfile) -> Dockerfile:
    known = dict(dockerfile.arguments)
    for stage in reversed(dockerfile.ancestry()):
        for instruction in stage.instructions:
            if instruction.keyword in {"ARG", "ENV"}:
                known.update({name: value for name, value in instruction.pairs.items() if value})
    return Dockerfile(known, dockerfile.stages)


@static_rule(
    "IMG-BASE-PINNED",
    "Base images are given by an argument, a digest or a tag other than latest",
    point=_POINT,
    reason="`latest` is another image tomorrow: a rebuild of one revision gives another artifact.",
    fix="Write `ARG BASE_IMAGE=python:3.13-slim` and `FROM ${BASE_IMAGE}`, or a digest.",
)
@_on_dockerfile
def base_is_pinned(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    return judged(_unpinned(file, dockerfile))


def _unpinned(file: SourceFile, dockerfile: Dockerfile) -> Iterator[Finding]:
    names: set[str] = set()
    for stage in dockerfile.stages:
        base = dockerfile.expand(stage.base)
        if base.lower() not in names | {"scratch"} and "$" not in base and "@sha256:" not in base:
            tag = base.rpartition("/")[2].partition(":")[2]
            if tag in {"", "latest"}:
                yield Finding(f"The base image `{base}` has no fixed tag.", file.path, stage.start.line)
        names.add(stage.name)


@static_rule(
    "IMG-MULTI-STAGE",
    "The image is built in more than one stage",
    point=_POINT,
    severity=Severity.WARNING,
    reason="Compilers and package managers in the final image make it large and give an intruder tools.",
    fix="Install and build in a first stage; copy only the result into the final one.",
)
@_on_dockerfile
def is_multi_stage(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    few = not dockerfile.stages[1:]
    return judged(
        [Finding("There is only one stage.", file.path, dockerfile.stages[0].start.line)] if few else []
    )


@static_rule(
    "IMG-HEALTHCHECK",
    "The image has a health check",
    point=_POINT,
    reason="Compose and Docker learn only from it whether the service lives.",
    fix="Add a HEALTHCHECK in exec form that asks /health/live.",
)
@_on_dockerfile
def has_health_check(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    check = dockerfile.effective("HEALTHCHECK")
    if check is None:
        return failed("The final stage has no HEALTHCHECK.", file.path, dockerfile.stages[-1].start.line)
    off = check.words[:1] == ["NONE"]
    return judged([Finding("HEALTHCHECK NONE turns the check off.", file.path, check.line)] if off else [])


@static_rule(
    "IMG-EXEC-FORM",
    "CMD and ENTRYPOINT are in exec form",
    point=_POINT,
    reason="In shell form the shell is process 1 and swallows SIGTERM: the service is killed, not drained.",
    fix='Write a JSON array: `CMD ["python", "-m", "app"]`.',
)
@_on_dockerfile
def starts_without_shell(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    found = [one for keyword in ("ENTRYPOINT", "CMD") if (one := dockerfile.effective(keyword))]
    if not found:
        return failed("There is neither CMD nor ENTRYPOINT.", file.path, dockerfile.stages[-1].start.line)
    return judged(
        Finding(f"{one.keyword} is in shell form.", file.path, one.line)
        for one in found
        if not one.is_exec_form
    )


@static_rule(
    "IMG-LABELS",
    "The image carries the OCI labels title, version and revision",
    point=_POINT,
    reason="Whoever finds the image running must be able to tell what it is and from which commit.",
    fix="Add `LABEL org.opencontainers.image.…`, with version and revision from build arguments.",
)
def has_labels(snapshot: Snapshot) -> Verdict:
    def judge(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
        labels = {
            name
            for stage in dockerfile.ancestry()
            for one in stage.instructions
            if one.keyword == "LABEL"
            for name in one.pairs
        }
        makefile = find_makefile(snapshot)
        given = makefile.text if makefile else ""
        return judged(
            Finding(f"The label `{label}` is missing.", file.path, dockerfile.stages[-1].start.line)
            for label in REQUIRED_LABELS
            if label not in labels and f"--label {label}=" not in given
        )

    return _on_dockerfile(judge)(snapshot)


@static_rule(
    "IMG-NO-REMOTE-ADD",
    "Nothing is added to the image from an address",
    point=_POINT,
    reason="What an address serves can change between two builds, and nothing verifies it.",
    fix="Install it as a locked, hashed dependency, or use `ADD --checksum=sha256:…`.",
)
@_on_dockerfile
def adds_nothing_remote(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    return judged(
        Finding(f"ADD of {word}.", file.path, one.line)
        for stage in dockerfile.stages
        for one in stage.instructions
        if one.keyword == "ADD" and "--checksum=" not in one.value
        for word in one.words[:-1]
        if _REMOTE.match(word)
    )


@static_rule(
    "IMG-NO-SECRETS",
    "No secret is a build argument or an image variable",
    point=_POINT,
    reason="ARG and ENV values stay in the image's history, readable by everyone who can pull it.",
    fix="Use `RUN --mount=type=secret` while building, and the ConfigProvider while running.",
)
@_on_dockerfile
def holds_no_secret(file: SourceFile, dockerfile: Dockerfile) -> Verdict:
    found = [
        Finding(f"{one.keyword} `{name}` looks like a secret.", file.path, one.line)
        for stage in dockerfile.stages
        for one in stage.instructions
        if one.keyword in {"ARG", "ENV"}
        for name in one.pairs
        if is_secret_name(name)
    ]
    found += [
        Finding(f"ARG `{name}` looks like a secret.", file.path)
        for name in dockerfile.arguments
        if is_secret_name(name)
    ]
    return judged(found)


@static_rule(
    "IMG-DOCKERIGNORE",
    "The build context leaves out .git and .env",
    point=_POINT,
    severity=Severity.WARNING,
    reason="A `COPY . .` would otherwise put local secrets and the whole history into the image.",
    fix="Add a .dockerignore with `.git` and `.env`, or one that excludes all but what is needed.",
)
def ignores_private_files(snapshot: Snapshot) -> Verdict:
    if _dockerfile(snapshot) is None:
        return not_checked("There is no Dockerfile (IMG-DOCKERFILE).")
    file = snapshot.get(".dockerignore", "Dockerfile.dockerignore")
    if file is None:
        return failed("There is no .dockerignore.", ".dockerignore")
    patterns = {line.strip().strip("/").removeprefix("**/") for _, line in file.lines}
    if patterns & {"*", "**"}:
        return judged([])
    wanted = {".git": {".git", ".git*", ".*"}, ".env": {".env", ".env*", ".env.*", ".*", "*.env"}}
    return judged(
        Finding(f"`{name}` is not left out.", file.path)
        for name, ways in wanted.items()
        if not patterns & ways
    )


STANDARDS = (
    has_dockerfile,
    runs_as_non_root,
    base_is_pinned,
    is_multi_stage,
    has_health_check,
    starts_without_shell,
    has_labels,
    adds_nothing_remote,
    holds_no_secret,
    ignores_private_files,
)
