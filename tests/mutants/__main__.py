"""Plant faults in the code that decides about money; a test must notice each: ``make mutants``.

    python -m tests.mutants                       every module; prints scores and survivors
    python -m tests.mutants qftools/cancellation/walk.py ...   these modules
    python -m tests.mutants --sample 60           some mutants of today's module, for a minute

The exit status is 1 where a fault survives that ``survivors.toml`` does not list. What was
found is kept in ``.make/mutants``: a module is run again when it or its tests have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutants.planting import Mutant, mutants
from tests.mutants.running import BROKEN, NO_TEST, SURVIVED, Seen, look, play
from tests.mutants.targets import LEFT_OUT, TARGETS, tests_of

KEPT = Path(".make/mutants")
LIST = Path(__file__).with_name("survivors.toml")
SHOWN = 400
Name = tuple[str, str, str]


def reasons() -> dict[Name, str]:
    """Return the survivors that are known, each with why it changes nothing."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8")).get("survivor", [])
    return {
        (row["module"], row["function"], row["change"].strip("\n")): row["reason"] for row in rows
    }


@dataclass(frozen=True, slots=True)
class Kept:
    """What is on disk about one module, as long as it is still true.

    The digests are those of before the run: what is edited in the middle of it is run again.
    """

    module: str
    code: str
    tests: dict[str, str]

    @classmethod
    def of(cls, module: str) -> Kept:
        """Return it for a module and its tests as they are now."""
        code = digest([module, *_own_files()])
        return cls(module, code, {test: digest([test]) for test in tests_of(module)})

    @property
    def _path(self) -> Path:
        return KEPT / f"{self.module.replace('/', '.')}.json"

    def load(self) -> tuple[Seen | None, dict[str, str]]:
        """Return what the tests run, and how the mutants ended."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None, {}
        if kept["module"] != self.code:
            return None, {}
        same = kept["tests"] == self.tests
        ends = {
            name: end
            for name, end in kept["ends"].items()
            if (same and not end.startswith(BROKEN))
            or kept["tests"].get(at := end.split("::")[0]) == self.tests.get(at, "")
        }
        return Seen(**kept["seen"]) if same else None, ends

    def save(self, seen: Seen, ends: dict[str, str]) -> None:
        """Keep it, with the digests of all that it rests on."""
        KEPT.mkdir(parents=True, exist_ok=True)
        content = {
            "module": self.code,
            "tests": self.tests,
            "seen": asdict(seen),
            "ends": ends,
        }
        self._path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _own_files() -> list[str]:
    return [str(Path(__file__).with_name(name)) for name in ("planting.py", "running.py")]


def digest(paths: Iterable[str]) -> str:
    """Return a digest of what the files hold."""
    found = hashlib.sha256(sys.version.encode())
    for path in paths:
        found.update(Path(path).read_bytes() if Path(path).is_file() else b"")
    return found.hexdigest()[:16]


def run(module: str, jobs: int, sample: random.Random | None, seconds: float) -> dict[Mutant, str]:
    """Run what is not known yet of one module, and return how each mutant ended."""
    known = reasons()
    kept = Kept.of(module)
    seen, ends = kept.load()
    found = mutants(module)
    if sample:
        found = [mutant for mutant in found if mutant.name not in known]
        sample.shuffle(found)
    names = {mutant: json.dumps(mutant.name[1:], ensure_ascii=False) for mutant in found}
    wanted = [mutant for mutant in found if sample or names[mutant] not in ends]
    if wanted and seen is None:
        seen = look(module, tests_of(module), LEFT_OUT)
        if seen.failed:
            raise SystemExit("these fail without any fault planted: " + ", ".join(seen.failed))
    ended = {mutant: ends[names[mutant]] for mutant in found if mutant not in set(wanted)}
    if not wanted or seen is None:
        return ended
    for mutant, end in play(wanted, seen, tests_of(module), jobs, time.time() + seconds):
        ended[mutant] = end
        if not sample:
            kept.save(seen, {names[one]: end for one, end in ended.items()})
    return ended


def has_survived(end: str) -> bool:
    """Whether no test has noticed the fault."""
    return end in (SURVIVED, NO_TEST) or end.startswith(BROKEN)


def tell(mutant: Mutant, why: str) -> None:
    """Print a survivor as it would stand in the list, without the reason."""
    print(f"[[survivor]]  # line {mutant.lines[0]}: {why}")
    print(f'module = "{mutant.module}"', f'function = "{mutant.function}"', sep="\n")
    print("change = '''", mutant.change, "'''", 'reason = ""\n', sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", help="files, from the project's root")
    parser.add_argument("--sample", type=float, metavar="SECONDS", help="begin none after so long")
    parser.add_argument("--seed", type=int, default=int(time.time() // 86400), help="of a sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    asked = parser.parse_args()
    os.environ.pop("PYTEST_ADDOPTS", None)  # what it asks for may be an option of a plugin
    modules = [module for module in asked.modules or TARGETS if Path(module).exists()]
    dice = None
    if asked.sample:
        dice = random.Random(asked.seed)
        modules = modules if asked.modules else [sorted(modules)[asked.seed % len(modules)]]

    known = reasons()
    new: list[tuple[Mutant, str]] = []
    seen: set[Name] = set()
    total: Counter[str] = Counter()
    for module in modules:
        begun = time.time()
        ended = run(module, asked.jobs, dice, asked.sample or float("inf"))
        survived = {one: end for one, end in ended.items() if has_survived(end)}
        seen |= {one.name for one in survived}
        new += [(one, end or "survived") for one, end in survived.items() if one.name not in known]
        total += Counter(planted=len(ended), killed=len(ended) - len(survived))
        print(
            _score(module, len(ended) - len(survived), len(ended), time.time() - begun), flush=True
        )
    if len(modules) > 1:
        print(_score("together", total["killed"], total["planted"]))
    for mutant, why in new[:SHOWN]:
        tell(mutant, why)
    if len(new) > SHOWN:
        print(f"... and {len(new) - SHOWN} more")
    stale = [] if dice else [name for name in known if name[0] in modules and name not in seen]
    for name in stale:
        print(
            f"{LIST.name} lists what no longer survives:", *" ".join(name).split("\n"), sep="\n  "
        )
    listed = len(seen & known.keys())
    print(f"{listed} survivors with a reason, {len(new)} without, {len(stale)} no longer survive")
    if dice:
        print(
            f"a sample with seed {asked.seed}: python -m tests.mutants --sample {asked.sample:g}"
            f" --seed {asked.seed}"
        )
    return 1 if new or stale else 0


def _score(name: str, killed: int, planted: int, seconds: float | None = None) -> str:
    score = 100 * killed / planted if planted else 100.0
    took = "" if seconds is None else f"  {seconds:5.0f} s"
    return f"{name:30} {killed:5} of {planted:5} killed  {score:5.1f} %{took}"


if __name__ == "__main__":
    sys.exit(main())
