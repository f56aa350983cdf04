"""Signed notes and checkpoints, with the published examples of the format."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.ledger import notes
from yishu.ledger.notes import BadNote, Checkpoint, SigningKey, VerifierKey

# Published example of the signed-note format (Go's golang.org/x/mod/sumdb/note documentation).
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = SigningKey("yishu-test", bytes(range(32)))
OTHER = SigningKey("yishu-test", bytes(range(1, 33)))
ROOT = bytes(range(32))


def checkpoint_note(origin="yishu-test/log1", size=3, key=SIGNER):
    return key.sign(Checkpoint(origin, size, ROOT).text())


def test_published_note_with_its_key_verifies():
    text, signed = notes.verify_note(NOTE, [VerifierKey.from_text(KEY)])
    assert text.startswith("If you think")
    assert [str(key) for key in signed] == [KEY]


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 94))
def test_published_note_with_any_character_changed_is_refused(place, shift):
    changed = NOTE[:place] + chr(33 + (ord(NOTE[place]) + shift) % 94) + NOTE[place + 1 :]
    if changed != NOTE:
        with pytest.raises(BadNote):
            notes.verify_note(changed, [VerifierKey.from_text(KEY)])


def test_checkpoint_signed_and_read_back_is_the_same():
    checkpoint = notes.verify_checkpoint(checkpoint_note(), [SIGNER.verifier()])
    assert checkpoint == Checkpoint("yishu-test/log1", 3, ROOT)


def test_checkpoint_signed_by_an_unknown_key_names_the_signer():
    with pytest.raises(BadNote) as caught:
        notes.verify_checkpoint(checkpoint_note(key=OTHER), [SIGNER.verifier()])
    assert caught.value.code == "receipt.unknown_key"
    assert "yishu-test" in caught.value.object


def test_checkpoint_with_forged_signature_of_a_trusted_key_is_refused():
    note = checkpoint_note()
    head, _, encoded = note.rstrip("\n").rpartition(" ")
    data = bytearray(base64.b64decode(encoded))
    data[10] ^= 1
    forged = f"{head} {base64.b64encode(data).decode()}\n"
    with pytest.raises(BadNote) as caught:
        notes.verify_checkpoint(forged, [SIGNER.verifier()])
    assert caught.value.code == "receipt.forged_signature"


def test_checkpoint_with_one_bad_of_two_signatures_by_trusted_keys_is_refused():
    good = checkpoint_note()
    bad = good + checkpoint_note(size=4, key=OTHER).rpartition("\n\n")[2]
    assert notes.verify_checkpoint(bad, [SIGNER.verifier()]).size == 3
    with pytest.raises(BadNote) as caught:
        notes.verify_checkpoint(bad, [SIGNER.verifier(), OTHER.verifier()])
    assert caught.value.code == "receipt.forged_signature"


@pytest.mark.parametrize("origin", ["elsewhere/log1", "yishu-test/a/b", "yishu-testx", "x"])
def test_checkpoint_of_a_log_the_key_may_not_speak_for_is_refused(origin):
    with pytest.raises(BadNote) as caught:
        notes.verify_checkpoint(checkpoint_note(origin), [SIGNER.verifier()])
    assert caught.value.code == "receipt.unknown_key"


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n01\n" + base64.b64encode(ROOT).decode() + "\n",
        "a\n-1\n" + base64.b64encode(ROOT).decode() + "\n",
        "a\n1\nAAAA\n",
        "a\n1\n???\n",
        "\n1\n" + base64.b64encode(ROOT).decode() + "\n",
        "a\n1\n" + base64.b64encode(ROOT).decode() + "\nextension\n",
        "a\n1\n" + base64.b64encode(ROOT).decode().replace("8=", "9=") + "\n",
    ],
)
def test_checkpoint_text_of_another_form_is_malformed(text):
    with pytest.raises(BadNote) as caught:
        notes.read_checkpoint(text)
    assert caught.value.code == "receipt.malformed"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text without signature\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name AAAAAAAA",
        "te\rxt\n\n— name AAAAAAAA\n",
        "te\ud800xt\n\n— name AAAAAAAA\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n" + "— name AAAAAAAA\n" * 65,
        "x" * 70_000 + "\n\n— name AAAAAAAA\n",
    ],
)
def test_note_of_another_form_is_malformed(note):
    with pytest.raises(BadNote) as caught:
        notes.verify_note(note, [SIGNER.verifier()])
    assert caught.value.code == "receipt.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00+AA",
        "name+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcAA==",
    ],
)
def test_verifier_key_of_another_form_is_refused(text):
    with pytest.raises(BadNote) as caught:
        VerifierKey.from_text(text)
    assert caught.value.code == "receipt.bad_key"


def test_trust_file_with_comments_and_several_keys_is_read():
    keys = notes.read_verifier_keys(f"\ufeff# 修武\n\n{KEY}\n{SIGNER.verifier()}\n")
    assert [key.name for key in keys] == ["PeterNeumann", "yishu-test"]
    with pytest.raises(BadNote):
        notes.read_verifier_keys("# nothing\n")


def test_signing_key_on_first_use_is_made_private_and_exported(tmp_path):
    key = SigningKey.load(tmp_path)
    assert SigningKey.load(tmp_path) == key
    path = tmp_path / "keys" / notes.SIGNING_KEY
    assert path.stat().st_mode & 0o777 == 0o600
    exported = (tmp_path / "keys" / notes.VERIFIER_KEYS).read_text()
    assert notes.read_verifier_keys(exported) == (key.verifier(),)
    assert key.secret.hex() not in exported
    assert "secret" not in repr(key)


def test_signing_key_replaced_by_the_operator_is_exported_beside_the_old_one(tmp_path):
    old = SigningKey.load(tmp_path)
    (tmp_path / "keys" / notes.SIGNING_KEY).write_text(SIGNER.text())
    assert SigningKey.load(tmp_path) == SigningKey.load(tmp_path) == SIGNER
    exported = (tmp_path / "keys" / notes.VERIFIER_KEYS).read_text()
    assert notes.read_verifier_keys(exported) == (old.verifier(), SIGNER.verifier())


@pytest.mark.parametrize("damage", ["", "PRIVATE+KEY+a+00+AA==", "PUBLIC+KEY+a+00+AAAA"])
def test_signing_key_file_damaged_is_refused(damage):
    with pytest.raises(BadNote) as caught:
        SigningKey.from_text(damage)
    assert caught.value.code == "receipt.bad_key"
    with pytest.raises(BadNote):
        SigningKey.from_text(SIGNER.text().replace(SIGNER.verifier().id.hex(), "00000000"))


def test_note_text_without_final_newline_cannot_be_signed():
    with pytest.raises(ValueError, match="newline"):
        SIGNER.sign("text")
