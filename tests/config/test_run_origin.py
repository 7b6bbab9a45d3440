"""Who plans which revision, from the variables of CI services and from Git's files."""

from pathlib import Path

import pytest

from remote_backend.config.run_origin import describe_origin, read_commit, read_git_head

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_WORKFLOW": "plan",
    "GITHUB_RUN_ID": "77",
    "GITHUB_REF_NAME": "5/merge",
    "GITHUB_HEAD_REF": "topic",
    "GITHUB_SHA": COMMIT,
}
GITLAB = {
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "tanuki",
    "CI_JOB_NAME": "plan: all",
    "CI_JOB_ID": "9",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": COMMIT,
}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            GITHUB,
            "octocat in GitHub Actions plan 77, topic@0123456789",
        ),
        (GITLAB, "tanuki in GitLab CI plan: all 9, main@0123456789"),
        ({"TF_BUILD": "True", "BUILD_BUILDNUMBER": "3"}, "Azure Pipelines 3"),
        ({"JENKINS_URL": "https://ci", "GIT_BRANCH": "x"}, "Jenkins, branch x"),
        ({"JENKINS_URL": "https://ci", "GIT_COMMIT": COMMIT}, "Jenkins, commit 0123456789"),
        ({"USER": "alice"}, "alice"),
        ({"LOGNAME": "a\x1b[2Jli\nce" + "e" * 200}, "a[2Jlice" + "e" * 72),
        ({}, ""),
    ],
)
def test_people_and_jobs_are_named(
    environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    """As far as they are known, each in one short line (A18)."""
    assert describe_origin(environ, tmp_path) == told


def write(path: Path, text: str) -> None:
    """Write a file of Git."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def test_the_repository_around_a_directory_is_read(tmp_path: Path) -> None:
    """Loose and packed references, detached heads, and worktrees (A18)."""
    git = tmp_path / ".git"
    inner = tmp_path / "stacks" / "net"
    inner.mkdir(parents=True)
    write(git / "HEAD", "ref: refs/heads/feature/x")
    assert read_git_head(inner) == ("feature/x", "")
    write(git / "packed-refs", f"# pack-refs\n{COMMIT} refs/heads/feature/x")
    assert read_git_head(inner) == ("feature/x", COMMIT)
    write(git / "refs/heads/feature/x", "f" * 40)
    assert read_git_head(inner) == ("feature/x", "f" * 40)

    tree = tmp_path / "tree"
    write(tree / ".git", f"gitdir: {git / 'worktrees/tree'}")
    write(git / "worktrees/tree/HEAD", "ref: refs/heads/feature/x")
    write(git / "worktrees/tree/commondir", "../..")
    assert read_git_head(tree) == ("feature/x", "f" * 40)
    write(git / "HEAD", COMMIT)
    assert read_git_head(inner) == ("", COMMIT)


@pytest.mark.parametrize("head", [b"\xff\xfe", b"", b"ref: refs/heads/gone", None])
def test_an_odd_repository_is_no_error(head: bytes | None, tmp_path: Path) -> None:
    """A message is not a reason to fail."""
    (tmp_path / ".git").mkdir()
    if head is not None:
        (tmp_path / ".git" / "HEAD").write_bytes(head)
    assert describe_origin({}, tmp_path) in ("", "branch gone")


def test_the_commit_is_that_of_the_job(tmp_path: Path) -> None:
    """A job may have checked out a merge; without a job Git counts, and without both nothing."""
    assert read_commit(GITHUB, tmp_path) == COMMIT
    assert read_commit({}, tmp_path) == ""
    git = tmp_path / ".git"
    git.mkdir()
    (git / "HEAD").write_text(f"{COMMIT}\n")
    assert read_commit({}, tmp_path) == COMMIT
