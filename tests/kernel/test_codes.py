"""Identifiers: the checks find every changed character, and accept what real registers hold."""

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric as stdnum_person
from stdnum.cn import uscc as stdnum_uscc

from yishu.kernel import codes

VALID_USCC = [
    "11100000000013338W",
    "11430000006122244L",
    "11110000000021135M",
    "11100000MB03271699",
    "91110000600037341L",
]
"""Published codes of public bodies and companies (standards facts §5)."""


@st.composite
def person_ids(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(["410821", "140902", "419001", "430111", "810000", "830000", "110105", "999999"]))
    born = draw(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
    body = f"{area}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + codes.person_id_check(body)


@st.composite
def usccs(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(["11", "12", "13", "19", "51", "91", "92", "93", "A1", "N1", "N2", "N3", "N9", "Y1"]))
    area = draw(st.sampled_from(["410821", "140902", "419001", "430111", "100000"]))
    organisation = draw(st.text(codes.USCC_ALPHABET, min_size=8, max_size=8))
    check = codes.organisation_check(organisation)
    body = f"{head}{area}{organisation}{check}"
    return body + codes.uscc_check(body)


@given(person_ids())
def test_person_id_made_by_the_rule_is_valid(text):
    assert codes.person_id_problem(text) is None


@given(person_ids(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_person_id_any_single_change_is_found(text, place, character):
    changed = text[:place] + character + text[place + 1 :]
    assert (codes.person_id_problem(changed) is None) == (changed == text)


@given(usccs())
def test_uscc_made_by_the_rule_is_valid(text):
    assert codes.uscc_problem(text) is None


@given(usccs(), st.integers(0, 17), st.sampled_from(string.digits + string.ascii_uppercase))
def test_uscc_any_single_change_is_found(text, place, character):
    changed = text[:place] + character + text[place + 1 :]
    assert (codes.uscc_problem(changed) is None) == (changed == text)


@given(usccs(), st.integers(0, 16))
def test_uscc_swapped_neighbours_are_found(text, place):
    changed = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (codes.uscc_problem(changed) is None) == (changed == text)


@given(st.text(max_size=40))
def test_any_text_gets_an_answer_with_words(text):
    for problem in (codes.person_id_problem(text), codes.uscc_problem(text), codes.resource_code_problem(text)):
        assert problem is None or codes.PROBLEMS[problem]


@given(st.text(max_size=40))
def test_normalise_identifier_twice_changes_nothing_more(text):
    once = codes.normalise_identifier(text)
    assert codes.normalise_identifier(once) == once


@pytest.mark.parametrize("text", VALID_USCC)
def test_uscc_of_public_bodies_is_valid(text):
    assert codes.uscc_problem(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("11010519491231002X", None),
        ("440524188001010014", None),
        ("110105491231002", "id_format"),
        ("11010519491231002x", "id_format"),
        ("1101051949123100２X", "id_format"),
        ("11010519491231002X ", "id_format"),
        ("", "id_format"),
        ("010105194912310020", "id_format"),
        ("11010519490230002X", "id_birth_date"),
        ("11010517491231002X", "id_birth_date"),
        ("11010521491231002X", "id_birth_date"),
        ("110105190002290020", "id_birth_date"),
        ("110105194912310021", "id_check_digit"),
        ("11010519491231002" + "\N{ARABIC-INDIC DIGIT ONE}", "id_format"),
    ],
)
def test_person_id_problem_names_what_is_wrong(text, problem):
    assert codes.person_id_problem(text) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("91110000600037341", "uscc_format"),
        ("91110000600037341I", "uscc_format"),
        ("9111000O600037341L", "uscc_format"),
        ("91110000600037341l", "uscc_format"),
        ("91110000600037351L", "uscc_organisation_check"),
        ("91110000600037341M", "uscc_check_character"),
    ],
)
def test_uscc_problem_names_what_is_wrong(text, problem):
    assert codes.uscc_problem(text) == problem


@pytest.mark.parametrize("prefix", ["81", "82", "83"])
def test_person_id_of_a_residence_permit_is_valid(prefix):
    body = f"{prefix}000019900101001"
    assert codes.person_id_problem(body + codes.person_id_check(body)) is None
    assert codes.person_id_area_known(body)


@pytest.mark.parametrize("area", ["140902", "419001", "410881", "410821"])
def test_person_id_valid_where_stdnum_ties_the_area_to_its_years(area):
    """stdnum rejects an area code whose years do not hold the birth date; the number stays valid for life."""
    body = f"{area}19850101001"
    text = body + codes.person_id_check(body)
    assert codes.person_id_problem(text) is None
    assert stdnum_person.calc_check_digit(text) == text[-1]
    assert stdnum_person.is_valid(text) is (area == "410821")


@pytest.mark.parametrize("head", ["N1", "N2", "N3", "N9", "Y1", "A1"])
def test_uscc_valid_where_stdnum_demands_digits(head):
    """stdnum demands digits in the first eight characters: all village collectives (N…) would be rejected."""
    body = f"{head}410821MF1234567"[:17]
    body = body[:16] + codes.organisation_check(body[8:16])
    text = body + codes.uscc_check(body)
    assert codes.uscc_problem(text) is None
    assert stdnum_uscc.is_valid(text) is False


@given(usccs().filter(lambda text: text[:2].isdigit()))
def test_uscc_with_digits_in_front_agrees_with_stdnum(text):
    assert stdnum_uscc.is_valid(text)
    assert stdnum_uscc.calc_check_digit(text[:-1]) == text[-1]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (" 11010519491231002x\n", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        ("n2410821mf1234567x", "N2410821MF1234567X"),
        ("　91110000600037341L　", "91110000600037341L"),
        ("9111 0000", "9111 0000"),
        ("\u200b11", "\u200b11"),
        ("ıß", "ıß"),
    ],
)
def test_normalise_identifier_gives_the_one_form(text, normal):
    assert codes.normalise_identifier(text) == normal


@pytest.mark.parametrize(
    "text", ["303084122704/000001", "303021070100/000003", "3070010370/000066", "307021022100/000009", "101001/1"]
)
def test_resource_code_of_national_practice_is_valid(text):
    assert codes.resource_code_problem(text) is None


@pytest.mark.parametrize(
    "text", ["", "407021/1", "30702/1", "307021022100", "307021022100/", "00247017X/000709", "307021/１"]
)
def test_resource_code_of_another_form_is_a_problem(text):
    assert codes.resource_code_problem(text) == "resource_code_format"


def test_resource_code_from_its_parts_is_padded():
    code = codes.resource_code(attribute_class="3", item_class="07", category="021", subcategory="022100", sequence=9)
    assert code == "307021022100/000009"


@pytest.mark.parametrize(
    "change", [{"item_class": "7"}, {"sequence": 0}, {"subcategory": "x"}, {"attribute_class": "4"}]
)
def test_resource_code_from_wrong_parts_is_refused(change):
    parts = {"attribute_class": "3", "item_class": "07", "category": "021", "subcategory": "", "sequence": 1}
    with pytest.raises(ValueError, match="not a resource code"):
        codes.resource_code(**(parts | change))


def test_tables_are_those_of_the_standards():
    assert tuple(3**n % 31 for n in range(17)) == codes.USCC_WEIGHTS
    assert tuple(2 ** (17 - n) % 11 for n in range(17)) == codes.PERSON_ID_WEIGHTS
    assert len(codes.USCC_ALPHABET) == 31
    assert not set("IOSVZ") & set(codes.USCC_ALPHABET)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("11010519491231002X", None),
        ("E12345678", None),
        ("R123456(7)", None),
        ("H1234567", None),
        ("110105194912310021", "id_check_digit"),
        ("110105194902300021", "id_birth_date"),
        ("1234", "id_document_format"),
        ("E 1234567", "id_document_format"),
        ("-12345678", "id_document_format"),
        ("E" * 21, "id_document_format"),
        ("护照12345", "id_document_format"),
    ],
)
def test_identity_document_any_shape_passes_but_an_identity_number_must_hold(text, problem):
    assert codes.identity_document_problem(text) == problem
