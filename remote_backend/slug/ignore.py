"""What a `.terraformignore` file leaves out: the rules of go-slug, not those of git."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from attrs import evolve, field, frozen

from remote_backend.decoding import text_fault
from remote_backend.slug.patterns import PatternError, has_wildcards, matcher_of

__all__ = ("Decision", "Rule", "RuleSet", "normalized", "parse_rules")

_DEFAULTS = (".terraform/", "!.terraform/modules/", ".git/")


@frozen(kw_only=True)
class Rule:
    """One rule; it decides about the paths that it matches, unless a later one does."""

    text: str
    """As it stands in the file."""

    line: int
    """0 for the rules that always apply."""

    negated: bool
    negation_after: bool = False
    """Whether a later rule can bring back what this one leaves out."""

    covers_content: bool = False
    """Whether it also matches everything below a path that it matches."""

    leading: tuple[str, ...] | None = None
    """The literal components an anchored rule begins with; None for one that floats."""

    matches: Callable[[str], bool] = field(eq=False, repr=False)

    def can_match_below(self, directory: str) -> bool:
        """Return whether it may match something in a directory; True when unsure."""
        if self.leading is None:
            return True
        pairs = zip(self.leading, directory.split("/"), strict=False)
        return all(mine == theirs for mine, theirs in pairs)


@frozen
class Decision:
    """The decision about one path, and the rule that made it."""

    rule: Rule | None

    @property
    def excluded(self) -> bool:
        """Whether the path is left out."""
        return self.rule is not None and not self.rule.negated

    @property
    def final(self) -> bool:
        """Whether it is left out for good, with all that is below."""
        return self.excluded and self.rule is not None and not self.rule.negation_after


@frozen(kw_only=True)
class RuleSet:
    """The rules of one archive; immutable, and the same for every call."""

    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = ()

    def decide(self, path: str) -> Decision:
        """Return the decision of the last matching rule about a path; directories end with `/`."""
        path = normalized(path)
        for rule in reversed(self.rules):
            if rule.matches(path):
                return Decision(rule)
        return Decision(None)

    def drops_file(self, path: str) -> bool:
        """Return whether a file is left out.

        `.git` is a file in worktrees and submodules. It is left out like the directory, which
        go-slug does not do, unless a rule brings it back.
        """
        decision = self.decide(path)
        if decision.rule is None:
            return path == ".git" or path.endswith("/.git")
        return decision.excluded

    def prunes(self, decision: Decision, directory: str) -> bool:
        """Return whether no later rule can bring back anything below a directory."""
        rule = decision.rule
        if rule is None or not decision.excluded or not rule.covers_content:
            return False
        later = self.rules[self.rules.index(rule) + 1 :]
        directory = normalized(directory)
        return not any(rule.negated and rule.can_match_below(directory) for rule in later)


def parse_rules(content: bytes | None) -> RuleSet:
    """Read the rules of a file, or those that always apply when there is none."""
    warnings: list[str] = []
    rules = [_rule(text, 0) for text in _DEFAULTS]
    text = (content or b"").decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if (fault := text_fault(content or b"")) is not None:
        # Terraform reads such a file in the same way, so the archives stay the same.
        where = (
            ".terraformignore" if fault.line is None else f".terraformignore:{fault.line}"
        )
        warnings.append(f"{where} {fault.problem}, or its rules may match nothing")
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.removesuffix("\r").strip()
        if not stripped or stripped.startswith("#"):
            continue
        where = f".terraformignore:{number}: {stripped!r}"
        try:
            rule = _rule(stripped, number)
        except PatternError as error:
            warnings.append(f"{where} {error}; the rule does nothing")
            continue
        if (doubt := _doubt_of(stripped)) is not None:
            warnings.append(f"{where} {doubt}")
        rules.append(rule)
    return RuleSet(rules=_with_negations(rules), warnings=tuple(warnings))


def _with_negations(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    marked: list[Rule] = []
    negation_after = False
    for rule in reversed(rules):
        marked.append(evolve(rule, negation_after=negation_after))
        negation_after = negation_after or rule.negated
    return tuple(reversed(marked))


def _rule(text: str, line: int) -> Rule:
    negated = text.startswith("!")
    pattern = text[1:] if negated else text
    if not pattern:
        raise PatternError("has nothing after its !")
    if pattern.endswith("/"):
        pattern += "**"
    anchored = pattern.startswith("/")
    pattern = normalized(pattern.removeprefix("/"))
    return Rule(
        text=text,
        line=line,
        negated=negated,
        covers_content=pattern.endswith("**") and not pattern.endswith("\\**"),
        leading=_leading(pattern) if anchored else None,
        matches=_matcher(pattern, anchored=anchored),
    )


def _matcher(pattern: str, *, anchored: bool) -> Callable[[str], bool]:
    # Most rules are plain names, for which a comparison is much faster than a pattern.
    body = pattern.removesuffix("/**")
    if not has_wildcards(body) and body:
        if anchored and body == pattern:
            return lambda path: path == body
        if not anchored and body != pattern:
            return lambda path: f"/{body}/" in f"/{path}"
        if not anchored and body == pattern:
            return lambda path: path == body or path.endswith(f"/{body}")
    return matcher_of(pattern if anchored else f"**/{pattern}")


def _leading(pattern: str) -> tuple[str, ...]:
    components = pattern.split("/")
    literal: list[str] = []
    # Without the last component: it may name a directory or the start of a name.
    for component in components[:-1]:
        if has_wildcards(component):
            break
        literal.append(component)
    return tuple(literal)


def _doubt_of(text: str) -> str | None:
    """Return why a rule probably does not match the paths that its author had in mind."""
    if _never_matches(text):
        return "can never match: write paths without ., .. and //"
    if re.search(r"\s#", text):
        return "is one rule with all that is behind #: write a comment on a line of its own"
    if re.search(r"\\[A-Za-z0-9]", text):
        return "has a backslash, which separates no directories: write /"
    return None


def _never_matches(text: str) -> bool:
    pattern = text.removeprefix("!").removeprefix("/").removesuffix("/")
    return any(component in ("", ".", "..") for component in pattern.split("/")) and bool(
        pattern
    )


def normalized(text: str) -> str:
    """Return a name in the form in which names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
