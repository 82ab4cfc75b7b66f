// Runs once for each of the page's HTML parts, with Gradio's `element`, `trigger`, `props` and
// `watch` for that part. The parts talk to each other through the document only.

const part = element.closest(
  "#collections, #conversation, #source, #adding, #work, #articles, #conversations, #parcel, #exam",
)?.id;
const READ_MS = 600; // in less nobody has read what a button asks
const LOOK_MS = 4000; // how often it is looked whether the server is the one that made this page
const MOST_WALKED = 2000; // files of dropped folders: far beyond what is taken at once
const shared = (window.footnote ??= { opener: null, blank: null, close: null, edited: null });
const field = () => document.querySelector("#question textarea");
const panel = () => document.querySelector("#source .source");
const notice = () => document.querySelector("#source .notice"); // instead of a source
// Where a touch keyboard would come up over the answer, the field is not focused unasked.
const mouse = window.matchMedia("(hover: hover) and (pointer: fine)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

function toField() {
  if (mouse.matches) field()?.focus({ preventScroll: true });
}

function samePlace(one, other) {
  return ["article", "start", "end", "kind"].every((key) => one.dataset[key] === other.dataset[key]);
}

// Marks the footnote whose source is open. A new rendering drops the marks, hence called often.
function markOpen() {
  const open = panel();
  document.documentElement.classList.toggle("source-open", open !== null);
  for (const link of document.querySelectorAll("#conversation [data-article], #articles [data-article]")) {
    link.classList.toggle("is-open", open !== null && samePlace(link, open));
  }
}

// Scrolls the panel, and only the panel, to the marked words, and moves the focus there.
function reveal() {
  const open = panel();
  notice()?.querySelector(".told").focus({ preventScroll: true });
  if (!open) return;
  const text = open.querySelector(".text");
  const mark = text.querySelector("mark");
  const gap = text.clientHeight;
  const target = mark
    ? mark.getBoundingClientRect().top - text.getBoundingClientRect().top + text.scrollTop
      - Math.max(16, Math.min(gap / 3, (gap - mark.getBoundingClientRect().height) / 2))
    : 0;
  text.scrollTo({ top: target, behavior: "instant" });
  const sheet = getComputedStyle(open).position === "fixed";
  if (sheet && shared.opener?.isConnected) {
    // On a narrow page the panel lies over the lower part: keep what was clicked in sight.
    const hidden = shared.opener.getBoundingClientRect().bottom - open.getBoundingClientRect().top;
    if (hidden > -12) window.scrollBy({ top: hidden + 32, behavior: "instant" });
  }
  open.querySelector("h2").focus({ preventScroll: true });
}

// The marker whose preview is shown, by the style sheet's word.
function previewed() {
  const shows = (marker) => getComputedStyle(marker, "::after").content !== "none";
  return [...document.querySelectorAll("#conversation .marker")].find(shows);
}

// Hides the preview until its marker is left; says whether there was one.
function hushPreview() {
  const marker = previewed();
  marker?.classList.add("is-hushed");
  return marker !== undefined;
}

// Lifts a marker's preview where something would cover it below: over its line, if there is room.
function hangPreview(marker) {
  const { height, marginTop } = getComputedStyle(marker, "::after");
  const tall = parseFloat(height); // not a number while there is no preview
  const { top } = marker.getBoundingClientRect();
  const edges = [window.innerHeight];
  for (const cover of document.querySelectorAll("#composer, #source .source, #source .notice")) {
    const { position } = getComputedStyle(cover);
    if (["sticky", "fixed"].includes(position)) edges.push(cover.getBoundingClientRect().top);
  }
  const end = Math.min(...edges);
  if (!(top + parseFloat(marginTop) + tall > end)) return;
  const roof = document.querySelector("#masthead").getBoundingClientRect().bottom;
  const hang = top - tall - 4 > roof ? -tall - 4 : end - top - tall - 4;
  marker.style.setProperty("--hang", `${hang}px`);
}

// A new rendering of this part would fold what the reader has unfolded; `nameOf` knows it again.
function keepUnfolded(nameOf) {
  const names = new Set();
  element.addEventListener("toggle", ({ target: unit }) => {
    if (unit.open) names.add(nameOf(unit));
    else if (unit.isConnected) names.delete(nameOf(unit));
  }, true);
  return {
    forget: () => names.clear(),
    restore: () => {
      for (const unit of element.querySelectorAll("details")) unit.open = names.has(nameOf(unit));
    },
  };
}

function openSource(link) {
  shared.opener = link;
  const open = panel();
  if (open && samePlace(link, open)) reveal();
  else trigger("select", { ...link.dataset });
}

// The first click asks, the second deletes; leaving the button takes the question back. A second
// one that comes too soon to have read the question is that of a double click, or a held key.
function confirmDelete(button) {
  const soon = performance.now() - (shared.pressed ?? -READ_MS) < READ_MS;
  shared.pressed = performance.now();
  if (button.classList.contains("sure")) {
    if (soon) return;
    const kind = part === "collections" ? "collection" : "conversation";
    trigger("delete", { [kind]: button.dataset.delete });
    field()?.focus({ preventScroll: true });
    leaveMenu();
    return;
  }
  const label = button.getAttribute("aria-label");
  const text = button.textContent;
  button.classList.add("sure");
  button.textContent = button.dataset.sure ?? "Delete for good?";
  button.setAttribute("aria-label", `Press again to delete for good. ${label}`);
  button.addEventListener("blur", () => {
    button.classList.remove("sure");
    button.textContent = text;
    button.setAttribute("aria-label", label);
  }, { once: true });
}

const evaluating = () => document.documentElement.classList.contains("evaluating");

// The evaluation stands in the place of the conversation, which is found again where it was left.
function evaluation(open) {
  if (open === evaluating()) return;
  if (open) shared.left = window.scrollY;
  document.documentElement.classList.toggle("evaluating", open);
  const opener = document.querySelector("[data-evaluation]");
  opener.setAttribute("aria-expanded", String(open));
  window.scrollTo({ top: open ? 0 : shared.left, behavior: "instant" });
  if (open) document.querySelector("#exam h2").focus({ preventScroll: true });
  else opener.focus({ preventScroll: true });
}

// Folds the menu of the collections; what was focused in it would be focused unseen.
function leaveMenu() {
  const menu = document.querySelector("#collections .menu");
  if (!menu?.open) return false;
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  menu.open = false;
  return true;
}

// Unfolds the form for a collection's new name, or folds it again.
function rename(button) {
  const form = button.closest("li").querySelector("form");
  form.hidden = !form.hidden;
  button.setAttribute("aria-expanded", String(!form.hidden));
  if (!form.hidden) form.querySelector("input").select();
}

// Puts an earlier question into the field, where it can be changed and asked again. What else has
// been typed there stays: it would be lost.
function edit(button) {
  const input = field();
  if (!input) return;
  const { turn } = button.closest("[data-turn]").dataset;
  const free = !input.value.trim() || input.value === shared.edited?.filled;
  if (free) {
    const question = button.dataset.edit;
    input.value = question;
    shared.edited = { turn, question, filled: input.value };
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.setSelectionRange(question.length, question.length);
  }
  input.focus();
  trigger("edit", { free });
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed, or not there: a page of another machine over plain HTTP has no clipboard.
    const held = document.createElement("textarea");
    held.value = text;
    document.body.append(held);
    held.select();
    const done = document.execCommand("copy");
    held.remove();
    shared.copied?.focus({ preventScroll: true });
    return done;
  }
}

// Says on the button that was pressed how its copying went.
function told(done) {
  const button = shared.copied;
  if (!button?.isConnected) return;
  const label = (shared.label ??= {})[button.dataset.copy] ??= button.textContent;
  button.textContent = done ? "Copied" : "Could not be copied";
  setTimeout(() => (button.textContent = label), 2000);
}

async function unpack() {
  const parcel = element.querySelector("[data-parcel]");
  if (!parcel) return;
  if (parcel.dataset.name) {
    save(parcel.textContent, parcel.dataset.name);
    return;
  }
  told(await copy(parcel.textContent));
}

const question = (tools) => tools.querySelector("[data-edit]").dataset.edit;

function press(tools, verdict) {
  for (const thumb of tools.querySelectorAll("[data-verdict]")) {
    thumb.setAttribute("aria-pressed", String(thumb.dataset.verdict === verdict));
  }
}

// Says what is thought of an answer; pressing the same thumb again takes it back.
function rate(button) {
  const tools = button.closest("[data-turn]");
  const taken = button.getAttribute("aria-pressed") === "true";
  remark(tools, { verdict: taken ? "none" : button.dataset.verdict, open: !taken });
  showRemark();
  tell();
}

// What was last pressed and written: a new rendering of the conversation does not know it yet.
function remark(tools, change) {
  shared.remark = {
    turn: tools.dataset.turn,
    question: question(tools),
    verdict: tools.querySelector("[data-verdict][aria-pressed=true]")?.dataset.verdict ?? "none",
    text: tools.querySelector(".remark input").value,
    ...change,
  };
}

function showRemark() {
  const { turn, verdict, text, open, writing } = shared.remark ?? {};
  const tools = turn && element.querySelector(`[data-turn="${turn}"]`);
  const form = tools?.querySelector(".remark");
  if (!form || question(tools) !== shared.remark.question) return;
  press(tools, verdict);
  form.hidden = !open;
  const input = form.querySelector("input");
  input.value = text;
  if (writing && [null, document.body].includes(document.activeElement)) {
    input.focus({ preventScroll: true });
  }
}

// A moment later: two events in haste could overtake each other, and the thumb as it stands counts.
function tell() {
  const { turn, verdict, text } = shared.remark;
  clearTimeout(shared.telling?.[turn]);
  (shared.telling ??= {})[turn] = setTimeout(
    () => trigger("like", { turn, verdict, note: verdict === "none" ? "" : text }),
    150,
  );
}

// A file with its path in the folder that was chosen, if one was: `file` is null if unreadable.
const chosen = (file) => ({ path: file.webkitRelativePath || file.name, file });
// Hidden files of a folder are passed over, as they are in the folder that is served.
const hidden = (path) => path.split("/").slice(1).some((name) => name.startsWith("."));

// The files of a dropped file or folder, in their order.
async function walk(entry, found = []) {
  const path = entry.fullPath.slice(1);
  if (hidden(path) || found.length > MOST_WALKED) return found;
  if (found.length === MOST_WALKED) {
    found.push({ path: `${path} and what comes behind it`, file: null });
    return found;
  }
  try {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      found.push({ path, file });
      return found;
    }
    const reader = entry.createReader();
    const some = () => new Promise((done, failed) => reader.readEntries(done, failed));
    for (let more = await some(); more.length; more = await some()) {
      for (const inner of more) await walk(inner, found);
    }
  } catch {
    found.push({ path, file: null });
  }
  return found;
}

// What was dropped. The entries have to be asked for at once: later the browser has let go of them.
function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const whole = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
  return Promise.all(whole.map((each) => (each instanceof File ? [chosen(each)] : walk(each))));
}

// Sends what was chosen, behind what is being sent. It goes to the collection that is open now,
// also when another one is chosen in the meantime.
function send(choice) {
  const { collection } = document.querySelector("#collections [aria-current]")?.dataset ?? {};
  const before = shared.sending ?? Promise.resolve();
  shared.sending = before.catch(() => {}).then(async () => {
    const files = await sent((await choice).flat());
    trigger("upload", { files, collection: collection ?? "" });
  });
}

// Sends one file; what the server knows it by.
async function arrived(file) {
  const reply = await fetch("/arrivals", { method: "POST", body: file });
  if (!reply.ok) throw new Error(reply.statusText);
  return (await reply.json()).id;
}

// Sends the files one by one. What is beyond the limits is listed and not sent: the server, which
// looks at everything again, says why.
async function sent(choice) {
  const { most, bytes, largest } = element.querySelector("input[type=file]").dataset;
  const sizes = JSON.parse(largest);
  const note = element.querySelector("[data-sending]");
  const files = [];
  let [number, total] = [0, 0]; // of those that could be read
  for (const [row, { path, file }] of choice.entries()) {
    const suffix = /\.[^./]*$/.exec(path)?.[0].toLowerCase() ?? "";
    const listed = { name: path, size: file?.size ?? 0, id: null };
    files.push(listed);
    if (!(suffix in sizes)) continue;
    number += 1;
    total += listed.size;
    if (number > Number(most) || total > Number(bytes) || listed.size > sizes[suffix]) continue;
    note.textContent = `Sending ${row + 1} of ${choice.length}…`;
    try {
      listed.id = file && (await arrived(file));
    } catch {
      // listed as one that did not arrive
    }
  }
  note.textContent = "";
  return files;
}

// A file that is dropped beside its place would otherwise replace the page.
function takeDrops() {
  const root = document.documentElement;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    root.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    root.classList.remove("dropping");
    send(dropped(event.dataTransfer));
  });
}

// A server that was started anew knows nothing of what this page holds, and is asked for another
// page; it gives the same collection and conversation back, if that is kept. One that is gone is
// waited for.
async function look() {
  if (document.hidden) return;
  const lost = document.querySelector("[data-lost]");
  let reply;
  try {
    reply = await fetch("/gradio_api/app_id", { cache: "no-store" });
  } catch {
    lost.hidden = false;
    return;
  }
  lost.hidden = true;
  const same = reply.ok && (await reply.json()).app_id === window.gradio_config.app_id;
  if (same || !(reply.ok || reply.status === 401)) return; // 401: log in first
  const unkept = document.querySelector("#conversation .turn")
    && !document.querySelector("#conversation [data-kept]");
  if (unkept) document.querySelector("[data-anew]").hidden = false;
  else location.reload();
}

element.addEventListener("click", (event) => {
  const link = event.target.closest("[data-article]");
  const example = event.target.closest("[data-question]");
  const data = event.target.closest("button")?.dataset ?? {};
  if ("delete" in data) {
    confirmDelete(event.target.closest("button"));
  } else if ("conversation" in data) {
    evaluation(false);
    trigger("select", { conversation: data.conversation });
  } else if ("evaluation" in data) {
    evaluation(!evaluating());
    if (evaluating()) trigger("select", {});
  } else if ("leave" in data) {
    evaluation(false);
  } else if ("stop" in data) {
    trigger("stop", {});
  } else if ("collection" in data) {
    leaveMenu();
    evaluation(false);
    trigger("select", { collection: data.collection, conversation: "" });
  } else if ("rename" in data) {
    rename(event.target.closest("button"));
  } else if ("copy" in data) {
    shared.copied = event.target.closest("button");
    const prompt = shared.copied.closest("figure")?.querySelector("pre");
    if (prompt) copy(prompt.textContent).then(told);
    else trigger("copy", { turn: shared.copied.closest("[data-turn]").dataset.turn, form: data.copy });
  } else if ("save" in data) {
    trigger("download", { form: data.save });
  } else if ("edit" in data) {
    edit(event.target.closest("button"));
  } else if ("verdict" in data) {
    rate(event.target.closest("button"));
  } else if ("add" in data) {
    document.querySelector(`#adding [data-choose="${data.add || "files"}"]`).click();
  } else if ("refresh" in data) {
    trigger("apply", {});
  } else if ("remove" in data) {
    trigger("delete", { article: data.remove });
  } else if ("restore" in data) {
    trigger("undo", { article: data.restore });
  } else if ("hide" in data) {
    props.value = "";
    document.querySelector("#adding button")?.focus({ preventScroll: true });
  } else if (event.target.closest(".close")) {
    shared.close?.();
  } else if (link && link.tagName !== "SECTION") {
    event.preventDefault();
    openSource(link);
  } else if (example) {
    trigger("submit", { question: example.dataset.question });
    toField();
  }
});

if (part === "source") {
  shared.blank = props.value;
  shared.close = () => {
    if (!panel() && !notice()) return;
    props.value = shared.blank;
    const opener = shared.opener?.isConnected ? shared.opener : field();
    queueMicrotask(() => {
      markOpen();
      opener?.focus({ preventScroll: true });
    });
  };
  document.addEventListener("input", (event) => {
    // An emptied field is for a new question.
    if (event.target === field() && !event.target.value.trim()) shared.edited = null;
  });
  // What was typed and not asked survives a reload; Gradio may not have made the field yet.
  const typed = sessionStorage.getItem("footnote-typed");
  sessionStorage.removeItem("footnote-typed");
  (function restore() {
    const input = field();
    if (!typed) return;
    if (!input) return requestAnimationFrame(restore);
    input.value = typed;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  })();
  window.addEventListener("pagehide", () => {
    if (field()?.value) sessionStorage.setItem("footnote-typed", field().value);
    else sessionStorage.removeItem("footnote-typed");
  });
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#ask, #halt")) toField(); // the button goes, the focus must not
    if (event.target.closest("[data-reload]")) location.reload();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#new")) evaluation(false); // first: the field is then there to focus
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || leaveMenu() || hushPreview()) return;
    if (panel() || notice()) shared.close();
    else evaluation(false);
  });
  watch("value", () => {
    markOpen();
    reveal();
  });
}

if (part === "adding") {
  takeDrops();
  const folder = element.querySelector("[data-choose=folder]");
  // Where a browser lets nobody choose a folder, as on some phones, there is no button for it.
  element.querySelector("[data-add=folder]").hidden = !("webkitdirectory" in folder);
  element.addEventListener("change", (event) => {
    const files = [...event.target.files].map(chosen).filter(({ path }) => !hidden(path));
    event.target.value = ""; // so that the same file can be chosen again
    send(files);
  });
}

if (part === "articles") {
  // Hides what does not hold all the words that were typed, and says how many are left.
  const narrow = () => {
    const input = element.querySelector(".filter");
    if (!input) return;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const items = [...element.querySelectorAll("ol > li")];
    for (const item of items) {
      const text = item.querySelector(".open").textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    const left = items.filter((item) => !item.hidden).length;
    const cut = element.querySelector(".more") ? " that are listed" : "";
    element.querySelector(".narrowed").textContent = words.length
      ? `${left.toLocaleString("en")} of ${items.length.toLocaleString("en")}${cut}`
      : "";
    shared.narrowed = input.value;
  };
  element.addEventListener("input", narrow);
  watch("value", () => {
    const input = element.querySelector(".filter");
    if (!input || !shared.narrowed) return;
    input.value = shared.narrowed; // a new rendering does not know it
    narrow();
  });
}

if (part === "articles" || part === "conversations") {
  const unfolded = keepUnfolded((list) => list.className); // in whichever collection
  watch("value", unfolded.restore);
}

if (part === "work") {
  watch("value", () => {
    // The button that was pressed goes with the list that it stands in, or has gone.
    const focused = document.activeElement;
    if (!focused || focused === document.body || focused.closest("[data-remove], [data-restore]")) {
      element.querySelector("[data-restore], [data-hide]")?.focus({ preventScroll: true });
    }
  });
}

if (part === "exam") {
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    trigger("submit", Object.fromEntries(new FormData(event.target)));
  });
  watch("value", () => {
    // The button that was pressed has gone with the change that it brought about.
    if (evaluating() && [null, document.body].includes(document.activeElement)) {
      element.querySelector("[data-stop], [type=submit]")?.focus({ preventScroll: true });
    }
  });
}

if (part === "parcel") watch("value", unpack);

// Each tab keeps the names of its own collection and conversation and nothing else, for a reload.
if (part === "collections") {
  const menu = () => element.querySelector(".menu");
  let used = false; // a new rendering takes the focus away, which at the page's start is elsewhere
  element.addEventListener("click", () => (used = true));
  const id = sessionStorage.getItem("footnote") ?? "";
  // Noted again once it is open; one that was deleted elsewhere is asked for no more.
  sessionStorage.removeItem("footnote");
  trigger("select", {
    collection: sessionStorage.getItem("footnote-collection") ?? "",
    conversation: id,
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const { name: collection } = event.target.dataset;
    const name = event.target.querySelector("input").value;
    if (collection) trigger("edit", { collection, name });
    else trigger("apply", { name });
  });
  document.addEventListener("click", (event) => {
    if (menu()?.open && !menu().contains(event.target)) menu().open = false;
  });
  watch("value", () => {
    const open = element.querySelector("[aria-current]");
    if (open) sessionStorage.setItem("footnote-collection", open.dataset.collection);
    const focused = document.activeElement ?? document.body;
    if (used && (focused === document.body || element.contains(focused))) {
      (element.querySelector("[aria-invalid]") ?? menu()?.querySelector("summary"))?.focus({
        preventScroll: true,
      });
    }
    used = false;
  });
}

if (part === "conversation") {
  for (const come of ["pointerover", "focusin"]) {
    element.addEventListener(come, (event) => {
      const marker = event.target.closest(".marker:not([style])");
      if (marker) hangPreview(marker);
    });
  }
  for (const leave of ["pointerout", "focusout"]) {
    element.addEventListener(leave, (event) => {
      const marker = event.target.closest(".marker");
      marker?.classList.remove("is-hushed");
      marker?.removeAttribute("style");
    });
  }
  element.addEventListener("input", (event) => {
    const tools = event.target.closest(".remark")?.closest("[data-turn]");
    if (tools) remark(tools, { open: true, writing: true });
  });
  document.addEventListener("focusin", (event) => {
    if (shared.remark && !event.target.closest(".remark")) shared.remark.writing = false;
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const tools = event.target.closest("[data-turn]");
    remark(tools, { open: false });
    showRemark();
    tell();
    tools.querySelector("[aria-pressed=true]")?.focus({ preventScroll: true });
  });
  const unfolded = keepUnfolded((workings) => workings.closest(".turn").id);
  // The number of the question that is asked anew, 0 for another question; parts.py asks for it.
  shared.again = () => {
    const { turn, question } = shared.edited ?? {};
    // Another conversation may have been opened since.
    const there = element.querySelector(`[data-turn="${turn}"] [data-edit]`);
    return there && there.dataset.edit === question ? Number(turn) : 0;
  };
  let turns = 0;
  let kept = "";
  watch("value", () => {
    const id = element.querySelector("[data-kept]")?.dataset.kept;
    if (!element.querySelector(".turn") || (id && kept && id !== kept)) unfolded.forget();
    kept = id ?? kept;
    unfolded.restore();
    if (id) sessionStorage.setItem("footnote", id);
    else if (!element.querySelector(".turn")) sessionStorage.removeItem("footnote");
    const all = element.querySelectorAll(".turn");
    // The new question goes to the top; from there on its answer grows without any scrolling.
    if (all.length > turns) {
      const behavior = still.matches ? "instant" : "smooth";
      requestAnimationFrame(() => all[all.length - 1].scrollIntoView({ block: "start", behavior }));
    }
    if (all.length !== turns) shared.edited = null; // it has been asked
    turns = all.length;
    showRemark();
    markOpen();
  });
}
