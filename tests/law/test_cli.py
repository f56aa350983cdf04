"""``yishu packs``: what people read and the exit codes programs read."""

import pytest

from yishu.cli import main
from yishu.law import packs

XIUWU = "cn-henan-jiaozuo-xiuwu"


def test_packs_check_of_the_shipped_packs_passes(capsys):
    assert main(["packs", "check"]) == 0
    assert f"{len(packs.pack_ids())} 个规则包，没有错误" in capsys.readouterr().out


def test_packs_check_of_a_broken_pack_prints_every_place_and_fails(pack_folder, capsys):
    path = pack_folder / "law.yaml"
    text = path.read_text().replace("    reference: {article: 第二条第一款, row: SA-2.1}\n", "")
    path.write_text(text.replace("role: provider", "role: mayor"))
    assert main(["packs", "check", str(pack_folder.parent)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("sample/law.yaml:9 clocks.catalogue.change.review.reference：缺少出处")
    assert "procedures.catalogue.review.steps.revision.role：应为以下之一" in out[1]
    assert out[2] == "共 2 处错误，未通过检查"


def test_packs_check_of_no_folder_says_so(tmp_path, capsys):
    assert main(["packs", "check", str(tmp_path / "nothing")]) == 2
    assert "law.no_such_folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("catalogue.change.review", ["值：5 个工作日", "修武办法 第十条（XW-10.2）", "本条：", "上级：焦作市"]),
        ("clocks.check.verify", ["延长：合计不超过 10 个工作日，须经主要负责人同意"]),
        ("sharing.access.unconditional", ["值：直接获取（direct）", "第十九条第一项（XW-19.1.a）"]),
        ("sharing.application", ["法律政策依据（law_basis", "主管审批（review，由数据主管办理"]),
        ("org_kinds", ["政府部门（government"]),
        ("log.retention", ["值：文本未规定", "修武办法 全文"]),
        ("XW-19.1.b", ["sharing.access.withheld"]),
        ("第十四条", ["clocks.check.verify（校核数据）：10 个工作日"]),
        ("share.uncond.review", ["值：即时（0 个工作日）"]),
        ("rectification", ["值：逐案确定"]),
    ],
)
def test_packs_explain_gives_value_article_summary_and_line(key, wanted, capsys):
    assert main(["packs", "explain", XIUWU, key, "--on", "2026-09-18"]) == 0
    out = capsys.readouterr().out
    for words in [*wanted, "2026-09-18：施行中（施行日期未载明）", "文本未收录", "未叠加共享条例"]:
        assert words in out


@pytest.mark.article("XW-1", "XW-38/39")
def test_packs_explain_shows_basis_interpreter_and_missing_date(capsys):
    assert main(["packs", "explain", XIUWU, "check.verify", "--on", "2026-09-18"]) == 0
    out = capsys.readouterr().out
    assert "依据：焦政办〔2020〕52号" in out
    assert "解释：县政务服务和大数据管理局（修武办法 第三十八条）" in out
    assert "施行日期未载明" in out


def test_packs_explain_before_the_national_regulation_has_no_notice_of_it(capsys):
    assert main(["packs", "explain", XIUWU, "check.verify", "--on", "2025-07-31"]) == 0
    assert "未叠加" not in capsys.readouterr().out


@pytest.mark.parametrize("key", ["check.verify", "clocks.share.provide", "org_kinds", "opening.enabled"])
def test_packs_explain_of_an_empty_pack_answers_that_its_text_is_not_at_hand(key, capsys):
    assert main(["packs", "explain", "cn-henan", key]) == 0
    assert "值：文本未收录" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([XIUWU, "verify.everything"], "law.no_such_key"),
        (["cn-henan", "check.everything"], "文本未收录"),
        (["cn-nowhere", "check.verify"], "law.no_such_pack"),
        ([XIUWU, "check.verify", "--on", "2026-02-30"], "law.bad_date"),
        ([XIUWU, "check", "--on", "2026-02-03"], "clocks.check.verify"),
    ],
)
def test_packs_explain_of_what_is_not_there_says_what_is(words, code, capsys):
    assert main(["packs", "explain", *words]) == 2
    assert code in capsys.readouterr().err


def test_packs_explain_of_a_dated_value_shows_its_time(pack_folder, capsys, monkeypatch):
    path = pack_folder / "law.yaml"
    path.write_text(path.read_text().replace("{title: 开放,", "{from: 2022-01-05, title: 开放,"))
    path = pack_folder / "pack.yaml"
    path.write_text(
        path.read_text()
        .replace("interpreter: {text: 样例局, reference: {article: 第三条}}\n", "")
        .replace("in_force", "metadata_only")
    )
    sample = packs.load("sample", pack_folder.parent)
    monkeypatch.setattr(packs, "load", lambda pack_id: sample)
    assert main(["packs", "explain", "sample", "opening.enabled", "--on", "2023-01-01"]) == 0
    out = capsys.readouterr().out
    assert "时段：2022-01-05 至 今后" in out
    assert "上级：无" in out


def test_packs_list_names_packs_and_keys(capsys):
    assert main(["packs", "list"]) == 0
    assert "cn-henan-jiaozuo\t焦作市" in capsys.readouterr().out
    assert main(["packs", "list", XIUWU, "--on", "2026-09-18"]) == 0
    out = capsys.readouterr().out
    assert "clocks.check.verify\t10 个工作日\t校核数据\t修武办法 第十四条第二款" in out
    assert "opening.enabled\t否" in out
