// Colours for Cedar schemas: words, names and strings, line by line.

import { StreamLanguage } from "@codemirror/language";

const WORDS =
  /^(namespace|entity|action|type|in|appliesTo|principal|resource|context|attributes|enum|tags)\b/;
const TYPES = /^(String|Long|Bool|Boolean|Set|Record|Entity|Extension|ipaddr|decimal|datetime|duration)\b/;

export const cedarSchema = StreamLanguage.define<null>({
  name: "cedarschema",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match("//")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^@\s*\w+/)) return "annotation";
    if (stream.match(/^[\w]+(?=\s*\??\s*:(?!:))/)) return "propertyName";
    if (stream.match(WORDS)) return "definitionKeyword";
    if (stream.match(TYPES)) return "typeName.standard";
    if (stream.match(/^[A-Za-z_]\w*/)) return "typeName";
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "//" } },
});
