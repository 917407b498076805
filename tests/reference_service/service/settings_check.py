"""The service's own tests."""

import unittest

from .config_provider import load


class SettingsCheck(unittest.TestCase):
    """Defaults are complete."""

    def test_defaults_are_complete(self) -> None:
        self.assertTrue(load().service)


if __name__ == "__main__":
    unittest.main()
