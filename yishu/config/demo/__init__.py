"""The demonstration: 修武县 with invented departments' people, a catalogue, synthetic registers and one finished story."""
