"""Settings, URLs, wiring and the ASGI/RSGI entry points: the only place that knows every context."""
