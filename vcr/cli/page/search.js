// Finds the interactions that are wanted: by search words, and by what the index says. It knows no element.
"use strict";

/** What can be chosen by, and what it is of an interaction of the index. */
const CRITERIA = {
  cassette: (row) => [String(row.cassette)],
  method: (row) => [row.method],
  status: (row) => (row.status === null ? ["failed"] : [statusClass(row.status), String(row.status)]),
  host: (row) => [row.host],
  media: (row) => [row.media || "none"],
  state: (row) => [
    row.incomplete ? "incomplete" : "",
    row.error ? "failed" : "",
    row.incomplete || row.error ? "" : "fine",
  ],
};

const SLICE = 10; // milliseconds: a longer search lets the browser draw in between

/** The patterns of one search word: in a line of the data, and in a text. */
function patternsOf(word) {
  const literal = (text) => new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "i");
  const inJson = JSON.stringify(word).slice(1, -1).replaceAll("<", "\\u003c");
  return { inLine: literal(inJson), inText: literal(word) };
}

/** The texts of an interaction in which words are looked for. */
function* textsOf({ request, response, error }) {
  yield `${request.method} ${request.uri}`;
  if (error) yield error;
  for (const message of response ? [request, response] : [request]) {
    if (message.status !== undefined) yield `${message.status} ${message.reason ?? ""}`;
    for (const [name, value] of [...message.headers, ...(message.trailers ?? [])]) yield `${name}: ${value}`;
    if (message.body.text) yield message.body.text;
  }
}

function holds(place, patterns) {
  if (!patterns.every(({ inLine }) => inLine.test(lines[place]))) return false;
  // What the line has beside these texts, such as the names of its keys, is no hit.
  const texts = [...textsOf(JSON.parse(lines[place]))];
  return patterns.every(({ inText }) => texts.some((text) => inText.test(text)));
}

let latest = 0;

/**
 * The places of the interactions that are wanted; null when another search has begun meanwhile.
 * `wanted`: a text of search words, and a value for each of CRITERIA; an empty one admits all.
 */
async function find(wanted) {
  const search = ++latest;
  const patterns = wanted.words.split(/\s+/).filter(Boolean).map(patternsOf);
  const chosen = Object.entries(CRITERIA).filter(([name]) => wanted[name]);
  const found = [];
  let start = performance.now();
  for (let place = 0; place < interactions.length; place++) {
    const row = interactions[place];
    if (chosen.every(([name, of]) => of(row).includes(wanted[name])) && (!patterns.length || holds(place, patterns)))
      found.push(place);
    if (performance.now() - start > SLICE) {
      await new Promise((resume) => setTimeout(resume));
      if (search !== latest) return null;
      start = performance.now();
    }
  }
  return found;
}

/** How many interactions there are of each value of a criterion, the most frequent first. */
function counts(name) {
  const found = new Map();
  for (const row of interactions)
    for (const value of CRITERIA[name](row)) if (value) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort(([a, some], [b, others]) => others - some || (a < b ? -1 : 1));
}
