"""Files people attach: checked by size, name and first bytes, kept as bytes, handed out as downloads only. Never executed.

Django-free except for the type of the upload; the caller stores what comes back.
"""

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from yishu.kernel.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_INSIDE: Mapping[str, str] = {"docx": "word/", "xlsx": "xl/", "ofd": "ofd.xml"}
"""What stands in an archive of each kind: every program's package begins like these."""
_MACROS = ("vbaproject", "activex/", "macrosheets/")
_MOST_PARTS = 5_000
TYPES: Mapping[str, tuple[str, tuple[bytes, ...]]] = {
    # extension -> media type, first bytes (none: any text)
    "pdf": ("application/pdf", (b"%PDF-",)),
    "ofd": ("application/ofd", (_ZIP,)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (_ZIP,)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (_ZIP,)),
    "doc": ("application/msword", (_OLE,)),
    "xls": ("application/vnd.ms-excel", (_OLE,)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "txt": ("text/plain", ()),
    "csv": ("text/csv", ()),
}
"""What may be attached. Formats with macros by their own extension (xlsm, docm) and anything executable are not among them."""


class UploadedFile(Protocol):
    """What is needed of Django's uploaded file."""

    name: str | None
    size: int | None

    def read(self, num_bytes: int | None = None, /) -> bytes:
        """Bytes of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checked file: its cleaned name, media type by extension, bytes and their SHA-256 (hex)."""

    name: str
    media_type: str
    content: bytes
    digest: str


def accept(file: UploadedFile, *, most: int = MAX_BYTES) -> Accepted:
    """Check an uploaded file and read it whole. ``most`` is in bytes.

    Raises Invalid (``pages.upload_*``): no or unknown extension, too large, empty, content of another format, or with macros.
    """
    name = _clean_name(file.name or "")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    known = "、".join(sorted(TYPES))
    if extension not in TYPES:
        raise Invalid(
            f"不能上传“{name}”：文件类型不在允许的范围内",
            remedy=f"请换成以下类型之一：{known}",
            code="pages.upload_type",
        )
    if (file.size or 0) > most:
        raise _too_large(name, most)
    content = file.read(most + 1)
    if len(content) > most:
        raise _too_large(name, most)
    if not content:
        raise Invalid(f"文件“{name}”是空的", remedy="请核对后重新选择文件", code="pages.upload_empty")
    media_type, heads = TYPES[extension]
    begins = content.startswith(heads) if heads else b"\x00" not in content
    if not begins or (extension in _INSIDE and not _is_document(content, _INSIDE[extension])):
        raise Invalid(
            f"文件“{name}”的内容与扩展名 .{extension} 不符",
            remedy="请用原来的程序重新另存为不带宏的文件后上传，不要直接改扩展名",
            code="pages.upload_content",
        )
    return Accepted(name, media_type, content, hashlib.sha256(content).hexdigest())


def _is_document(content: bytes, inside: str) -> bool:
    """Whether an archive holds the part its kind must have and no macros. Only its list of parts is read; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name.casefold() for name in archive.namelist()]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return False
    if len(names) > _MOST_PARTS or any(mark in name for name in names for mark in _MACROS):
        return False
    return any(name.startswith(inside) for name in names)


def _too_large(name: str, most: int) -> Invalid:
    return Invalid(f"文件“{name}”超过 {most // 1024 // 1024} MB", remedy="请压缩或拆分后上传", code="pages.upload_size")


def _clean_name(name: str) -> str:
    """The last part of a path, without control and direction characters, at most 100 characters with its extension."""
    last = unicodedata.normalize("NFKC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip().strip(".")
    plain = re.sub(r'[<>:"|?*]', "_", plain) or "未命名"
    stem, dot, extension = plain.rpartition(".")
    return f"{stem[:80]}{dot}{extension[:10]}" if dot else plain[:90]
