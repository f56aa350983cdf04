"""What orgs tells the contexts above it."""

from dataclasses import dataclass
from uuid import UUID

from yishu.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ClientChanged(Event):
    """A machine client was made, given a new secret, or disabled; ``client_id`` is the row's primary key."""

    client_id: UUID


@dataclass(frozen=True, slots=True)
class DepartmentChanged(Event):
    """A department was made, edited, or switched off (``Department.active``)."""

    department_id: int


@dataclass(frozen=True, slots=True)
class PersonChanged(Event):
    """A person was switched off, moved, or gained or lost a role."""

    person_id: int
