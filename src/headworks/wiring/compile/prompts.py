"""Prompts as written → templates, found by number or by label."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.domain.config import Config, PromptRule, VariableRule
from headworks.domain.prompt import Template, Turn, Variable, pieces_of
from headworks.domain.versions import digest_of, prompt_version
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_BRACES = ("{{", "}}")


class Prompts:
    """One per compilation. `digests` are those of all prompts, by what they are remembered by."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self._bench = bench
        self.digests: dict[str, str] = {}
        self._made: dict[str, Template] = {}
        self._labelled: dict[str, str] = {}
        """`support@production` → `support@3`."""
        for name, versions in config.prompts.items():
            check_numbers(bench, tuple(versions), ("prompts", name))
            for number, rule in versions.items():
                self._add(name, number, rule)

    def find(self, reference: str, path: Path) -> Template | None:
        """The template of `NAME@NUMBER` or `NAME@LABEL`; None, with the reason noted, where there is none."""
        found = self._made.get(self._labelled.get(reference, reference))
        if found is None:
            known = (*self._made, *self._labelled)
            hint = did_you_mean(reference, known) if known else "Write prompts at the top level."
            self._bench.wrong(path, f"There is no prompt '{reference}'.", hint)
        return found

    def fixed(self, reference: str) -> bool:
        """Whether a reference names a number, so that what it leads to never changes."""
        return reference not in self._labelled

    def _add(self, name: str, number: str, rule: PromptRule) -> None:
        path, reference = ("prompts", name, number), f"{name}@{number}"
        turns = tuple(_turns(rule))
        self._check_turns(rule, turns, path)
        self._made[reference] = Template(reference=reference, turns=turns, variables=self._variables(rule, turns, path))
        content = (rule.text, rule.messages, rule.variables)
        self.digests[prompt_version(name, number)] = digest = digest_of(content)
        refuse_change(self._bench, prompt_version(name, number), digest, path)
        for place, label in enumerate(rule.labels):
            self._label(f"{name}@{label}", reference, (*path, "labels", place))

    def _label(self, label: str, reference: str, path: Path) -> None:
        if label.partition("@")[2].isdigit():
            self._bench.wrong(path, "A label is no number.", "Call it production or staging.")
        elif label in self._labelled:
            self._bench.wrong(path, f"'{label}' stands for {self._labelled[label]} already.", "A label stands for one version.")
        self._labelled.setdefault(label, reference)

    def _check_turns(self, rule: PromptRule, turns: tuple[Turn, ...], path: Path) -> None:
        if bool(rule.text) == bool(rule.messages):
            self._bench.wrong(
                path, "A prompt has either a text or messages.", "Write text for what the system says.", on_key=True
            )
        roles = [turn.role for turn in turns]
        if roles != sorted(roles, key=lambda role: role != "system"):
            self._bench.wrong((*path, "messages"), "What the system says comes first.", on_key=True)
        if any(brace in piece for turn in turns for piece in turn.pieces[::2] for brace in _BRACES):
            self._bench.wrong(path, "Two braces stand for a variable, and these name none.", "Write {{name}}.", on_key=True)

    def _variables(self, rule: PromptRule, turns: tuple[Turn, ...], path: Path) -> dict[str, Variable]:
        used = dict.fromkeys(name for turn in turns for name in turn.names)
        for name in rule.variables.keys() - used.keys():
            hint = did_you_mean(name, used) if used else "Write {{name}} in the text."
            self._bench.wrong((*path, "variables", name), f"The text has no place for '{name}'.", hint, on_key=True)
        said = {name: rule.variables.get(name) or VariableRule() for name in used}
        return {name: Variable(default=each.default, longest=each.longest) for name, each in said.items()}


def check_numbers(bench: Bench, numbers: tuple[str, ...], path: Path) -> None:
    """Note what is no number of a version, or stands in no order."""
    before = 0
    for number in numbers:
        if not number.isdecimal() or str(int(number)) != number or int(number) == 0:
            bench.wrong((*path, number), f"'{number}' is no number of a version.", "Count from 1.", on_key=True)
        elif int(number) <= before:
            bench.wrong((*path, number), f"{number} comes after {before}.", "Numbers ascend.", on_key=True)
        else:
            before = int(number)


def refuse_change(bench: Bench, remembered_by: str, digest: str, path: Path) -> None:
    """Note it where the same number has stood for something else."""
    if bench.givens.remembered.get(remembered_by, digest) != digest:
        bench.wrong(
            path,
            f"Version {path[-1]} of '{path[1]}' has been in force with other content, and versions never change.",
            "Write the change under a new number.",
            on_key=True,
        )


def _turns(rule: PromptRule) -> Iterator[Turn]:
    if rule.text:
        yield Turn("system", pieces_of(rule.text))
    for turn in rule.messages:
        yield Turn(turn.role, pieces_of(turn.content))
