"""The workbench of one compilation: what it is given, and what it finds on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePath

import msgspec

from headworks.domain.config import AuthRule, ReplicasRule
from headworks.providers.catalog import Catalog
from headworks.providers.credentials.held import Held, unkept
from headworks.providers.price_table import PriceTable
from headworks.providers.profiles import Profiles
from headworks.wiring.compile.own_secrets import VARIABLES, is_own_file
from headworks.wiring.config_file.problems import Problem
from headworks.wiring.config_file.tree import Path

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def no_secrets(name: str, _address: str, _journal: str) -> str:
    """Where there is no store of secrets to ask."""
    raise LookupError(f"There is no store of secrets here for '{name}'. Write ${{NAME}} or file:/path instead.")


def _nobody_keeps(_auth: AuthRule) -> Held:
    return unkept()


def _nobody_known(_provider: str, _rule: ReplicasRule) -> tuple[str, ...]:
    return ()


def _never() -> int:
    return 0


class Givens(msgspec.Struct, frozen=True, kw_only=True):
    """What a compilation depends on beside the document. `read` gives a file's text and raises `OSError`; paths in the document
    are relative to `directory`; `at` is the time that prices are looked up for.
    """

    env: Mapping[str, str]
    read: Callable[[str], str]
    at: datetime
    catalog: Catalog
    prices: PriceTable
    profiles: Profiles = Profiles({})
    version: str = ""
    directory: str = ""
    look: Callable[[str, str, str], str] = no_secrets
    """Name, database and journal's directory → a secret. Raises `LookupError` with what is wrong."""
    hold: Callable[[AuthRule], Held] = _nobody_keeps
    """Where what a rule obtains will be found. Only a gateway has it kept."""
    remembered: Mapping[str, str] = {}
    """Digests of versions that have been in force, by `versions.model_version` and `prompt_version`: they must not change."""
    replicas: Callable[[str, ReplicasRule], tuple[str, ...]] = _nobody_known
    """Provider, where its replicas are found → their base URLs. Only a gateway looks."""
    wall_ns: Callable[[], int] = _never
    """The time that signatures tell, nanoseconds since the epoch."""


class Bench:
    """One per compilation. `digests` stand for the secrets in the revision; `files` are those whose change means a new one."""

    def __init__(self, givens: Givens) -> None:
        self.givens = givens
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.digests: dict[str, str] = {}
        self.files: set[str] = set()
        self.until: datetime | None = None
        self.database = ""
        """Where secrets are, once that is known, and below the journal's directory as written."""
        self.journal = ""
        self.auths: dict[str, AuthRule] = {}
        """By provider: the credentials that are to be kept."""
        self.members: dict[str, tuple[str, ...]] = {}
        """By provider: its replicas."""

    def wrong(self, path: Path, message: str, hint: str = "", *, on_key: bool = False) -> None:
        """Note a mistake: the configuration is not usable."""
        self.problems.append(Problem(path=path, message=message, hint=hint, on_key=on_key))

    def warn(self, path: Path, message: str, hint: str = "") -> None:
        """Note something that works but should not be so."""
        self.warnings.append(Problem(path=path, message=message, hint=hint, on_key=True))

    def holds_until(self, moment: datetime | None) -> None:
        """What is compiled here is out of date then."""
        if moment is not None and (self.until is None or moment < self.until):
            self.until = moment

    def hold(self, provider: str, auth: AuthRule) -> Held:
        """Where a provider's credential will be found."""
        self.auths[provider] = auth
        return self.givens.hold(auth)

    def text(self, written: str, path: Path) -> str:
        """A value with its references resolved. Empty, and noted as wrong, where one cannot be."""
        if written.startswith("file:"):
            return self._file(written.removeprefix("file:"), path)
        if written.startswith("secret:"):
            return self._kept(written.removeprefix("secret:"), path)
        if "${" not in written:
            return written
        if _REFERENCE.sub("", written).find("${") >= 0:
            self.wrong(path, "A reference is not complete.", "Write ${NAME} or ${NAME:-default}.")
            return ""
        named = dict(_REFERENCE.findall(written))
        if own := VARIABLES.intersection(named):
            self._own(f"'{min(own)}'", path)
            return ""
        missing = [name for name, default in named.items() if not self.givens.env.get(name) and not default]
        for name in missing:
            self.wrong(path, f"The environment variable '{name}' is not set.", f"Set it, or write ${{{name}:-default}}.")
        return "" if missing else _REFERENCE.sub(lambda found: self.givens.env.get(found[1]) or found[2], written)

    def secret(self, written: str, path: Path) -> str:
        """Like `text`; the value goes into the revision as a digest only."""
        value = self.text(written, path).strip()
        if value:
            self.digests["/".join(map(str, path))] = hashlib.sha256(value.encode()).hexdigest()
        return value

    def key(self, written: str, path: Path) -> str:
        """Like `secret`; warns where the key stands in the document itself."""
        value = self.secret(written, path)
        if value and value == written.strip():
            self.warn(path, "A key stands in the document itself.", "Write ${NAME} or file:/path instead.")
        return value

    def located(self, name: str) -> str:
        """A path of the document, relative to where the document is."""
        return str(PurePath(self.givens.directory, name))

    def file(self, name: str, path: Path) -> str:
        """The path of a file that others will open, after a look whether they can. Empty stays empty."""
        if name:
            self._file(name, path)
        return self.located(name) if name else ""

    def _own(self, what: str, path: Path) -> None:
        self.wrong(path, f"{what} is a secret of this installation itself.", "No configuration needs it. Name another one.")

    def _kept(self, name: str, path: Path) -> str:
        if path == ("database",):
            self.wrong(path, "The database's own address cannot be kept in it.", "Write ${NAME} or file:/path instead.")
            return ""
        try:
            return self.givens.look(name, self.database, self.journal)
        except LookupError as trouble:
            self.wrong(path, str(trouble))
            return ""

    def _file(self, name: str, path: Path) -> str:
        located = self.located(name)
        if is_own_file(located, self.givens.env):
            self._own(f"The file '{located}'", path)
            return ""
        self.files.add(located)
        try:
            return self.givens.read(located).strip()
        except (OSError, UnicodeDecodeError) as trouble:
            reason = trouble.strerror if isinstance(trouble, OSError) else "not a text"
            self.wrong(path, f"The file '{located}' cannot be read: {reason}.")
            return ""
