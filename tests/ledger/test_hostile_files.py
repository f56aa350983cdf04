"""Files somebody hands to an auditor: whatever they hold, the answer is a refusal in words."""

import pytest

from yishu.ledger.kept import KeptCheckpoints, notes_in
from yishu.ledger.notes import BadNote, SigningKey, verify_checkpoint


def test_checkpoint_file_of_deep_nesting_is_refused():
    with pytest.raises(BadNote):
        list(notes_in(b"[" * 200_000 + b"\n"))


def test_kept_file_with_a_line_of_deep_nesting_is_passed_over(tmp_path):
    key = SigningKey.load(tmp_path)
    kept = KeptCheckpoints(tmp_path)
    kept.path.parent.mkdir()
    kept.path.write_bytes(b"[" * 100_000 + b"\n")
    assert kept.newest([key.verifier()]) is None


@pytest.mark.parametrize("mark", ["\x9b31m", "\x7f", "\x85"])
def test_note_with_terminal_controls_is_malformed(tmp_path, mark):
    key = SigningKey.load(tmp_path)
    with pytest.raises(BadNote) as caught:
        verify_checkpoint(f"x{mark}\n1\nAAAA\n\n— x{mark} AAAAAAAA\n", [key.verifier()])
    assert caught.value.code == "receipt.malformed"
