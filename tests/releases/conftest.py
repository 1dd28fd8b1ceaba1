"""The tests stand on those of tests/integration."""

import pathlib
import sys

INTEGRATION = pathlib.Path(__file__).resolve().parent.parent / "integration"
sys.path.insert(0, str(INTEGRATION))

from importlib import util  # noqa: E402

spec = util.spec_from_file_location(
    "integration_conftest", INTEGRATION / "conftest.py")
integration = util.module_from_spec(spec)
spec.loader.exec_module(integration)
directory, make_server = integration.directory, integration.make_server
