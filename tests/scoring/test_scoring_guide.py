"""What the guide to open deals shows is what comes out."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-the-criteria.md"


def test_the_examples_of_the_guide_give_what_it_shows() -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```$", GUIDE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    shown = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", str(GUIDE), 0)
    assert len(shown.examples) > 8
    assert doctest.DocTestRunner().run(shown).failed == 0
