"""The service's own tests."""

import unittest

from .config_provider import load


class SettingsCheck(unittest.TestCase):
    """Defaults are complete."""

    def test_defaults_are_complete(self) -> None:
        self.assertTrue(load({"UPSTREAM_TOKEN": "x"}).service)

    def test_a_missing_token_stops_the_start(self) -> None:
        with self.assertRaises(SystemExit):
            load({})


if __name__ == "__main__":
    unittest.main()
