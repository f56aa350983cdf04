"""Whether a file's heading and rows fit a resource: pure decisions on names and counts, all problems at once."""

import csv
import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from yishu.catalogue.rules import ResourceSpec
from yishu.collection.errors import BadFile, bad_file
from yishu.kernel.errors import Problem

LISTED = 100
"""How many bad lines an error lists; their number is always exact."""
CELL_LIMIT = 1024 * 1024
"""Longest cell, and longest row, in bytes of UTF-8 (the lake reads no longer row)."""
_ALIKE = 0.5
_VALUE = re.compile(r"[0-9０-９]{6}")
"""What no column is called: such a cell is somebody's number in a file without a heading row."""


def name_form(name: str) -> str:
    """The form in which column names are compared: NFKC, no outer blanks, case folded."""
    return unicodedata.normalize("NFKC", name).strip().strip("﻿").casefold()


def match_heading(spec: ResourceSpec, heading: Sequence[str], file_name: str) -> tuple[str, ...]:
    """The column ids in the order of the file's columns. Order is free; every item must be there, and nothing else.

    Raises ``BadFile`` (``heading``) listing every missing, unknown, renamed, repeated and unnamed column at once.
    """
    by_name = {name_form(item.name): item for item in spec.items}
    forms = [name_form(name) for name in heading]
    counts = Counter(forms)
    missing = [item for form, item in by_name.items() if form not in counts]
    known = len(missing) < len(by_name)

    def shown(name: str) -> str:
        """A heading cell as the report may quote it. Without one known column the row is likely a person's data, not names."""
        return f"“{name.strip()[:80]}”" if known and not _VALUE.search(name) else "（内容不予显示）"

    problems: list[Problem] = []
    for form, count in counts.items():
        if form and count > 1:
            places = "、".join(str(i) for i, f in enumerate(forms, 1) if f == form)
            problems.append(
                Problem(
                    f"第 {places} 列",
                    f"列名{shown(heading[forms.index(form)])}重复",
                    "请只保留一列",
                    "duplicate_column",
                )
            )
    renamed: set[str] = set()
    for place, (name, form) in enumerate(zip(heading, forms, strict=True), 1):
        if not form:
            problems.append(Problem(f"第 {place} 列", "没有列名", "请补上列名，或删去多余的空列", "unnamed_column"))
        elif form not in by_name and form not in forms[: place - 1]:
            near = difflib.get_close_matches(
                form, [name_form(i.name) for i in missing if i.column not in renamed], 1, _ALIKE
            )
            if near:
                item = by_name[near[0]]
                renamed.add(item.column)
                problems.append(
                    Problem(
                        f"第 {place} 列",
                        f"{shown(name)}不是目录中的信息项名称",
                        f"是否应为“{item.name}”？请改为目录中的名称",
                        "renamed_column",
                    )
                )
            else:
                problems.append(
                    Problem(
                        f"第 {place} 列",
                        f"列名{shown(name)}不在目录的信息项中",
                        "请删去该列，或先在目录中增加该信息项",
                        "extra_column",
                    )
                )
    problems += [
        Problem(
            f"信息项“{item.name}”",
            "文件中缺少这一列",
            "请补上该列，每一行都要填写" if item.required or item.is_key else "请补上该列，没有数据的单元格可以留空",
            "missing_column",
        )
        for item in missing
        if item.column not in renamed
    ]
    if problems:
        raise bad_file(
            "heading",
            file_name,
            f"文件的列与目录“{spec.title}”不一致，共 {len(problems)} 处",
            "请按目录的信息项名称修改第一行列名后重新上传；可在上传页下载列名模板",
            why=_delimiter_hint(heading) or ("" if known else "第一行没有一个目录中的列名，看来是数据；列名行不可省略"),
            problems=problems,
        )
    return tuple(by_name[form].column for form in forms)


def _delimiter_hint(heading: Sequence[str]) -> str:
    for mark, words in ((";", "分号"), ("\t", "制表符"), ("，", "中文逗号"), ("|", "竖线")):
        if len(heading) == 1 and mark in heading[0]:
            return f"第一行看来是用{words}分隔的；文件应以英文逗号分隔"
    return ""


def read_heading(path: Path, file_name: str) -> list[str]:
    """The first row's cells. Raises ``BadFile`` when it is over the cell limit, unclosed, or nothing follows it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = _rows(file, file_name)
        heading = next(rows, (1, []))[1]
        if not any(cell.strip() for cell in heading):
            raise bad_file(
                "heading", file_name, "文件第一行没有列名", "第一行应为目录中的信息项名称；可在上传页下载列名模板"
            )
        try:
            first = next(rows, None)
        except BadFile:
            first = (2, heading)  # there is something; reading the rows will say what is wrong with it
    if first is None:
        raise bad_file(
            "no_rows",
            file_name,
            "文件只有列名，没有数据",
            "请确认导出的内容后重新上传；全量装载不接受空表，以免清空已发布的数据",
        )
    return heading


def explain_rows(path: Path, width: int, file_name: str) -> BadFile:
    """Why a file's rows could not be read: every row with too many or too few cells, a cell too long, a missing quote.

    Reads the whole file once, row by row; called only after reading has failed.
    """
    problems: list[Problem] = []
    bad = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in _rows(file, file_name):
                if len(row) != width:
                    bad += 1
                    if len(problems) < LISTED:
                        words = f"有 {len(row)} 个单元格，应为 {width} 个"
                        problems.append(
                            Problem(
                                f"第 {line} 行",
                                words,
                                "请检查该行多出或缺少的逗号；含逗号的内容要用英文双引号括起",
                                "ragged_row",
                            )
                        )
    except BadFile as error:
        if not bad:
            return error
    if bad:
        more = f"，下面列出前 {LISTED} 行" if bad > LISTED else ""
        return bad_file(
            "ragged_rows",
            file_name,
            f"有 {bad} 行的单元格数与列数不一致{more}",
            "请改正所列各行后重新上传；没有装入任何一行",
            problems=problems,
        )
    return bad_file(
        "unreadable",
        file_name,
        "文件不是规范的 CSV（引号或换行不一致），不能确定各单元格的内容",
        "请用 Excel、WPS 或导出程序重新生成 CSV（RFC 4180）后上传",
    )


def _rows(file: Iterator[str], file_name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the physical line they begin on; blank lines are none."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(file, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                if sum(map(len, row)) > CELL_LIMIT // 4 and sum(len(cell.encode()) for cell in row) > CELL_LIMIT:
                    raise _cell_too_large(file_name, line)
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise _cell_too_large(file_name, line) from None
        raise bad_file(
            "quotes",
            file_name,
            f"第 {line} 行起的双引号没有配对",
            "含逗号、换行或双引号的内容要用双引号括起，其中的双引号写成两个",
        ) from None


def _cell_too_large(file_name: str, line: int) -> BadFile:
    return bad_file(
        "cell_too_large",
        file_name,
        f"第 {line} 行有超过 1 MB 的单元格（或整行超过 1 MB）",
        "请检查该行是否缺少结束的双引号；过长的内容请改用文件类资源提供",
    )
