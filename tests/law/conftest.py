"""A small correct pack in a folder of its own, for tests that break it."""

from pathlib import Path

import pytest

PACK = """\
id: sample
name: 样例县
instrument: 样例县政务数据办法
short_name: 样例办法
division_code: "410000"
status: in_force
parent: none
validity:
  from: 2022-01-05
  until: 2027-01-05
  reference: {article: 第三条}
interpreter: {text: 样例局, reference: {article: 第三条}}
basis:
  - {text: 上级办法, reference: {article: 第一条, row: SA-1}}
"""
LAW = """\
articles:
  第一条: {summary: 依据, rows: {SA-1: {place: 第一条, summary: 依据上级办法}}}
  第二条:
    summary: 时限
    rows:
      SA-2.1: {place: 第二条第一款, summary: 五个工作日}
  第三条: {summary: 施行}
clocks:
  catalogue.change.review:
    title: 审核
    working_days: 5
    actor: authority
    starts_at: application_received
    ends_with: published
    reference: {article: 第二条第一款, row: SA-2.1}
procedures:
  catalogue.review:
    title: 目录审核
    reference: {article: 第二条}
    start: review
    steps:
      review:
        title: 审核
        role: authority
        clock: catalogue.change.review
        reference: {article: 第二条}
        outcomes:
          approve: {title: 同意, to: published, reference: {article: 第二条}}
          return:
            title: 退回
            to: revision
            reference: {article: 第二条}
            requires: {reason: {article: 第二条}}
      revision:
        title: 修改
        role: provider
        clock: none
        reference: {article: 第二条}
        outcomes:
          resubmit: {title: 再报, to: review, reference: {article: 第二条}}
    finals: {published: 已发布}
required:
  sharing.application:
    title: 申请
    reference: {article: 第二条}
    fields:
      need: {title: 需求, reference: {article: 第二条}}
options:
  org_kinds:
    title: 部门
    reference: {article: 第二条}
    options:
      government: {title: 政府部门, may_own_resources: true, reference: {article: 第二条}}
values:
  opening.enabled: {title: 开放, value: false, reference: {article: 第二条}}
  sharing.access.unconditional: {title: 获取, value: direct, reference: {article: 第二条}}
  ownership.label: {title: 归属, value: no, reference: {article: 第二条}}
"""


@pytest.fixture
def pack_folder(tmp_path: Path) -> Path:
    """A folder with the one correct pack ``sample``."""
    folder = tmp_path / "packs" / "sample"
    folder.mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK)
    (folder / "law.yaml").write_text(LAW)
    return folder
