"""The jar with Delta's log store on S3: compiled here from spark_jobs/logstore, the same bytes for the same source.

Why it is ours: docs/adr/0016-*.md. It is compiled against what the project pins (Delta's storage, hadoop-aws, the SDK).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tideline.environments.archives import write_zip
from tideline.local.jars import class_path, pyspark_home
from tideline.local.java import find_java
from tideline.model.errors import Fatal
from tideline.settings import Settings

CLASS = "dev.tideline.delta.S3PutIfAbsentLogStore"
JAR = "tideline-logstore.jar"
_RELEASE = "17"  # of EMR's Java
_LIMIT_S = 300


def build(sources: Path, folder: Path, settings: Settings) -> Path:
    """Compile what is below `sources` into `folder`/tideline-logstore.jar. Fatal when javac is missing or refuses."""
    compiler = find_java(settings).home / "bin" / "javac"
    if not compiler.exists():
        raise Fatal(
            "TL-JAV-004",
            "there is no javac beside java: the log store cannot be compiled",
            where=str(compiler.parent),
            fix="install a JDK, not only a runtime (for example openjdk-17-jdk-headless)",
        )
    known = [
        str(pyspark_home() / "jars" / "*"),
        *map(str, (*class_path(settings, "spark"), *class_path(settings, "s3"))),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        words = ["--release", _RELEASE, "-g:none", "-nowarn", "-proc:none", "-cp", ":".join(known), "-d", scratch]
        files = [str(path) for path in sorted(sources.rglob("*.java"))]
        done = subprocess.run(
            [str(compiler), *words, *files], capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
        if done.returncode != 0:
            raise Fatal("TL-JAV-005", f"javac refused: {done.stderr.strip()[-1500:]}", where=str(sources))
        classes = {path.relative_to(scratch).as_posix(): path.read_bytes() for path in Path(scratch).rglob("*.class")}
    manifest = b"Manifest-Version: 1.0\r\nCreated-By: tideline\r\n\r\n"
    write_zip(folder / JAR, {"META-INF/MANIFEST.MF": manifest, **classes})
    return folder / JAR
