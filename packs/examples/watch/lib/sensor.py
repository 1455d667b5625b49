"""What every sensor does: follow its rules on stdin, write events to stdout. See README.md."""
import json
import queue
import sys
import threading
import time

problems = {}


def emit(trigger, payload, rule=None, key=None):
    """One event. `rule`: only this rule meets it. `key`: the same key never makes a second event, whatever restarts."""
    print(json.dumps({"trigger": trigger, "payload": payload, "rule": rule, "key": key}), flush=True)


def log(text):
    print(text, file=sys.stderr, flush=True)


def report(what, problem):
    """Logs a problem once, however often it is met."""
    if problems.get(what) != problem:
        problems[what] = problem
        log("%s: %s" % (what, problem))


def works(what):
    if problems.pop(what, None):
        log("%s: works again" % what)


def run(look, forget=lambda ref: None, seconds=1.0):
    """Calls look(config, rules) every so many seconds (or config's `interval_seconds`); rules maps each ref to its trigger_params.
    forget(ref) is told before a rule changes or goes. Returns when the agent says so or is gone."""
    said = queue.Queue()
    threading.Thread(target=listen, args=(said,), daemon=True).start()
    start = said.get()
    config = start.get("config", {})
    rules = {rule["ref"]: rule["trigger_params"] for rule in start.get("rules", [])}
    seconds = config.get("interval_seconds", seconds)
    due = time.monotonic()
    while start["type"] == "start":
        try:
            message = said.get(timeout=max(0, due - time.monotonic()))
        except queue.Empty:
            look(config, rules)
            due = time.monotonic() + seconds
            continue
        if message["type"] == "stop":
            return
        rule = message.get("rule", message)
        forget(rule["ref"])
        if message["type"] == "rule_removed":
            rules.pop(rule["ref"], None)
        else:
            rules[rule["ref"]] = rule["trigger_params"]


def listen(said):
    for line in sys.stdin:
        message = json.loads(line)
        said.put(message)
        if message["type"] == "stop":
            return
    said.put({"type": "stop"})
