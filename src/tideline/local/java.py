"""Find a Java that can run Spark, without starting it: a JVM start is dear, reading its release file is not."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tideline.model.errors import Fatal
from tideline.settings import Settings

SUPPORTED = (17, 21)
NEEDED_MODULE = "jdk.incubator.vector"  # Spark uses it; small runtimes (JREs made by jlink) lack it
_FIX = "install a full Java 17 or 21 (for example openjdk-17-jdk-headless) and put it on PATH, or set JAVA_HOME."


@dataclass(frozen=True, slots=True)
class Java:
    """A Java home with its feature version (17, 21) and whether it has all modules."""

    home: Path
    version: int
    full: bool

    @property
    def binary(self) -> Path:
        return self.home / "bin" / "java"


def find_java(settings: Settings) -> Java:
    """JAVA_HOME when it is set, else the `java` on PATH; raises Fatal that says what to install."""
    java = _describe(_home(settings))
    if java.version not in SUPPORTED:
        raise Fatal("TL-JAV-002", f"Java {java.version} cannot run Spark 4.0", where=str(java.home), fix=_FIX)
    if not java.full:
        raise Fatal("TL-JAV-003", f"this Java lacks the module {NEEDED_MODULE}", where=str(java.home), fix=_FIX)
    return java


def _home(settings: Settings) -> Path:
    if settings.java_home is not None:
        if not (settings.java_home / "bin" / "java").exists():
            raise Fatal("TL-JAV-001", "JAVA_HOME has no bin/java", where=str(settings.java_home), fix=_FIX)
        return settings.java_home
    found = shutil.which("java")
    if found is None:
        raise Fatal("TL-JAV-001", "there is no java on PATH and JAVA_HOME is not set", fix=_FIX)
    return Path(found).resolve().parents[1]


def _describe(home: Path) -> Java:
    release = home / "release"
    if release.exists():
        facts = dict(re.findall(r'^(\w+)="(.*)"$', release.read_text(), re.MULTILINE))
        if "JAVA_VERSION" in facts and "MODULES" in facts:
            return Java(home, _feature(facts["JAVA_VERSION"]), NEEDED_MODULE in facts["MODULES"].split())
    return _ask(home)


def _ask(home: Path) -> Java:
    """A wrapper script or a home without a release file: start it once and ask; it names its real home."""
    command = [str(home / "bin" / "java"), "-XshowSettings:properties", "--list-modules"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    text = answer.stdout + answer.stderr
    version = re.search(r"java\.version = (\S+)", text)
    real = re.search(r"java\.home = (.+)", text)
    if version is None or real is None:
        raise Fatal("TL-JAV-001", "this java does not say which version it is", where=str(home), fix=_FIX)
    return Java(Path(real.group(1).strip()), _feature(version.group(1)), NEEDED_MODULE in text)


def _feature(version: str) -> int:
    """`17.0.15` -> 17 and `1.8.0_402` -> 8."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]
