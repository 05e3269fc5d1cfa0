"""Does `compose crop` bear bad files and a sudden end? A proof by example, the same for a seed.

    python benchmarks/hostile.py [--malformed 200] [--good 50] [--kills 10] [--engine NAME]

**Bad files.** A folder gets malformed files among good ones, and `compose crop FOLDER --json
--out OUT --overlay OUT2` is run on it. It must exit with 1, print one record for every file,
crop every good one, explain every other in one sentence, write nothing for these, print no
traceback and nothing else that is not its own, and leave the folder as it was. A file with
flipped bits may still be a picture; whatever its record says must then be true.

**A sudden end.** A run over good files is killed (SIGKILL) at random moments, some of them while
it takes up again what an earlier one left, and then the same command with --skip-existing has
to end with the very bytes of a run that nobody disturbed.

Prints what was found and exits with 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

from batch_check import check_batch, snapshot, statuses
from kill_check import kill_and_resume
from malformed import Case, write_malformed
from printing import run, table
from processes import captured, compose
from wellformed import write_good

SHOWN = 30  # of what is wrong


def main() -> int:
    """Make, run, check, and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        problems = bad_files(Path(scratch) / "bad", options)
        problems += sudden_end(Path(scratch) / "end", options)
    for problem in problems[:SHOWN]:
        print(f"- WRONG: {problem}")
    print(
        f"\n{len(problems)} things are not as they must be." if problems else "\nAll as it must be."
    )
    return int(bool(problems))


def write_mixed(folder: Path, malformed: int, good: int, seed: int) -> list[Case]:
    """Fill a new folder with malformed files among good ones, in an order of no meaning."""
    folder.mkdir(parents=True)
    numbers = list(range(malformed + good))
    random.Random(seed).shuffle(numbers)
    bad = write_malformed(folder, numbers[:malformed], seed)
    fine = write_good(folder, numbers[malformed:], seed)
    return [*bad, *(Case(path, "good", False) for path in fine)]


def bad_files(scratch: Path, options: argparse.Namespace) -> list[str]:
    """Run over malformed and good files; what is wrong with the result, one sentence each."""
    folder, outputs = scratch / "in", [scratch / "crops", scratch / "drawn"]
    cases = write_mixed(folder, options.malformed, options.good, options.seed)
    before = snapshot(folder)
    command = [*compose(), "crop", folder, "--engine", options.engine, "--json"]
    done = captured([*command, "--out", outputs[0], "--overlay", outputs[1]])
    problems = check_batch(cases, done, outputs)
    if snapshot(folder) != before:
        problems.append("the folder of inputs was changed")
    said = statuses(done.stdout)
    counts = Counter((case.kind, said.get(case.path, "nothing")) for case in cases)
    rows = [[kind, status, str(count)] for (kind, status), count in sorted(counts.items())]
    print(
        f"{options.malformed} malformed and {options.good} good files, exit code {done.code}, ",
        end="",
    )
    print(f"{done.wall:.1f} seconds:\n")
    print(table(["kind", "record", "files"], rows), flush=True)
    return problems


def sudden_end(scratch: Path, options: argparse.Namespace) -> list[str]:
    """Kill runs over good files and take them up again; what is wrong with the results."""
    folder = scratch / "in"
    folder.mkdir(parents=True)
    write_good(folder, list(range(options.good)), options.seed)
    command = [*compose(), "crop", folder, "--engine", options.engine, "--json"]
    command += ["--aspect", "1:1", "--aspect", "16:9"]  # several files a picture by any engine
    trials = kill_and_resume(command, scratch, options.kills, random.Random(options.seed))
    print(f"\n{len(trials)} runs over {options.good} good files, killed and taken up again:\n")
    columns = ["killed after records", "files standing", "left half written", "then"]
    rows = [
        [
            ", ".join(map(str, trial.killed_after)),
            str(trial.standing),
            str(trial.parts),
            "wrong" if trial.problems else "same bytes",
        ]
        for trial in trials
    ]
    print(table(columns, rows))
    return [problem for trial in trials for problem in trial.problems]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--malformed", type=int, default=200, metavar="N", help="files")
    parser.add_argument("--good", type=int, default=50, metavar="N", help="files")
    parser.add_argument("--kills", type=int, default=10, metavar="N", help="runs that are killed")
    parser.add_argument("--engine", default="auto", metavar="NAME", help="of compose crop")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
