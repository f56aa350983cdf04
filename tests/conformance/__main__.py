"""``make conformance``: run the suite and list every row of the acceptance table; further arguments go to pytest."""

import sys

import pytest

ARGUMENTS = ["-q", "-p", "tests.plugins.conformance", "--conformance"]

if __name__ == "__main__":
    sys.exit(pytest.main([*ARGUMENTS, *sys.argv[1:]]))
