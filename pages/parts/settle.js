// Asks for the whole page anew, once a choice made in a part of it has stood for a while.
const WAIT = 1500;

export default function (component) {
  const { setTriggerValue } = component;
  let waiting = 0;
  const wait = (time) => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, time);
  };
  const ask = () => {
    // Not while the server is at work: what it is about to say must not be crossed.
    if (document.querySelector("[data-test-script-state='running']")) wait(400);
    else {
      waiting = 0;
      setTriggerValue("settled", true);
    }
  };
  const chosen = () => wait(WAIT);
  // Nor while someone is at it: a click that opens another page must not be crossed either.
  const busy = () => { if (waiting) wait(WAIT); };
  // Who has gone back gets the whole page anew by that.
  const gone = () => { clearTimeout(waiting); waiting = 0; };
  window.addEventListener("influence-chosen", chosen);
  window.addEventListener("popstate", gone);
  window.addEventListener("keydown", busy, true);
  window.addEventListener("pointerdown", busy, true);
  return () => {
    clearTimeout(waiting);
    window.removeEventListener("influence-chosen", chosen);
    window.removeEventListener("popstate", gone);
    window.removeEventListener("keydown", busy, true);
    window.removeEventListener("pointerdown", busy, true);
  };
}
