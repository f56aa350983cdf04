"""一数 Yishu: one government's data sharing under its own regulation. ARCHITECTURE.md is the map."""

__version__ = "0.1.0"
