// Makes elements, and words for numbers. Text is set as text only: no script of this page reads HTML.
"use strict";

/** An element: `element("td.name", {title: "…"}, "text", child)`; it may have no properties. A null is no child. */
function element(kind, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  if (children[0]?.constructor === Object) Object.assign(made, children.shift());
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

const byId = (id) => document.getElementById(id);

const LARGE_TEXT = 100_000; // characters

/** A text with its line breaks. Of a large one, the beginning, and a button for all of it. */
function textView(text, kind = "pre.text") {
  if (text.length <= LARGE_TEXT) return element(kind, text);
  const shown = element(kind, text.slice(0, LARGE_TEXT));
  const more = element("button.more", { type: "button" }, `Show all ${text.length.toLocaleString("en")} characters`);
  more.onclick = () => {
    shown.textContent = text;
    more.remove();
  };
  return element("div", shown, more);
}

/** `container` with what `make` makes of each item: a hundred at a time, the others when they are asked for. */
function inPortions(container, items, make, size = 100) {
  let place = 0;
  const more = element("button.more", { type: "button" });
  more.onclick = () => {
    const portion = [];
    for (const end = Math.min(place + size, items.length); place < end; place++)
      portion.push(make(items[place], place));
    more.remove();
    container.append(...portion);
    const left = items.length - place;
    more.textContent = `Show ${Math.min(size, left).toLocaleString("en")} more of ${left.toLocaleString("en")}`;
    if (left) container.append(more);
  };
  more.onclick();
  return container;
}

function button(label, title, action) {
  return element("button", { type: "button", title, onclick: action }, label);
}

/** A number of bytes in words. */
function bytesInWords(count) {
  if (count < 1000) return `${count} B`;
  const [amount, unit] = count < 1e6 ? [count / 1e3, "kB"] : [count / 1e6, "MB"];
  return `${amount < 100 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

/** Milliseconds in words. */
function timeInWords(milliseconds) {
  const units = [
    [864e5, "d"],
    [36e5, "h"],
    [6e4, "min"],
    [1e3, "s"],
  ];
  const [length, unit] = units.find(([size]) => milliseconds >= size) ?? [1, "ms"];
  const amount = milliseconds / length;
  return `${unit === "ms" ? Math.round(amount) : Number(amount.toPrecision(3))} ${unit}`;
}

/** Put a text on the clipboard, and say so. */
async function copy(text, name) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Some browsers allow that to no page of the file system.
    const area = element("textarea.unseen", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`Copied: ${name}`);
}

let saidLast;

/** Show a sentence for a while. */
function say(sentence) {
  const said = byId("said");
  said.textContent = sentence;
  said.classList.add("shown");
  clearTimeout(saidLast);
  saidLast = setTimeout(() => said.classList.remove("shown"), 2500);
}
