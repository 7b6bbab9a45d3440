"""Who plans: the person or CI job, and the revision of the configuration, for messages of runs."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

__all__ = ("describe_origin", "read_commit", "read_git_head")

_LONGEST_WORD = 80
_COMMIT_DIGITS = 10


@frozen
class _Service:
    """The variables of a CI service; of several for one fact the first that is set counts."""

    name: str
    mark: str
    person: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()


# From the documentation of each service about the variables of its jobs.
_SERVICES = (
    _Service(
        "GitHub Actions",
        "GITHUB_ACTIONS",
        person=("GITHUB_ACTOR",),
        job=("GITHUB_WORKFLOW", "GITHUB_JOB"),
        number=("GITHUB_RUN_ID",),
        branch=("GITHUB_HEAD_REF", "GITHUB_REF_NAME"),
        commit=("GITHUB_SHA",),
    ),
    _Service(
        "GitLab CI",
        "GITLAB_CI",
        person=("GITLAB_USER_LOGIN",),
        job=("CI_JOB_NAME",),
        number=("CI_JOB_ID",),
        branch=("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"),
        commit=("CI_COMMIT_SHA",),
    ),
    _Service(
        "Azure Pipelines",
        "TF_BUILD",
        person=("BUILD_REQUESTEDFOR",),
        job=("BUILD_DEFINITIONNAME",),
        number=("BUILD_BUILDNUMBER",),
        branch=("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCHNAME"),
        commit=("BUILD_SOURCEVERSION",),
    ),
    _Service(
        "Buildkite",
        "BUILDKITE",
        person=("BUILDKITE_BUILD_CREATOR",),
        job=("BUILDKITE_PIPELINE_SLUG",),
        number=("BUILDKITE_BUILD_NUMBER",),
        branch=("BUILDKITE_BRANCH",),
        commit=("BUILDKITE_COMMIT",),
    ),
    _Service(
        "CircleCI",
        "CIRCLECI",
        person=("CIRCLE_USERNAME",),
        job=("CIRCLE_JOB",),
        number=("CIRCLE_BUILD_NUM",),
        branch=("CIRCLE_BRANCH",),
        commit=("CIRCLE_SHA1",),
    ),
    _Service(
        "Bitbucket Pipelines",
        "BITBUCKET_BUILD_NUMBER",
        job=("BITBUCKET_REPO_FULL_NAME",),
        number=("BITBUCKET_BUILD_NUMBER",),
        branch=("BITBUCKET_BRANCH",),
        commit=("BITBUCKET_COMMIT",),
    ),
    _Service(
        "Jenkins",
        "JENKINS_URL",
        person=("BUILD_USER_ID",),
        job=("JOB_NAME",),
        number=("BUILD_NUMBER",),
        branch=("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"),
        commit=("GIT_COMMIT",),
    ),
    _Service(
        "TeamCity",
        "TEAMCITY_VERSION",
        job=("TEAMCITY_BUILDCONF_NAME",),
        number=("BUILD_NUMBER",),
        commit=("BUILD_VCS_NUMBER",),
    ),
)
_PERSON_HERE = ("USER", "LOGNAME", "USERNAME")


def describe_origin(environ: Mapping[str, str], directory: Path) -> str:
    """Return who plans which revision, as far as known: `alice, main@1a2b3c4d5e`.

    In a CI job its own variables count, elsewhere the user and the Git repository.
    """
    service = _service_of(environ)
    if service is None:
        person = _first(environ, _PERSON_HERE)
        branch, commit = read_git_head(directory)
    else:
        person = _job_text(environ, service)
        branch = _first(environ, service.branch)
        commit = _first(environ, service.commit)
    parts = (person, _revision_text(branch, commit[:_COMMIT_DIGITS]))
    return ", ".join(part for part in parts if part)


def read_commit(environ: Mapping[str, str], directory: Path) -> str:
    """Return the commit that is planned; empty where neither a CI job nor Git says it."""
    service = _service_of(environ)
    return (
        read_git_head(directory)[1] if service is None else _first(environ, service.commit)
    )


def _service_of(environ: Mapping[str, str]) -> _Service | None:
    return next((service for service in _SERVICES if environ.get(service.mark)), None)


def _revision_text(branch: str, commit: str) -> str:
    if branch and commit:
        return f"{branch}@{commit}"
    return f"branch {branch}" if branch else f"commit {commit}" if commit else ""


def _job_text(environ: Mapping[str, str], service: _Service) -> str:
    words = (service.name, _first(environ, service.job), _first(environ, service.number))
    job = " ".join(word for word in words if word)
    person = _first(environ, service.person)
    return f"{person} in {job}" if person else job


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    texts = (environ.get(name, "") for name in names)
    return next((word for text in texts if (word := _word(text))), "")


def _word(text: str) -> str:
    """Return a text from outside in a form for messages: short, and on one line."""
    return " ".join("".join(c for c in text if c.isprintable()).split())[:_LONGEST_WORD]


def read_git_head(directory: Path) -> tuple[str, str]:
    """Return branch and commit of the Git repository around a directory; empty where unknown."""
    try:
        git = _git_directory(directory.absolute())
        if git is None:
            return "", ""
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return "", _word(head)
        name = head.removeprefix("ref: ")
        return _word(name.removeprefix("refs/heads/")), _word(_commit_of(git, name))
    except (OSError, ValueError):
        return "", ""


def _git_directory(directory: Path) -> Path | None:
    for folder in (directory, *directory.parents):
        path = folder / ".git"
        if path.is_dir():
            return path
        if path.is_file():
            # A worktree, or a submodule.
            text = path.read_text(encoding="utf-8").strip()
            return folder / text.removeprefix("gitdir: ")
    return None


def _commit_of(git: Path, name: str) -> str:
    common = git / "commondir"
    shared = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
    loose = shared / name
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    packed = shared / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
