"""How full file systems are. Parameters as JSON on stdin, the answer as JSON on stdout."""
import json
import os
import sys


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


def measure(path, warn_percent):
    stat = os.statvfs(path)
    # As df counts: what is reserved for root is neither used nor available.
    used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
    free = stat.f_bavail * stat.f_frsize
    used_percent = percent(used, used + free)
    return {
        "path": path,
        "total_bytes": stat.f_blocks * stat.f_frsize,
        "used_bytes": used,
        "free_bytes": free,
        "used_percent": used_percent,
        "inodes_used_percent": percent(stat.f_files - stat.f_ffree, stat.f_files),
        "full": used_percent >= warn_percent,
    }


def main():
    parameters = json.load(sys.stdin)
    filesystems, errors, seen = [], [], set()
    for path in parameters["paths"]:
        try:
            device = os.stat(path).st_dev
            if device in seen:
                continue
            seen.add(device)
            filesystems.append(measure(path, parameters["warn_percent"]))
        except OSError as error:
            errors.append({"path": path, "message": error.strerror})

    full = [each["path"] for each in filesystems if each["full"]]
    json.dump({"filesystems": filesystems, "full": full, "errors": errors}, sys.stdout)
    if parameters["fail_when_full"] and (full or errors):
        sys.exit("\nfull: %s; unreadable: %s" % (", ".join(full) or "none", ", ".join(each["path"] for each in errors) or "none"))


main()
