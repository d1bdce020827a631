"""What an error of the operating system means for whoever called a command: theirs to mend, or worth another try.

A path that is missing, in the way or closed to this user stays so until somebody changes it: wrong set-up, exit code 2.
Everything else (a full disk or quota, too many open files, a network that is away) may pass: exit code 75.
"""

from __future__ import annotations

import errno

SET_UP, LATER = 2, 75
_MADE = "make it, or name one that is there"
_WRITABLE = "name a folder that this user can read and write (TIDELINE_HOME names Tideline's own)"
_REMEDIES = {
    errno.ENOENT: _MADE,
    errno.ENOTDIR: "name a folder: a part of this path is a file (TIDELINE_HOME names Tideline's own)",
    errno.EISDIR: "name a file: this is a folder",
    errno.EEXIST: "name another, or move what is there",
    errno.ENOTEMPTY: "name another, or move what is there",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENAMETOOLONG: "name a shorter one",
    errno.ELOOP: "mend the link that leads to itself",
}
_LATER_REMEDIES = {
    errno.ENOSPC: "free some disk space, then run the command again",
    errno.EDQUOT: "free some of this user's disk quota, then run the command again",
}


def exit_code(error: OSError) -> int:
    """2 where the caller has to change something first, 75 where the same call may work later."""
    return SET_UP if error.errno in _REMEDIES else LATER


def told(error: OSError) -> str:
    """One line: code, place, what happened, what to do."""
    place = f"{error.filename}: " if error.filename else ""
    remedy = {**_REMEDIES, **_LATER_REMEDIES}.get(error.errno or 0, "run the command again: this may pass")
    return f"TL-OS-{error.errno or 0:03d} {place}{error.strerror or error}. Fix: {remedy}"
