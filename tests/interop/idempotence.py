"""tests/integration/idempotence.py under Kafka's own producer, with its defaults. Takes the same
options, and --writer of its own makes no sense."""

import subprocess
import sys
from pathlib import Path

import kafka

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "IdempotentWriter.java"


def main():
    story = HERE.parent / "integration" / "idempotence.py"
    classes = kafka.PLACE / "classes"
    jars = kafka.class_path()
    subprocess.run(["javac", "-cp", jars, "-d", classes, SOURCE], check=True)
    return subprocess.run([sys.executable, story, *sys.argv[1:], "--writer", "java",
                           kafka.quiet_log_config(), "-cp", f"{classes}:{jars}",
                           "IdempotentWriter"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
