"""Pages that are made, not written: wallets, notebooks.

What there is to say about one wallet is in wallets/<language>/.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docs._site import hero, tables
from docs._site.markdown import Here
from docs._site.words import WORDS
from qftools import catalogue
from qftools.locale import Language

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDERS = ("wallets", "notebooks")
"""Where the made pages are; only index.md is written there."""


def pages(lang: Language) -> dict[str, str]:
    """The text of every made page by its path, in the order of the navigation."""
    wallets = {
        f"wallets/{wallet.key}.md": _wallet_page(lang, wallet) for wallet in tables.paged_wallets()
    }
    lessons = {f"notebooks/{path.stem}.md": _notebook_page(lang, path) for path in notebooks(lang)}
    return {**wallets, **lessons}


def notebooks(lang: str) -> list[Path]:
    """The lessons in one language, in order."""
    return sorted((ROOT / "notebooks" / lang).glob("[0-9]*.ipynb"))


def _wallet_page(lang: Language, wallet: catalogue.Wallet) -> str:
    def say(word: str) -> str:
        return WORDS[f"wallet page {word}"].say(lang).format(name=name)

    name = wallet.name.say(lang)
    own = Path(__file__).parent / "wallets" / lang / f"{wallet.key}.md"
    parts = [
        _front_matter(say("description")),
        f"# {name if wallet.name.en in name else f'{name} {wallet.name.en}'}",
        say("purpose"),
        wallet.note.say(lang) if wallet.note else "",
        f"## {say('pay types')} {{ #pay-types }}",
        f"<!-- table: pay-types {wallet.key} -->",
        own.read_text(encoding="utf-8").strip() if own.exists() else "",
        f"## {say('editions')} {{ #editions }}",
        say("editions text"),
        f"<!-- table: routes {wallet.key} -->",
        f"## {say('limits')} {{ #limits }}",
        "\n".join(f"- {line}" for line in _limits(lang, wallet)),
        f"## {say('try')} {{ #try }}",
        say("try text"),
        _try_it(wallet),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _limits(lang: Language, wallet: catalogue.Wallet) -> list[str]:
    def say(word: str, **values: object) -> str:
        return WORDS[f"limit {word}"].say(lang).format(**values)

    own = [row for row in catalogue.pay_types().values() if row.wallet == wallet.key]
    here = Here(lang, "wallets/x.md")
    lines = []
    if wallet.auth_code_prefixes:
        prefixes = " ".join(f"`{prefix}`" for prefix in wallet.auth_code_prefixes)
        lines.append(say("code", prefixes=prefixes))
    if wallet.currencies:
        lines.append(say("currencies", currencies=" ".join(f"`{c}`" for c in wallet.currencies)))
    barred = [row.code for row in own if row.refund == "no"]
    if barred and len(barred) == len(own):
        lines.append(say("no refund"))
    elif barred:
        lines.append(say("no refund for", codes=" ".join(f"`{code}`" for code in barred)))
    if wallet.refund_days is not None and len(barred) < len(own):
        lines.append(say("refund days", days=wallet.refund_days))
    if any(row.expiry_field for row in own):
        codes = " ".join(f"`{row.code}`" for row in own if row.expiry_field)
        lines.append(say("expiry", codes=codes))
    if any(row.hk_only for row in own):
        lines.append(say("hk"))
    colon = here.say("colon")
    lines += [f"`{row.code}`{colon}{row.note.say(lang)}" for row in own if row.note]
    return lines or [say("none")]


def _try_it(wallet: catalogue.Wallet) -> str:
    rows = [row for row in catalogue.pay_types().values() if row.wallet == wallet.key]
    row = next((row for row in rows if row.mode in ("mpm", "online", "web", "wap")), rows[0])
    money = wallet.currencies[0] if wallet.currencies else "HKD"
    code = ', auth_code="130000000000077002"' if row.mode == "cpm" else ""
    return (
        "```python\n"
        "from qftools import cancel\n"
        "from qftools.sandbox import Sandbox\n\n"
        "with Sandbox() as sandbox:\n"
        "    client = sandbox.client()\n"
        f'    order = client.pay(pay_type="{row.code}", txamt=2500, txcurrcd="{money}"{code})\n'
        "    outcome = cancel(client, order)\n\n"
        "print(outcome.verdict, outcome.reason)\n"
        "```"
    )


# ---- notebooks ---------------------------------------------------------------------------------

_WIDGET = "application/vnd.jupyter.widget-view+json"


def _notebook_page(lang: Language, path: Path) -> str:
    import nbformat
    from nbconvert import MarkdownExporter

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        # Here the buttons above say what to press.
        outputs[:] = [output for output in outputs if not _says_what_to_press(output)]
        for output in outputs:
            _still(output, lang)
    exporter = MarkdownExporter()  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(notebook)
    title, _, rest = _linked(body, lang).lstrip().partition("\n")
    first = rest.strip().partition("\n")[0].rstrip("。.")
    say = {key: WORDS[f"notebook {key}"].say(lang) for key in ("run", "download", "kept")}
    buttons = (
        f'<a class="md-button md-button--primary" href="../../{"" if lang == "zh" else "../"}'
        f'lite/{lang}/notebooks/index.html?path={path.name}">{say["run"]}</a>\n'
        f'[{say["download"]}]({path.stem}/{path.name}){{ .md-button download="" }}\n'
    )
    title = title.replace("# ", f"# {int(path.stem[:2])}. ", 1)
    return f"{_front_matter(first)}\n\n{title}\n\n{buttons}\n{rest.strip()}\n"


_TO_LESSON = re.compile(r"\]\((\d\d-[\w-]+)\.ipynb\)")
_TO_TWIN = re.compile(r"\[([^]]+)\]\(\.\./(zh|en)/(\d\d-[\w-]+)\.ipynb\)")


def _linked(body: str, lang: Language) -> str:
    """Links between notebooks as links between pages; the twin is outside of this language."""
    up = "../../" if lang == "zh" else "../../../"
    folder = {"zh": "", "en": "en/"}
    body = _TO_LESSON.sub(r"](\1.md)", body)
    return _TO_TWIN.sub(lambda m: f'<a href="{up}{folder[m[2]]}notebooks/{m[3]}/">{m[1]}</a>', body)


def _says_what_to_press(output: dict[str, Any]) -> bool:
    """Whether it is the line above a panel for when no kernel answers the panel."""
    return 'class="qf-asleep"' in output.get("data", {}).get("text/html", "")


def _still(output: dict[str, object], lang: Language) -> None:
    """A panel needs Python: show the live flow, or the HTML that it was saved with, or say so."""
    data = output.get("data")
    if not isinstance(data, dict) or _WIDGET not in data:
        return
    html, saved = data.get("text/html"), "".join(data.get("text/plain", ""))
    data.clear()
    if story := hero.of_lesson(Here(lang, "notebooks/x.md"), saved):
        data["text/html"] = story
    elif isinstance(html, str):
        data["text/html"] = f'<div class="qf-still">{html}</div>'
    else:
        data["text/markdown"] = WORDS["notebook panel"].say(lang)


def _front_matter(description: str) -> str:
    # In quotes, as JSON is YAML: a colon in a sentence would else begin a mapping.
    return f"---\ndescription: {json.dumps(description, ensure_ascii=False)}\n---"
