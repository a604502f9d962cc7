#!/usr/bin/env python3
"""Checks a journal by what docs/seeing.md says of it, sharing nothing with the program: each line is a JSON object with the common members
in their order, numbers and times rise, and the states of a component, its processes and its ends fit each other."""
import json
import re
import sys

COMMON = ["v", "seq", "time", "mono", "run", "instance", "event"]


def main(path):
    faults, runs, kinds = [], {}, {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        def fault(text):
            faults.append(f"{path}:{number}: {text}: {line.rstrip()[:200]}")
        if not line.endswith("\n"):
            fault("no line end")
        record = json.loads(line)
        if list(record)[: len(COMMON)] != COMMON or record["v"] != 1:
            fault("common members")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["time"]):
            fault("time")
        run = runs.setdefault(record["run"], {"seq": 0, "mono": 0, "state": {}, "pid": {}, "steps": set(), "phases": []})
        if record["seq"] != run["seq"] + (record["count"] if record["event"] == "lost" else 1):
            fault(f"seq after {run['seq']}")
        if record["mono"] < run["mono"]:
            fault("mono")
        run["seq"], run["mono"] = record["seq"], record["mono"]
        kind, component = record["event"], record.get("component")
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind == "state":
            if run["state"].get(component, "stopped") != record["from"] or record["from"] == record["to"]:
                fault(f"state was {run['state'].get(component, 'stopped')}")
            run["state"][component] = record["to"]
        elif kind == "spawned":
            if run["pid"].get(component) is not None:
                fault("a second process")
            run["pid"][component] = record["pid"]
        elif kind == "ended":
            if run["pid"].get(component) != record["pid"]:
                fault("not the process that was made")
            run["pid"][component] = None
            if (record["how"] == "exited") != ("code" in record) or (record["how"] == "signal") != ("signal" in record):
                fault("how")
            if record["next"] == "restart" and "delay_us" not in record:
                fault("delay")
        elif kind == "step":
            key = (component, record["step"])
            if (record["edge"] == "begun") == (key in run["steps"]):
                fault("step")
            run["steps"] ^= {key}
        elif kind == "phase":
            if record["edge"] == "begun":
                run["phases"].append(record["phase"])
            elif not run["phases"] or run["phases"].pop() != record["phase"]:
                fault("phase")
    for name, run in runs.items():
        for component, pid in run["pid"].items():
            if pid is not None:
                faults.append(f"{name}: process {pid} of {component} has not ended")
        if run["phases"] or run["steps"]:
            faults.append(f"{name}: {run['phases']} {run['steps']} have not ended")
    print("\n".join(faults) if faults else "good " + json.dumps({"runs": len(runs), "kinds": kinds}))
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
