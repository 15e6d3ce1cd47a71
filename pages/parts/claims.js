// The claims of a finding, a line each. Every text is set with textContent; a button shows the rule.
export default function (component) {
  const { data, parentElement } = component;
  const list = parentElement.querySelector("ul");
  const drawn = JSON.stringify(data);
  if (list.dataset.drawn === drawn) return; // a rule that was opened stays open
  list.dataset.drawn = drawn;
  list.replaceChildren();
  list.setAttribute("aria-label", data.name);
  data.claims.forEach((claim, number) => {
    const line = make("li", "", "", list);
    make("span", "standing", claim.standing, line);
    const said = make("div", "said", "", line);
    const first = make("p", "", "", said);
    make("span", "claim", claim.claim, first);
    first.append(" ");
    make("span", "paper", claim.paper, first);
    make("p", "", claim.sentence, said);
    const rule = make("p", "rule", claim.rule, said);
    rule.id = `rule-${number}`;
    rule.hidden = true;
    const button = make("button", "", "Rule", line);
    button.type = "button";
    button.setAttribute("aria-label", `Rule of: ${claim.claim}`);
    button.setAttribute("aria-controls", rule.id);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      rule.hidden = !rule.hidden;
      button.setAttribute("aria-expanded", String(!rule.hidden));
    });
  });
}

function make(tag, name, text, parent) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return parent.appendChild(element);
}
