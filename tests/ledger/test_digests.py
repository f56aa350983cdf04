"""Keyed digests and their rotation."""

import multiprocessing
import re

from yishu.ledger.digests import Digester, rotate


def test_digest_of_a_value_names_its_key_and_hides_the_value(tmp_path):
    digester = Digester.load(tmp_path)
    digest = digester.digest("11010519491231002X", "person_id")
    assert re.fullmatch(r"[0-9a-f]{8}:[0-9a-f]{64}", digest)
    assert digest == Digester.load(tmp_path).digest("11010519491231002X", "person_id")
    assert digest != digester.digest("11010519491231002X", "uscc")
    assert digest != digester.digest("110105194912310021", "person_id")
    assert (tmp_path / "keys" / "digest-0001").stat().st_mode & 0o777 == 0o600


def test_digest_under_another_platforms_key_differs_and_names_another_key(tmp_path):
    one, two = (Digester.load(tmp_path / name).digest("x", "p") for name in "ab")
    assert one.split(":")[0] != two.split(":")[0]
    assert one.split(":")[1] != two.split(":")[1]


def test_digest_after_rotation_uses_the_new_key_and_old_ones_are_still_searched(tmp_path):
    before = Digester.load(tmp_path).digest("x", "p")
    after = rotate(tmp_path)
    assert after.digest("x", "p") != before
    assert after.search("x", "p") == (after.digest("x", "p"), before)
    assert Digester.load(tmp_path) == after
    assert len(rotate(tmp_path).search("x", "p")) == 3
    assert str(after.keys[0].secret) not in repr(after)


def first_digest(home):
    return Digester.load(home).digest("x", "p")


def test_first_key_made_by_many_processes_at_once_is_one_key(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(first_digest, [tmp_path] * 8))) == 1
