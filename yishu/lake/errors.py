"""What can go wrong with stored tables and their sources, in words the caller may show."""

import errno

from yishu.kernel.errors import Unavailable

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a disk without room."""


class LakeFull(Unavailable):
    """There is no room left where the lake stands. Nothing was published; the caller may try again later."""

    code = "lake.full"

    def __init__(self) -> None:
        super().__init__(
            "存储空间不足，没有写入", remedy="请系统管理员清理或扩充磁盘后重新处理；已发布的数据不受影响", status=507
        )


class BadSource(Exception):
    """A text file is not what it was declared to be. The message is the engine's: for logs, never for clients."""


class NoVersion(LookupError):
    """The table has no such version; the row that names it is wrong or the lake was replaced."""
