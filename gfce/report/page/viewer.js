"use strict";
/* The viewer of report.html: slices of one patient at a time, decoded when they are shown. */
(() => {
  const find = (name) => document.getElementById(`viewer-${name}`);
  const read = (name) => JSON.parse(find(name).textContent);
  /* What is folded away on the screen is there on paper. */
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
  if (!find("cases")) return;

  const { errorWhite, model: firstModel, cases } = read("cases");
  const BLINK_MS = 700;
  const SWIPE_PIXELS = 16; // of a finger, for one slice
  const WHEEL_PIXELS = 40;
  const state = { patient: 0, model: 0, slice: 0, level: 50, contrast: 50, blinking: false, real: false };
  let slices = null; // of the patient, by series: data of the pictures, in base64
  let decoded = new Map(); // of the patient: gray levels by series and slice
  let blinkTimer = null;
  let latest = 0; // number of the drawing that was asked for last

  const panels = Object.fromEntries([...document.querySelectorAll("[data-panel]")].map(
    (figure) => [figure.dataset.panel, figure]));
  const current = () => cases[state.patient];
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  /* A perceptually even ramp from black over red to light yellow ("inferno", a few of its colours). */
  const STOPS = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66],
    [245, 125, 21], [250, 193, 39], [252, 255, 164]];
  const colour = (share) => {
    const place = clamp(share, 0, 1) * (STOPS.length - 1);
    const below = Math.min(Math.floor(place), STOPS.length - 2);
    return STOPS[below].map((from, i) => from + (place - below) * (STOPS[below + 1][i] - from));
  };
  /* A colour as the four bytes of a pixel. */
  const pixel = (rgb) => new Uint32Array(new Uint8ClampedArray([...rgb, 255]).buffer)[0];
  const RAMP = Uint32Array.from({ length: 256 }, (_, i) => pixel(colour(i / 255)));

  async function grays(series, slice) {
    const key = `${series}/${slice}`, found = decoded;
    if (!found.has(key)) {
      const picture = new Image();
      picture.src = `data:image/jpeg;base64,${slices[series][slice]}`;
      found.set(key, picture.decode().then(() => levels(picture)));
    }
    return found.get(key);
  }

  function levels(picture) {
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const values = new Uint8Array(data.length / 4);
    for (let i = 0; i < values.length; i += 1) values[i] = data[4 * i];
    return { values, width: canvas.width, height: canvas.height };
  }

  /* Gray levels to those shown: brightness moves the window, contrast narrows it. */
  function windowed() {
    const width = 255 * 4 ** ((50 - state.contrast) / 50);
    const centre = 127.5 + (255 * (50 - state.level)) / 50;
    return Uint32Array.from({ length: 256 }, (_, i) => {
      const gray = (255 * (i - centre)) / width + 127.5;
      return pixel([gray, gray, gray]);
    });
  }

  function paint(name, { width, height }, colours) {
    const canvas = panels[name].querySelector("canvas");
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.style.aspectRatio = String(current().aspect);
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    new Uint32Array(image.data.buffer).set(colours);
    context.putImageData(image, 0, 0);
  }

  function label(name, title) {
    const { patient, slices: numbers } = current();
    panels[name].querySelector("figcaption").textContent = title;
    panels[name].querySelector("canvas").setAttribute(
      "aria-label", `${title} of ${patient}, slice ${numbers[state.slice]}`);
  }

  async function draw() {
    const number = latest += 1, { patient, slice } = state, shown = current();
    const model = shown.models[state.model];
    const names = ["ce", "t1w", "t2w", ...(model === undefined ? [] : [model])];
    const [ce, t1w, t2w, synthetic] = await Promise.all(names.map((name) => grays(name, slice)));
    if (number !== latest || patient !== state.patient) return;
    const ramp = windowed();
    for (const [name, image] of Object.entries({ ce, t1w, t2w })) {
      paint(name, image, Uint32Array.from(image.values, (gray) => ramp[gray]));
    }
    label("ce", "CE");
    label("t1w", "T1w");
    label("t2w", "T2w");
    drawSynthetic(ce, synthetic, model, ramp);
    say();
  }

  function drawSynthetic(ce, synthetic, model, ramp) {
    const shown = current(), there = synthetic !== undefined;
    panels.synthetic.hidden = panels.error.hidden = !there;
    if (!there) return;
    const image = state.real ? ce : synthetic;
    paint("synthetic", image, Uint32Array.from(image.values, (gray) => ramp[gray]));
    label("synthetic", state.real ? "CE (blinking)" : `Synthetic CE, ${model}`);
    const brightest = (errorWhite * 255) / shown.white;
    paint("error", ce, Uint32Array.from(ce.values, (real, i) => {
      const error = Math.abs(real - synthetic.values[i]) / brightest;
      return RAMP[Math.round(255 * Math.min(1, error))];
    }));
    label("error", `Absolute error, ${model}`);
  }

  function say() {
    const { patient, institution, reasons, slices: numbers, of, mae, models } = current();
    const error = mae[state.model];
    find("status").textContent = `${patient}, ${institution} (${reasons}). ` +
      `Slice ${numbers[state.slice]} of ${of}.` +
      (error ? ` MAE × 10³ of ${models[state.model]}: ${error}.` : "");
    find("slice").value = state.slice;
    find("slice").setAttribute("aria-valuetext", `slice ${numbers[state.slice]} of ${of}`);
    find("level").value = state.level;
    find("contrast").value = state.contrast;
  }

  function choosePatient(number) {
    const model = current().models[state.model];
    state.patient = number;
    const { models, first, slices: numbers } = current();
    slices = read(`slices-${number}`);
    decoded = new Map();
    state.slice = first;
    state.model = Math.max(0, models.indexOf(model));
    find("slice").max = numbers.length - 1;
    find("model").replaceChildren(...models.map((name, i) => new Option(name, i)));
    find("model").value = state.model;
    draw();
  }

  function chooseModel(number) {
    state.model = clamp(number, 0, Math.max(0, current().models.length - 1));
    find("model").value = state.model;
    draw();
  }

  /* Whether there was another slice to go to. */
  function chooseSlice(number) {
    const next = clamp(number, 0, current().slices.length - 1), moved = next !== state.slice;
    state.slice = next;
    if (moved) draw();
    return moved;
  }

  function chooseWindow(level, contrast) {
    state.level = clamp(level, 0, 100);
    state.contrast = clamp(contrast, 0, 100);
    draw();
  }

  /* Whoever wants no motion turns the picture over by hand. */
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  function blink(on) {
    state.blinking = on;
    find("blink").setAttribute("aria-pressed", String(on));
    clearInterval(blinkTimer);
    state.real = on;
    if (on && !still.matches) {
      blinkTimer = setInterval(() => { state.real = !state.real; draw(); }, BLINK_MS);
    }
    draw();
  }

  const KEYS = {
    ArrowUp: () => chooseSlice(state.slice - 1),
    ArrowDown: () => chooseSlice(state.slice + 1),
    Home: () => chooseSlice(0),
    End: () => chooseSlice(Infinity),
    ArrowLeft: () => chooseModel(state.model - 1),
    ArrowRight: () => chooseModel(state.model + 1),
    b: () => blink(!state.blinking),
    r: () => chooseWindow(50, 50),
  };

  function listen() {
    const area = find("panels");
    let wheeled = 0, from = null;
    find("patient").addEventListener("change", (event) => choosePatient(Number(event.target.value)));
    find("model").addEventListener("change", (event) => chooseModel(Number(event.target.value)));
    find("slice").addEventListener("input", (event) => chooseSlice(Number(event.target.value)));
    for (const name of ["level", "contrast"]) {
      find(name).addEventListener("input", () => {
        chooseWindow(Number(find("level").value), Number(find("contrast").value));
      });
    }
    find("blink").addEventListener("click", () => blink(!state.blinking));
    find("reset").addEventListener("click", KEYS.r);
    area.addEventListener("keydown", (event) => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? null : KEYS[event.key];
      if (!act) return;
      act();
      event.preventDefault();
    });
    /* At the first and the last slice the wheel scrolls the page again. */
    area.addEventListener("wheel", (event) => {
      if (event.ctrlKey || !event.deltaY) return;
      if (Math.sign(event.deltaY) !== Math.sign(wheeled)) wheeled = 0;
      wheeled += event.deltaMode ? Math.sign(event.deltaY) * WHEEL_PIXELS : event.deltaY;
      const last = current().slices.length - 1;
      const ended = event.deltaY < 0 ? state.slice === 0 : state.slice === last;
      if (!ended) event.preventDefault();
      if (Math.abs(wheeled) < WHEEL_PIXELS) return;
      chooseSlice(state.slice + Math.sign(wheeled));
      wheeled = 0;
    }, { passive: false });
    area.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = { x: event.clientX, y: event.clientY, ...state };
      if (event.pointerType === "mouse") area.setPointerCapture(event.pointerId);
    });
    area.addEventListener("pointermove", (event) => {
      if (!from) return;
      const right = event.clientX - from.x, down = event.clientY - from.y;
      if (event.pointerType === "mouse") chooseWindow(from.level - down / 4, from.contrast + right / 4);
      else chooseSlice(from.slice + Math.round(right / SWIPE_PIXELS));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      area.addEventListener(name, () => { from = null; });
    }
  }

  function drawScale() {
    const canvas = find("scale");
    Object.assign(canvas, { width: RAMP.length, height: 1 });
    const context = canvas.getContext("2d"), image = context.createImageData(RAMP.length, 1);
    new Uint32Array(image.data.buffer).set(RAMP);
    context.putImageData(image, 0, 0);
  }

  find("patient").replaceChildren(
    ...cases.map(({ patient, institution }, i) => new Option(`${patient} (${institution})`, i)));
  document.getElementById("viewer").hidden = false;
  drawScale();
  listen();
  /* Nothing is decoded before the viewer comes into view, or is printed. */
  const begin = () => {
    if (slices) return;
    state.model = Math.max(0, cases[0].models.indexOf(firstModel));
    choosePatient(0);
  };
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    begin();
  }, { rootMargin: "400px" });
  seen.observe(find("panels"));
  addEventListener("beforeprint", begin);
})();
