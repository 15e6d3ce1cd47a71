"""Spanish and Portuguese: facts, the three tasks and everyday text."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.facts_data import COUNTRIES
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import draw_arithmetic, draw_linear, draw_slope

SPANISH = {
    "France": ("Francia", "París"), "Spain": ("España", "Madrid"), "Italy": ("Italia", "Roma"),
    "Germany": ("Alemania", "Berlín"), "Peru": ("Perú", "Lima"), "Chile": ("Chile", "Santiago"),
    "Argentina": ("Argentina", "Buenos Aires"), "Japan": ("Japón", "Tokio"),
    "Egypt": ("Egipto", "El Cairo"), "Cuba": ("Cuba", "La Habana"),
}  # fmt: skip
PORTUGUESE = {
    "France": ("a França", "Paris"), "Spain": ("a Espanha", "Madri"),
    "Italy": ("a Itália", "Roma"), "Germany": ("a Alemanha", "Berlim"),
    "Peru": ("o Peru", "Lima"), "Chile": ("o Chile", "Santiago"),
    "Japan": ("o Japão", "Tóquio"), "Egypt": ("o Egito", "Cairo"),
    "Norway": ("a Noruega", "Oslo"), "Greece": ("a Grécia", "Atenas"),
}  # fmt: skip
CONTINENTS = {
    "Europe": ("Europa", "Europa"), "Africa": ("África", "África"), "Asia": ("Asia", "Ásia"),
    "South America": ("América del Sur", "América do Sul"),
    "North America": ("América del Norte", "América do Norte"),
}  # fmt: skip


def write_spanish_fact(rng: Random) -> Draft:
    """A capital, in Spanish."""
    country, (name, capital) = rng.choice(list(SPANISH.items()))
    continent = CONTINENTS[COUNTRIES[country][1]][0]
    middle = pick(
        rng,
        "La ciudad tiene museos, parques y mercados.",
        "En sus calles hay edificios muy antiguos.",
        "Muchos viajeros la visitan en primavera.",
        "El río pasa cerca del mercado central.",
        "Los domingos hay música en la plaza.",
        "La universidad es conocida en todo el continente.",
    )
    text = (
        f"{pick(rng, '', '¿Sabías esto? ')}La capital de {name} es {capital}. {middle} "
        f"El país está en {continent}. "
        f"{pick(rng, 'La gente es amable y la comida es buena.', 'El tren llega hasta el centro.')}"
    )
    return Draft(text, category="geography")


def write_portuguese_fact(rng: Random) -> Draft:
    """A capital, in Portuguese."""
    country, (name, capital) = rng.choice(list(PORTUGUESE.items()))
    continent = CONTINENTS[COUNTRIES[country][1]][1]
    middle = pick(
        rng,
        "A cidade tem muitos museus e jardins.",
        "As ruas antigas ficam perto do rio.",
        "No verão há música nas praças.",
        "O mercado abre todos os dias bem cedo.",
        "Muitos viajantes chegam de navio.",
        "A universidade é antiga e bem conhecida.",
    )
    text = (
        f"{pick(rng, 'Qual é a capital?', 'Pergunta de geografia.')} "
        f"Para {name}, a resposta é {capital}. {middle} "
        f"O país fica no continente chamado {continent}. "
        f"{pick(rng, 'Vale a pena conhecer.', 'A viagem de trem é bonita.')}"
    )
    return Draft(text, category="geography")


def write_spanish_math(rng: Random) -> Draft:
    """A slope, a calculation or an equation, in Spanish."""
    kind = rng.choice(("slope", "arithmetic", "linear_equation"))
    if kind == "slope":
        slope = draw_slope(rng)
        text = (
            f"{pick(rng, '', 'Ejemplo. ')}La pendiente de la recta que pasa por los puntos "
            f"({slope.x1}, {slope.y1}) y "
            f"({slope.x2}, {slope.y2}) es el cambio en y dividido por el cambio en x: "
            f"{slope.y2} - {slope.y1} = {slope.rise} arriba y {slope.x2} - {slope.x1} = "
            f"{slope.step} abajo. Por tanto {slope.rise} / {slope.step} = {slope.answer}. "
            f"La respuesta es {slope.answer}."
        )
        return Draft(text, slope.difficulty(), category=kind)
    if kind == "arithmetic":
        sums = draw_arithmetic(rng)
        text = (
            f"Ejercicio: calcula {sums.expression}. Primero el paréntesis: {sums.a} {sums.sign} "
            f"{sums.b} = {sums.inner}. Después el producto: {sums.inner} * {sums.c} = "
            f"{sums.answer}. La respuesta es {sums.answer}."
        )
        return Draft(text, sums.difficulty(), category=kind)
    linear = draw_linear(rng)
    text = (
        f"Resuelve la ecuación {linear.equation}. Se resta {linear.b} en los dos lados: "
        f"{linear.a}x = {linear.c - linear.b}. Se divide entre {linear.a}: x = {linear.x}. "
        f"La respuesta es {linear.x}."
    )
    return Draft(text, linear.difficulty(), category=kind)


def write_portuguese_math(rng: Random) -> Draft:
    """A slope, a calculation or an equation, in Portuguese."""
    kind = rng.choice(("slope", "arithmetic", "linear_equation"))
    if kind == "arithmetic":
        sums = draw_arithmetic(rng)
        text = (
            f"Exercício: calcule {sums.expression}. Primeiro os parênteses: {sums.a} {sums.sign} "
            f"{sums.b} = {sums.inner}. Depois a multiplicação: {sums.inner} * {sums.c} = "
            f"{sums.answer}. A resposta é {sums.answer}."
        )
        return Draft(text, sums.difficulty(), category=kind)
    if kind == "slope":
        slope = draw_slope(rng)
        text = (
            f"O declive da reta pelos pontos ({slope.x1}, {slope.y1}) e ({slope.x2}, {slope.y2}) "
            f"é a variação de y sobre a variação de x. Em cima, {slope.y2} - {slope.y1} = "
            f"{slope.rise}; em baixo, {slope.x2} - {slope.x1} = {slope.step}. Logo "
            f"{slope.rise} / {slope.step} = {slope.answer}. A resposta é {slope.answer}."
        )
        return Draft(text, slope.difficulty(), category="slope")
    linear = draw_linear(rng)
    text = (
        f"Para resolver {linear.equation}, subtraímos {linear.b} dos dois lados e ficamos com "
        f"{linear.a}x = {linear.c - linear.b}. Dividindo por {linear.a}, x = {linear.x}. "
        f"A resposta é {linear.x}."
    )
    return Draft(text, linear.difficulty(), category="linear_equation")


def write_spanish_daily(rng: Random) -> Draft:
    """Everyday Spanish."""
    text = " ".join(
        [
            pick(rng, "Hoy hace sol y salimos temprano.", "Esta mañana llovió en el pueblo.",
                 "El domingo fuimos al mercado.", "Mi abuela cocina todos los viernes."),
            pick(rng, "Compramos pan, queso y tomates.", "Preparamos una sopa de verduras.",
                 "Tomamos el autobús hasta la playa.", "Limpiamos la casa entre todos."),
            pick(rng, "Los niños jugaron con el perro.", "Mi hermano tocó la guitarra.",
                 "La vecina nos contó una historia.", "Vimos pasar los barcos."),
            pick(rng, "Volvimos cansados pero contentos.", "Por la noche leímos un libro.",
                 "Mañana será otro día.", "Fue una tarde tranquila."),
        ]
    )  # fmt: skip
    return Draft(text, category="everyday")


def write_portuguese_daily(rng: Random) -> Draft:
    """Everyday Portuguese."""
    text = " ".join(
        [
            pick(rng, "Hoje o tempo está bom e fomos passear.", "Choveu muito durante a manhã.",
                 "No sábado visitamos a feira.", "Meu avô gosta de contar histórias."),
            pick(rng, "Compramos frutas e um bolo de laranja.", "Fizemos arroz com feijão.",
                 "Pegamos o trem para o litoral.", "Arrumamos a sala e a cozinha."),
            pick(rng, "As crianças correram no jardim.", "Minha irmã cantou uma canção.",
                 "O vizinho trouxe flores.", "Olhamos os pássaros no lago."),
            pick(rng, "Voltamos para casa ao anoitecer.", "À noite jogamos cartas.",
                 "Foi um dia muito agradável.", "Amanhã queremos repetir."),
        ]
    )  # fmt: skip
    return Draft(text, category="everyday")


def recipe(name: str, domain: str, form: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"multi-{name}", "multilingual", domain, "other", form, weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("spanish-fact", "factual", "prose", 6, write_spanish_fact),
    recipe("portuguese-fact", "factual", "prose", 6, write_portuguese_fact),
    recipe("spanish-math", "math", "worked_example", 13, write_spanish_math),
    recipe("portuguese-math", "math", "worked_example", 11, write_portuguese_math),
    recipe("spanish-daily", "general", "prose", 7, write_spanish_daily),
    recipe("portuguese-daily", "general", "prose", 7, write_portuguese_daily),
)
