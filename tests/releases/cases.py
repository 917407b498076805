"""Platforms with environments, small enough to make one for every test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.environments import repository
from idp.environments.pin import Pin, parse_pin, pin_path
from idp.platform.model import Platform
from idp.releases.good_mark import good_message, good_tag
from tests.command_line import Ran, idp
from tests.support import build_file_tree, git, save

CHAIN = """\
environments:
  - name: dev
  - name: staging
    gates: {checks: all, verified_in: dev}
  - name: prod
    gates: {checks: all, verified_in: staging}
"""
OPEN_CHAIN = "environments: [{name: dev}, {name: staging}, {name: prod}]\n"
REVISION = "1" * 40


@dataclass(frozen=True)
class World:
    """A platform: what commands are given, and the repository that is the truth."""

    platform: Path
    truth: Path

    def idp(self, *argv: str | Path) -> Ran:
        return idp(*argv, "--platform", self.platform)

    def released(self, service: str, version: str, *, checks: Sequence[str] = ("unit=passed",)) -> None:
        given = [word for check in checks for word in ("--check", check)]
        where = ("--version", version, "--image", image(service, version), "--revision", REVISION)
        done = self.idp("release", service, *where, *given)
        assert done.exit_code == 0, done.stderr

    def good(self, environment: str, service: str) -> str:
        """Mark what an environment is pinned to as deployed and verified; the commit."""
        environments = repository.own(self.truth)
        commit = repository.tip(environments)
        found = self.pin(environment, service)
        assert found is not None
        name, message = (
            good_tag(environment, service, found.version),
            good_message(environment, service, found),
        )
        repository.add_tag(environments, name, commit, message)
        return commit

    def promoted(self, service: str, version: str, *environments: str) -> None:
        """Release a version, and promote it up to the last of some environments, good in each."""
        self.released(service, version)
        self.good("dev", service)
        for environment in environments:
            done = self.idp("promote", service, "--to", environment)
            assert done.exit_code == 0, done.stderr
            self.good(environment, service)

    def pin(self, environment: str, service: str) -> Pin | None:
        path = str(pin_path(environment, service))
        content = self.file(path)
        return parse_pin(content, path) if content is not None else None

    def version(self, environment: str, service: str) -> str | None:
        found = self.pin(environment, service)
        return found.version if found else None

    def file(self, path: str) -> bytes | None:
        environments = repository.own(self.truth)
        return repository.read(environments, repository.tip(environments), [path]).get(path)

    def tip(self) -> str:
        return git("rev-parse", "refs/heads/main", cwd=self.truth)

    def refs(self) -> str:
        return git("for-each-ref", cwd=self.truth)

    def write(self, files: Mapping[str, str | bytes], message: str = "by hand") -> str:
        """Commit files on the branch as a person does."""
        if (self.truth / ".git").exists():
            return save(build_file_tree(self.truth, files), message)
        clone = self.truth.with_name("by-hand")
        if not clone.exists():
            git("clone", "--quiet", self.truth, clone, cwd=self.truth)
        git("pull", "--quiet", cwd=clone)
        commit = save(build_file_tree(clone, files), message)
        git("push", "--quiet", "origin", "main", cwd=clone)
        return commit


def image(service: str, version: str) -> str:
    """An image whose digest is the version's own."""
    digest = (service + version).encode().hex().ljust(64, "0")[-64:]
    return f"registry.example.org/{service}:{version}@sha256:{digest}"


def tree(services: Sequence[str], chain: str = CHAIN) -> dict[str, str]:
    """A platform's files: enough of a template to be a platform, an overlay for every service and environment."""
    files = {
        "copier.yml": "_subdirectory: project\n",
        "copier-templates/README.md": "\n",
        "environments/environments.yaml": chain,
    }
    for service in services:
        entry = (
            f"name: {service}\nrepository: /nowhere/{service}\ntemplate: fastapi\ntemplate_version: v1.0.0\n"
        )
        files[f"environments/catalog/{service}.yaml"] = entry
        for name in ("dev", "staging", "prod"):
            files[f"environments/{name}/{service}/kustomization.yaml"] = "resources: []\n"
            files[f"environments/{name}/{service}/config.env"] = "LOG_LEVEL=info\n"
    return files


def work_tree(folder: Path, services: Sequence[str] = ("payments",), chain: str = CHAIN) -> World:
    """What `idp init` makes: a repository without a remote."""
    platform = folder / "platform"
    save(build_file_tree(platform, tree(services, chain)), "feat: platform", "v1.0.0")
    return World(platform, platform)


def bare(folder: Path, services: Sequence[str] = ("payments",), chain: str = CHAIN) -> World:
    """A bare repository."""
    made = work_tree(folder, services, chain)
    truth = folder / "bare.git"
    git("clone", "--quiet", "--bare", made.platform, truth, cwd=folder)
    return World(truth, truth)


def bare_origin(folder: Path, services: Sequence[str] = ("payments",), chain: str = CHAIN) -> World:
    """A checkout of a bare repository: the truth is what is pushed there."""
    made = bare(folder, services, chain)
    checkout = folder / "checkout"
    git("clone", "--quiet", made.truth, checkout, cwd=folder)
    return World(checkout, made.truth)


KINDS = {"work tree": work_tree, "bare": bare, "bare origin": bare_origin}


def located(world: World) -> repository.Environments:
    """The environments as a command finds them."""
    return repository.locate(Platform(str(world.platform), None, "the test"))
