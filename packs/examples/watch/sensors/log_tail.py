"""Tells of new lines that match a pattern, one file and pattern for each rule.

Follows both ways of rotation: a new file under the old name (what the old one still gets is read first), and a file that is cut.
The key is the line's place, so a rule that reads `from: start` tells nothing twice after a restart. With
`from: end` what is written while the sensor does not run is not told: it keeps nothing from one start to the next."""
import hashlib
import os
import re

import sensor

tails = {}


class Tail:
    def __init__(self, path, at_end):
        self.path, self.at_end, self.file, self.rest = path, at_end, None, b""

    def lines(self):
        """(inode, offset, line) of every whole line since the last time."""
        try:
            named = os.stat(self.path)
            opened = os.fstat(self.file.fileno()) if self.file else None
            if opened and opened.st_ino == named.st_ino and named.st_size < self.file.tell():
                self.file.seek(0)
                self.rest = b""
            if opened:
                yield from self.whole_lines()
            if not opened or opened.st_ino != named.st_ino:
                self.close()
                self.file = open(self.path, "rb")
                self.file.seek(0, os.SEEK_END if self.at_end else os.SEEK_SET)
                yield from self.whole_lines()
            sensor.works(self.path)
        except OSError as error:
            sensor.report(self.path, error.strerror)
        self.at_end = False  # What appears from now on is new as a whole.

    def whole_lines(self):
        inode, offset = os.fstat(self.file.fileno()).st_ino, self.file.tell() - len(self.rest)
        while True:
            piece = self.file.readline(65536)
            self.rest += piece
            if not self.rest.endswith(b"\n") and len(self.rest) < 65536:
                return  # The writer is in the middle of it.
            yield inode, offset, self.rest.rstrip(b"\r\n").decode("utf-8", "replace").replace("\0", "\ufffd")
            offset, self.rest = offset + len(self.rest), b""

    def close(self):
        if self.file:
            self.file.close()
        self.file, self.rest = None, b""


def look(config, rules):
    for ref, params in rules.items():
        try:
            pattern = re.compile(params["pattern"])
        except re.error as error:
            sensor.report(ref, "pattern: %s" % error)
            continue
        tail = tails.setdefault(ref, Tail(params["file"], params.get("from", "end") == "end"))
        for inode, offset, line in tail.lines():
            match = pattern.search(line)
            if match:
                payload = {"file": tail.path, "line": line, "groups": match.groupdict() or list(match.groups())}
                digest = hashlib.sha256(line.encode()).hexdigest()[:16]
                sensor.emit("watch.line_matched", payload, rule=ref, key="%s:%d:%d:%s" % (ref, inode, offset, digest))


def forget(ref):
    if ref in tails:
        tails.pop(ref).close()


sensor.run(look, forget)
