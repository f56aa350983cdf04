"""Recomputing whole logs from their entries and holding them against everything that was ever signed. Django-free.

Found and named: a changed entry or hash, a missing or doubled leaf, a damaged or surplus tile, a checkpoint that does not fit or
is not signed by a trusted key, a tree rewritten and signed anew, and a database rolled back behind a kept checkpoint.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from yishu.ledger.entries import BadEntry, entry_from_bytes
from yishu.ledger.logs import STARTED, Connection, leaf_data, read_tiles
from yishu.ledger.merkle import HASH_BYTES, Hash, leaf_hash
from yishu.ledger.notes import BadNote, Checkpoint, VerifierKey, verify_checkpoint
from yishu.ledger.tiles import TILE_WIDTH, Edge, Tile

_COMPARE: Final = 256
_FETCH: Final = 10_000
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: stable ``code``, the place, and a sentence for people."""

    code: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class LogSummary:
    """One log as recomputed: ``root`` is computed here, never read."""

    origin: str
    size: int
    root: Hash
    current: bool
    reason: str
    checkpoints: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found. ``findings`` must be explained by somebody; ``notices`` are only to be known."""

    logs: tuple[LogSummary, ...]
    findings: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    kept: int
    """Number of kept checkpoints the logs were held against."""


@dataclass(frozen=True, slots=True)
class _Witness:
    """A checkpoint to hold the tree against, and where it comes from."""

    checkpoint: Checkpoint
    where: str
    kept: bool


class _Findings:
    """Collects findings, the first twenty of each code in full and the rest as a number."""

    def __init__(self) -> None:
        self._found: dict[str, list[Finding]] = defaultdict(list)
        self._more: dict[str, int] = defaultdict(int)

    def add(self, code: str, where: str, what: str) -> None:
        if len(self._found[code]) < _SHOWN:
            self._found[code].append(Finding(code, where, what))
        else:
            self._more[code] += 1

    def all(self) -> tuple[Finding, ...]:
        listed = [finding for found in self._found.values() for finding in found]
        return (*listed, *(Finding(code, "其余", f"同类问题还有 {count} 处") for code, count in self._more.items()))


@dataclass(frozen=True, slots=True)
class _Loss:
    """What leaf 0 of a later log says about an earlier one."""

    size: int
    successor: str


def verify_log(
    conn: Connection,
    trusted: Sequence[VerifierKey],
    kept: Iterable[tuple[str, str]],
    accepted: frozenset[str] = frozenset(),
) -> Report:
    """Recompute every log of a database in one snapshot and compare; changes nothing.

    ``kept`` are (place, note) pairs of checkpoints from outside the database (``ledger.kept.notes_in``), read *before* this
    call, so that a sequencer at work cannot make them newer than the snapshot. ``accepted`` names the logs (origins) whose
    declared loss somebody has accounted for (a backup restored on purpose): it becomes a notice. ``conn`` is in autocommit
    mode. Reads all leaves in batches; 200,000 take a few seconds.
    """
    findings, notices = _Findings(), _Findings()
    witnesses, count = _kept_witnesses(kept, trusted, findings)
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        rows = conn.execute("select number, id, current, reason from ledger.log order by number").fetchall()
        losses = _declared_losses(conn, rows, findings)
        logs = []
        for number, origin, current, reason in rows:
            declared = notices if origin in accepted else findings
            audit = _LogAudit(conn, number, origin, findings, declared, losses.get(origin))
            checkpoints = audit.stored_checkpoints(trusted)
            edge = audit.run([*checkpoints, *witnesses.pop(origin, [])])
            logs.append(LogSummary(origin, edge.size, edge.root(), current, reason, len(checkpoints)))
        for origin, held in witnesses.items():
            newest = max(held, key=lambda w: w.checkpoint.size)
            _rolled_back(newest, 0, losses.get(origin), findings, notices if origin in accepted else findings)
        _doubles(conn, findings)
        _waiting(conn, notices)
    return Report(tuple(logs), findings.all(), notices.all(), count)


def _kept_witnesses(
    kept: Iterable[tuple[str, str]], trusted: Sequence[VerifierKey], findings: _Findings
) -> tuple[dict[str, list[_Witness]], int]:
    witnesses: dict[str, list[_Witness]] = defaultdict(list)
    count = 0
    for where, note in kept:
        try:
            checkpoint = verify_checkpoint(note, trusted)
        except BadNote as error:
            findings.add("ledger.kept_not_valid", f"留存的检查点 {where}", f"{error.what}，没有用来核对")
            continue
        witnesses[checkpoint.origin].append(_Witness(checkpoint, where, True))
        count += 1
    return witnesses, count


def _declared_losses(conn: Connection, logs: Sequence[Any], findings: _Findings) -> dict[str, _Loss]:
    """What each log's leaf 0 says about the log before it; a log without such a leaf is a finding."""
    losses: dict[str, _Loss] = {}
    for number, origin, _, _ in logs:
        row = conn.execute("select entry from ledger.leaf where log = %s and index = 0", [number]).fetchone()
        try:
            facts = entry_from_bytes(bytes(row[0])).facts if row else {}
        except BadEntry:
            facts = {}
        if facts.get("event") != STARTED:
            findings.add("ledger.log_without_beginning", origin, "日志的第 0 条没有写明日志为何建立")
            continue
        previous = str(facts.get("previous_log", ""))
        if previous:
            losses[previous] = _Loss(int(str(facts.get("kept_size", 0))), origin)
    return losses


class _LogAudit:
    """Recomputes one log."""

    def __init__(
        self, conn: Connection, number: int, origin: str, findings: _Findings, declared: _Findings, loss: _Loss | None
    ) -> None:
        self.conn, self.number, self.origin, self.loss = conn, number, origin, loss
        self.findings, self.declared = findings, declared
        self._computed: dict[Tile, bytes] = {}

    def stored_checkpoints(self, trusted: Sequence[VerifierKey]) -> list[_Witness]:
        """The database's own checkpoints, each checked for its signature and against its row."""
        found = []
        with self._stream("select size, root, note from ledger.checkpoint where log = %s order by size") as cursor:
            for size, root, note in cursor:
                where = f"{self.origin} 的检查点 {size}"
                try:
                    checkpoint = verify_checkpoint(note, trusted)
                except BadNote as error:
                    self.findings.add("ledger.checkpoint_not_valid", where, error.what)
                    continue
                if (checkpoint.origin, checkpoint.size, checkpoint.root) != (self.origin, size, bytes(root)):
                    self.findings.add("ledger.checkpoint_changed", where, "数据库中的记录与签名的内容不同")
                found.append(_Witness(checkpoint, where, False))
        return found

    def run(self, witnesses: Iterable[_Witness]) -> Edge:
        """Rebuild the tree from the entries, holding it against tiles and witnesses on the way; returns the rebuilt tree."""
        ahead = sorted(witnesses, key=lambda w: -w.checkpoint.size)
        edge = Edge()
        with self._stream("select index, id, entry, hash from ledger.leaf where log = %s order by index") as cursor:
            for index, id, entry, stored in cursor:
                if index < edge.size:
                    self.findings.add("ledger.duplicate_leaf", f"{self.origin} 第 {index} 条", "同一位置有两条")
                    continue
                if index > edge.size:
                    self._bridge(edge, index, ahead)
                self._append(edge, self._leaf(index, id, bytes(entry), bytes(stored)), ahead)
        self._computed |= edge.take_changed()
        self._compare_tiles()
        self._surplus_tiles(edge.size)
        self._beyond(edge.size, ahead)
        return edge

    def _leaf(self, index: int, id: UUID, entry: bytes, stored: Hash) -> Hash:
        if leaf_hash(leaf_data(id, entry)) != stored:
            self.findings.add(
                "ledger.leaf_changed", f"{self.origin} 第 {index} 条", "存证内容或编号与写入时的摘要不符，被改动过"
            )
        return stored

    def _bridge(self, edge: Edge, index: int, ahead: list[_Witness]) -> None:
        """Name missing leaves, and go on with their hashes out of the tiles so that the rest can still be checked."""
        self.findings.add(
            "ledger.missing_leaf", f"{self.origin} 第 {edge.size} 至 {index - 1} 条", f"缺少 {index - edge.size} 条存证"
        )
        while edge.size < index:
            tile = (0, edge.size // TILE_WIDTH)
            hashes = read_tiles(self.conn, self.number, [tile]).get(tile, b"").ljust(TILE_WIDTH * HASH_BYTES, b"\0")
            for place in range(edge.size % TILE_WIDTH, min(TILE_WIDTH, index - tile[1] * TILE_WIDTH)):
                self._append(edge, hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES], ahead)

    def _append(self, edge: Edge, hash: Hash, ahead: list[_Witness]) -> None:
        while ahead and ahead[-1].checkpoint.size <= edge.size:
            self._hold(edge, ahead.pop())  # only checkpoints of size 0 get here
        edge.append(hash)
        if edge.size % TILE_WIDTH == 0:
            self._computed |= edge.take_full()
            if len(self._computed) >= _COMPARE:
                self._compare_tiles()
        while ahead and ahead[-1].checkpoint.size == edge.size:
            self._hold(edge, ahead.pop())

    def _hold(self, edge: Edge, witness: _Witness) -> None:
        if edge.root() == witness.checkpoint.root:
            return
        if not witness.kept:
            self.findings.add("ledger.checkpoint_differs", witness.where, "由存证重算的树根与签名的检查点不符")
        elif self.loss and witness.checkpoint.size <= self.loss.size:
            self._declared("ledger.declared_difference", witness, "与留存的检查点不符")
        else:
            self.findings.add(
                "ledger.rewritten",
                f"{self.origin} 前 {edge.size} 条（留存的检查点 {witness.where}）",
                "存证被改写：现在的内容与当时签名的不同，即使已用正确的密钥重新签名",
            )

    def _declared(self, code: str, witness: _Witness, what: str) -> None:
        successor = self.loss.successor if self.loss else ""
        self.declared.add(code, f"{self.origin}（{witness.where}）", f"{what}；已在后续日志 {successor} 的第 0 条写明")

    def _beyond(self, size: int, ahead: list[_Witness]) -> None:
        """Checkpoints that promise more leaves than there are."""
        kept = [w for w in ahead if w.kept]
        for witness in ahead:
            if not witness.kept:
                self.findings.add(
                    "ledger.leaves_missing_at_end", witness.where, f"检查点签了更多条，数据库只有 {size} 条"
                )
        if kept:
            _rolled_back(max(kept, key=lambda w: w.checkpoint.size), size, self.loss, self.findings, self.declared)

    def _compare_tiles(self) -> None:
        stored = read_tiles(self.conn, self.number, list(self._computed))
        for tile, hashes in self._computed.items():
            if stored.get(tile) != hashes:
                what = "与由存证重算的不同" if tile in stored else "缺失"
                self.findings.add(
                    "ledger.tile_damaged", f"{self.origin} 第 {tile[0]} 层第 {tile[1]} 块", f"树的存储块{what}"
                )
        self._computed = {}

    def _surplus_tiles(self, size: int) -> None:
        rows = self.conn.execute(
            "select level, index from ledger.tile where log = %s and (level > 7 or index < 0 or level < 0"
            " or index * 256 >= (%s::bigint >> (least(level, 7) * 8))) order by level, index limit %s",
            [self.number, size, _SHOWN],
        ).fetchall()
        for level, index in rows:
            self.findings.add("ledger.tile_surplus", f"{self.origin} 第 {level} 层第 {index} 块", "树里多出一个存储块")

    def _stream(self, query: str) -> psycopg.ServerCursor[Any]:
        cursor = psycopg.ServerCursor(self.conn, "audit")
        cursor.itersize = _FETCH
        cursor.execute(query, [self.number])
        return cursor


def _rolled_back(witness: _Witness, size: int, loss: _Loss | None, findings: _Findings, declared: _Findings) -> None:
    checkpoint = witness.checkpoint
    where = f"{checkpoint.origin}（留存的检查点 {witness.where}）"
    what = f"当时已签名 {checkpoint.size} 条，数据库现在只有 {size} 条"
    if loss and checkpoint.size <= loss.size:
        declared.add("ledger.declared_loss", where, f"{what}；已在后续日志 {loss.successor} 的第 0 条写明")
    else:
        findings.add("ledger.rolled_back", where, f"存证日志被回退：{what}")


def _doubles(conn: Connection, findings: _Findings) -> None:
    rows = conn.execute(
        "select id, count(*) from ledger.leaf group by id having count(*) > 1 order by id limit %s", [_SHOWN]
    ).fetchall()
    for id, count in rows:
        findings.add("ledger.duplicate_id", str(id), f"同一凭证编号出现 {count} 次")
    for id, count in conn.execute(
        "select id, count(*) from ledger.conflict group by id order by id limit %s", [_SHOWN]
    ):
        findings.add(
            "ledger.conflicting_entry", str(id), f"有人用已用过的凭证编号写入了不同的内容（{count} 次），未进入日志"
        )


def _waiting(conn: Connection, notices: _Findings) -> None:
    row = conn.execute("select count(*) from ledger.inbox").fetchone()
    if row and row[0]:
        notices.add("ledger.waiting", "待排序", f"{row[0]} 条存证已写入、尚未进入日志")
