// The matrix panel: computes similarities from fingerprints in the browser, draws them, and reads them out on hover.
"use strict";

const MARGIN = { left: 26, top: 22, right: 74, bottom: 8 };
const SLICE_MS = 12;

/** base64 → typed array; the numbers were written little-endian, as all browsers' machines have them. */
function unpack(text, Type) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Type(bytes.buffer);
}

/** A function (i, j) → similarity of the i-th and j-th entry shown, in doubles like the store's. */
function similarityOf(data) {
  const { n, columns } = data;
  const first = unpack(data.first, Int32Array), last = unpack(data.last, Int32Array);
  return data.measure === "integrated-l1" ? areas() : bits();

  function bits() {
    const height = unpack(data.height, Uint8Array);
    const before = new Int32Array(n * (columns + 1));
    for (let i = 0; i < n; i++)
      for (let k = 0; k < columns; k++)
        before[i * (columns + 1) + k + 1] = before[i * (columns + 1) + k] + height[i * columns + k];
    const set = (i, from, to) => before[i * (columns + 1) + to] - before[i * (columns + 1) + from];
    const ratio = {
      tanimoto: (a, b, c) => c / (a + b - c),
      dice: (a, b, c) => (2 * c) / (a + b),
      cosine: (a, b, c) => c / Math.sqrt(a * b),
    }[data.measure];
    return (i, j) => {
      const from = Math.max(first[i], first[j]), to = Math.max(from, Math.min(last[i], last[j]));
      let common = 0;
      for (let p = i * columns + from, q = j * columns + from, end = i * columns + to; p < end; p++, q++) {
        const x = height[p], y = height[q];
        common += x < y ? x : y;
      }
      return ratio(set(i, from, to), set(j, from, to), common) || 0; // 0 where it reads 0/0
    };
  }

  function areas() {
    const states = unpack(data.states, Float32Array), width = unpack(data.width, Float64Array);
    return (i, j) => {
      const from = Math.max(first[i], first[j]), to = Math.min(last[i], last[j]);
      const a = i * (columns + 1), b = j * (columns + 1);
      let distance = 0, sum = 0;
      for (let k = from; k < to; k++) {
        const x = (states[a + k + 1] - states[a + from]) * width[k], y = (states[b + k + 1] - states[b + from]) * width[k];
        distance += Math.abs(x - y);
        sum += x + y;
      }
      return sum + distance ? Math.min(1, Math.max(0, (sum - distance) / (sum + distance))) : 0;
    };
  }
}

/** An element with text or children; text is never read as HTML. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function said(value) {
  if (value === null || value === "") return "–";
  return typeof value === "number" ? String(Number(value.toPrecision(7))) : String(value);
}

const grouped = (number) => number.toLocaleString("en");

class MatrixPanel {
  constructor(place, data) {
    this.data = data;
    this.value = similarityOf(data);
    this.colours = unpack(data.colours, Uint8Array);
    this.settings = data.settings.map((s) => ({ ...s, codes: unpack(s.codes, Int32Array) }));
    this.entry = unpack(data.entry, Int32Array);
    this.view = { x: 0, y: 0, size: data.n };
    this.cursor = null;
    this.done = null; // the last finished picture, and the view that it shows
    this.draws = 0;
    this.build(place);
    this.listen();
    this.resize();
  }

  build(place) {
    const { n, total } = this.data;
    const sample = n < total ? `This is a sample: ${grouped(n)} of ${grouped(total)} entries, evenly chosen in the order.` : "";
    this.canvas = make("canvas", {
      tabindex: "0", role: "img", "aria-label": `${this.data.measureName} of ${grouped(n)} entries; arrow keys move, plus and minus zoom, 0 shows all`,
    });
    this.number = make("p", { class: "value" });
    this.pair = make("div");
    this.range = make("p", { class: "keys" });
    const reset = make("button", { type: "button" }, "Show all");
    reset.addEventListener("click", () => this.reset());
    place.replaceChildren(
      make("div", {}, this.canvas, this.range, reset, " ", make("span", { class: "keys" },
        `Wheel or + − zoom, drag to move, arrow keys step, double click or 0 shows all. ${sample}`), this.letters()),
      make("div", { class: "readout", "aria-live": "polite" }, this.number, this.pair),
    );
    this.read();
  }

  letters() {
    const named = new Map(this.data.blocks.map((b) => [b.letter, b.label]));
    if (named.size > 60) return make("p", { class: "keys" }, `${named.size} blocks; their settings are in the table below.`);
    return make("ul", { class: "letters" }, ...[...named].map(([letter, label]) => make("li", {}, make("b", {}, letter), label)));
  }

  listen() {
    const c = this.canvas;
    let grabbed = null;
    c.addEventListener("wheel", (e) => {
      e.preventDefault();
      this.zoom(Math.exp(Math.max(-80, Math.min(80, e.deltaY)) * 0.004), ...this.at(e));
    }, { passive: false });
    c.addEventListener("pointerdown", (e) => {
      grabbed = { at: this.at(e), x: this.view.x, y: this.view.y };
      c.setPointerCapture(e.pointerId);
    });
    c.addEventListener("pointerup", () => { grabbed = null; });
    c.addEventListener("pointermove", (e) => {
      const [u, v] = this.at(e);
      if (grabbed) {
        const { x, y, size } = this.view;
        this.show(grabbed.x - (u - grabbed.at[0]) * size, grabbed.y - (v - grabbed.at[1]) * size, size);
      }
      this.hover(u, v);
    });
    c.addEventListener("pointerleave", () => { this.cursor = null; this.read(); this.paint(); });
    c.addEventListener("dblclick", () => this.reset());
    c.addEventListener("keydown", (e) => this.key(e));
    new ResizeObserver(() => this.resize()).observe(c.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  /** Where a pointer is, 0 … 1 from the left and from the top of the drawn square. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left - MARGIN.left) / this.side, (event.clientY - box.top - MARGIN.top) / this.side];
  }

  key(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const { x, y, size } = this.view;
    if (step) {
      const [i, j] = this.cursor ?? [Math.floor(y + size / 2), Math.floor(x + size / 2)];
      const inside = (k) => Math.max(0, Math.min(this.data.n - 1, k));
      this.cursor = [inside(i + step[0]), inside(j + step[1])];
      const [u, v] = [(this.cursor[1] - x) / size, (this.cursor[0] - y) / size];
      if (u < 0 || v < 0 || u >= 1 || v >= 1) this.show(x + step[1] * size * 0.25, y + step[0] * size * 0.25, size);
      this.read();
      this.paint();
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      const [i, j] = this.cursor ?? [y + size / 2, x + size / 2];
      this.zoom(event.key === "-" ? 1.5 : 1 / 1.5, (j + 0.5 - x) / size, (i + 0.5 - y) / size);
    } else if (event.key === "0" || event.key === "Escape") {
      this.reset();
    } else return;
    event.preventDefault();
  }

  reset() { this.show(0, 0, this.data.n); }

  /** Change the size of the window so that what lies under (u, v) stays there. */
  zoom(factor, u, v) {
    const { x, y, size } = this.view;
    const next = Math.max(Math.min(4, this.data.n), Math.min(this.data.n, size * factor));
    this.show(x + u * (size - next), y + v * (size - next), next);
  }

  show(x, y, size) {
    const inside = (k) => Math.max(0, Math.min(this.data.n - size, k));
    this.view = { x: inside(x), y: inside(y), size };
    this.paint();
    this.compute();
  }

  resize() {
    const width = this.canvas.parentElement.clientWidth;
    const side = Math.max(120, Math.min(720, width - MARGIN.left - MARGIN.right));
    if (side === this.side) return;
    this.side = side;
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    const [w, h] = [side + MARGIN.left + MARGIN.right, side + MARGIN.top + MARGIN.bottom];
    Object.assign(this.canvas.style, { width: `${w}px`, height: `${h}px` });
    Object.assign(this.canvas, { width: Math.round(w * this.ratio), height: Math.round(h * this.ratio) });
    this.compute();
  }

  /** Start to compute the view in the background: one sample a pixel, rows in slices so that the page stays responsive. */
  compute() {
    const run = (this.run = {}); // a later call takes over
    const pixels = Math.round(this.side * this.ratio), view = this.view, image = new ImageData(pixels, pixels);
    const row = new Uint32Array(image.data.buffer);
    const place = (from, p) => Math.min(this.data.n - 1, Math.floor(from + ((p + 0.5) * view.size) / pixels));
    const column = Int32Array.from({ length: pixels }, (_, p) => place(view.x, p));
    let r = 0;
    this.canvas.dataset.busy = "true";
    if (!this.done) this.paint();
    const slice = () => {
      if (this.run !== run) return;
      for (const end = performance.now() + SLICE_MS; r < pixels && performance.now() < end; r++) this.line(row, r, pixels, place(view.y, r), r ? place(view.y, r - 1) : -1, column);
      if (r < pixels) return void setTimeout(slice);
      const picture = make("canvas", { width: pixels, height: pixels });
      picture.getContext("2d").putImageData(image, 0, 0);
      this.done = { picture, view };
      this.draws++;
      this.paint();
      delete this.canvas.dataset.busy;
    };
    slice();
  }

  /** One row of pixels; the same entry as in the row above is the same row again. */
  line(target, r, pixels, i, above, column) {
    const start = r * pixels;
    if (i === above) return void target.copyWithin(start, start - pixels, start);
    let colour = 0;
    for (let p = 0; p < pixels; p++) {
      if (p === 0 || column[p] !== column[p - 1]) colour = this.colour(this.value(i, column[p]));
      target[start + p] = colour;
    }
  }

  /** A similarity's colour as one opaque pixel. */
  colour(value) {
    const { low } = this.data;
    const k = 3 * Math.max(0, Math.min(255, Math.floor((256 * (value - low)) / (1 - low))));
    return (0xff000000 | (this.colours[k + 2] << 16) | (this.colours[k + 1] << 8) | this.colours[k]) >>> 0;
  }

  /** Put the last picture, moved to where the view is now, the lines, the letters and the colour bar on the canvas. */
  paint() {
    const g = this.canvas.getContext("2d"), { x, y, size } = this.view, { side } = this;
    const style = getComputedStyle(this.canvas);
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.font = `12px ${style.fontFamily}`;
    g.fillStyle = g.strokeStyle = style.color;
    g.save();
    g.translate(MARGIN.left, MARGIN.top);
    g.save();
    g.beginPath();
    g.rect(0, 0, side, side);
    g.clip();
    if (this.done) {
      const old = this.done.view, scale = side / size;
      g.imageSmoothingEnabled = false;
      g.drawImage(this.done.picture, (old.x - x) * scale, (old.y - y) * scale, old.size * scale, old.size * scale);
    }
    else {
      g.textAlign = "center";
      g.fillText("drawing…", side / 2, side / 2);
    }
    this.paintBlocks(g, (k, from) => ((k - from) * side) / size);
    if (this.cursor) this.paintCursor(g, side / size);
    g.restore();
    this.paintLetters(g, (k, from) => ((k - from) * side) / size);
    g.strokeRect(0.5, 0.5, side - 1, side - 1);
    this.paintBar(g);
    g.restore();
    const span = (from) => `${grouped(Math.floor(from) + 1)}–${grouped(Math.min(this.data.n, Math.ceil(from + size)))}`;
    this.range.textContent = `Rows ${span(y)}, columns ${span(x)} of ${grouped(this.data.n)} entries in order.`;
  }

  paintBlocks(g, place) {
    const { side } = this, { x, y } = this.view;
    g.save();
    g.strokeStyle = "rgba(255,255,255,.9)";
    g.setLineDash([2, 3]);
    g.beginPath();
    for (const { first } of this.data.blocks.length > 300 ? [] : this.data.blocks.slice(1)) {
      const across = Math.round(place(first, x)) + 0.5, down = Math.round(place(first, y)) + 0.5;
      if (across > 0 && across < side) { g.moveTo(across, 0); g.lineTo(across, side); }
      if (down > 0 && down < side) { g.moveTo(0, down); g.lineTo(side, down); }
    }
    g.stroke();
    g.restore();
  }

  /** Letters in the middle of the part of their block that is seen, where there is room. */
  paintLetters(g, place) {
    const seen = (b, from) => [Math.max(0, place(b.first, from)), Math.min(this.side, place(b.last, from))];
    g.textAlign = "center";
    for (const block of this.data.blocks) {
      const [left, right] = seen(block, this.view.x), [up, down] = seen(block, this.view.y);
      g.textBaseline = "alphabetic";
      if (right - left > 9 * block.letter.length + 3) g.fillText(block.letter, (left + right) / 2, -7);
      g.textBaseline = "middle";
      if (down - up > 13) g.fillText(block.letter, -13, (up + down) / 2);
    }
  }

  paintCursor(g, scale) {
    const [i, j] = this.cursor, cell = Math.max(3, scale);
    const [left, up] = [(j - this.view.x) * scale - (cell - scale) / 2, (i - this.view.y) * scale - (cell - scale) / 2];
    g.save();
    if (scale < 8) { // a cross shows where a small cell is; over large ones it would change their colours
      g.fillStyle = "rgba(255,255,255,.16)";
      g.fillRect(0, up, this.side, cell);
      g.fillRect(left, 0, cell, this.side);
    }
    g.strokeStyle = "#fff";
    g.lineWidth = 1.5;
    g.strokeRect(left - 0.75, up - 0.75, cell + 1.5, cell + 1.5);
    g.restore();
  }

  paintBar(g) {
    const { side } = this, { low } = this.data, left = side + 12, wide = 12;
    for (let k = 0; k < 256; k++) {
      g.fillStyle = `rgb(${this.colours.slice(3 * k, 3 * k + 3).join()})`;
      g.fillRect(left, (side * (255 - k)) / 256, wide, side / 256 + 0.6);
    }
    g.fillStyle = g.strokeStyle;
    g.textAlign = "left";
    g.textBaseline = "middle";
    for (let v = 10; v >= Math.round(low * 10); v--) {
      const up = Math.min(side - 6, Math.max(6, (side * (1 - v / 10)) / (1 - low)));
      g.fillText((v / 10).toFixed(1), left + wide + 5, up);
    }
    g.save();
    g.translate(left + wide + 38, side / 2);
    g.rotate(-Math.PI / 2);
    g.textAlign = "center";
    g.fillText(this.data.measureName, 0, 0);
    g.restore();
  }

  hover(u, v) {
    const { x, y, size } = this.view;
    const inside = u >= 0 && v >= 0 && u < 1 && v < 1;
    this.cursor = inside ? [v * size + y, u * size + x].map((k) => Math.min(this.data.n - 1, Math.floor(k))) : null;
    this.read();
    this.paint();
  }

  /** Write the pair under the cursor: the value, both names, and the settings, those that differ first. */
  read() {
    if (!this.cursor) {
      this.number.textContent = "";
      this.pair.replaceChildren(make("p", { class: "keys" }, "Point at the matrix, or select it and use the arrow keys, to read a value and the settings of its two entries."));
      return;
    }
    const [i, j] = this.cursor, value = this.value(i, j), { names } = this.data;
    this.number.textContent = value.toFixed(4);
    this.number.dataset.value = value;
    Object.assign(this.number.dataset, { row: this.entry[i], column: this.entry[j] });
    const rows = this.settings.map((s) => [s.name + (s.unit ? ` (${s.unit})` : ""), said(s.values[s.codes[i]]), said(s.values[s.codes[j]])]);
    const differ = rows.filter(([, a, b]) => a !== b);
    const line = (r) => make("tr", {}, make("th", { scope: "row" }, r[0]), make("td", {}, r[1]), make("td", {}, r[2]));
    const count = i === j ? "One and the same entry:" : `${differ.length} of ${rows.length} settings differ:`;
    this.pair.replaceChildren(
      make("p", { class: "name" }, make("span", {}, "row"), make("span", {}, names[i])),
      make("p", { class: "name" }, make("span", {}, "column"), make("span", {}, names[j])),
      make("p", { class: "keys" }, count),
      make("table", {},
        make("thead", {}, make("tr", {}, ...["setting", "row", "column"].map((text) => make("th", { scope: "col" }, text)))),
        make("tbody", {}, ...(i === j ? rows : differ).map(line))),
    );
  }
}

window.bigdata = { panels: [] };
for (const place of document.querySelectorAll("[data-panel=matrix]")) {
  try {
    const data = JSON.parse(document.getElementById(`${place.id}-data`).textContent);
    window.bigdata.panels.push(new MatrixPanel(place, data));
  } catch (error) {
    place.replaceChildren(make("p", { class: "fault" }, `This part can't be drawn in this browser: ${error}`));
    console.error(error);
  }
}
