// Reads JSON so that nothing of its text is lost, and shows it as a tree. `JSON.parse` would round long numbers, sort
// keys that are numbers, and drop keys that come twice.
"use strict";

const LARGE_JSON = 3_000_000; // characters
const DEEP_JSON = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The value of a JSON text; null when it is none, too large, or too deep. A value is `{kind, text}`, or, of the kinds
 * "object" and "array", `{kind, entries}`; an entry is `[key, value]`, its key null in an array.
 */
function readJson(text) {
  if (text.length > LARGE_JSON) return null;
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function parseJson(text) {
  let at = 0;

  function fail() {
    throw new SyntaxError("no JSON");
  }

  /** The next character that is no blank. */
  function next() {
    while (" \t\n\r".includes(text[at] ?? "x")) at++;
    return text[at];
  }

  function taken(character) {
    if (next() !== character) return false;
    at++;
    return true;
  }

  function string() {
    const start = at;
    do {
      at = text.indexOf('"', at + 1);
      if (at < 0) fail();
    } while (isEscaped(at));
    const literal = text.slice(start, ++at);
    return literal.includes("\\") ? JSON.parse(literal) : literal.slice(1, -1);
  }

  function isEscaped(place) {
    let count = 0;
    while (text[place - 1 - count] === "\\") count++;
    return count % 2 === 1;
  }

  function matched(pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  }

  function value(depth) {
    const first = next();
    if (first === '"') return { kind: "string", text: string() };
    if (first === "[" || first === "{") {
      if (depth > DEEP_JSON) fail();
      at++;
      return first === "[" ? { kind: "array", entries: items(depth) } : { kind: "object", entries: members(depth) };
    }
    const number = matched(NUMBER);
    return number ? { kind: "number", text: number } : { kind: "word", text: matched(WORD) ?? fail() };
  }

  function items(depth) {
    const entries = [];
    if (taken("]")) return entries;
    do entries.push([null, value(depth + 1)]);
    while (taken(","));
    return taken("]") ? entries : fail();
  }

  function members(depth) {
    const entries = [];
    if (taken("}")) return entries;
    do {
      const key = next() === '"' ? string() : fail();
      if (!taken(":")) fail();
      entries.push([key, value(depth + 1)]);
    } while (taken(","));
    return taken("}") ? entries : fail();
  }

  const result = value(0);
  return next() === undefined ? result : fail();
}

const isNested = (value) => value.entries !== undefined;
const shownKey = (key) => `${JSON.stringify(key)}: `;

/** A value in lines, its keys sorted. */
function jsonLines(value, margin = "", key = null, comma = "") {
  const start = margin + (key === null ? "" : shownKey(key));
  if (!isNested(value)) return [start + (value.kind === "string" ? JSON.stringify(value.text) : value.text) + comma];
  const [opening, closing] = value.kind === "object" ? "{}" : "[]";
  if (!value.entries.length) return [start + opening + closing + comma];
  const entries = [...value.entries];
  if (value.kind === "object") entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const inner = entries.map(([name, one], place) =>
    jsonLines(one, `${margin}  `, name, place < entries.length - 1 ? "," : ""),
  );
  return [start + opening, ...inner.flat(), margin + closing + comma];
}

// -- the tree ---------------------------------------------------------------------------------------------------------

const OPEN_AT_FIRST = 120; // lines

/** A value as a tree whose branches open and close. */
function jsonView(value) {
  return element("div.json", branch(null, value, { left: OPEN_AT_FIRST }));
}

/** One value with its key. `room`: how many lines may still be open. */
function branch(key, value, room) {
  const name = key === null ? null : element("span.key", shownKey(key));
  if (!isNested(value)) return element("div.leaf", name, leaf(value));
  const [opening, closing] = value.kind === "object" ? "{}" : "[]";
  const count = value.entries.length;
  if (!count) return element("div.leaf", name, element("span.mark", opening + closing));
  const unit = { object: ["key", "keys"], array: ["item", "items"] }[value.kind][count === 1 ? 0 : 1];
  const summary = element(
    "summary",
    name,
    element("span.mark", opening),
    element("span.folded", ` ${count.toLocaleString("en")} ${unit} ${closing}`),
  );
  const made = element("details", summary);
  const fill = () => {
    if (made.childElementCount > 1) return;
    const items = inPortions(element("div.items"), value.entries, ([name, one]) => branch(name, one, room));
    made.append(items, element("div.mark.end", closing));
  };
  made.addEventListener("toggle", () => made.open && fill());
  if (count <= room.left) {
    room.left -= count;
    made.open = true;
    fill();
  }
  return made;
}

function leaf({ kind, text }) {
  return kind === "string" ? textView(JSON.stringify(text), "span.string") : element(`span.${kind}`, text);
}
