#!/usr/bin/env python3
"""The reference's validation script: runs `signalbox doctor` and takes over its result.

Needs Python 3 and nothing else. Arguments go through: --world market, --only database, --json.
Exit code: 0 when no check failed, else doctor's (docs/commands.md).
"""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    node = shutil.which("node")
    if node is None:
        print("there is no node on this machine\n  -> Install Node 20.19 or newer.", file=sys.stderr)
        return 70
    command = [node, str(ROOT / "packages" / "host" / "bin" / "signalbox.js"), "doctor", *sys.argv[1:]]
    return subprocess.call(command, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
