// Puts the page together: filters, the chosen interaction, comparisons, the keyboard. It is the last of the scripts.
"use strict";

const list = new List(byId("list"), choose);
let showsAllHeaders = false;

// -- search and filters -----------------------------------------------------------------------------------------------

/** What each of CRITERIA is called where nothing is chosen by it. */
const FILTERS = {
  cassette: "All cassettes",
  method: "Any method",
  status: "Any status",
  host: "Any host",
  media: "Any type",
  state: "Any state",
};
const SORTED = new Set(["cassette", "status"]); // the others begin with the most frequent

function fillFilters() {
  for (const [name, all] of Object.entries(FILTERS)) {
    const found = counts(name);
    if (SORTED.has(name)) found.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    const option = ([value, count]) => {
      const label = name === "cassette" ? cassettes[value] : value;
      return element("option", { value }, `${label}  (${count.toLocaleString("en")})`);
    };
    byId(name).replaceChildren(element("option", { value: "" }, all), ...found.map(option));
    byId(name).hidden = found.length < 2;
    byId(name).addEventListener("change", filter);
  }
  byId("search").addEventListener("input", filter);
  byId("clear").addEventListener("click", clearFilters);
}

async function filter() {
  const wanted = { words: byId("search").value };
  for (const name of Object.keys(FILTERS)) {
    wanted[name] = byId(name).value;
    byId(name).classList.toggle("active", wanted[name] !== "");
  }
  const found = await find(wanted);
  if (found === null) return;
  const total = interactions.length.toLocaleString("en");
  const isAll = found.length === interactions.length;
  const all = `${total} ${total === "1" ? "interaction" : "interactions"}`;
  byId("count").textContent = isAll ? all : `${found.length.toLocaleString("en")} of ${total}`;
  byId("clear").hidden = Object.values(wanted).every((value) => !value);
  byId("nothing").hidden = found.length > 0;
  byId("details").hidden = !found.length;
  list.show(found);
  choose(found.includes(list.chosen) ? list.chosen : found[0]);
}

function clearFilters() {
  for (const name of ["search", ...Object.keys(FILTERS)]) byId(name).value = "";
  filter();
}

// -- one interaction --------------------------------------------------------------------------------------------------

let address; // the name that the page itself has put there
let addressWaits;
let drawingWaits;

/** Show this interaction; beside the marked one, where there is one. */
function choose(place) {
  if (place === undefined) return;
  list.choose(place);
  // (Of keys that are held down the browser reports more than it can draw.)
  cancelAnimationFrame(drawingWaits);
  drawingWaits = requestAnimationFrame(draw);
  // A link to the page may name an interaction. (Browsers count how often the address changes.)
  clearTimeout(addressWaits);
  addressWaits = setTimeout(() => {
    address = nameOf(place);
    location.replace(address);
  }, 400);
}

function draw() {
  const isCompared = list.marked >= 0 && list.marked !== list.chosen;
  byId("details").replaceChildren(...(isCompared ? comparison(list.marked, list.chosen) : parts(list.chosen)));
}

function parts(place) {
  const { request, response, error, incomplete, recorded_at: recordedAt, timings, curl } = inFull(place);
  const remark = error || (incomplete ? "incomplete: the message ended too early" : "");
  return [
    element(
      "div.bar",
      element("strong", nameOf(place)),
      element("span.faint", recordedAt ? `recorded at ${recordedAt}` : "no date"),
      ...Object.entries(timings).map(([phase, time]) => element("span.chip", `${phase} ${timeInWords(time)}`)),
      remark ? element("span.chip.warning", remark) : null,
      element("span.space"),
      button("Copy URL", "", () => copy(request.uri, "the URL")),
      button("Copy as curl", "Key: c", () => copy(curl, "the curl command")),
      button(list.marked === place ? "Marked: choose another" : "Compare", "Key: d", mark),
    ),
    element(
      "div.panes",
      pane("Request", `${request.method} ${request.uri}`, request),
      response && interactions[place].status !== null
        ? pane("Response", `${response.status} ${response.reason ?? ""}`, response)
        : noResponse(error),
    ),
  ];
}

function pane(title, line, { headers, body, trailers = [], pieces = [], http_version: version, status }) {
  const fields = (name, pairs) =>
    element(
      "details",
      { open: true },
      element("summary", `${name} `, element("span.faint", String(pairs.length))),
      pairsView(pairs),
    );
  return element(
    "article",
    element("h2", title, version ? element("span.faint", ` HTTP/${version}`) : null),
    element(status === undefined ? "p.line" : `p.line.${statusClass(status)}`, textView(line, "span")),
    headers.length ? fields("Headers", headers) : null,
    bodyView(body, pieces, title),
    trailers.length ? fields("Trailers", trailers) : null,
  );
}

function noResponse(error) {
  return element("article", element("h2", "Response"), element("p.remark", `None: ${error}`));
}

// -- two interactions -------------------------------------------------------------------------------------------------

/** Mark the chosen interaction, or, where one is marked, end the comparison. */
function mark() {
  if (list.marked >= 0) {
    endComparison();
    return;
  }
  list.mark(list.chosen);
  choose(list.chosen);
  say(`${nameOf(list.marked)} is marked. Choose another interaction to compare it with.`);
}

function endComparison() {
  list.mark(-1);
  choose(list.chosen);
}

function swap() {
  if (list.marked < 0) return;
  const other = list.marked;
  list.mark(list.chosen);
  choose(other);
}

function comparison(old, new_) {
  const title = (place) =>
    element(
      "h2",
      `${nameOf(place)} `,
      element("span.faint", `${interactions[place].method} ${interactions[place].uri}`),
    );
  const box = element("input", { type: "checkbox", checked: showsAllHeaders });
  box.onchange = () => {
    showsAllHeaders = box.checked;
    choose(list.chosen);
  };
  return [
    element(
      "div.bar",
      element("strong", `${nameOf(old)} and ${nameOf(new_)}`),
      element("label", { title: volatile.join(", ") }, box, "with header fields that change each time"),
      element("span.space"),
      button("Swap", "Key: s", swap),
      button("End", "Key: Esc", endComparison),
    ),
    element("div.sides", title(old), title(new_)),
    element("div.scrolled", diffView(inFull(old), inFull(new_), showsAllHeaders)),
  ];
}

// -- keyboard, splitter, address --------------------------------------------------------------------------------------

/** Whether the chosen interaction is one that the search and the filters admit. */
const isShown = () => list.places.includes(list.chosen);

const KEYS = {
  j: () => choose(list.away(1)),
  ArrowDown: () => choose(list.away(1)),
  k: () => choose(list.away(-1)),
  ArrowUp: () => choose(list.away(-1)),
  PageDown: () => choose(list.away(10)),
  PageUp: () => choose(list.away(-10)),
  g: () => choose(list.places[0]),
  Home: () => choose(list.places[0]),
  G: () => choose(list.places.at(-1)),
  End: () => choose(list.places.at(-1)),
  "/": () => byId("search").select(),
  c: () => isShown() && copy(inFull(list.chosen).curl, "the curl command"),
  d: () => isShown() && mark(),
  s: () => isShown() && swap(),
  "?": () => byId("help").showModal(),
  Escape: () => (list.marked >= 0 ? endComparison() : clearFilters()),
};
/** Keys that scroll what is under the reader's eyes, unless that is the list. */
const SCROLLING = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (target.matches("input[type=search], select")) {
    if (key === "Escape" || (key === "Enter" && target.matches("input"))) byId("list").focus();
    return;
  }
  if (!Object.hasOwn(KEYS, key) || (SCROLLING.has(key) && target !== byId("list") && target !== document.body)) return;
  event.preventDefault();
  KEYS[key]();
});

function resize(height) {
  const most = document.querySelector("main").clientHeight - 120;
  byId("overview").style.height = `${Math.max(80, Math.min(height, most))}px`;
}

byId("splitter").addEventListener("pointerdown", (event) => {
  const start = byId("overview").offsetHeight - event.clientY;
  event.target.setPointerCapture(event.pointerId);
  event.target.onpointermove = (move) => resize(start + move.clientY);
  event.target.onpointerup = () => {
    event.target.onpointermove = null;
  };
});
byId("splitter").addEventListener("keydown", ({ key }) => {
  const step = { ArrowUp: -ROW, ArrowDown: ROW }[key];
  if (step) resize(byId("overview").offsetHeight + step);
});
byId("help-button").addEventListener("click", () => byId("help").showModal());
addEventListener("hashchange", () => {
  const place = placeOf(location.hash);
  if (place >= 0 && location.hash !== address) choose(place);
});

fillFilters();
list.chosen = placeOf(location.hash);
filter();
const hasTimes = interactions.some(({ start }) => start !== null);
byId("scale").textContent = hasTimes ? "Time" : "Order (no times recorded)";
byId("scale").title = hasTimes
  ? "Dark: the response came in. Where nothing happens for more than two seconds, the scale is cut short."
  : "";
byId("list").focus();
