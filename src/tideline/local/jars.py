"""The jars of broker and Spark: locked by sha256, fetched once by the Ivy that pyspark ships, never resolved again.

`python -m tideline.local.jars` fetches what is missing and prints the class paths; with `--lock` it writes the
checksums of the coordinates in jars.lock.json again (after a person changed a version there).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from tideline.local.java import find_java
from tideline.model.errors import DataError, Retriable
from tideline.settings import Settings, settings

LOCK = Path(__file__).with_name("jars.lock.json")
FETCH_LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked artifact: `organisation:name:version`, its sha256 and its size in bytes."""

    coordinate: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        _, name, version = self.coordinate.split(":")
        return f"{name}-{version}.jar"


def locked(lock: Path = LOCK) -> dict[str, tuple[Jar, ...]]:
    """The jar sets (`spark`, `broker`) of the lock file."""
    return {name: tuple(Jar(**jar) for jar in jars) for name, jars in json.loads(lock.read_text()).items()}


def folder(settings: Settings) -> Path:
    return settings.cache / "jars"


def class_path(settings: Settings, name: str) -> tuple[Path, ...]:
    """Where the jars of a set are (or will be): a pure function, nothing is fetched."""
    return tuple(folder(settings) / jar.file for jar in locked()[name])


def missing(settings: Settings) -> list[Jar]:
    """Locked jars that are absent or cut short; sums are checked when a jar arrives, sizes each time."""
    unique = {jar.file: jar for jars in locked().values() for jar in jars}
    place = folder(settings)
    return [jar for jar in unique.values() if not _has(place / jar.file, jar.size)]


def ensure_jars(settings: Settings) -> int:
    """Fetch what is missing and return how many; two processes at once share the work by a file lock.

    Raises Retriable when the network or the mirror is not there, DataError when a jar has another checksum.
    """
    if not missing(settings):
        return 0
    with _exclusive(folder(settings)):
        wanted = missing(settings)
        if wanted:
            arrived = _fetch(settings, wanted)
            for jar in wanted:
                _check(arrived / jar.file, jar)
            for jar in wanted:
                (arrived / jar.file).replace(folder(settings) / jar.file)
            shutil.rmtree(arrived)
        return len(wanted)


def verify(settings: Settings) -> None:
    """Check every sha256 again (doctor does)."""
    for jars in locked().values():
        for jar in jars:
            _check(folder(settings) / jar.file, jar)


def pyspark_home() -> Path:
    """The folder of the installed pyspark, found without importing it."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise Retriable("TL-JAR-003", "pyspark is not installed", fix="run: make setup")
    return Path(spec.origin).parent


def _has(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size == size


def _check(path: Path, jar: Jar) -> None:
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != jar.sha256:
        raise DataError(
            "TL-JAR-002",
            f"{jar.coordinate} has sha256 {found}, the lock says {jar.sha256}",
            where=str(path),
            fix="do not use this file: delete it, look at your mirror, then run: make setup",
        )


@contextmanager
def _exclusive(place: Path) -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(settings: Settings, wanted: Sequence[Jar]) -> Path:
    """Let Ivy fetch exactly these coordinates, without dependencies, into a new folder beside the cache."""
    arrived = folder(settings) / ".arriving"
    shutil.rmtree(arrived, ignore_errors=True)
    arrived.mkdir(parents=True)
    ivy_file, log = arrived / "ivy.xml", folder(settings) / "fetch.log"
    ivy_file.write_text(_ivy_xml(wanted))
    ivy = next((pyspark_home() / "jars").glob("ivy-*.jar"))
    command = [str(find_java(settings).binary), "-Djava.net.useSystemProxies=true", "-cp", str(ivy)]
    command += ["org.apache.ivy.Main", "-cache", str(settings.cache / "ivy"), "-ivy", str(ivy_file), "-types", "jar"]
    command += ["-retrieve", str(arrived / "[artifact]-[revision].[ext]")]
    if settings.ivy_settings is not None:
        command += ["-settings", str(settings.ivy_settings)]
    with log.open("w") as output:
        try:
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, timeout=FETCH_LIMIT_S, check=False)
            failed = done.returncode != 0
        except subprocess.TimeoutExpired:
            failed = True
    absent = [jar.coordinate for jar in wanted if not (arrived / jar.file).exists()]
    if failed or absent:
        raise Retriable(
            "TL-JAR-001",
            f"{len(absent) or len(wanted)} of {len(wanted)} jars could not be fetched",
            where=str(log),
            fix="check the network, or name a mirror in TIDELINE_IVY_SETTINGS (an ivysettings.xml); then: make setup",
        )
    return arrived


def _ivy_xml(wanted: Sequence[Jar]) -> str:
    lines = []
    for jar in wanted:
        organisation, name, version = (quoteattr(part) for part in jar.coordinate.split(":"))
        lines.append(
            f'<dependency org={organisation} name={name} rev={version} transitive="false">'
            f'<artifact name={name} type="jar" ext="jar"/></dependency>'
        )
    header = '<ivy-module version="2.0"><info organisation="tideline" module="jars"/><dependencies>'
    # both sets hold a kafka-clients: without this manager Ivy would keep the newer one only
    footer = '</dependencies><conflicts><manager name="all"/></conflicts></ivy-module>'
    return header + "\n".join(lines) + footer


def _write_lock(settings: Settings) -> None:
    """Fetch the coordinates of the lock file whatever their sums, and write the sums found."""
    sets = locked()
    arrived = _fetch(settings, list({jar.file: jar for jars in sets.values() for jar in jars}.values()))
    fresh = {name: [asdict(_seen(arrived, jar)) for jar in jars] for name, jars in sets.items()}
    LOCK.write_text(json.dumps(fresh, indent=1) + "\n")
    shutil.rmtree(arrived)


def _seen(arrived: Path, jar: Jar) -> Jar:
    content = (arrived / jar.file).read_bytes()
    return Jar(jar.coordinate, hashlib.sha256(content).hexdigest(), len(content))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tideline.local.jars", description=__doc__)
    parser.add_argument("--lock", action="store_true", help="write the checksums of the lock file again")
    if parser.parse_args().lock:
        with _exclusive(folder(settings())):
            _write_lock(settings())
    ensure_jars(settings())
    for name in locked():
        sys.stdout.write(f"{name}={':'.join(map(str, class_path(settings(), name)))}\n")


if __name__ == "__main__":
    main()
