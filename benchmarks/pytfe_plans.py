"""Plans with pytfe, with its documented way of polling; prints who ended when, and how.

python benchmarks/pytfe_plans.py URL TOKEN ORGANIZATION DIRECTORY WORKSPACES THREADS
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytfe
from pytfe import models

URL, TOKEN, ORGANIZATION, DIRECTORY, WORKSPACES, THREADS = sys.argv[1:]


def plan(name: str) -> str:
    """Plan a workspace and return the last status of its run."""
    client = pytfe.TFEClient(pytfe.TFEConfig(address=URL, token=TOKEN))
    workspace = client.workspaces.read(name, organization=ORGANIZATION)
    version = client.configuration_versions.create(
        workspace.id,
        models.ConfigurationVersionCreateOptions(auto_queue_runs=False, speculative=True),
    )
    client.configuration_versions.upload(version.upload_url, DIRECTORY)
    while str(client.configuration_versions.read(version.id).status.value) != "uploaded":
        time.sleep(0.5)
    run = client.runs.create(
        models.RunCreateOptions(
            workspace=models.Workspace(id=workspace.id),
            configuration_version=models.ConfigurationVersion(id=version.id),
            plan_only=True,
        )
    )
    while str(run.status.value) not in ("planned_and_finished", "errored"):
        time.sleep(1)
        run = client.runs.read(run.id)
    return str(run.status.value)


def tried(name: str) -> tuple[str, float, bool]:
    """Plan a workspace; return its name, when that ended, and whether it succeeded."""
    try:
        status = plan(name)
    except Exception as error:  # it is the number of failures that is measured
        status = type(error).__name__
    return name, time.time(), status == "planned_and_finished"


def main() -> None:
    """Plan all workspaces, so many at once."""
    names = [f"net-{number:04}" for number in range(int(WORKSPACES))]
    failed = 0
    with ThreadPoolExecutor(int(THREADS)) as pool:
        for name, at, succeeded in pool.map(tried, names):
            print(name, at, succeeded)
            failed += not succeeded
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
