"""moto with what it lacks for our Terraform: one file per AWS service, imported all together by `extend`.

moto answers every request of whoever asks: it proves that resources can be made, read back unchanged and removed. It
proves nothing about authorisation, encryption or networks.
"""

from __future__ import annotations

import importlib
import pkgutil

ACCOUNT = "123456789012"
REGION = "eu-central-1"
REPLICA_REGION = "eu-west-1"


def extend() -> list[str]:
    """Import every module of this package but the launcher, each patching its service; gives their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name not in ("__main__", "server"))
    for name in names:
        importlib.import_module(f"{__name__}.{name}")
    return names
