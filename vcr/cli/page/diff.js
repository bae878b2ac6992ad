// How two interactions differ, side by side. Both are compared as lines, in the way of `vcr diff`: names of fields in
// lower case and sorted, the keys of JSON and the fields of a form sorted, without what changes with every recording.
"use strict";

const HIDDEN = new Set(volatile);
const MOST_STEPS = 1500; // of the search for the fewest changes
const EQUAL_LINES = 4; // shown around a change

/** The lines of an interaction. With `all`, also the header fields that change with every recording. */
function linesOf({ request, response, error, incomplete }, all) {
  const result = [`${request.method} ${request.uri}`, ...messageLines(request, all), ""];
  if (response) {
    result.push(`${response.status} ${response.reason ?? ""}`.trimEnd(), ...messageLines(response, all));
    result.push(...fieldLines(response.trailers, all));
  }
  const remark = [incomplete ? "incomplete" : "", error].filter(Boolean).join(", ");
  return remark ? [...result, `# ${remark}`] : result;
}

function messageLines({ headers, body }, all) {
  const fields = fieldLines(headers, all);
  return body.kind === "empty" ? fields : [...fields, "", ...bodyLines(body)];
}

function fieldLines(fields, all) {
  return fields
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => all || !HIDDEN.has(name))
    .map(
      ([name, value]) =>
        `${name}: ${name === "content-type" && /^multipart\//i.test(value) ? value.split(";")[0] : value}`,
    )
    .sort();
}

function bodyLines(body) {
  const ofText = (text) => text.replace(/(\r\n|\r|\n)$/, "").split(/\r\n|\r|\n/);
  const ofJson = (text) => {
    const value = readJson(text);
    return value ? jsonLines(value) : ofText(text);
  };
  if (body.fields) return [...body.fields].sort(byName).map(([name, value]) => `${name} = ${value}`);
  if (body.events) {
    const ofEvent = ({ lines: fields, data }) => [...fields, ...(data ? ofJson(data) : [])];
    return body.events.flatMap((event, place) => [...(place ? [""] : []), `[${place + 1}]`, ...ofEvent(event)]);
  }
  if (body.kind === "json") return ofJson(body.text);
  const text = body.laid_out ?? body.text;
  return text === undefined ? [`# ${body.description}`, ...body.base64.match(/.{1,76}/g)] : ofText(text);
}

function byName([name, value], [otherName, otherValue]) {
  const before = name < otherName || (name === otherName && value < otherValue);
  return before ? -1 : Number(name !== otherName || value !== otherValue);
}

// -- the fewest changes -----------------------------------------------------------------------------------------------

/**
 * Pairs of lines, `[old, new]`, of which one is null where a line has no partner. (E. Myers, "An O(ND) difference
 * algorithm"; beyond MOST_STEPS changes what is left counts as changed from its first line to its last.)
 */
function align(old, new_) {
  let [start, end] = [0, 0];
  const shorter = Math.min(old.length, new_.length);
  while (start < shorter && old[start] === new_[start]) start++;
  while (end < shorter - start && old[old.length - 1 - end] === new_[new_.length - 1 - end]) end++;
  const both = (lines, from, to) => lines.slice(from, to).map((line) => [line, line]);
  return [
    ...both(old, 0, start),
    ...changes(old.slice(start, old.length - end), new_.slice(start, new_.length - end)),
    ...both(old, old.length - end, old.length),
  ];
}

function changes(old, new_) {
  const path = shortestPath(old, new_);
  const pairs = [];
  let removed = [];
  let added = [];
  const flush = () => {
    for (let place = 0; place < Math.max(removed.length, added.length); place++)
      pairs.push([removed[place] ?? null, added[place] ?? null]);
    [removed, added] = [[], []];
  };
  for (const [one, other] of path) {
    if (one !== null && other !== null) {
      flush();
      pairs.push([one, other]);
    } else if (one !== null) removed.push(one);
    else added.push(other);
  }
  flush();
  return pairs;
}

function shortestPath(old, new_) {
  const most = Math.min(old.length + new_.length, MOST_STEPS);
  const reach = new Int32Array(2 * most + 3); // by diagonal: how far into the old lines a path has come
  const before = [];
  for (let steps = 0; steps <= most; steps++) {
    before.push(reach.slice(most - steps, most + steps + 3));
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const at = diagonal + most + 1;
      const isDown = diagonal === -steps || (diagonal !== steps && reach[at - 1] < reach[at + 1]);
      let x = isDown ? reach[at + 1] : reach[at - 1] + 1;
      while (x < old.length && x - diagonal < new_.length && old[x] === new_[x - diagonal]) x++;
      reach[at] = x;
      if (x >= old.length && x - diagonal >= new_.length) return traced(old, new_, before);
    }
  }
  return [...old.map((line) => [line, null]), ...new_.map((line) => [null, line])];
}

/** The way back from the end, by how far the paths had come before each step. */
function traced(old, new_, before) {
  const path = [];
  let [x, y] = [old.length, new_.length];
  for (let steps = before.length - 1; steps >= 0; steps--) {
    const reach = (diagonal) => before[steps][diagonal + steps + 1];
    const diagonal = x - y;
    const isDown = diagonal === -steps || (diagonal !== steps && reach(diagonal - 1) < reach(diagonal + 1));
    const from = isDown ? diagonal + 1 : diagonal - 1;
    const [beforeX, beforeY] = steps ? [reach(from), reach(from) - from] : [0, 0];
    const snake = steps && !isDown ? beforeX + 1 : beforeX; // from where on the lines are equal
    while (x > snake) {
      x--;
      y--;
      path.push([old[x], new_[y]]);
    }
    if (steps) path.push(isDown ? [null, new_[beforeY]] : [old[beforeX], null]);
    [x, y] = [beforeX, beforeY];
  }
  return path.reverse();
}

// -- the view ---------------------------------------------------------------------------------------------------------

/** Two interactions side by side; equal lines far from any change are folded. */
function diffView(old, new_, all) {
  const pairs = align(linesOf(old, all), linesOf(new_, all));
  const rows = folded(pairs);
  if (pairs.every(([one, other]) => one === other)) return element("p.remark", "No difference");
  const table = element("div.diff");
  return inPortions(table, rows, (row) => (row.hidden ? fold(row.hidden) : diffRow(row)), 1000);
}

/** The pairs, with `{hidden: pairs}` in the place of many equal ones. */
function folded(pairs) {
  const rows = [];
  let equal = [];
  const flush = (isLast) => {
    const head = rows.length ? EQUAL_LINES : 0;
    const tail = isLast ? 0 : EQUAL_LINES;
    if (equal.length > head + tail + 1)
      rows.push(
        ...equal.slice(0, head),
        { hidden: equal.slice(head, equal.length - tail) },
        ...equal.slice(equal.length - tail),
      );
    else rows.push(...equal);
    equal = [];
  };
  for (const pair of pairs) {
    if (pair[0] === pair[1]) equal.push(pair);
    else {
      flush(false);
      rows.push(pair);
    }
  }
  flush(true);
  return rows;
}

function fold(hidden) {
  const made = element(
    "div.fold",
    button(`${hidden.length.toLocaleString("en")} equal lines`, "", () => made.replaceWith(...hidden.map(diffRow))),
  );
  return made;
}

function diffRow([old, new_]) {
  const kind = old === new_ ? "" : old === null ? ".added" : new_ === null ? ".removed" : ".changed";
  const sides = kind === ".changed" ? marked(old, new_) : [old ?? "", new_ ?? ""];
  return element(`div.line${kind}`, ...sides.map((side) => element("span", ...[side].flat())));
}

/** Two lines; what differs between their common beginning and end is marked, in whole words. */
function marked(old, new_) {
  const shorter = Math.min(old.length, new_.length);
  let [start, end] = [0, 0];
  while (start < shorter && old[start] === new_[start]) start++;
  while (end < shorter - start && old.at(-1 - end) === new_.at(-1 - end)) end++;
  while (start > 0 && /\w/.test(old[start - 1])) start--;
  while (end > 0 && /\w/.test(old.at(-end))) end--;
  const parts = (line) => [
    line.slice(0, start),
    element("mark", line.slice(start, line.length - end)),
    line.slice(line.length - end),
  ];
  return [parts(old), parts(new_)];
}
