// The notes of the notebook. Texts of notes are set with textContent or value, never as HTML.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const get = (selector) => parentElement.querySelector(selector);
  const act = (what, note, more = {}) =>
    setTriggerValue("act", { what, id: note?.id ?? 0, revision: note?.revision ?? 0, ...more });
  const list = get(".notes");
  // What is being typed stays through a rerun: the open editors by note.
  const open = (list.editors ??= new Map());

  const tags = get(".tags");
  tags.replaceChildren();
  if (data.tags.length) add(tags, "span", "Only notes with").className = "name";
  for (const [tag, count, on] of data.tags) {
    const button = add(tags, "button", `${tag} (${count})`);
    button.type = "button";
    button.setAttribute("aria-pressed", String(on));
    button.onclick = () => act("filter", null, { tag });
  }

  const undo = get(".undo");
  undo.replaceChildren();
  undo.hidden = !data.undo;
  if (data.undo) {
    add(undo, "span", data.undo.words);
    button(undo, "Undo", () => act("restore", data.undo));
  }

  if (list.dataset.saved !== data.saved) {
    // The server has taken an edit over.
    list.dataset.saved = data.saved;
    open.delete(Number(data.saved.split("/")[0]));
  }
  redraw();
  const current = list.querySelector(".current");
  if (current && list.dataset.shown !== current.dataset.id) {
    list.dataset.shown = current.dataset.id;
    current.scrollIntoView({ block: "center" });
  }
  const begin = get(".start");
  begin.hidden = !data.notes.length;
  begin.textContent = data.notes.length > 1 ? `Present these ${data.notes.length} notes` : "Present";
  begin.title = "Full screen; arrow keys, Page Up and Page Down turn, Escape ends";
  begin.onclick = () => start(data.notes[0]);

  const bin = get(".bin");
  bin.hidden = !data.removed.length;
  bin.querySelector("summary").textContent = `Removed notes (${data.removed.length})`;
  const removed = bin.querySelector("ul");
  removed.replaceChildren();
  for (const note of data.removed) {
    const item = add(removed, "li", null);
    button(item, "Bring back", () => act("restore", note));
    add(item, "span", note.words).title = note.words;
  }

  function draw(note, at) {
    const item = add(list, "li", null);
    item.className = note.current ? "note current" : "note";
    item.dataset.id = note.id;
    add(item, "span", String(note.place)).className = "number";
    const head = add(item, "div", null);
    const title = add(head, "a", note.title);
    title.className = "title";
    title.href = note.href;
    title.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      act("open", note);
    };
    const facts = add(head, "div", null);
    facts.className = "facts";
    add(facts, "span", note.citation).className = "citation";
    for (const fact of note.facts) add(facts, "span", fact);
    if (note.missing) {
      const missing = add(head, "div", note.missing);
      missing.className = "missing";
    }
    const order = add(item, "div", null);
    order.className = "order";
    button(order, "Top", () => act("top", note), `Move note ${note.place} to the top`, at === 0);
    button(order, "↑", () => act("up", note), `Move note ${note.place} up`, at === 0);
    const end = at + 1 === data.notes.length;
    button(order, "↓", () => act("down", note), `Move note ${note.place} down`, end);

    const draft = open.get(note.id);
    if (!draft) {
      add(head, "p", note.text).className = "text";
      const own = add(head, "div", null);
      own.className = "own";
      for (const tag of note.tags) add(own, "span", tag);
    }
    if (note.conflict) {
      conflict(item, note);
      return;
    }
    if (draft) {
      editor(item, note, draft);
      return;
    }
    const acts = add(item, "div", null);
    acts.className = "acts";
    button(acts, "Open", () => act("open", note), `Open note ${note.place}`);
    button(acts, "Present from here", () => start(note), `Present from note ${note.place}`);
    button(acts, "Edit", () => {
      open.set(note.id, { text: note.text, tags: note.tags.join(", "), revision: note.revision });
      redraw();
      list.querySelector(`[data-id="${note.id}"] textarea`)?.focus();
    }, `Edit note ${note.place}`);
    const said = document.createElement("span");
    said.className = "said";
    said.setAttribute("role", "status");
    button(acts, "Copy link", () => copy(new URL(note.href, window.location.href).href, said));
    button(acts, "Copy citation", () => copy(note.citation, said), "", !note.citation);
    button(acts, "Remove", () => act("remove", note), `Remove note ${note.place}`);
    acts.append(said);
  }

  function editor(item, note, draft) {
    const form = add(item, "form", null);
    form.className = "edit";
    const text = field(form, "Note", "textarea", draft.text);
    text.rows = Math.min(14, Math.max(4, draft.text.split("\n").length + 1));
    text.maxLength = 100000;
    const tags = field(form, "Tags, with commas between them", "input", draft.tags);
    text.oninput = () => { draft.text = text.value; };
    tags.oninput = () => { draft.tags = tags.value; };
    const acts = add(form, "div", null);
    acts.className = "acts";
    const save = add(acts, "button", "Save");
    save.type = "submit";
    const cancel = () => { open.delete(note.id); redraw(); };
    button(acts, "Cancel", cancel);
    form.onsubmit = (event) => {
      event.preventDefault();
      act("save", note, { revision: draft.revision, text: draft.text, tags: draft.tags.split(",") });
    };
    form.onkeydown = (event) => {
      if (event.key === "Escape") cancel();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    };
  }

  function conflict(item, note) {
    const box = add(item, "div", null);
    box.className = "conflict";
    box.setAttribute("role", "alert");
    add(box, "p", note.conflict.words);
    const both = add(box, "div", null);
    both.className = "both";
    for (const [title, words] of [["As you wrote it", note.conflict.mine],
      [note.conflict.removed ? "As it was removed" : "As it is now", note.conflict.theirs]]) {
      const half = add(both, "div", null);
      add(half, "h4", title);
      add(half, "pre", words);
    }
    const acts = add(box, "div", null);
    acts.className = "acts";
    button(acts, "Keep mine", () => act("mine", note));
    button(acts, "Keep the other", () => act("theirs", note));
    button(acts, "Keep both", () => act("both", note));
  }

  function start(note) {
    // Full screen needs this click; without it the presentation fills the window.
    document.documentElement.requestFullscreen?.().catch(() => {});
    act("present", note, { width: window.screen.width });
  }

  function redraw() {
    list.replaceChildren();
    data.notes.forEach((note, at) => draw(note, at));
  }
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    // The clipboard is refused: the text is shown, and selected to be copied by hand.
    const shown = document.createElement("input");
    shown.readOnly = true;
    shown.value = text;
    shown.setAttribute("aria-label", "Copy it from here");
    said.replaceChildren(shown);
    shown.select();
  }
}

function field(form, name, tag, value) {
  const label = add(form, "label", name);
  const input = add(label, tag, null);
  input.value = value;
  return input;
}

function button(parent, text, act, label = "", disabled = false) {
  const made = add(parent, "button", text);
  made.type = "button";
  made.onclick = act;
  made.disabled = disabled;
  if (label) {
    made.setAttribute("aria-label", label);
    made.title = label;
  }
  return made;
}

function add(parent, tag, text) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  parent.append(made);
  return made;
}
