// Runs once for each of the page's HTML parts, with Gradio's `element`, `trigger`, `props` and
// `watch` for that part. The parts talk to each other through the document only.

const part = element.closest("#conversation, #source, #articles")?.id;
const shared = (window.footnote ??= { opener: null, blank: null, close: null });
const field = () => document.querySelector("#question textarea");
const panel = () => document.querySelector("#source .source");
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

function openSource(link) {
  shared.opener = link;
  const open = panel();
  if (open && samePlace(link, open)) reveal();
  else trigger("select", { ...link.dataset });
}

element.addEventListener("click", (event) => {
  const link = event.target.closest("[data-article]");
  const example = event.target.closest("[data-question]");
  if (event.target.closest(".close")) {
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
    if (!panel()) return;
    props.value = shared.blank;
    const opener = shared.opener?.isConnected ? shared.opener : field();
    queueMicrotask(() => {
      markOpen();
      opener?.focus({ preventScroll: true });
    });
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("#ask, #halt")) toField(); // the button goes, the focus must not
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel()) shared.close();
  });
  watch("value", () => {
    markOpen();
    reveal();
  });
}

if (part === "conversation") {
  let turns = 0;
  watch("value", () => {
    const all = element.querySelectorAll(".turn");
    // The new question goes to the top; from there on its answer grows without any scrolling.
    if (all.length > turns) {
      const behavior = still.matches ? "instant" : "smooth";
      requestAnimationFrame(() => all[all.length - 1].scrollIntoView({ block: "start", behavior }));
    }
    turns = all.length;
    markOpen();
  });
}
