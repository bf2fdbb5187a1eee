import unittest

from parse_duration import parse


class OneUnit(unittest.TestCase):
    def test_seconds(self):
        self.assertEqual(parse("90s"), 90)

    def test_minutes(self):
        self.assertEqual(parse("5m"), 300)

    def test_hours(self):
        self.assertEqual(parse("2h"), 7200)

    def test_days(self):
        self.assertEqual(parse("1d"), 86400)


if __name__ == "__main__":
    unittest.main()
