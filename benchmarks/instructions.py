# SPDX-License-Identifier: MIT
"""Counts what the C core executes for a packet except copying it; docs/benchmarks.md has a table.

Callgrind runs bench_assemble twice, with different numbers of repetitions; the difference is that of the packets. A
count that is more than 5 % above the one in instructions.json is a failure. Those hold for one compiler.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
RECORD = HERE / "instructions.json"
HEAP = 1 << 20
PAYLOADS = (1024, 8192)
RUN_BYTES = 64 << 20  # of a repetition of bench_assemble
REPEATS = (1, 3)
ALLOWED = 1.05
SHAPES = {
    "in order": [],
    "items repeated": ["--repeat-items"],
    "without HEAP_LENGTH": ["--unsized"],
    "shuffled": ["--shuffled"],
    "second packet last": ["--gap"],
}
# What copies, and what a thread does that waits for the other one.
LEFT_OUT = re.compile(
    "sp2__copy|sp2__ring_sink_spin$|sp2__ring_is_empty$|poll$|sp2_receive_stream_pop(_wait)?$")
LINE = re.compile(r"\s*([\d,]+) \([\d. %]+\)\s+\S+?:(\S+) \[.*libspead2core[^]]*\]")


def executed(program: str, arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        profile = folder + "/profile"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + profile, program, *arguments],
            check=True, capture_output=True)
        listing = subprocess.run(
            ["callgrind_annotate", "--threshold=100", profile], check=True, capture_output=True, text=True)
    lines = [match for match in map(LINE.match, listing.stdout.splitlines()) if match]
    if not lines:
        sys.exit("callgrind names no function of libspead2core")
    return sum(int(line[1].replace(",", "")) for line in lines if not LEFT_OUT.match(line[2]))


def per_packet(program: str, shape: list[str], payload: int) -> float:
    arguments = ["--heap", str(HEAP), "--payload", str(payload), *shape, "--repeats"]
    few, many = (executed(program, arguments + [str(repeats)]) for repeats in REPEATS)
    return round((many - few) / (REPEATS[1] - REPEATS[0]) / (RUN_BYTES // payload), 1)


def compiler() -> str:
    return subprocess.run(["cc", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="bench_assemble")
    parser.add_argument("--write", action="store_true", help="records the counts in instructions.json")
    parser.add_argument("--json", action="store_true", help="prints JSON in place of the table")
    options = parser.parse_args()
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    compares = recorded.get("compiler") == compiler() and not options.write
    rows = []
    for shape, arguments in SHAPES.items():
        for payload in PAYLOADS:
            count = per_packet(options.program, arguments, payload)
            before = recorded.get("counts", {}).get(shape, {}).get(str(payload)) if compares else None
            rows.append({"shape": shape, "payload": payload, "instructions": count, "recorded": before,
                         "met": None if before is None else count <= before * ALLOWED})
            if not options.json:
                row = rows[-1]
                verdict = {None: "not compared", True: "met", False: "NOT met"}[row["met"]]
                print(f"{shape:22} {payload:5} bytes {count:7.1f} recorded {before or '-':>7}  {verdict}", flush=True)
    if options.json:
        print(json.dumps(rows, indent=2))
    if options.write:
        counts = {shape: {str(row["payload"]): row["instructions"] for row in rows if row["shape"] == shape}
                  for shape in SHAPES}
        RECORD.write_text(json.dumps({"compiler": compiler(), "counts": counts}, indent=2) + "\n")
    elif not compares:
        print(f"not compared: the counts are of {recorded.get('compiler')}, this is {compiler()}", file=sys.stderr)
        return 2
    return 1 if any(row["met"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
