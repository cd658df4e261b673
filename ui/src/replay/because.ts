// Where a value comes from, in words.
import type { Because } from "../api/bindings";

/** "first seen in the result of read_file". */
export const origin = (because: Because): string => {
  switch (because.origin) {
    case "tool-result":
      return because.tool === null ? "first seen in a result" : `first seen in the result of ${because.tool}`;
    case "runtime":
      return "first said by the runtime";
    case "other-agent":
      return "first used by another agent";
    case "nowhere":
      return "seen nowhere before: the model made it up";
  }
};

/** How sure that is, where it is not certain: " (60 % sure)". */
export const sure = (because: Because): string =>
  because.confidence === null || because.confidence === 100 ? "" : ` (${String(because.confidence)} % sure)`;
