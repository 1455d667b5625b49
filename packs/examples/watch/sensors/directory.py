"""Tells of new files in folders, one folder for each rule.

A file counts as complete when its size and time have stayed the same for `settle_seconds`. A writer that pauses for longer should
write under a name that begins with a dot and rename: such names are never told, and a rename shows the file whole.

The key holds the file's time and size, so what lies there at a restart is told again and makes no second event."""
import fnmatch
import os
import time

import sensor

seen = {}  # for each rule, by path: (state, since when it is in this state, whether it has been told)


def look(config, rules):
    now = time.monotonic()
    for ref, params in rules.items():
        before, after = seen.get(ref, {}), {}
        for path, stat in files(params["folder"], params.get("pattern", "*")):
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            known, since, told = before.get(path, (None, now, False))
            if known != state:
                since, told = now, False
            elif not told and now - since >= config.get("settle_seconds", 2):
                tell(ref, path, stat)
                told = True
            after[path] = (state, since, told)
        seen[ref] = after


def files(folder, pattern):
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and fnmatch.fnmatch(entry.name, pattern):
                    try:
                        if entry.is_file(follow_symlinks=False):
                            found.append((entry.path, entry.stat(follow_symlinks=False)))
                    except FileNotFoundError:
                        pass  # Gone since the folder was read.
        sensor.works(folder)
    except OSError as error:
        sensor.report(folder, error.strerror)
    return sorted(found, key=lambda each: each[1].st_mtime_ns)


def tell(ref, path, stat):
    sensor.emit(
        "watch.file_added",
        {
            "folder": os.path.dirname(path),
            "name": os.path.basename(path),
            "path": path,
            "size_bytes": stat.st_size,
            "modified_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stat.st_mtime)),
        },
        rule=ref,
        key="%s:%d:%d:%s" % (ref, stat.st_mtime_ns, stat.st_size, path[-150:]),
    )


sensor.run(look, forget=lambda ref: seen.pop(ref, None))
