// The list of interactions and their times. Only the rows that can be seen exist, however many there are.
"use strict";

const ROW = 26; // pixels, as in page.css
const BEYOND = 12; // rows above and below those in sight, so that scrolling shows no gap

/** A list of interactions. `onChoose(place)` is called when a row is clicked. */
class List {
  constructor(scroller, onChoose) {
    this.scroller = scroller;
    this.sheet = element("div.sheet");
    this.rows = [];
    this.drawn = new Map(); // elements, by the place in rows
    this.places = [];
    this.chosen = -1;
    this.marked = -1;
    scroller.append(this.sheet);
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(scroller);
    this.sheet.addEventListener("click", (event) => {
      const place = event.target.closest("[data-place]")?.dataset.place;
      if (place !== undefined) onChoose(Number(place));
    });
  }

  /** Show these interactions. Where there are several cassettes, the name of each stands above its own. */
  show(places) {
    this.places = places;
    this.rows = [];
    let cassette = -1;
    for (const place of places) {
      if (cassettes.length > 1 && interactions[place].cassette !== cassette) {
        cassette = interactions[place].cassette;
        this.rows.push({ cassette });
      }
      this.rows.push({ place });
    }
    this.sheet.style.height = `${this.rows.length * ROW}px`;
    this.redraw();
  }

  /** Highlight this one, and bring it into sight. */
  choose(place) {
    this.drawnAt(this.chosen)?.setAttribute("aria-selected", "false");
    this.chosen = place;
    const at = this.rows.findIndex((one) => one.place === place);
    if (at < 0) return;
    const { scrollTop, clientHeight } = this.scroller;
    // (Above it there may be the name of its cassette.)
    if (at * ROW < scrollTop + ROW) this.scroller.scrollTop = at < 2 ? 0 : (at - 1) * ROW;
    else if ((at + 2) * ROW > scrollTop + clientHeight) this.scroller.scrollTop = (at + 2) * ROW - clientHeight;
    this.draw();
    this.drawnAt(place).setAttribute("aria-selected", "true");
    this.scroller.setAttribute("aria-activedescendant", `row${place}`);
  }

  /** Mark this one, to be compared with others; none, with -1. */
  mark(place) {
    this.marked = place;
    this.redraw();
  }

  /** The place that stands `step` rows away from the chosen one; the nearest end where there is none. */
  away(step) {
    const at = this.places.indexOf(this.chosen);
    const next = at < 0 ? 0 : at + step;
    return this.places[Math.max(0, Math.min(next, this.places.length - 1))];
  }

  redraw() {
    this.drawn.clear();
    this.sheet.replaceChildren();
    this.draw();
  }

  /** Make the rows that are in sight, and take away those that are no more. */
  draw() {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - BEYOND);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / ROW) + BEYOND);
    for (const [at, row] of this.drawn) {
      if (at >= first && at < last) continue;
      row.remove();
      this.drawn.delete(at);
    }
    for (let at = first; at < last; at++) {
      if (this.drawn.has(at)) continue;
      const { cassette, place } = this.rows[at];
      const row = place === undefined ? heading(cassette) : this.row(place);
      row.style.transform = `translateY(${at * ROW}px)`;
      this.drawn.set(at, row);
      this.sheet.append(row);
    }
  }

  /** The row of this interaction, where there is one in sight. */
  drawnAt(place) {
    return byId(`row${place}`);
  }

  row(place) {
    const { method, status, media, size, start, incomplete, error, number } = interactions[place];
    const name =
      place === this.marked ? element("span.chip.marked", { title: "compared with another" }, "A") : String(number);
    const remarks = [incomplete ? "incomplete" : "", error && status !== null ? "failed" : ""].filter(Boolean);
    const made = element(
      `div.row.columns.${statusClass(status)}`,
      { id: `row${place}`, role: "option" },
      element("span.number", name),
      element("span.method", method),
      element("span.url", ...urlParts(place), ...remarks.map((remark) => element("span.chip.warning", remark))),
      element("span.status", { title: error }, status === null ? "failed" : String(status)),
      element("span.media", media),
      element("span.number", size ? bytesInWords(size) : ""),
      element("span.number", start === null ? "" : `+${timeInWords(start - timeline(place).begin)}`),
      bar(place),
    );
    made.dataset.place = place;
    made.setAttribute("aria-selected", String(place === this.chosen));
    return made;
  }
}

function heading(cassette) {
  return element("div.row.heading", { role: "presentation" }, cassettes[cassette]);
}

/** The host dimmed, the path plain, the query dimmed. */
function urlParts(place) {
  const { uri, host } = interactions[place];
  const at = host ? uri.indexOf(host) + host.length : 0;
  const query = uri.indexOf("?", at);
  const end = query < 0 ? uri.length : query;
  const short = (text) => text.slice(0, 500); // more is never in sight
  return [
    element("span.faint", short(uri.slice(0, at))),
    short(uri.slice(at, end)),
    element("span.faint", short(uri.slice(end))),
  ];
}

// -- times ------------------------------------------------------------------------------------------------------------

const LONGEST_REST = 2000; // milliseconds: where nothing happens for longer, the scale is cut short

/** The times of each cassette, worked out when they are first drawn. */
const timelines = new Map();

/**
 * Of the cassette of this interaction: `begin`, when the first one began, null where no time is known; `at`, where on
 * the scale each row begins; `length`, of the scale. All in milliseconds; without times, in rows.
 */
function timeline(place) {
  const { cassette } = interactions[place];
  if (!timelines.has(cassette))
    timelines.set(cassette, makeTimeline(interactions.filter((row) => row.cassette === cassette)));
  return timelines.get(cassette);
}

function makeTimeline(rows) {
  const known = rows.filter(({ start }) => start !== null).sort((a, b) => a.start - b.start);
  if (!known.length) return { begin: null, at: new Map(rows.map((row, place) => [row, place])), length: rows.length };
  const at = new Map();
  const begin = known[0].start;
  let [end, cut] = [begin, 0];
  for (const row of known) {
    cut += Math.max(0, row.start - end - LONGEST_REST);
    at.set(row, row.start - begin - cut);
    end = Math.max(end, row.start + (row.duration ?? 0));
  }
  return { begin, at, length: Math.max(end - begin - cut, 1) };
}

/** When it began and how long it took, drawn to scale; only the order, where the cassette does not know the time. */
function bar(place) {
  const row = interactions[place];
  const { begin, length, at } = timeline(place);
  const drawn = element("span.time");
  if (!at.has(row)) return drawn;
  const percent = (time) => (96 * time) / length;
  const begins = percent(at.get(row));
  if (row.duration === null) {
    drawn.append(element(begin === null ? "span.instant.order" : "span.instant"));
    drawn.firstChild.style.left = `${begins}%`;
    return drawn;
  }
  const received = element("span.received");
  received.style.width = `${(100 * Math.min(row.received ?? 0, row.duration)) / (row.duration || 1)}%`;
  const lasting = element("span.lasting", received);
  const words = element("span.length", timeInWords(row.duration));
  const ends = begins + percent(row.duration);
  lasting.style.left = `${begins}%`;
  lasting.style.width = `${ends - begins}%`;
  if (ends < 80) words.style.left = `calc(${ends}% + 6px)`;
  else words.style.right = `calc(${100 - begins}% + 6px)`;
  drawn.append(lasting, words);
  return drawn;
}
