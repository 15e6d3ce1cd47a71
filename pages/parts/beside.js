// Quantities and their figures; every text is set with textContent.
export default function (component) {
  const { data, parentElement } = component;
  const section = parentElement.querySelector("section");
  section.setAttribute("aria-label", data.name);
  section.querySelector("h4").textContent = data.name;
  const list = section.querySelector("dl");
  list.replaceChildren();
  for (const one of data.quantities) {
    list.appendChild(document.createElement("dt")).textContent = one.quantity;
    const figures = list.appendChild(document.createElement("dd"));
    for (const [figure, about] of one.figures) {
      const line = figures.appendChild(document.createElement("div"));
      line.append(`${figure} `);
      line.appendChild(document.createElement("span")).textContent = `(${about})`;
    }
  }
}
