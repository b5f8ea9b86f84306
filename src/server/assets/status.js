/** Keeps the status page as things are: fetches it again and again, and puts its main part in place of the old one. */

const live = document.getElementById("live");
const lost = document.getElementById("lost");
const pause = document.getElementById("pause");
const { page, renew } = document.documentElement.dataset;
const RENEW_MS = Number(renew) * 1000;
/** For the exporter to answer. */
const PATIENCE_MS = 15_000;

let paused = false;
let timer = 0;

/** Whether somebody is about to copy something that must not go meanwhile. */
function isSelecting() {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && live.contains(selection.anchorNode);
}

function replaceLive(next) {
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [...live.querySelectorAll(".scroll")].map(({ id, scrollLeft }) => [id, scrollLeft]);
  const [x, y] = [scrollX, scrollY];
  live.replaceChildren(...next.childNodes);
  for (const [id, left] of scrolled) {
    const element = document.getElementById(id);
    if (element !== null) element.scrollLeft = left;
  }
  scrollTo(x, y);
  if (focused !== "") document.getElementById(focused)?.focus({ preventScroll: true });
}

async function refresh() {
  const response = await fetch(location.href, {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = fresh.getElementById("live");
  if (next === null) throw new Error("another page");
  // Another version of the exporter has another look; what is being typed comes first.
  if (fresh.documentElement.dataset.page !== page && document.activeElement?.tagName !== "INPUT") {
    location.reload();
    return;
  }
  if (isSelecting()) return;
  document.title = fresh.title;
  replaceLive(next);
}

async function tick() {
  if (!paused && !document.hidden) {
    try {
      await refresh();
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(tick, RENEW_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  clearTimeout(timer);
  void tick();
});

const words = { pause: pause.textContent, resume: pause.dataset.resume };
pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? words.resume : words.pause;
  document.body.classList.toggle("paused", paused);
  if (paused) return;
  clearTimeout(timer);
  void tick();
});

schedule();
