#!/usr/bin/env -S python3 -B
"""Drives real MCP servers over stdio and keeps the JSON-RPC they spoke.

Promises: every line that crossed a pipe is kept, in the order in which this client saw it, and
nothing is added to a message. Only the temporary folder's path is replaced by the desk's.

Not here: a language model. The calls are those of `scenarios.py`; the servers, their answers and
their errors are real. See README.md for how to run it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from scenarios import DESK, INITIALIZE_ERA, SCENARIOS, STATELESS_ERA

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE.parent
CLIENT = {"name": "desk-agent", "version": "1.4.0"}
NEWEST = {"files": INITIALIZE_ERA, "memory": INITIALIZE_ERA, "git": STATELESS_ERA}
# Fixed, so that a commit that the servers make has the same id whenever this is run.
GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Marta Vance",
    "GIT_AUTHOR_EMAIL": "marta@larkfield.example",
    "GIT_AUTHOR_DATE": "2026-11-01T09:00:00 +0000",
    "GIT_COMMITTER_NAME": "Marta Vance",
    "GIT_COMMITTER_EMAIL": "marta@larkfield.example",
    "GIT_COMMITTER_DATE": "2026-11-01T09:00:00 +0000",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        programs = install(options.servers or Path(scratch) / "servers")
        for name in sorted(SCENARIOS):
            desk = fresh_desk(Path(scratch) / name)
            log = record(SCENARIOS[name], programs, desk)
            write_lines(WORKSPACE / "sessions" / f"{name}.jsonl", log.lines)
        desk = fresh_desk(Path(scratch) / "manifests")
        for server in NEWEST:
            keep_manifest(server, programs, desk)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--servers",
        type=Path,
        metavar="FOLDER",
        help="install the servers here and keep them (default: a temporary folder)",
    )
    return parser.parse_args()


def install(folder):
    """Installs the pinned servers below `folder` and says how each is started."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "python" / "bin" / "python"
    modules = folder / "node_modules" / "@modelcontextprotocol"
    if not modules.exists():
        for file in ("package.json", "package-lock.json"):
            shutil.copy(HERE / file, folder)
        run("npm", "ci", "--silent", cwd=folder)
    if not python.exists():
        run(sys.executable, "-m", "venv", folder / "python")
        run(python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
    return {
        "files": ["node", modules / "server-filesystem" / "dist" / "index.js", "{desk}"],
        "memory": ["node", modules / "server-memory" / "dist" / "index.js"],
        "git": [python, "-m", "mcp_server_git", "--repository", "{desk}/handbook"],
    }


def fresh_desk(folder):
    """Lays out the desk as every session finds it: files, a memory, a handbook with a history."""
    desk = folder.resolve() / "desk"
    shutil.copytree(HERE / "desk", desk)
    (desk / "inbox" / "done").mkdir()
    shutil.copy(HERE / "memory.jsonl", folder / "memory.jsonl")
    handbook = desk / "handbook"
    run("git", "init", "--quiet", "--initial-branch=main", cwd=handbook)
    run("git", "add", ".", cwd=handbook)
    run("git", "commit", "--quiet", "-m", "handbook: how we fire, glaze and open", cwd=handbook)
    run("git", "branch", "winter-2025", cwd=handbook)
    return desk


def record(scenario, programs, desk):
    log = Log(desk)
    servers = {
        name: Server(name, programs[name], era, desk, log)
        for name, era in scenario["servers"].items()
    }
    for server in servers.values():
        server.greet()
    for turn in scenario["turns"]:
        asked = [(servers[name], servers[name].call(tool, args)) for name, tool, args in turn]
        for server, request in asked:
            server.wait_for(request)
    for server in servers.values():
        server.close()
    return log


def keep_manifest(name, programs, desk):
    server = Server(name, programs[name], NEWEST[name], desk, Log(desk))
    reply = server.greet()
    server.close()
    text = json.dumps(reply, indent=1, ensure_ascii=False)
    (WORKSPACE / "tools" / f"{name}.json").write_text(text + "\n", encoding="utf-8")


class Log:
    """What crossed the pipes of one client. Request ids run on across its servers."""

    def __init__(self, desk):
        self.desk = str(desk)
        self.lines = []
        self.last_id = 0

    def next_id(self):
        self.last_id += 1
        return f"r{self.last_id}"

    def keep(self, server, sender, text):
        """Keeps a message and gives it back as the agent sees it."""
        message = json.loads(text.replace(self.desk, DESK))
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.lines.append({"ts": at, "server": server, "from": sender, "message": message})
        return message


class Server:
    """One running server, spoken to in one revision of the protocol."""

    def __init__(self, name, program, era, desk, log):
        self.name, self.era, self.log = name, era, log
        self.answered = {}
        command = [str(part).format(desk=desk) for part in program]
        memory = {"MEMORY_FILE_PATH": str(desk.parent / "memory.jsonl")}
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **GIT_ENVIRONMENT, **memory},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def greet(self):
        """Opens the conversation as the era asks for it; gives back the reply to `tools/list`."""
        if self.era == STATELESS_ERA:
            self.wait_for(self.request("server/discover", {}))
        else:
            hello = {"protocolVersion": self.era, "capabilities": {}, "clientInfo": CLIENT}
            self.wait_for(self.request("initialize", hello))
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self.wait_for(self.request("tools/list", {}))

    def call(self, tool, tool_arguments):
        return self.request("tools/call", {"name": tool, "arguments": tool_arguments})

    def request(self, method, params):
        if self.era == STATELESS_ERA:
            params = {**params, "_meta": stateless_meta()}
        request = self.log.next_id()
        self.send({"jsonrpc": "2.0", "id": request, "method": method, "params": params})
        return request

    def send(self, message):
        text = json.dumps(message, ensure_ascii=False)
        self.log.keep(self.name, "client", text)
        self.process.stdin.write(text.replace(DESK, self.log.desk) + "\n")
        self.process.stdin.flush()

    def wait_for(self, request):
        while request not in self.answered:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"the {self.name} server ended before it answered request {request}")
            message = self.log.keep(self.name, "server", line)
            self.answered[message.get("id")] = message
        return self.answered[request]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def stateless_meta():
    prefix = "io.modelcontextprotocol"
    return {
        f"{prefix}/protocolVersion": STATELESS_ERA,
        f"{prefix}/clientInfo": CLIENT,
        f"{prefix}/clientCapabilities": {},
    }


def run(*command, cwd=None):
    environment = {**os.environ, **GIT_ENVIRONMENT}
    subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=True)


def write_lines(path, lines):
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    print(f"{path.relative_to(WORKSPACE)}: {len(lines)} messages")


if __name__ == "__main__":
    main()
