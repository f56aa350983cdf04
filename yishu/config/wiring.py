"""Joins contexts that may not import one another: subscribes upper contexts to lower ones' events, registers case handlers."""


def wire() -> None:
    """Make every subscription; called once when Django is ready."""
