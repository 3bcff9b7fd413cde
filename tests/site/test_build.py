"""The build of the site: what it reads, and what it must not need."""

from __future__ import annotations

import subprocess
import sys

from docs._site import picture
from tests.site import serving


def test_the_build_of_the_site_imports_nothing_from_the_tests():
    code = "import runpy, sys; runpy.run_path('docs/_site/hooks.py'); print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=serving.ROOT, capture_output=True, text=True, check=True
    )

    loaded = done.stdout.split()
    assert "docs._site.speed" in loaded
    assert [name for name in loaded if name.split(".")[0] == "tests"] == []


def test_the_pictures_in_the_readme_are_drawn_from_the_flow_and_from_a_story():
    drawn = {lang: (picture.picture(lang), picture.story(lang)) for lang in picture.LANGUAGES}
    kept = {
        lang: (picture.path(lang).read_text("utf-8"), picture.story_path(lang).read_text("utf-8"))
        for lang in picture.LANGUAGES
    }

    assert kept == drawn, "run python -m docs._site.picture"
