"""One plan, made by a program in a folder of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from attrs import evolve, field, frozen

from remote_backend.engine.json_output import JsonOutput, find_json
from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.engine.orphans import MARKER
from remote_backend.engine.process import run_process
from remote_backend.engine.program import Program
from remote_backend.engine.provider_cache import ProviderCache
from remote_backend.engine.version_choice import LATEST, choose_version
from remote_backend.errors import EngineError
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions

__all__ = ("CommandEngine", "EngineInputs", "EngineResult", "PlanEngine", "WriteLog")

WriteLog = Callable[[bytes], Awaitable[None]]

_PLAN_FILE = "remote-backend.tfplan"
# Clients read the same text from the plan as JSON.
_GENERATED_FILE = "remote-backend-generated.tf"
# The name sorts behind all other override files, so this one wins.
_OVERRIDE_FILE = "zzzz_remote_backend_override.tf"
# Terraform would offer to migrate states that lie in its usual folder, so ours lie in another.
_STATES_FOLDER = ".remote-backend-states"
_OVERRIDE = f'terraform {{\n  backend "local" {{\n    workspace_dir = "{_STATES_FOLDER}"\n  }}\n}}\n'


@frozen(kw_only=True)
class EngineInputs:
    """The inputs of a plan: configuration, options, variables and state."""

    folder: Path
    """Where the configuration is; it belongs to this plan alone if the engine reads it."""

    engine_folder: Path | None = None
    """A private folder of this plan for files that are not part of the configuration."""

    workspace: str
    options: PlanOptions = field(factory=PlanOptions)
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Terraform variables as HCL source; later ones win."""

    environ: Mapping[str, str] = field(factory=dict, repr=False)
    requested_version: str | None = None
    """The version of the engine that the run requested."""

    version_constraint: str = LATEST
    """The version or constraint of the workspace, for runs that do not request a version."""

    state: bytes | None = field(default=None, repr=False)
    estimates_cost: bool = False
    """Whether the organization turned cost estimation on."""


@frozen(kw_only=True)
class EngineResult:
    """The result of a plan."""

    succeeded: bool
    version: str | None = None
    """The version of the engine; only a program has one."""

    has_changes: bool = False
    counts: Counts | None = None
    json_plan: bytes | None = field(default=None, repr=False)
    policies: tuple[SimulatedPolicy, ...] = ()
    """Results of policies; only a simulation has some."""

    cost: SimulatedCost | None = None


class PlanEngine(Protocol):
    """An engine that makes plans and writes their logs."""

    @property
    def reads_configuration(self) -> bool:
        """Whether it needs a copy of the configuration, in which it may write."""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that runs can request, the usual one first; empty if all are accepted."""

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Make a plan and pass its log to `write` as it grows; cancellation stops the plan."""


@frozen
class CommandEngine:
    """Plans with a real program."""

    program: Program
    """The program for runs and workspaces that do not name another version."""

    more_programs: tuple[Program, ...] = ()
    providers: ProviderCache | None = None
    reads_configuration: ClassVar[bool] = True

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of all programs, the usual one first."""
        return tuple(program.version for program in self._programs)

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Make a plan with the program, which writes into the folder of the plan only."""
        if not inputs.folder.is_dir():
            await write(
                b"The working directory of the workspace is not part of the configuration.\n"
            )
            return EngineResult(succeeded=False)
        program = self._program_for(inputs)
        await write(_banner(program, inputs).encode())
        return await _ProgramPlan(program, inputs, write, self.providers).carry_out()

    @property
    def _programs(self) -> tuple[Program, ...]:
        return (self.program, *self.more_programs)

    def _program_for(self, inputs: EngineInputs) -> Program:
        requested = inputs.requested_version
        version = requested or choose_version(self.versions, inputs.version_constraint)
        for program in self._programs:
            if program.version == version:
                return program
        if requested:
            raise EngineError(f"this server has no engine {requested} any more")
        return self.program


class _InitFailed(Exception):
    """The program could not prepare the folder of a plan."""

    def __init__(self, output: bytes) -> None:
        self.output = output
        super().__init__("init failed")


@frozen
class _ProgramPlan:
    """One plan with one program."""

    program: Program
    inputs: EngineInputs
    write: WriteLog
    providers: ProviderCache | None

    async def carry_out(self) -> EngineResult:
        failed = EngineResult(succeeded=False, version=self.program.version)
        _write_inputs(self.inputs)
        if not await self._initialize():
            return failed
        code = await self._run(_plan_arguments(self.inputs), self.write)
        if code not in (0, 2):
            return failed
        json_plan = await self._read_json_plan()
        return EngineResult(
            succeeded=True,
            version=self.program.version,
            has_changes=code == 2,
            counts=_counts_of(json_plan.content),
            json_plan=json_plan.data,
        )

    async def _initialize(self) -> bool:
        try:
            async with self._plugin_cache() as variables:
                await self._run_init(variables)
        except _InitFailed as error:
            await self.write(error.output)
            return False
        return True

    @asynccontextmanager
    async def _plugin_cache(self) -> AsyncIterator[dict[str, str]]:
        folder = self.inputs.engine_folder
        configured = Path(self.inputs.environ.get("TF_CLI_CONFIG_FILE", ""))
        # A workspace with a file of its own may install other builds, which are for it alone.
        if self.providers is None or folder is None or configured.parent != folder:
            yield {}
            return
        plugins = folder / "plugins"
        async with self.providers.linked_into(plugins, self.inputs.folder) as variables:
            yield variables

    async def _run_init(self, variables: Mapping[str, str]) -> None:
        inputs = evolve(self.inputs, environ={**self.inputs.environ, **variables})
        init = evolve(self, inputs=inputs)
        code, output = await init._run_for_output(("init", "-input=false"))
        if code != 0:
            raise _InitFailed(output)

    async def _read_json_plan(self) -> JsonOutput:
        # Warnings about the CLI configuration on standard error must not get into the JSON.
        arguments = ("show", "-json", _PLAN_FILE)
        code, output = await self._run_for_output(arguments, with_errors=False)
        json_plan = find_json(output, "format_version") if code == 0 else None
        if json_plan is None:
            raise EngineError("the engine made a plan that it cannot show")
        return json_plan

    async def _run_for_output(
        self, arguments: tuple[str, ...], *, with_errors: bool = True
    ) -> tuple[int, bytes]:
        output = bytearray()

        async def collect(data: bytes) -> None:
            output.extend(data)

        code = await self._run(arguments, collect, with_errors=with_errors)
        return code, bytes(output)

    async def _run(
        self, arguments: tuple[str, ...], write: WriteLog, *, with_errors: bool = True
    ) -> int:
        folder = self.inputs.engine_folder
        environ = {
            **self.inputs.environ,
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            # As on the service: since Terraform 1.1 a remote run sees the full name of its workspace.
            "TF_WORKSPACE": self.inputs.workspace,
        }
        return await run_process(
            (*self.program.command, *arguments),
            folder=self.inputs.folder,
            environ=environ,
            write=write,
            with_errors=with_errors,
            marker=folder / MARKER if folder else None,
        )


def _banner(program: Program, inputs: EngineInputs) -> str:
    """Return the first lines of a log; they say so if the workspace is set to another version."""
    lines = [f"{program.product} v{program.version}"]
    constraint = inputs.version_constraint
    if inputs.requested_version is None and not _is_chosen(program, constraint):
        lines.append(
            f"The workspace is set to version {constraint}, which this server does not have."
        )
    return "\n".join((*lines, "Initializing plugins and modules...", ""))


def _is_chosen(program: Program, constraint: str) -> bool:
    return choose_version((program.version,), constraint) is not None


def _write_inputs(inputs: EngineInputs) -> None:
    (inputs.folder / _OVERRIDE_FILE).write_text(_OVERRIDE, encoding="utf-8")
    states = inputs.folder / _STATES_FOLDER / inputs.workspace
    states.mkdir(parents=True, exist_ok=True)
    if inputs.state is not None:
        (states / "terraform.tfstate").write_bytes(inputs.state)
    for number, (name, source) in enumerate(_effective_variables(inputs.variables)):
        _variable_file(inputs, number).write_text(f"{name} = {source}\n", encoding="utf-8")


def _variable_file(inputs: EngineInputs, number: int) -> Path:
    # One file a variable: an invalid value breaks its own file only, and the error names it.
    return inputs.folder / f".remote-backend-variable-{number}.tfvars"


def _effective_variables(
    variables: tuple[tuple[str, str], ...],
) -> tuple[tuple[str, str], ...]:
    return tuple(dict(variables).items())


def _plan_arguments(inputs: EngineInputs) -> tuple[str, ...]:
    options = inputs.options
    flags = ["-input=false", "-lock=false", "-detailed-exitcode", f"-out={_PLAN_FILE}"]
    if options.destroy:
        flags.append("-destroy")
    if options.refresh_only:
        flags.append("-refresh-only")
    if not options.refresh:
        flags.append("-refresh=false")
    if options.generate_config:
        flags.append(f"-generate-config-out={_GENERATED_FILE}")
    flags += [f"-target={address}" for address in options.targets]
    flags += [f"-replace={address}" for address in options.replace]
    flags += [
        f"-var-file={_variable_file(inputs, number).name}"
        for number, _ in enumerate(_effective_variables(inputs.variables))
    ]
    return ("plan", *flags)


def _counts_of(plan: dict[str, Any]) -> Counts:
    add = change = destroy = imported = 0
    for resource in plan.get("resource_changes", ()):
        actions = resource["change"]["actions"]
        add += "create" in actions
        change += "update" in actions
        destroy += "delete" in actions
        imported += bool(resource["change"].get("importing"))
    return Counts(add, change, destroy, imported)
