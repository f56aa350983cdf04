"""Which handler and which number word each procedure has. Filled once by ``config.wiring``."""

from dataclasses import dataclass

from yishu.cases.ports import Handler, Messenger


@dataclass(frozen=True, slots=True)
class Registered:
    """One procedure's handler and the word in its case numbers (修武共享〔2026〕12号)."""

    handler: Handler
    number_word: str


_procedures: dict[str, Registered] = {}


def register(procedure: str, handler: Handler, *, number_word: str = "共享") -> None:
    """Have ``handler`` show and decide the cases of ``procedure`` (a key of the packs); the last registration counts."""
    _procedures[procedure] = Registered(handler, number_word)


def handler(procedure: str) -> Handler:
    """The handler of a procedure. Raises KeyError when ``config.wiring`` registered none: a defect, not an input error."""
    return _procedures[procedure].handler


def number_word(procedure: str) -> str:
    """The word in case numbers of a procedure; ``共享`` for one that nobody registered."""
    found = _procedures.get(procedure)
    return found.number_word if found else "共享"


_messengers: dict[str, Messenger] = {}


def add_messenger(messenger: Messenger) -> None:
    """Tell people of their notices this way too; a messenger of the same name replaces the earlier one."""
    _messengers[messenger.name] = messenger


def messengers() -> tuple[Messenger, ...]:
    """The ways notices go out, in order of registration; none on a platform without mail server."""
    return tuple(_messengers.values())
