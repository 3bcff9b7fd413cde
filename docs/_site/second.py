"""The site by a second builder, Zensical, so that it can move there one day. Nothing needs it.

    python -m docs._site.second     build .make/zensical

It reads the same folder of plain pages (plain.py) and the settings of mkdocs.yml. Zensical has no
two languages yet, so each is a site of its own, one inside the other. It comes into an environment
of its own: what it shares with mkdocs, the Markdown above all, has the versions of uv.lock.
differences.py counts what differs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mkdocs.utils.yaml import yaml_load

from docs._site import generated, plain
from qftools.locale import Language

ZENSICAL = "zensical==0.0.73"
BESIDE = ("mkdocstrings-python", "ruff")
"""The reference of Python, and what sets its signatures in lines."""
# Zensical takes no folder outside of that of its settings.
WORK = plain.FOLDER.parent
SITE = WORK / "zensical"


def settings(lang: Language, made: Iterable[str]) -> dict[str, Any]:
    """What mkdocs.yml says, as Zensical takes it for one language."""
    with (plain.ROOT / "mkdocs.yml").open(encoding="utf-8") as file:
        whole = yaml_load(file)
    plugins = {name: dict(own) for each in whole["plugins"] for name, own in each.items()}
    languages = {row["locale"]: row for row in plugins.pop("i18n")["languages"]}
    titles = languages[lang].get("nav_translations", {})
    plugins["mkdocstrings"]["locale"] = lang
    # Zensical looks from its settings' folder, mkdocs from its own.
    python = plugins["mkdocstrings"]["handlers"]["python"]
    options = python["options"]
    python["paths"] = [str(plain.ROOT)]
    options["extensions"] = [str(plain.ROOT / path) for path in options["extensions"]]
    url, below = whole["site_url"].rstrip("/"), {"zh": "", "en": "/en"}
    own = {
        "site_url": f"{url}{below[lang]}/",
        "site_description": languages[lang].get("site_description", whole["site_description"]),
        "docs_dir": f"{plain.FOLDER.name}/{lang}",
        "site_dir": f"{SITE.name}{below[lang]}",
        "theme": {
            **whole["theme"],
            "variant": "classic",
            "language": lang,
            "custom_dir": str(plain.ROOT / whole["theme"]["custom_dir"]),
        },
        "extra": {
            **whole["extra"],
            "alternate": [
                {"name": row["name"], "link": f"{url}{below[locale]}/", "lang": locale}
                for locale, row in languages.items()
            ],
        },
        "nav": _translated(plain.navigation(whole["nav"], made), titles),
        "plugins": [{name: plugin} for name, plugin in plugins.items()],
    }
    # What the hook does is done; the others have other names there.
    left_out = {"hooks", "strict", "validation"}
    return {**{name: said for name, said in whole.items() if name not in left_out}, **own}


def _translated(items: list[Any], titles: dict[str, str]) -> list[Any]:
    return [
        {titles.get(title, title): _translated(below, titles) for title, below in item.items()}
        if isinstance(item, dict)
        else item
        for item in items
    ]


def build() -> None:
    """Build the site with Zensical; what that says of it goes where errors go."""
    made = plain.write()
    shutil.rmtree(SITE, ignore_errors=True)
    uv = str(Path(sys.executable).with_name("uv"))
    shared = WORK / "zensical.txt"
    export = ["export", "--quiet", "--locked", "--no-emit-project", "--no-hashes"]
    subprocess.run([uv, *export, f"--output-file={shared}"], cwd=plain.ROOT, check=True)
    command = [
        *(uv, "tool", "run", "--quiet", f"--python={sys.executable}", f"--constraints={shared}"),
        *(f"--from={ZENSICAL}", *(f"--with={name}" for name in BESIDE)),
        *("zensical", "build", "--clean"),
    ]
    for lang in generated.LANGUAGES:  # Chinese first: English lies inside
        config = WORK / f"zensical-{lang}.yml"
        said = json.dumps(settings(lang, made), ensure_ascii=False, indent=1)  # JSON is YAML
        config.write_text(said, encoding="utf-8")
        subprocess.run([*command, f"--config-file={config}"], stdout=sys.stderr, check=True)
        for path in plain.FOLDER.iterdir():
            if path.name not in generated.LANGUAGES:
                _copy(path, SITE / ("" if lang == "zh" else lang) / path.name)
    plain.publish(SITE, settings("zh", made)["site_url"].rstrip("/"))


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        shutil.copy(path, target)


if __name__ == "__main__":
    build()
