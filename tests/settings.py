"""Settings of a test run: the platform's own, with everything it writes in a temporary home and nothing from the shell."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for name in [name for name in os.environ if name.startswith("YISHU_") and not name.startswith("YISHU_TEST_")]:
    del os.environ[name]
TEST_HOME = Path(tempfile.mkdtemp(prefix="yishu-test-"))
TEST_HOME.chmod(0o711)  # the database's own account passes through
atexit.register(shutil.rmtree, TEST_HOME, ignore_errors=True)
os.environ["YISHU_HOME"] = str(TEST_HOME)

from yishu.config.settings import *  # noqa: E402, F403  (the environment comes first)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
