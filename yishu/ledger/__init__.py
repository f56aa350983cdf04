"""The Merkle log over deliveries, refusals and decisions (DESIGN §7): inbox, sequencer, tiles, receipts, offline verifier."""
