"""What a received file is: its encoding, told strictly, and what its characters ask of the checks. Pure; files only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yishu.collection.errors import BadFile, bad_file

CHUNK = 4 * 1024 * 1024
UTF8, UTF8_BOM, GB18030 = "UTF-8", "UTF-8 BOM", "GB18030"
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = (
    (b"PK\x03\x04", "Excel 工作簿（xlsx）或压缩文件"),
    (b"\xd0\xcf\x11\xe0", "Excel 97 工作簿（xls）"),
    (b"%PDF", "PDF 文件"),
    (b"\x1f\x8b", "gzip 压缩文件"),
    (b"PAR1", "Parquet 文件"),
)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_INVISIBLE: Final = tuple(
    re.compile(p)
    for p in (
        rb"\xe2\x80[\x8b-\x8f\xaa-\xae]", rb"\xe2\x81[\xa0-\xaf]", rb"\xef\xbb\xbf", rb"\xc2\xad", rb"\xd8\x9c", rb"\xe1\xa0\x8e",
    )
)  # fmt: skip
"""The characters of ``quality.plane.INVISIBLE`` beyond ASCII, as UTF-8."""
_CONTROLS: Final = bytes(c for c in (*range(32), 127) if chr(c) not in "\t\n\r")
_BLANKS: Final = (b" ", b"\t", b'"', b"\xe3\x80\x80", b"\xc2\xa0")
"""A quote too: a quoted cell may begin or end with a line break."""
_PRIVATE: Final = (
    re.compile(rb"\xee"),
    re.compile(rb"\xef[\x80-\xa3]"),
    re.compile(rb"\xf3[\xb0-\xbf]"),
    re.compile(rb"\xf4"),
)
"""U+E000–F8FF and planes 15 and 16, as UTF-8 lead bytes."""
_HAN: Final = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")
SAVE_AS = "请在 Excel 或 WPS 中“另存为”选择“CSV UTF-8（逗号分隔）”后重新上传"


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a whole file was found to be.

    ``path`` holds the same text in UTF-8 (the received file itself when it is). ``blanks`` and ``invisible`` are False
    only when the file is known to hold none; ``private_use`` counts private-use characters (自造字), ``private_use_line``
    is the physical line of the first.
    """

    path: Path
    encoding: str
    blanks: bool
    invisible: bool
    private_use: int
    private_use_line: int | None


def examine(source: Path, scratch: Path, *, file_name: str) -> TextFacts:
    """Decode the whole file strictly and look at its characters, in chunks of ``CHUNK`` bytes.

    UTF-8 (with or without byte order mark) is read in place; GB18030 (GBK, GB2312) is rewritten as UTF-8 into
    ``scratch``. Raises ``BadFile``: ``empty_file``, ``not_text``, ``encoding`` (with byte offset and line), ``nul_bytes``.
    """
    with source.open("rb") as file:
        head = file.read(8)
    if not head.removeprefix(_BOM):
        raise bad_file("empty_file", file_name, "文件是空的", "请上传带有列名和数据的 CSV 文件")
    for magic, words in _FOREIGN:
        if head.startswith(magic):
            raise bad_file("not_text", file_name, f"这是 {words}，不是 CSV 文本", SAVE_AS)
    if head.startswith(_UTF16):
        raise bad_file("encoding", file_name, "文件是 UTF-16 编码（Excel 的“Unicode 文本”），不能读取", SAVE_AS)
    broken = _first_bad_utf8(source)
    if broken is None:
        return _look(source, UTF8_BOM if head.startswith(_BOM) else UTF8, file_name)
    offset, line, looks_utf8 = broken
    if not looks_utf8:
        target = scratch / "utf8.csv"
        bad = _rewrite_gb18030(source, target)
        if bad is None:
            return _look(target, GB18030, file_name)
        offset, line = bad
    raise bad_file(
        "encoding",
        file_name,
        f"文件{'大部分是 UTF-8 编码，但' if looks_utf8 else '既不是 UTF-8 也不是 GB18030 编码：'}第 {line} 行（第 {offset} 字节起）有不能解码的内容",
        f"请检查该行是否混入其他编码的内容；{SAVE_AS}",
        why="逐字节严格解码，任何一处不符都不会猜测或丢弃",
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _whole_characters(path: Path) -> Iterator[tuple[int, bytes]]:
    """Chunks that do not end within a UTF-8 character, with their offsets."""
    offset, rest = 0, b""
    for chunk in _chunks(path):
        data = rest + chunk
        cut = len(data)
        for back in range(1, min(4, len(data)) + 1):
            if data[-back] & 0xC0 != 0x80:
                cut = len(data) - back
                break
        yield offset, data[:cut]
        offset, rest = offset + cut, data[cut:]
    if rest:
        yield offset, rest


def _first_bad_utf8(path: Path) -> tuple[int, int, bool] | None:
    """Offset and line of the first byte that is no UTF-8, and whether the text before it plainly was; None when all is."""
    lines, han = 1, 0
    for offset, data in _whole_characters(path):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            good = data[: error.start]
            if han < 2:
                han += len(_HAN.findall(good[-CHUNK:]))
            return offset + error.start, lines + good.count(b"\n"), han >= 2
        lines += data.count(b"\n")
        if han < 2:
            han += sum(1 for _, _ in zip(range(2), _HAN.finditer(data), strict=False))
    return None


def _rewrite_gb18030(source: Path, target: Path) -> tuple[int, int] | None:
    """Write the file as UTF-8; returns offset and line of the first byte that is no GB18030, or None."""
    offset, lines, rest = 0, 1, b""
    with target.open("wb") as out:
        for chunk in (*_chunks(source), b""):
            data, final = rest + chunk, not chunk
            cut = len(data) if final else data.rfind(b"\n") + 1
            try:
                text = data[:cut].decode("gb18030")
            except UnicodeDecodeError as error:
                return offset + error.start, lines + data[: error.start].count(b"\n")
            out.write(text.encode("utf-8"))
            lines += data[:cut].count(b"\n")
            offset, rest = offset + cut, data[cut:]
    return None


def _look(path: Path, encoding: str, file_name: str) -> TextFacts:
    blanks = invisible = False
    private, private_line, lines = 0, None, 1
    for offset, data in _whole_characters(path):
        start = len(_BOM) if offset == 0 and data.startswith(_BOM) else 0
        if len(data.translate(None, _CONTROLS)) != len(data):
            if (at := data.find(b"\0")) >= 0:
                raise _nul(file_name, offset + at, lines + data[:at].count(b"\n"))
            invisible = True
        blanks = blanks or any(mark in data for mark in _BLANKS)
        invisible = invisible or any(p.search(data, start) for p in _INVISIBLE)
        for pattern in _PRIVATE:
            for match in pattern.finditer(data):
                private += 1
                line = lines + data.count(b"\n", 0, match.start()) if private == 1 or private_line is None else None
                private_line = line if private_line is None else private_line
        lines += data.count(b"\n")
    return TextFacts(path, encoding, blanks, invisible, private, private_line)


def _nul(file_name: str, offset: int, line: int) -> BadFile:
    return bad_file(
        "nul_bytes",
        file_name,
        f"文件第 {line} 行（第 {offset} 字节）含空字节（NUL），不是正常的文本",
        f"文件可能已损坏或是其他格式；请重新导出。{SAVE_AS}",
    )
