"""The procedure engine that interprets the packs' procedures: cases, steps, clocks, work list."""
