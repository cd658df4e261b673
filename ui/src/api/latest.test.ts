import { expect, test } from "vitest";
import { Latest } from "./latest";

/** Work that ends when it is told to. */
function slow() {
  const done: string[] = [];
  const ends: (() => void)[] = [];
  const latest = new Latest<string>(async (request) => {
    await new Promise<void>((end) => ends.push(end));
    done.push(request);
  });
  const end = async () => {
    ends.shift()?.();
    await new Promise((later) => setTimeout(later));
  };
  return { latest, done, end };
}

test("one piece of work at a time, and only the newest request waits", async () => {
  const { latest, done, end } = slow();
  for (const request of ["a", "b", "c", "d"]) void latest.run(request);
  expect(latest.overtaken).toBe(true);
  await end();
  expect(done).toEqual(["a"]);
  await end();
  expect(done).toEqual(["a", "d"]);
  expect(latest.overtaken).toBe(false);
});

test("work that comes after the end begins again", async () => {
  const { latest, done, end } = slow();
  const first = latest.run("a");
  await end();
  await first;
  void latest.run("b");
  await end();
  await latest.idle();
  expect(done).toEqual(["a", "b"]);
});

test("what waits can be forgotten", async () => {
  const { latest, done, end } = slow();
  void latest.run("a");
  void latest.run("b");
  latest.clear();
  await end();
  await latest.idle();
  expect(done).toEqual(["a"]);
});
