"""Which database is meant: told without the libraries that speak to it, for those who may never need them."""

from __future__ import annotations

from pathlib import Path

FILE = "headworks.db"
NO_ADDRESS = "`database` is no address. Write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
_IN_MEMORY = ("", ":memory:")
_BACKENDS = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


class DatabaseUnusable(Exception):
    """The setting `database` does not say a database that we can use."""


def default_file(journal: Path) -> Path:
    """Where records are kept if nobody says otherwise: beside the journal."""
    return journal.resolve().parent / FILE


def default_url(journal: Path) -> str:
    """The same as an address."""
    return f"sqlite:///{default_file(journal)}"


def anchored(address: str, base: Path) -> str:
    """The address with a relative path of SQLite's counted from `base`, where the configuration is: wherever a process is started, it
    means the same file.
    """
    scheme, separator, rest = address.partition(":///")
    path, mark, query = rest.partition("?")
    if not separator or not scheme.startswith("sqlite") or path in _IN_MEMORY:
        return address
    return f"{scheme}:///{base.absolute() / Path(path).expanduser()}{mark}{query}"


def backend_of(address: str) -> str:
    """`sqlite` or `postgresql`. Raises `DatabaseUnusable`."""
    scheme, separator, _ = address.partition("://")
    if not separator:
        raise DatabaseUnusable(NO_ADDRESS)
    name = scheme.partition("+")[0]
    if name not in _BACKENDS:
        raise DatabaseUnusable(f"`database` names {name!r}; sqlite and postgresql are what there is.")
    return _BACKENDS[name]


def is_shared(address: str) -> bool:
    """Whether gateways on several machines may use it. Empty: the file beside the journal. Raises `DatabaseUnusable`."""
    return bool(address) and backend_of(address) != "sqlite"
