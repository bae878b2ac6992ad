// What is in the cassettes. The index is read at once; an interaction in full when it is needed.
"use strict";

const { cassettes, interactions, volatile } = JSON.parse(byId("index").textContent);

/** Each interaction in full, as a line of JSON. A line is a part of the whole text: to cut it out copies nothing. */
const lines = byId("interactions").textContent.split("\n");

const KEPT = 100;
const kept = new Map();

/** The interaction at this place, from 0 on, in full. */
function inFull(place) {
  if (!kept.has(place)) {
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value);
    kept.set(place, JSON.parse(lines[place]));
  }
  return kept.get(place);
}

/** The name of an interaction: its number, with that of the cassette where there are several. */
function nameOf(place) {
  const { cassette, number } = interactions[place];
  return cassettes.length > 1 ? `#${cassette + 1}.${number}` : `#${number}`;
}

/** The place of the interaction that has this name, or -1. */
function placeOf(name) {
  return interactions.findIndex((_, place) => nameOf(place) === name);
}

/** "2xx" …; "failed" where there is no response. */
function statusClass(status) {
  return status === null ? "failed" : `${Math.floor(status / 100)}xx`;
}
