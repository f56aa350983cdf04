"""Tests and the program speak to nobody outside this machine."""

import ipaddress
import re
import socket
from pathlib import Path

import pytest

import yishu

ROOT = Path(yishu.__file__).parent.parent
ADDRESS = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])")
WEB = re.compile(r"https?://([A-Za-z0-9.-]+)")
SPOKEN_OF = ("127.0.0.1", "localhost", "testserver", "0.0.0.0")
RESERVED = (".test", ".invalid", ".gov.cn")
NAMESPACES = ("www.w3.org", "purl.org", "xmlns.com", "publications.europa.eu")
"""First parts of names in open formats (RDF); nobody is called there."""


def _foreign(text: str) -> set[str]:
    found = set()
    for match in ADDRESS.findall(text):
        try:
            address = ipaddress.ip_address(match)
        except ValueError:
            continue
        # Documentation ranges (RFC 5737) and private addresses are examples, nobody is called there.
        if not (address.is_loopback or address.is_private or address.is_unspecified or address.is_link_local):
            found.add(match)
    for host in WEB.findall(text):
        if (
            host not in SPOKEN_OF + NAMESPACES
            and "example" not in host.split(".")
            and not f".{host}".endswith(RESERVED)
        ):
            found.add(host)
    return found


def test_tests_name_no_foreign_address() -> None:
    wrong = {
        str(path.relative_to(ROOT)): foreign
        for path in (ROOT / "tests").rglob("*.py")
        if (foreign := _foreign(path.read_text())) and path != Path(__file__)
    }
    assert not wrong


def test_tests_reaching_out_are_refused() -> None:
    with socket.socket() as outside, pytest.raises(PermissionError, match="loopback"):
        outside.connect(("192.0.2.1", 9))
