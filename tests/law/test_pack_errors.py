"""One broken pack for each thing ``yishu packs check`` finds: file, line, key and what is expected."""

from datetime import date

import pytest

from yishu.law import packs
from yishu.law.check import check

CASES = [
    # (what is written, what replaces it, the key named, words of what is expected)
    ("    reference: {article: 第二条第一款, row: SA-2.1}\n", "", "clocks.catalogue.change.review.reference", "缺少出处"),
    ("value: direct, reference: {article: 第二条}", "value: direct", "values.sharing.access.unconditional.reference", "缺少出处"),
    ("may_own_resources: true, reference: {article: 第二条}", "may_own_resources: true", "options.org_kinds.options.government.reference", "缺少出处"),
    ("need: {title: 需求, reference: {article: 第二条}}", "need: {title: 需求}", "required.sharing.application.fields.need.reference", "缺少出处"),
    ("requires: {reason: {article: 第二条}}", "requires: {reason: {}}", "procedures.catalogue.review.steps.review.outcomes.return.requires.reason.article", "缺少此键"),
    ("{article: 第二条第一款, row: SA-2.1}", "{article: 第九条}", "clocks.catalogue.change.review.reference.article", "没有第九条"),
    ("{article: 第二条第一款, row: SA-2.1}", "{article: 14条}", "clocks.catalogue.change.review.reference.article", "第×条第×款第×项"),
    ("{article: 第二条第一款, row: SA-2.1}", "{article: 第二条, row: SA-9}", "clocks.catalogue.change.review.reference.row", "没有条目 SA-9"),
    ("{article: 第二条第一款, row: SA-2.1}", "{article: 第二条, row: SA-1}", "clocks.catalogue.change.review.reference.row", "第一条"),
    ("{article: 第二条第一款, row: SA-2.1}", "第二条", "clocks.catalogue.change.review.reference", "映射"),
    ("working_days: 5", "working_days: 010", "clocks.catalogue.change.review.working_days", "整数"),
    ("working_days: 5", 'working_days: "5"', "clocks.catalogue.change.review.working_days", "整数"),
    ("working_days: 5", "working_days: 五", "clocks.catalogue.change.review.working_days", "整数"),
    ("working_days: 5", "working_days: -5", "clocks.catalogue.change.review.working_days", "整数"),
    ("working_days: 5", "working_days: [5]", "clocks.catalogue.change.review.working_days", "整数"),
    ("working_days: 5", "working_days: unset", "clocks.catalogue.change.review", "须写 period"),
    ("working_days: 5", "workingdays: 5", "clocks.catalogue.change.review.workingdays", "不认识的键"),
    ("working_days: 5\n    actor: authority", "working_days: 5\n    actor: boss", "clocks.catalogue.change.review.actor", "以下之一"),
    ("starts_at: application_received", "starts_at: someday", "clocks.catalogue.change.review.starts_at", "以下之一"),
    ("ends_with: published", "ends_with: published\n    extension: {working_days: 0, approver: king, total: maybe}", "clocks.catalogue.change.review.extension.approver", "以下之一"),
    ("role: authority", "role: mayor", "procedures.catalogue.review.steps.review.role", "以下之一"),
    ("clock: catalogue.change.review", "clock: catalogue.never", "procedures.catalogue.review.steps.review.clock", "没有“catalogue.never”"),
    ("to: revision", "to: nowhere", "procedures.catalogue.review.steps.review.outcomes.return.to", "以下之一"),
    ("to: revision", "to: published", "procedures.catalogue.review.steps.revision", "没有任何结果通向这里"),
    ("finals: {published: 已发布}", "finals: {published: 已发布, lost: 遗失}", "procedures.catalogue.review.finals.lost", "没有任何结果通向这里"),
    ("finals: {published: 已发布}", "finals: {published: 已发布, revision: 修改}", "procedures.catalogue.review.steps.revision", "不得同名"),
    ("to: published, reference", "to: review, reference", "procedures.catalogue.review.steps.review", "到不了任何终态"),
    ("start: review", "start: begin", "procedures.catalogue.review.start", "以下之一"),
    ("requires: {reason: {article: 第二条}}", "requires: {luck: {article: 第二条}}", "procedures.catalogue.review.steps.review.outcomes.return.requires.luck", "不认识的要件"),
    ("outcomes:\n          resubmit: {title: 再报, to: review, reference: {article: 第二条}}", "outcomes: {}", "procedures.catalogue.review.steps.revision.outcomes", "至少写一种结果"),
    ("  sharing.application:\n", "  sharing.wish:\n", "required.sharing.wish", "不认识的表单"),
    ("  org_kinds:\n", "  org_sorts:\n", "options.org_sorts", "不认识的清单"),
    ("may_own_resources: true", "may_own_resources: yes", "options.org_kinds.options.government.may_own_resources", "true、false"),
    ("may_own_resources: true", "colour: red", "options.org_kinds.options.government.colour", "不认识的键"),
    ("  opening.enabled:", "  opening.enabld:", "values.opening.enabld", "不认识的键"),
    ("  opening.enabled:", "  Opening.Enabled:", "values.Opening.Enabled", "小写英文"),
    ("value: false", "value: off", "values.opening.enabled.value", "true、false"),
    ("value: direct", "value: freely", "values.sharing.access.unconditional.value", "以下之一"),
    ("value: direct", "value: ''", "values.sharing.access.unconditional.value", "不得为空"),
    ("title: 审核\n    working_days", "title: {a: b}\n    working_days", "clocks.catalogue.change.review.title", "应为文字"),
    ("values:\n", "valus:\n", "valus", "不认识的部分"),
    ("  第三条: {summary: 施行}", "  第3条: {summary: 施行}", "articles.第3条", "第×条"),
    ("SA-2.1: {place: 第二条第一款,", "SA-2.1: {place: 第三条,", "articles.第二条.rows.SA-2.1.place", "第二条中的位置"),
    ("SA-2.1: {place: 第二条第一款,", "SA-1: {place: 第二条第一款,", "articles.第二条.rows.SA-1", "不得重复"),
    ("starts_at: application_received", "starts_at: [now]", "clocks.catalogue.change.review.starts_at", "应为文字"),
    ("options:\n      government:", "options: {}\n    x:\n      government:", "options.org_kinds.options", "至少写一项"),
    ("    fields:\n      need:", "    fields: [a]\n    x:\n      need:", "required.sharing.application.fields", "映射"),
    ("  ownership.label:", "  opening.enabled:", "values.opening.enabled", "键不得重复"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "replacement", "key", "words"), CASES)
def test_check_names_line_key_and_expectation(pack_folder, written, replacement, key, words):
    path = pack_folder / "law.yaml"
    source = path.read_text()
    assert written in source, "the case no longer fits the sample"
    broken = source.replace(written, replacement, 1)
    path.write_text(broken)
    found = [p for p in check(pack_folder.parent).problems if p.key == key and words in p.expected]
    assert found, [str(p) for p in check(pack_folder.parent).problems]
    problem = found[0]
    assert problem.file == "sample/law.yaml"
    near = "\n".join(broken.splitlines()[problem.line - 1 : problem.line + 14])
    last = key.removeprefix("articles.").split(".")[-1]
    assert last in near or "缺少" in problem.expected
    assert str(problem).startswith(f"sample/law.yaml:{problem.line} {key}：")


@pytest.mark.parametrize(
    ("written", "replacement", "key", "words"),
    [
        ("id: sample", "id: other", "id", "文件夹同名"),
        ("status: in_force", "status: fine", "status", "以下之一"),
        ("  from: 2022-01-05", "  from: 2022-02-30", "validity.from", "真实的日期"),
        ("  from: 2022-01-05", "  from: 5 Jan", "validity.from", "真实的日期"),
        ("  until: 2027-01-05", "  until: 2021-01-05", "validity.until", "不早于"),
        ("  reference: {article: 第三条}\n", "", "validity.reference", "缺少出处"),
        ("interpreter: {text: 样例局, reference: {article: 第三条}}\n", "", "interpreter", "缺少此键"),
        ("parent: none", "parent: moon", "parent", "没有规则包“moon”"),
        ("parent: none", "parent: sample", "parent", "成环"),
        ("status: in_force", "status: not_included", "status", "不应有条文"),
        ("name: 样例县\n", "", "name", "缺少此键"),
        ("  - {text: 上级办法, reference: {article: 第一条, row: SA-1}}", "  上级办法", "basis", "应为列表"),
    ],
)
def test_check_of_metadata_names_key_and_expectation(pack_folder, written, replacement, key, words):
    path = pack_folder / "pack.yaml"
    assert written in path.read_text()
    path.write_text(path.read_text().replace(written, replacement, 1))
    problems = check(pack_folder.parent).problems
    assert [p.file for p in problems if p.key == key and words in p.expected] == ["sample/pack.yaml"], problems


def test_check_finds_every_problem_at_once(pack_folder):
    path = pack_folder / "law.yaml"
    text = path.read_text().replace("working_days: 5", "working_days: 05").replace("role: authority", "role: mayor")
    path.write_text(text.replace("value: direct", "value: freely"))
    (pack_folder / "more.yaml").write_text("clocks: {check.verify: 2}\nvalues: {}\nvalues: {}\n")
    assert [(p.file, p.key.split(".")[-1]) for p in check(pack_folder.parent).problems] == [
        ("sample/law.yaml", "working_days"),
        ("sample/law.yaml", "role"),
        ("sample/law.yaml", "value"),
        ("sample/more.yaml", "verify"),
        ("sample/more.yaml", "values"),
    ]


def test_check_of_steps_that_only_lead_to_each_other_finds_both(pack_folder):
    path = pack_folder / "law.yaml"
    step = "{title: 甲, role: provider, clock: none, reference: {article: 第二条}, outcomes: {go: {title: 走, to: %s, reference: {article: 第二条}}}}"
    island = f"      here: {step % 'there'}\n      there: {step % 'here'}\n    finals: {{published"
    path.write_text(path.read_text().replace("    finals: {published", island))
    found = [(p.key.rpartition(".")[2], p.expected) for p in check(pack_folder.parent).problems]
    assert found == [("here", "没有任何结果通向这里"), ("there", "没有任何结果通向这里")]


def test_check_of_a_key_in_two_files_is_a_problem_of_the_second(pack_folder):
    value = "values: {opening.enabled: {title: 开放, value: true, reference: {article: 第二条}}}\n"
    (pack_folder / "more.yaml").write_text(value)
    found = [(p.file, p.key, p.expected) for p in check(pack_folder.parent).problems]
    assert found == [("sample/more.yaml", "values.opening.enabled", "键不得重复（另一文件中已写）")]


def test_check_where_the_metadata_cannot_be_read_names_the_file(pack_folder):
    (pack_folder / "pack.yaml").write_text("id: [\n")
    assert [p.file for p in check(pack_folder.parent).problems] == ["sample/pack.yaml"]


def test_check_of_a_file_that_cannot_be_read_names_only_that(pack_folder):
    path = pack_folder / "law.yaml"
    path.write_text(path.read_text() + "broken: [\n")
    (pack_folder / "more.yaml").write_text(
        "values: {platform.network: {title: 网络, value: 政务网, reference: {article: 第二条}}}\n"
    )
    assert [(p.file, "语法有误" in p.expected) for p in check(pack_folder.parent).problems] == [
        ("sample/law.yaml", True)
    ]


def test_check_of_the_correct_sample_finds_nothing(pack_folder):
    report = check(pack_folder.parent)
    assert report.problems == ()
    assert [pack.id for pack in report.packs] == ["sample"]
    assert check(pack_folder).problems == ()


def test_check_of_the_shipped_packs_finds_nothing():
    report = check()
    assert report.problems == ()
    assert [pack.id for pack in report.packs] == list(packs.pack_ids())


def test_check_of_a_circle_of_parents_finds_it(pack_folder):
    twin = pack_folder.parent / "twin"
    twin.mkdir()
    twin.joinpath("pack.yaml").write_text(
        "id: twin\nname: 甲\ninstrument: 乙\nshort_name: 丙\ndivision_code: '0'\nstatus: not_included\nparent: sample\n"
    )
    path = pack_folder / "pack.yaml"
    path.write_text(path.read_text().replace("parent: none", "parent: twin"))
    assert ["成环" in p.expected for p in check(pack_folder.parent).problems] == [True, True]


def test_check_of_a_parent_that_ships_is_fine(pack_folder):
    path = pack_folder / "pack.yaml"
    path.write_text(path.read_text().replace("parent: none", "parent: cn-henan"))
    assert check(pack_folder.parent).problems == ()


def test_check_of_a_folder_without_packs_says_so(tmp_path):
    assert "应有规则包" in check(tmp_path).problems[0].expected
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    assert check(tmp_path).problems[0].file == "empty/pack.yaml"


def test_load_of_a_broken_pack_lists_its_problems(pack_folder):
    path = pack_folder / "law.yaml"
    path.write_text(path.read_text().replace("working_days: 5", "working_days: 05"))
    with pytest.raises(packs.BadPack) as caught:
        packs.load("sample", pack_folder.parent)
    assert caught.value.problems[0].where.startswith("sample/law.yaml:")
    assert caught.value.code == "law.bad_pack"


def test_load_of_an_unknown_pack_names_those_there_are():
    with pytest.raises(packs.NoPack) as caught:
        packs.load("../../etc")
    assert "cn-henan-jiaozuo-xiuwu" in caught.value.remedy


def dated(pack_folder, body: str):
    path = pack_folder / "law.yaml"
    old = "  sharing.access.unconditional: {title: 获取, value: direct, reference: {article: 第二条}}\n"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, f"  sharing.access.unconditional:\n{body}"))


def test_dated_values_apply_in_their_time(pack_folder):
    dated(
        pack_folder,
        "    - {from: 2024-01-01, until: 2024-12-31, title: 获取, value: application, reference: {article: 第二条}}\n"
        "    - {from: 2022-01-05, until: 2023-12-31, title: 获取, value: direct, reference: {article: 第二条}}\n",
    )
    with pytest.raises(packs.Missing):
        at(pack_folder, 2022, 1, 4)
    assert at(pack_folder, 2022, 1, 5).value == "direct"
    assert at(pack_folder, 2023, 12, 31).value == "direct"
    assert at(pack_folder, 2024, 1, 1).value == "application"
    with pytest.raises(packs.Missing) as caught:
        at(pack_folder, 2025, 1, 1)
    assert "sample" in caught.value.what
    assert "sharing.access.unconditional" in caught.value.what
    assert "没有生效" in caught.value.why


def at(pack_folder, year, month, day):
    return packs.load("sample", pack_folder.parent).at(date(year, month, day)).get("sharing.access.unconditional")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("from: 2022-01-05, until: 2023-12-31", "from: 2023-12-31", "重叠"),
        ("from: 2022-01-05", "from: 2024-01-01", "重叠"),
        ("from: 2022-01-05, until: 2023-12-31", "until: 2025-01-01", "都要写 from"),
        ("from: 2022-01-05, until: 2021-12-31", "from: 2024-01-01", "不早于"),
        ("from: 2022-13-05, until: 2023-12-31", "from: 2024-01-01", "真实的日期"),
    ],
)
def test_dated_values_that_overlap_are_refused(pack_folder, first, second, words):
    rest = "title: 获取, value: direct, reference: {article: 第二条}"
    dated(pack_folder, f"    - {{{first}, {rest}}}\n    - {{{second}, {rest}}}\n")
    assert any(words in p.expected for p in check(pack_folder.parent).problems)
