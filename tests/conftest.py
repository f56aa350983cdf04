"""Fixtures shared by all tests. The database is YISHU_TEST_DATABASE_URL or a PostgreSQL from the wheel, started for the run."""

import os
import tempfile

os.environ.setdefault("YISHU_HOME", tempfile.mkdtemp(prefix="yishu-test-"))
