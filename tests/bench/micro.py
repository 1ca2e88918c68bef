"""Every micro-benchmark runs, for a moment each: what they say of speed is not looked at.

    python3 tests/bench/micro.py BUILD     BUILD: the folder with bench/bench-micro
"""

import json
import pathlib
import subprocess
import sys


def main():
    program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release").resolve() / "bench" / "bench-micro"
    listed = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout
    names = {line.split("\t")[0] for line in listed.splitlines()}
    done = subprocess.run([program, "--benchmark_min_time=0.001", "--benchmark_format=json"], capture_output=True, text=True, timeout=600)
    ran = {each["name"]: each.get("error_message") for each in json.loads(done.stdout)["benchmarks"]} if done.returncode == 0 else {}
    wrong = {name: ran.get(name, f"did not run (code {done.returncode})") for name in names if ran.get(name, "") is not None}
    for name, why in wrong.items():
        print(f"FAILED  {name}: {why}")
    print(f"{len(names) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
