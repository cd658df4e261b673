#!/usr/bin/env python3
"""Counts the tool calls of the corpus by looking for them, knowing nothing of the importers.

    python3 tests/corpus/count_calls.py /path/to/corpus > tests/corpus/counts.jsonl

A line for each recording: {"path", "calls"}. `crates/remit-session/tests/corpus.rs` holds the importers to it. AgentDojo, tau-bench
and Claude Code have labels of their own.
"""
import glob
import json
import os
import re
import sys
import zipfile


def walk(value):
    """Every object inside a value, JSON in its texts included."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def records(path):
    text = open(path, encoding="utf-8").read()
    try:
        document = json.loads(text)
        return document if isinstance(document, list) else [document]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def pi(path):
    return sum(o.get("type") == "toolCall" for r in records(path) for o in walk(r.get("message", {}).get("content")))


def gemini(path):
    return sum(len(m.get("toolCalls") or []) for r in records(path) for m in r["messages"])


def swe_agent(path):
    run = records(path)[0]
    steps = [s for s in run.get("trajectory", []) if s["action"].strip()]
    return len(steps) or sum(len(h.get("tool_calls") or []) for h in run["history"])


def mini_swe_agent(path):
    answers = [m["content"] for m in records(path) if m["role"] == "assistant"]
    return sum(len(re.findall(r"```mswea_bash_command\n", a)) == 1 for a in answers)


def openhands_logs(path):
    """The last log of a folder stands for all: each call has one id in them."""
    ids = set()
    for log in glob.glob(os.path.join(os.path.dirname(path), "*.json")):
        ids |= {c["id"] for o in walk(records(log)) for c in o.get("tool_calls") or []}
    return len(ids)


def chat(path):
    return sum(len(m.get("tool_calls") or []) for m in records(path))


def codex(path):
    return sum(r["payload"].get("type", "").endswith("_call") for r in records(path))


def otlp(path):
    calls = 0
    for span in (s for r in records(path) for g in r["resourceSpans"] for c in g["scopeSpans"] for s in c["spans"]):
        attributes = {a["key"]: a["value"].get("stringValue") for a in span["attributes"]}
        calls += attributes.get("gen_ai.operation.name") == "execute_tool" or attributes.get("openinference.span.kind") == "TOOL"
    return calls


def langfuse(path):
    """By what models asked for: spans of tools that no model asked for are none of these files'."""
    calls = 0
    for observation in records(path)[0]["observations"]:
        if observation["type"] != "GENERATION":
            continue
        for o in walk(observation["output"]):
            typed = o.get("type") in ("tool_call", "function_call") and "name" in o
            chat = isinstance(o.get("function"), dict) and "arguments" in o["function"]
            calls += typed or chat or isinstance(o.get("function_call"), dict)
    return calls


def inspect(path):
    if path.endswith(".eval"):
        archive = zipfile.ZipFile(path)
        samples = [json.loads(archive.read(n)) for n in archive.namelist() if n.startswith("samples/")]
    else:
        samples = records(path)[0]["samples"]
    return sum(e["event"] == "tool" for s in samples for e in s["events"])


def none(path):
    return 0


KINDS = [
    ("pi-agent/*.jsonl", pi),
    ("gemini-cli/*.json", gemini),
    ("swe-agent/**/*.traj", swe_agent),
    ("mini-swe-agent/*.json", mini_swe_agent),
    ("openhands/**/llm-logs/*.json", openhands_logs),
    ("openhands/**/fncall-llm-message.json", chat),
    ("openhands/**/base_state.json", none),
    ("message-samples/codex/*/*.json", codex),
    ("otlp/**/*.json*", otlp),
    ("openinference/**/all-spans.json", none),
    ("langfuse/*.json", langfuse),
    ("inspect/*", inspect),
]


def main(corpus):
    for pattern, count in KINDS:
        found = sorted(glob.glob(os.path.join(corpus, pattern), recursive=True))
        if count is openhands_logs:
            found = found[-1:]
        for path in found:
            print(json.dumps({"path": os.path.relpath(path, corpus), "calls": count(path)}))


main(sys.argv[1])
