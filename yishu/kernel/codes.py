"""Identifiers of people and organisations and the resource code: normalising, checking, and the tables behind the checks.

Serves XW-12.2 (natural persons by their valid identity number, organisations by their unified social credit code).
Sources: GB 11643-1999 (公民身份号码), GB 32100-2015 (统一社会信用代码), GB 11714 (组织机构代码), guide 1272 (信息资源代码).
The tables are public so that another context can state the same check as an engine expression; a property test there
holds the two together. Check digits are hard; the area code is soft, because codes of abolished areas stay valid for life.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

PERSON_ID_WEIGHTS: tuple[int, ...] = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Weight of each of the first 17 digits of a 公民身份号码."""
PERSON_ID_CHECKS = "10X98765432"
"""Check character by (weighted sum mod 11)."""
PERSON_ID_PATTERN = "[1-9][0-9]{16}[0-9X]"
"""Whole-match pattern of a normalised 公民身份号码, the same in Python, PostgreSQL and DuckDB."""
PERSON_ID_CENTURIES = ("18", "19", "20")
"""Centuries a birth date may stand in: registers also hold people born before 1900 (GB 11643 sets no lower bound)."""
PERSON_ID_PROVINCES = frozenset(
    map(
        str,
        (
            *range(11, 16),
            *range(21, 24),
            *range(31, 38),
            *range(41, 47),
            *range(50, 55),
            *range(61, 66),
            71,
            81,
            82,
            83,
            91,
        ),
    )
)
"""First two digits ever given out, 81/82/83 of the residence permits for 港澳台居民 among them; soft."""

IDENTITY_DOCUMENT_PATTERN = "[0-9A-Z][0-9A-Z()./-]{4,19}"
"""Whole-match pattern of any other valid identity document's normalised number (passports, permits, soldiers' cards)."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a 统一社会信用代码; a character's value is its position."""
USCC_WEIGHTS: tuple[int, ...] = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""Weight of each of the first 17 characters: 3^i mod 31."""
USCC_PATTERN = "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
"""Whole-match pattern of a normalised 统一社会信用代码."""

ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The 36 characters of an 组织机构代码 (GB 11714); a character's value is its position."""
ORG_WEIGHTS: tuple[int, ...] = (3, 7, 9, 10, 5, 8, 4, 2)
"""Weight of each of the first 8 characters of the 组织机构代码, which stands at characters 9–17 of the USCC."""
ORG_CHECKS = "0X987654321"
"""Check character by (weighted sum mod 11): 11 minus it, where 10 is X and 11 is 0."""

RESOURCE_CODE_PATTERN = r"[1-3]\d{5}\d{0,12}/\d{1,12}"
"""类 1 digit, 项 2, 目 3, 细目 of any length up to 12, ``/``, sequence number."""

PROBLEMS: Mapping[str, str] = {
    "id_format": "公民身份号码应为 18 位：前 17 位为数字，末位为数字或 X",
    "id_birth_date": "公民身份号码中的出生日期不存在",
    "id_check_digit": "公民身份号码的校验位不符",
    "id_document_format": "身份证件号码应为 5 至 20 位数字、大写字母或 ( ) . / -，且不以符号开头",
    "uscc_format": "统一社会信用代码应为 18 位，由数字和大写字母组成（不含 I、O、S、V、Z），第 3 至 8 位为数字",
    "uscc_organisation_check": "统一社会信用代码中主体标识码（第 9 至 17 位）的校验位不符",
    "uscc_check_character": "统一社会信用代码的校验位不符",
    "resource_code_format": "信息资源代码形如 307021022100/000009：类 1 位、项 2 位、目 3 位、细目，斜线后为顺序号",
}
"""What each problem code means, in words for people."""

_PERSON_ID = re.compile(PERSON_ID_PATTERN, re.ASCII)
_IDENTITY_DOCUMENT = re.compile(IDENTITY_DOCUMENT_PATTERN, re.ASCII)
_USCC = re.compile(USCC_PATTERN, re.ASCII)
_RESOURCE_CODE = re.compile(RESOURCE_CODE_PATTERN, re.ASCII)
_USCC_VALUES = {character: value for value, character in enumerate(USCC_ALPHABET)}
_ORG_VALUES = {character: value for value, character in enumerate(ORG_ALPHABET)}
_UPPER = {ord(small): small.upper() for small in "abcdefghijklmnopqrstuvwxyz"}


def normalise_identifier(text: str) -> str:
    """The one form an identifier is stored, compared and checked in: NFKC, no outer blanks, ASCII letters upper case.

    Full-width digits and letters and a small ``x`` become what they mean; nothing inside the text is removed, so an
    identifier with a blank or an invisible character in it stays wrong and is found by the checks.
    """
    return unicodedata.normalize("NFKC", text).strip().translate(_UPPER)


def person_id_problem(text: str) -> str | None:
    """What is wrong with a normalised 公民身份号码: ``id_format``, ``id_birth_date``, ``id_check_digit``, or None.

    15-digit numbers are ``id_format``: they are no longer valid. Residence permits (81/82/83 …) follow the same rule.
    The area code is not judged here (see ``person_id_area_known``). ``PROBLEMS`` holds the words. Source: GB 11643-1999.
    """
    if not _PERSON_ID.fullmatch(text):
        return "id_format"
    if text[6:8] not in PERSON_ID_CENTURIES or not _is_date(text[6:14]):
        return "id_birth_date"
    if text[17] != person_id_check(text[:17]):
        return "id_check_digit"
    return None


def identity_document_problem(text: str) -> str | None:
    """What is wrong with a normalised number of any valid identity document: ``id_document_format``, or None.

    A number shaped like a 公民身份号码 must also hold as one: ``id_birth_date``, ``id_check_digit``. Other documents have no
    check character that all issuers share, so only their shape is judged. Source: XW-12.2 (有效身份证件号码).
    """
    if not _IDENTITY_DOCUMENT.fullmatch(text):
        return "id_document_format"
    return person_id_problem(text) if _PERSON_ID.fullmatch(text) else None


def person_id_check(body: str) -> str:
    """The check character of 17 digits (GB 11643-1999)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, PERSON_ID_WEIGHTS, strict=True))
    return PERSON_ID_CHECKS[total % 11]


def person_id_area_known(text: str) -> bool:
    """Whether the first two digits were ever given to a province: a hint for profiles, never a reason to reject."""
    return text[:2] in PERSON_ID_PROVINCES


def uscc_problem(text: str) -> str | None:
    """What is wrong with a normalised 统一社会信用代码: ``uscc_format``, ``uscc_organisation_check``, ``uscc_check_character``, or None.

    Every registering authority is valid, N (农业农村) and Y (其他) among them. Source: GB 32100-2015, GB 11714.
    """
    if not _USCC.fullmatch(text):
        return "uscc_format"
    if text[16] != organisation_check(text[8:16]):
        return "uscc_organisation_check"
    if text[17] != uscc_check(text[:17]):
        return "uscc_check_character"
    return None


def organisation_check(body: str) -> str:
    """The check character of the 8 characters of an 组织机构代码 (GB 11714)."""
    total = sum(_ORG_VALUES[character] * weight for character, weight in zip(body, ORG_WEIGHTS, strict=True))
    return ORG_CHECKS[total % 11]


def uscc_check(body: str) -> str:
    """The check character of the first 17 characters of a 统一社会信用代码 (GB 32100-2015)."""
    total = sum(_USCC_VALUES[character] * weight for character, weight in zip(body, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def resource_code(
    *, attribute_class: str, item_class: str, category: str, subcategory: str = "", sequence: int, width: int = 6
) -> str:
    """The 信息资源代码 of a resource: 类项目细目, ``/``, the sequence number padded to ``width`` digits.

    Raises ValueError when the parts do not make a valid code. Source: guide 1272 (发改高技〔2017〕1272号).
    """
    parts = (len(attribute_class), len(item_class), len(category))
    code = f"{attribute_class}{item_class}{category}{subcategory}/{sequence:0{width}d}"
    if parts != (1, 2, 3) or sequence < 1 or resource_code_problem(code):
        raise ValueError(f"not a resource code: {code!r}")
    return code


def resource_code_problem(text: str) -> str | None:
    """``resource_code_format`` when the text is not a 信息资源代码 of guide 1272, else None."""
    return None if _RESOURCE_CODE.fullmatch(text) else "resource_code_format"


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
