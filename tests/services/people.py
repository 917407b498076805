"""People who share a forge and nothing else: each with a home, a Git configuration, caches and clones of their own."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from idp.templates import store as template_store
from tests.command_line import Ran, idp
from tests.support import ROOT, build_file_tree, git, run, save

HTTPS = "https://github.com/"
SSH = "git@github.com:"
PLATFORM = f"{HTTPS}acme/platform.git"
TEMPLATE = {
    "copier.yml": (
        '_subdirectory: "copier-templates/{{ template }}/project"\n'
        "---\ntemplate: {type: str, choices: [small], default: small}\n"
        "--- !include copier-templates/_shared/questions.yml\n"
    ),
    "copier-templates/small/project/README.md.jinja": "# {{ service_name }} of {{ owner }}\n",
    "copier-templates/small/project/text.txt": "one\n",
    "copier-templates/small/project/.github/CODEOWNERS.jinja": "* {{ owner }}\n",
    "copier-templates/small/project/.github/workflows/ci.yml.jinja": (
        "jobs: {ci: {uses: {{ platform_repository }}/.github/workflows/service-ci.yml@v1}}\n"
    ),
    "copier-templates/small/project/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "environments/environments.yaml": "environments: [{name: dev}, {name: staging}]\n",
}
PROTECT = """#!/bin/sh
while read -r _ _ ref; do
  if [ "$ref" = refs/heads/main ]; then echo "main is protected: open a pull request" >&2; exit 1; fi
done
"""
REVISION = "1" * 40
IMAGE = f"registry.example.org/billing:1.0.0@sha256:{'a' * 64}"


@dataclass(frozen=True)
class Person:
    """Somebody with a machine of their own, who reaches the forge by these addresses."""

    home: Path
    env: Mapping[str, str]

    def idp(self, *argv: str | Path, cwd: Path, **env: str) -> Ran:
        with self._here(env):
            return idp(*argv, cwd=cwd)

    def git(self, *argv: str | Path, cwd: Path | None = None) -> str:
        with self._here({}):
            return git(*argv, cwd=cwd or self.home)

    def run(self, *argv: str | Path, cwd: Path) -> "tuple[int, str]":
        with self._here({}):
            done = run(*argv, cwd=cwd)
        return done.returncode, done.stdout + done.stderr

    def clone(self, address: str, name: str) -> Path:
        self.git("clone", "--quiet", address, self.home / name)
        return self.home / name

    @contextmanager
    def _here(self, env: Mapping[str, str]) -> Iterator[None]:
        template_store.forget_lookups()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.env, **env}.items():
                patch.setenv(name, value)
            yield


@dataclass(frozen=True)
class Forge:
    """Bare repositories that answer to addresses on github.com."""

    folder: Path

    def bare(self, name: str) -> Path:
        return self.folder / f"acme/{name}.git"

    def make(self, name: str) -> Path:
        git("init", "--quiet", "--bare", self.bare(name), cwd=self.folder)
        return self.bare(name)

    def person(self, name: str, *protocols: str) -> Person:
        home = self.folder.parent / f"home of {name}"
        home.mkdir()
        lines = [f"[user]\n\tname = {name}\n\temail = {name}@example.org\n[init]\n\tdefaultBranch = main\n"]
        lines += [f'[url "{self.folder}/"]\n\tinsteadOf = {one}\n' for one in protocols or (HTTPS, SSH)]
        (home / ".gitconfig").write_text("".join(lines))
        xdg = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
        copier = {"COPIER_CACHE_DIR": str(home / "copier")}
        return Person(
            home, {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"), **xdg, **copier}
        )

    def show(self, name: str, path: str, revision: str = "main") -> str:
        return git("show", f"{revision}:{path}", cwd=self.bare(name))

    def files(self, name: str, revision: str = "main") -> list[str]:
        return git("ls-tree", "-r", "--name-only", revision, cwd=self.bare(name)).splitlines()

    def protect(self, name: str) -> None:
        hook = self.bare(name) / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(PROTECT)
        hook.chmod(0o755)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody reaches it."""
        away = self.folder.with_name("unplugged")
        self.folder.rename(away)
        try:
            yield
        finally:
            away.rename(self.folder)


def make_forge(folder: Path) -> Forge:
    """A forge with a platform at v1.0.0."""
    (folder / "forge/acme").mkdir(parents=True)
    forge = Forge(folder / "forge")
    seed = build_file_tree(folder / "seed", TEMPLATE)
    for name in ("_shared", "_overlay"):
        shutil.copytree(ROOT / "copier-templates" / name, seed / "copier-templates" / name)
    save(seed, "feat: platform", "v1.0.0")
    git("clone", "--quiet", "--bare", seed, forge.bare("platform"), cwd=folder)
    shutil.rmtree(seed)
    return forge


def create(person: Person, platform: Path, name: str = "billing", *options: str | Path, code: int = 0) -> Ran:
    """Create a small service beside a platform's checkout, standing in the checkout."""
    words = ("--template", "small", "--output-dir", platform.parent, "-d", "owner=@acme/team", *options)
    done = person.idp("create", "service", name, *words, cwd=platform)
    assert done.exit_code == code, done.stdout + done.stderr
    return done


def release_template(person: Person, platform: Path, tag: str, *, push: bool = True) -> None:
    """A new template version."""
    file = platform / "copier-templates/small/project/text.txt"
    file.write_text(f"{file.read_text()}{tag}\n")
    person.git("commit", "--quiet", "--all", "-m", f"feat: {tag}", cwd=platform)
    person.git("tag", tag, cwd=platform)
    if push:
        person.git("push", "--quiet", "origin", "main", tag, cwd=platform)


def texts(folder: Path) -> str:
    """Everything that a work tree says, Git's own files left out."""
    files = (
        path
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts[:1]
    )
    return "\n".join(path.read_text(errors="replace") for path in files)
