"""Receipts over HTTP, with a real sequencer behind them."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from yishu.ledger.merkle import verify_consistency
from yishu.ledger.notes import SigningKey, verify_checkpoint
from yishu.ledger.sequencer import Sequencer
from yishu.ledger.verify import verify_receipt

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def ledger_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's sequencer keeps its signing key and checkpoints."""
    return tmp_path_factory.mktemp("ledger")


@pytest.fixture
def sequencer(database_url: str, ledger_home: Path) -> Iterator[Sequencer]:
    """A running sequencer over the test database."""
    sequencer = Sequencer(url=lambda: database_url, home=ledger_home)
    thread = threading.Thread(target=sequencer.run)
    thread.start()
    yield sequencer
    sequencer.stop.set()
    thread.join(20)


def trusted(home: Path) -> Any:
    return [SigningKey.load(home).verifier()]


def fetch(caller: Any, receipt: str) -> httpx.Response:
    """The receipt once its proof is there."""
    for _ in range(600):
        answer = caller.get(f"/v1/receipts/{receipt}")
        if answer.status_code != 202:
            return answer
        assert answer.headers["retry-after"] == "1" and answer.json()["state"] == "pending"
        time.sleep(0.1)
    raise AssertionError("no proof within a minute")


def test_receipt_end_to_end_verifies_offline(
    world: Any, sign_in: Callable[..., Any], people: Any, sequencer: Sequencer, ledger_home: Path
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    receipt = caller.lookup(world.url_code, [people.ids[0]]).json()["receipt"]
    answer = fetch(caller, receipt)
    assert answer.status_code == 200, answer.text
    assert verify_receipt(answer.json(), trusted(ledger_home)).allowed
    assert people.ids[0] not in answer.text


def test_receipt_of_another_department_and_unknown_ones_are_the_same_404(
    world: Any, sign_in: Callable[..., Any], people: Any, sequencer: Sequencer
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller, stranger = sign_in(holder), sign_in(world.holder())
    receipt = caller.lookup(world.url_code, [people.ids[0]]).json()["receipt"]
    assert fetch(caller, receipt).status_code == 200
    unknown = "00000000-0000-4000-8000-000000000000"
    answers = [stranger.get(f"/v1/receipts/{id}") for id in (receipt, unknown, "not-a-uuid", "a%2Fb")]
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}


def test_receipt_before_its_proof_is_pending(world: Any, sign_in: Callable[..., Any], people: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    receipt = caller.lookup(world.url_code, [people.ids[0]]).json()["receipt"]
    answer = caller.get(f"/v1/receipts/{receipt}")
    assert answer.status_code == 202 and answer.headers["retry-after"] == "1"


def test_checkpoint_public_and_consistency_proof_holds(
    world: Any, sign_in: Callable[..., Any], people: Any, gateway: Any, sequencer: Sequencer, ledger_home: Path
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    notes = []
    for _ in range(2):
        fetch(caller, caller.lookup(world.url_code, [people.ids[0]]).json()["receipt"])
        answer = httpx.get(f"{gateway.url}/log/checkpoint")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        notes.append(verify_checkpoint(answer.text, trusted(ledger_home)))
    first, second = notes
    assert first.size < second.size
    body = caller.get(f"/log/proof?from={first.size}&to={second.size}").json()
    path = [base64.b64decode(h) for h in body["proof"]]
    assert verify_consistency(first.size, second.size, path, first.root, second.root)
    assert caller.get(f"/log/proof?from={second.size}&to={second.size + 10**6}").status_code == 404
    for query in ("", "?from=0&to=1", "?from=2&to=1", "?from=a&to=b", "?from=1&to=1&x=1"):
        assert caller.get(f"/log/proof{query}").status_code == 400, query
