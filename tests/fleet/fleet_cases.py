"""A fleet on this machine: a platform with a quick template, services in bare repositories, each in the catalog."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.support import build_file_tree, git, save

LINES = "".join(f"line {number}\n" for number in range(1, 21))
TEMPLATE = {
    "copier.yml": (
        '_subdirectory: "copier-templates/{{ template }}/project"\n'
        "template: {type: str, choices: [small, other], default: small}\n"
        'service_name: {type: str, default: "{{ _copier_conf.dst_path.name }}"}\n'
    ),
    "copier-templates/small/project/README.md.jinja": "# {{ service_name }}\n",
    "copier-templates/small/project/text.txt": LINES,
    "copier-templates/small/project/Makefile": "lint:\n\t@true\ntest:\n\t@! grep -q broken tests.txt\n",
    "copier-templates/small/project/tests.txt": "fine\n",
    "copier-templates/small/project/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "copier-templates/other/project/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "environments/README.md": "Environments\n",
}
PROJECT = "copier-templates/small/project"


@dataclass
class Fleet:
    """The platform's checkout and the services' bare repositories by name."""

    platform: Path
    root: Path
    services: dict[str, Path] = field(default_factory=dict)

    def release(self, tag: str, files: Mapping[str, str], message: str | None = None) -> None:
        build_file_tree(self.platform, files)
        save(self.platform, message or f"feat: {tag}", tag)

    def entry(self, name: str, **fields: object) -> None:
        """Put a service into the catalog, or change what it says."""
        content = {"schema_version": 1, "name": name, "template": "small", "owner": "@acme/team", **fields}
        build_file_tree(self.platform, {f"environments/catalog/{name}.yaml": yaml.safe_dump(content)})

    def add(self, name: str, version: str = "v1.0.0", files: Mapping[str, str] | None = None) -> Path:
        """A service made by hand as Copier would, with edits, in a bare repository."""
        work = self.root / f"work-{name}"
        answers = f"_commit: {version}\n_src_path: {self.platform}\nservice_name: {name}\ntemplate: small\n"
        shown = {path: self._at(version, path) for path in ("text.txt", "Makefile", "tests.txt")}
        build_file_tree(work, {**shown, "README.md": f"# {name}\n", ".copier-answers.yml": answers})
        save(work, "create")
        if files:
            build_file_tree(work, files)
            save(work, "edits")
        bare = self.root / f"{name}.git"
        git("clone", "--quiet", "--bare", work, bare, cwd=self.root)
        shutil.rmtree(work)
        self.services[name] = bare
        self.entry(name, repository=str(bare), template_version=version)
        return bare

    def _at(self, version: str, path: str) -> str:
        return git("show", f"{version}:{PROJECT}/{path}", cwd=self.platform) + "\n"


def make_fleet(root: Path) -> Fleet:
    """A platform at v1.0.0, without services."""
    platform = build_file_tree(root / "platform", TEMPLATE)
    save(platform, "feat: platform", "v1.0.0")
    return Fleet(platform, root)


def push(bare: Path, branch: str, files: Mapping[str, str], onto: str) -> str:
    """A person's commit on a branch of a bare repository; its name."""
    work = bare.parent / f"person-{bare.stem}"
    git("clone", "--quiet", "--branch", onto, bare, work, cwd=bare.parent)
    build_file_tree(work, files)
    commit = save(work, "by a person")
    git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
    shutil.rmtree(work)
    return commit


def branches(bare: Path) -> dict[str, str]:
    listed = git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads", cwd=bare)
    return dict(line.split(" ") for line in listed.splitlines())
