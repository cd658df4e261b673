import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Commands, FileEdit } from "../api/bindings";
import { canned, cannedColumn, reply, type Canned } from "../host/canned";
import { allById, byId, open, press, until } from "../test/app";

type Request = Commands["edit_files"][0];
const FILE = "guardrails/mail.cedar";

/** A host whose files can be edited: what is asked, and the edits that take it back. */
function host(answers: Parameters<typeof canned>[0] = {}): Canned {
  const there = reply("workspace");
  const answer = ({ edits }: Request) => ({
    undo: edits.map(({ path, text }): FileEdit => ({
      path,
      base: text === null ? null : "sha256:new",
      text: text === null ? reply("read_file").text : null,
    })),
    workspace: there,
  });
  return canned({ edit_files: answer, ...answers });
}
const edits = (of: Canned): (readonly FileEdit[])[] =>
  of.calls.flatMap((one) => (one.name === "edit_files" ? [(one.request as Request).edits] : []));
const row = (path: string) => document.querySelector<HTMLElement>(`[data-path="${path}"]`);

async function files(of: Canned): Promise<Canned> {
  await open(of);
  await fireEvent.click(byId("tab-files"));
  return of;
}
async function name(text: string): Promise<void> {
  await fireEvent.input(byId("name-field"), { target: { value: text } });
  await fireEvent.keyDown(byId("name-field"), { key: "Enter" });
}

describe("a file", () => {
  test("is made under a name that is free, opened, and undo takes it back", async () => {
    const of = await files(host());
    await fireEvent.click(document.querySelector("[data-group=Guardrails]") as HTMLElement);
    expect((byId("name-field") as HTMLInputElement).value).toBe("guardrails/new.cedar");
    await name("guardrails/../up.cedar");
    await until("name-problem", "no empty and no hidden parts");
    await name(FILE);
    await until("name-problem", "already");
    await name("guardrails/limits.cedar");
    await waitFor(() => expect(edits(of)).toHaveLength(1));
    expect(edits(of)[0]).toEqual([
      { path: "guardrails/limits.cedar", base: null, text: expect.stringContaining("limits") },
    ]);
    await until("file-step", "Made guardrails/limits.cedar");
    await waitFor(() => expect(byId("editor")).toBeTruthy());
    await fireEvent.click(byId("undo-file-step"));
    await waitFor(() =>
      expect(edits(of)[1]).toEqual([{ path: "guardrails/limits.cedar", base: "sha256:new", text: null }]),
    );
    await waitFor(() => expect(allById("file-step")).toHaveLength(0));
  });

  test("is renamed by F2, with its unsaved text", async () => {
    const of = await files(host());
    await fireEvent.click(row(FILE) as HTMLElement);
    await waitFor(() => expect(byId("editor")).toBeTruthy());
    window.__remit?.editor.set("// unsaved");
    row(FILE)?.focus();
    await press("F2");
    await name("guardrails/post.cedar");
    await until("file-step", "Renamed");
    expect(edits(of)[0]?.map((one) => [one.path, one.text])).toEqual([
      [FILE, null],
      ["guardrails/post.cedar", reply("read_file").text],
    ]);
    await waitFor(() => expect(window.__remit?.editor.get()).toBe("// unsaved"));
    expect(byId("editor").textContent).toContain("// unsaved");
  });

  test("is removed by Delete, and undo brings its unsaved text back, too", async () => {
    const of = await files(host());
    await fireEvent.click(row(FILE) as HTMLElement);
    await waitFor(() => expect(byId("editor")).toBeTruthy());
    window.__remit?.editor.set("// unsaved");
    row(FILE)?.focus();
    await press("Delete");
    await until("file-step", `Removed ${FILE}`);
    await waitFor(() => expect(allById("editor")).toHaveLength(0));
    await press("z", { ctrlKey: true, altKey: true });
    await waitFor(() => expect(window.__remit?.editor.get()).toBe("// unsaved"));
    expect(edits(of)).toHaveLength(2);
  });

  test("that the host refuses stays, and why is said", async () => {
    const refuse = () => Promise.reject({ code: "conflict", message: "`x` is there already", help: null });
    await files(host({ edit_files: refuse }));
    row(FILE)?.focus();
    await press("Delete");
    await until("error", "is there already");
    expect(allById("file-step")).toHaveLength(0);
  });

  test("is marked where it differs from the last commit", async () => {
    await files(host());
    const { changed } = reply("git_state");
    expect(changed.length).toBeGreaterThan(0);
    for (const { path, kind } of changed.filter((one) => row(one.path)))
      await waitFor(() =>
        expect(row(path)?.querySelector("[data-testid=git-mark]")?.className).toContain(kind),
      );
  });

  test("keeps its undo while another one is in front", async () => {
    await files(host());
    await fireEvent.click(row(FILE) as HTMLElement);
    await waitFor(() => expect(byId("editor")).toBeTruthy());
    const text = window.__remit?.editor.get();
    window.__remit?.editor.set("// other");
    await fireEvent.click(row("remit.toml") as HTMLElement);
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(reply("read_file", "toml").text));
    await fireEvent.click(row(FILE) as HTMLElement);
    await waitFor(() => expect(window.__remit?.editor.get()).toBe("// other"));
    byId("editor-text").focus();
    await press("z", { ctrlKey: true });
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(text));
    await fireEvent.click(row("remit.toml") as HTMLElement);
    await waitFor(() => expect(window.__remit?.editor.get()).toBe(reply("read_file", "toml").text));
  });
});

describe("the changes", () => {
  test("are told in groups, and one of each can be looked at", async () => {
    const of = host();
    await open(of);
    await press("C", { shiftKey: true });
    const { groups } = reply("changed_calls");
    expect(groups.length).toBeGreaterThan(0);
    await waitFor(() => expect(allById("changed-group")).toHaveLength(groups.length));
    groups.forEach((group, at) => {
      const shown = allById("changed-group")[at]?.textContent ?? "";
      expect(shown).toContain(group.tool);
      for (const { policy } of group.decidedAfter) expect(shown).toContain(policy);
    });
    await fireEvent.click(allById("changed-group")[0] as HTMLElement);
    const { session, step } = groups[0]?.example ?? {};
    await waitFor(() => expect(location.hash).toContain(`session=${session}&step=${step}`));
  });

  test("show unsaved text beside what is saved", async () => {
    await open(host());
    await press("e");
    await waitFor(() => expect(window.__remit?.editor.get()).toContain("permit"));
    window.__remit?.editor.set("// draft");
    await fireEvent.click(byId("tab-changes"));
    await until("text-diff", "// draft");
    expect(byId("text-diff").textContent).toContain("permit");
  });

  test("are counted against the revision that is pinned, until it is unpinned", async () => {
    const of = host();
    await open(of);
    await fireEvent.click(byId("tab-changes"));
    const [revision] = reply("git_state").revisions;
    await waitFor(() => expect(byId("baseline").textContent).toContain(revision?.subject));
    of.baseline = cannedColumn("changed");
    await fireEvent.change(byId("baseline"), { target: { value: revision?.id } });
    await until("changes", `against ${revision?.id}`);
    expect(of.calls).toContainEqual({ name: "pin_baseline", request: { revision: revision?.id } });
    of.baseline = new Uint8Array();
    await fireEvent.click(byId("unpin"));
    await waitFor(() => expect(byId("changes").textContent?.trim()).toBe(""));
  });
});
