"""Everything in a repository that a configuration is made of.

The reach of a configuration is its own directory, the local modules that it calls, directly and
through other modules, and the files that these read. All of it is taken from the working tree.
The base needs no reading: where the base reached something else, a file that calls or reads has
changed, it lies in what both reach, and so the change is seen there.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import define, field, frozen

from remote_backend.git.own_index import is_below
from remote_backend.selecting.module_files import ModuleFiles, read_module

__all__ = ("Reach", "ReachReader")


@frozen(kw_only=True)
class Reach:
    """What a configuration is made of; paths are relative to the top of the repository."""

    parts: Mapping[str, str] = field(repr=False)
    """Directories and files, with what each is: `the module modules/vpc, which ...`."""

    doubts: tuple[str, ...] = ()
    """Why there may be more parts."""

    unknown_reads: tuple[str, ...] = ()
    """Where files are read whose paths depend on values: `stacks/net/main.tf:7`."""

    def part_of(self, path: str) -> str | None:
        """Return as what a path belongs to the configuration, or None if it does not.

        A path above a part belongs to it too: it is a link or a submodule that leads there.
        """
        for part, why in self.parts.items():
            if is_below(path, part) or (part and is_below(part, path)):
                return why
        return None


@define
class ReachReader:
    """Reads what configurations of one repository are made of; each module is read once."""

    top: Path
    links: Mapping[str, str] = field(repr=False)
    """Symbolic links and where they lead to, relative to the top."""

    absent: tuple[str, ...] = field(default=(), repr=False)
    """Files of configurations that a sparse checkout leaves out."""

    _modules: dict[str, ModuleFiles] = field(factory=dict)
    _places: dict[tuple[str, str], tuple[str, ...]] = field(factory=dict)

    def read(self, directory: str) -> Reach:
        """Return what the configuration in a directory is made of."""
        return _Walk(self, directory).reach()

    def module(self, directory: str) -> ModuleFiles:
        """Return what the files of a directory refer to."""
        if directory not in self._modules:
            self._modules[directory] = read_module(self.top / directory)
        return self._modules[directory]

    def places(self, directory: str, path: str) -> tuple[str, ...]:
        """Return where a path leads: as it is written, and with its links followed.

        Nothing comes of paths that leave the repository; no change of it can reach them.
        """
        key = (directory, path)
        if key not in self._places:
            absolute = os.path.normpath(self.top / directory / path)
            both = dict.fromkeys((absolute, os.path.realpath(absolute)))
            relative = (os.path.relpath(place, self.top) for place in both)
            names = (name.replace(os.sep, "/") for name in relative)
            self._places[key] = tuple(
                "" if name == "." else name for name in names if not is_below(name, "..")
            )
        return self._places[key]


@define
class _Walk:
    """Follows one configuration through its modules, files and links."""

    reader: ReachReader
    directory: str
    _parts: dict[str, str] = field(factory=dict)
    _doubts: list[str] = field(factory=list)
    _unknown_reads: list[str] = field(factory=list)

    def reach(self) -> Reach:
        self._parts[self.directory] = "its configuration"
        self._follow_modules()
        self._follow_links()
        return Reach(
            parts=self._parts,
            doubts=tuple(self._doubts),
            unknown_reads=tuple(self._unknown_reads),
        )

    def _follow_modules(self) -> None:
        waiting, seen = [self.directory], {self.directory}
        while waiting:
            directory = waiting.pop()
            files = self.reader.module(directory)
            self._doubts += [_in(directory, doubt) for doubt in files.doubts]
            self._doubts += [files.problem] if files.problem is not None else []
            self._doubts += [
                f"{path} is not checked out"
                for path in self.reader.absent
                if path.rpartition("/")[0] == directory
            ]
            self._add_reads(directory, files)
            for called in self._calls(directory, files):
                if called not in seen:
                    seen.add(called)
                    waiting.append(called)

    def _calls(self, directory: str, files: ModuleFiles) -> Iterator[str]:
        """Yield the directories of the modules that a module calls, and add them as parts."""
        for source, caller in files.calls:
            for called in self.reader.places(directory, source):
                why = f"the module {called or '.'}, which {_in(directory, caller)} calls"
                self._parts.setdefault(called, why)
                if (self.reader.top / called).is_dir():
                    yield called
                else:
                    self._doubts.append(
                        f"the module {called}, which {_in(directory, caller)} calls, is not there"
                    )

    def _add_reads(self, directory: str, files: ModuleFiles) -> None:
        for reader, read in files.reads:
            file = _in(directory, reader)
            where = file if read.line is None else f"{file}:{read.line}"
            if read.path is None:
                self._unknown_reads.append(where)
                continue
            base = directory if read.in_module else self.directory
            for path in self.reader.places(base, read.path):
                self._parts.setdefault(path, f"read by {where}")

    def _follow_links(self) -> None:
        """Add the targets of links inside of the parts, and of links inside of those."""
        left = dict(self.reader.links)
        is_growing = True
        while is_growing:
            reached = [
                link for link in left if any(is_below(link, part) for part in self._parts)
            ]
            is_growing = bool(reached)
            for link in reached:
                target = left.pop(link)
                if is_below(target, ".."):
                    self._doubts.append(f"the link {link} leaves the repository")
                else:
                    place = "" if target == "." else target
                    self._parts.setdefault(place, f"what the link {link} leads to")


def _in(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name
