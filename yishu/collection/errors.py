"""Everything that can be wrong with a file or a load, each with its code and its remedy. Texts hold no cell values."""

from collections.abc import Sequence

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem


class BadFile(Invalid):
    """The file cannot be loaded as it is; nothing of it was published. ``code`` says which of the cases it is."""

    code = "collection.bad_file"


class NotOwner(NotAllowed):
    """Only the department that owns the resource may load it."""

    code = "collection.not_owner"


class NotCatalogued(NotAllowed):
    """No load without a published catalogue entry; ``reference`` is the pack's article."""

    code = "collection.not_catalogued"


class NoLoad(NotFound):
    """No such load, or not one the person may see."""

    code = "collection.no_load"

    def __init__(self) -> None:
        super().__init__("没有这次装载，或者您无权查看", remedy="请从“数据装载”列表进入")


class LoadMoved(Conflict):
    """The load is not in a state that allows this."""

    code = "collection.load_moved"


def bad_file(
    code: str, file_name: str, what: str, remedy: str, *, why: str = "", problems: Sequence[Problem] = ()
) -> BadFile:
    """The error of one case; ``code`` without its ``collection.`` prefix."""
    return BadFile(what, remedy=remedy, object_=file_name, why=why, problems=problems, code=f"collection.{code}")
