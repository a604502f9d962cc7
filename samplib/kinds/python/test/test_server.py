import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from server import answer


class Answers(unittest.TestCase):
    def test_it_greets(self):
        self.assertEqual(answer("/?a=b", "Hello"), (200, '{"greeting": "Hello"}'))

    def test_it_says_how_it_is_and_what_there_is_not(self):
        self.assertEqual(json.loads(answer("/application/health", "")[1])["status"], "UP")
        self.assertEqual(answer("/nothing", "")[0], 404)


if __name__ == "__main__":
    unittest.main()
