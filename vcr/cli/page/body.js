// Shows one body: what it means first, as it is beside that. It knows bodies, and no interaction.
"use strict";

/** The view that was chosen last, by the side on which it stands: the next body is shown in it where it has one. */
const preferred = new Map();

/** A body with a button for each way to see it. `side`: "request" or "response". `pieces`: the lengths, in bytes. */
function bodyView(body, pieces, side) {
  if (body.kind === "empty") return element("p.remark", "No body");
  const views = viewsOf(body, pieces);
  const names = Object.keys(views);
  const shown = element("div.content");
  const buttons = names.map((name) =>
    button(name, "", () => {
      preferred.set(side, name);
      choose(name);
    }),
  );
  const choose = (name) => {
    buttons.forEach((one, place) => one.setAttribute("aria-pressed", String(names[place] === name)));
    shown.replaceChildren(views[name]());
  };
  choose(names.includes(preferred.get(side)) ? preferred.get(side) : names[0]);
  const copied = body.text === undefined ? null : button("Copy", "Copy the body", () => copy(body.text, "the body"));
  return element(
    "div.body",
    element("div.views", element("span.description", body.description), ...buttons, copied),
    shown,
  );
}

/** The ways to see a body, the best first: functions by their names. */
function viewsOf(body, pieces) {
  const views = {};
  const json = body.kind === "json" ? readJson(body.text) : null;
  if (json) views.Tree = () => jsonView(json);
  if (body.kind === "image" || body.media === "image/svg+xml") views.Preview = () => imageView(body);
  if (body.fields) views.Fields = () => pairsView(body.fields);
  if (body.events) views.Events = () => inPortions(element("ol.events"), body.events, eventView);
  if (body.laid_out && body.laid_out !== body.text) views.Pretty = () => textView(body.laid_out);
  if (body.text !== undefined) views[Object.keys(views).length ? "Raw" : "Text"] = () => textView(body.text);
  if (body.base64 !== undefined) views.Hex = () => hexView(bytesOf(body.base64));
  if (pieces.length > 1) views.Pieces = () => piecesView(body, pieces);
  return views;
}

/** Names and values, one below the other. */
function pairsView(pairs) {
  const row = ([name, value]) => element("div.pair", element("dt", name), element("dd", textView(value, "span")));
  return inPortions(element("dl.pairs"), pairs, row);
}

/** One event of a stream: what it is called, and its data. */
function eventView({ lines: fields, data }) {
  const json = /^\s*[{[]/.test(data) ? readJson(data) : null;
  const shown = json ? jsonView(json) : textView(data);
  return element("li", ...fields.map((line) => element("span.chip", line)), data ? shown : null);
}

function imageView({ media, base64, text }) {
  // In an image no script runs and nothing is loaded, not in an SVG either.
  const source = base64 === undefined ? `charset=utf-8,${encodeURIComponent(wellFormed(text))}` : `base64,${base64}`;
  const image = element("img", { alt: media, src: `data:${media.replace(/[^\w/.+-]/g, "")};${source}` });
  const shown = element("div.preview", image);
  image.onerror = () => shown.replaceChildren(element("p.remark", "The browser cannot show this image."));
  return shown;
}

/** Text in which each half of a character has its other half. */
function wellFormed(text) {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** A response piece by piece, as it came. Of pieces of a coded body: how long each was. */
function piecesView(body, pieces) {
  const bytes = body.text === undefined ? bytesOf(body.base64) : new TextEncoder().encode(body.text);
  const isKnown = !body.codings.length && bytes.length === pieces.reduce((sum, length) => sum + length, 0);
  // A character may begin in one piece and end in the next.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let start = 0;
  const piece = (length) => {
    const content = bytes.subarray(start, (start += length));
    const shown = body.text === undefined ? hexView(content) : textView(decoder.decode(content, { stream: true }));
    return element("li", element("span.chip", `${length.toLocaleString("en")} bytes`), isKnown ? shown : null);
  };
  return inPortions(element("ol.events"), pieces, piece);
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const HEX_ROW = 16;

/** Bytes as numbers and as characters. */
function hexView(bytes) {
  const rows = Array.from({ length: Math.ceil(bytes.length / HEX_ROW) }, (_, place) => place * HEX_ROW);
  const line = (start) => {
    const row = [...bytes.subarray(start, start + HEX_ROW)];
    const numbers = row
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join(" ")
      .padEnd(3 * HEX_ROW - 1);
    const characters = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    return element("div", `${start.toString(16).padStart(8, "0")}  ${numbers}  ${characters}`);
  };
  return inPortions(element("div.hex"), rows, line, 256);
}
