"""What happened in a git repository. Parameters as JSON on stdin, the answer as JSON on stdout."""
import collections
import json
import os
import subprocess
import sys


def run_git(parameters):
    command = [
        "git", "-C", parameters["repository"], "-c", "core.quotePath=false", "log", "-z", "--numstat", "--no-renames", "--no-color",
        "--format=%x01%H%x02%aN%x02%aI", "--max-count=%d" % (parameters["max_commits"] + 1),
    ]
    for bound in ("since", "until"):
        if parameters.get(bound):
            command.append("--%s=%s" % (bound, parameters[bound]))
    command += ["--end-of-options", parameters["ref"], "--"]
    try:
        # LC_ALL: messages that end up in a log should be in one language.
        done = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    except FileNotFoundError:
        sys.exit("git is not installed on this host")
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace").strip() or "git failed with %d" % done.returncode)
    return done.stdout.decode(errors="replace")


def commits_of(log):
    """(author, time, [(insertions, deletions, path)]) for each commit, newest first."""
    for block in log.split("\x01")[1:]:
        head, *changes = block.split("\0")
        _, author, time = head.rstrip("\n").split("\x02")
        files = []
        for change in changes:
            parts = change.strip("\n").split("\t", 2)
            if len(parts) == 3:
                # A binary file has "-" for both numbers.
                files.append((*(0 if number == "-" else int(number) for number in parts[:2]), parts[2]))
        yield author, time, files


def main():
    parameters = json.load(sys.stdin)
    commits = list(commits_of(run_git(parameters)))
    truncated = len(commits) > parameters["max_commits"]
    commits = commits[: parameters["max_commits"]]

    authors = collections.defaultdict(collections.Counter)
    files = collections.defaultdict(collections.Counter)
    days = collections.Counter()
    for author, time, changes in commits:
        days[time[:10]] += 1
        authors[author]["commits"] += 1
        for insertions, deletions, path in changes:
            files[path]["commits"] += 1
            for total in (authors[author], files[path]):
                total["insertions"] += insertions
                total["deletions"] += deletions

    def ranked(totals, key):
        order = sorted(totals.items(), key=lambda item: (-item[1]["commits"], item[0]))[: parameters["top"]]
        return [{key: name, **{count: total[count] for count in ("commits", "insertions", "deletions")}} for name, total in order]

    answer = {"commits": len(commits), "truncated": truncated}
    if commits:
        times = sorted(time for _, time, _ in commits)
        answer.update(first=times[0], last=times[-1])
    answer.update(authors=ranked(authors, "name"), days=dict(sorted(days.items())), files=ranked(files, "path"))
    json.dump(answer, sys.stdout, ensure_ascii=False)


main()
