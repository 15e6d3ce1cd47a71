// The pages of a table: a button each, with gaps where there are many.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const nav = parentElement.querySelector("nav");
  nav.setAttribute("aria-label", data.name);
  nav.replaceChildren();
  const { page, pages } = data;
  const add = (text, label, to) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.disabled = to < 1 || to > pages;
    if (to === page) button.setAttribute("aria-current", "page");
    else button.onclick = () => setTriggerValue("page", to);
    nav.append(button);
  };
  add("‹", "Previous page", page - 1);
  let last = 0;
  const near = (at) => at === 1 || at === pages || Math.abs(at - page) <= (page < 4 || page > pages - 3 ? 3 : 1);
  for (const at of shown(pages, page, near)) {
    if (at > last + 1) {
      const gap = document.createElement("span");
      gap.textContent = "…";
      nav.append(gap);
    }
    add(String(at).replace(/\B(?=(\d{3})+$)/g, "\u202f"), `Page ${at}`, at);
    last = at;
  }
  add("›", "Next page", page + 1);
  if (pages > 7) {
    const form = document.createElement("form");
    const field = document.createElement("input");
    field.inputMode = "numeric";
    field.placeholder = "page";
    field.setAttribute("aria-label", `Go to a page, 1 to ${pages}`);
    form.append(field);
    form.onsubmit = (event) => {
      event.preventDefault();
      const to = Math.round(Number(field.value));
      if (to >= 1 && to <= pages && to !== page) setTriggerValue("page", to);
    };
    nav.append(form);
  }
}

function shown(pages, page, near) {
  const found = new Set([1, pages]);
  for (let at = Math.max(1, page - 4); at <= Math.min(pages, page + 4); at += 1) {
    if (near(at)) found.add(at);
  }
  return [...found].sort((one, other) => one - other);
}
