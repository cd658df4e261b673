"""Writes transcripts in the shape of Claude Code: a JSON object a line, linked by `parentUuid`.

Promises: the same scenario gives the same bytes. Ids and times are counted, not drawn.

Not here: hooks, snapshots and token counts, which say nothing about what the agent did.
"""

import json
import uuid
from datetime import datetime, timedelta

CWD = "/home/dev/kiln"
VERSION = "2.1.40"
MODEL = "claude-sonnet-4-5"
REFUSAL = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was"
    " a file edit, the new_string was NOT written to the file). To tell you how to proceed, the"
    " user said:\n"
)


class Call:
    """A tool call and what came back: `failed` and `refused` say how it ended."""

    def __init__(self, tool, arguments, result="", failed=False, refused=None):
        self.tool, self.arguments = tool, arguments
        self.result = REFUSAL + refused if refused else result
        self.is_error = failed or refused is not None


class Transcript:
    def __init__(self, name, started, branch):
        self.name, self.git_branch = name, branch
        self.at = datetime.fromisoformat(started)
        self.session = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        self.lines, self.count, self.last = [], 0, None

    def user(self, text):
        self.line({"type": "user", "message": {"role": "user", "content": text}})
        return self.last

    def says(self, text):
        self.answer([{"type": "text", "text": text}])
        return self.last

    def calls(self, *calls):
        """One answer of the model: its calls stand on a line each, the results follow in order."""
        message = self.next_id("msg")
        asked = [(call, self.next_id("toolu")) for call in calls]
        lines = []
        for call, call_id in asked:
            self.answer([tool_use(call, call_id)], message)
            lines.append(self.last)
        for (call, call_id), line in zip(asked, lines):
            self.result(call, call_id, line)

    def delegates(self, description, kind, prompt, steps, report):
        """A `Task` call: the sub-agent's steps stand in progress lines before the result."""
        call = Call("Task", {"description": description, "subagent_type": kind, "prompt": prompt}, report)
        call_id = self.next_id("toolu")
        self.answer([tool_use(call, call_id)])
        started = self.last
        agent = self.next_id("a")[-7:]
        self.progress({"type": "user", **message_of("user", [{"type": "text", "text": prompt}])}, agent, call_id, prompt)
        for step in steps:
            step_id = self.next_id("toolu")
            asked = {**assistant_message([tool_use(step, step_id)], self.next_id("msg"))}
            self.progress({"type": "assistant", **asked}, agent, call_id, prompt)
            answered = message_of("user", [tool_result(step, step_id)])
            self.progress({"type": "user", **answered}, agent, call_id, prompt)
        self.result(call, call_id, started, agent)

    def rewind(self, to):
        """What comes next continues the history after line `to`, beside what already does."""
        self.last = to

    def answer(self, content, message=None):
        self.line({"type": "assistant", **assistant_message(content, message or self.next_id("msg"))})

    def result(self, call, call_id, asked, agent=None):
        content = [tool_result(call, call_id)]
        line = {"type": "user", "message": {"role": "user", "content": content}}
        line["toolUseResult"] = tool_use_result(call, agent)
        line["sourceToolAssistantUUID"] = asked
        self.line(line, parent=asked)

    def progress(self, message, agent, call_id, prompt):
        message = {**message, "uuid": self.next_uuid(), "timestamp": self.stamp()}
        data = {
            "type": "agent_progress",
            "agentId": agent,
            "prompt": prompt,
            "message": message,
            "normalizedMessages": [],
        }
        self.line({"type": "progress", "data": data, "toolUseID": f"agent_{call_id}", "parentToolUseID": call_id})

    def line(self, own, parent=None):
        line = {
            "parentUuid": parent or self.last,
            "isSidechain": False,
            "userType": "external",
            "cwd": CWD,
            "sessionId": self.session,
            "version": VERSION,
            "gitBranch": self.git_branch,
            **own,
            "uuid": self.next_uuid(),
            "timestamp": self.stamp(),
        }
        self.lines.append(line)
        self.last = line["uuid"]

    def stamp(self):
        self.at += timedelta(milliseconds=1700 + 37 * self.count % 900)
        return self.at.isoformat(timespec="milliseconds") + "Z"

    def next_uuid(self):
        self.count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{self.count}"))

    def next_id(self, prefix):
        return f"{prefix}_01{self.next_uuid().replace('-', '')[:22]}"

    def text(self):
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)


def tool_use(call, call_id):
    return {"type": "tool_use", "id": call_id, "name": call.tool, "input": call.arguments}


def tool_result(call, call_id):
    result = {"tool_use_id": call_id, "type": "tool_result", "content": call.result}
    return {**result, "is_error": True} if call.is_error else result


def tool_use_result(call, agent):
    if call.is_error:
        return f"Error: {call.result}"
    if agent:
        return {"status": "completed", "agentId": agent, "content": [{"type": "text", "text": call.result}]}
    if call.tool == "Bash":
        return {"stdout": call.result, "stderr": "", "interrupted": False, "isImage": False}
    return call.result


def message_of(role, content):
    return {"message": {"role": role, "content": content}}


def assistant_message(content, message):
    fields = {"model": MODEL, "id": message, "type": "message", "role": "assistant", "content": content}
    return {"message": {**fields, "stop_reason": None, "stop_sequence": None}}
