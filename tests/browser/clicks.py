"""What a person clicks, by the words that stand on it."""

from __future__ import annotations

import re

from playwright.sync_api import Page


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Picks an option of a selectbox or multiselect as a person does."""
    page.get_by_label(label, exact=False).first.click()
    page.get_by_role("option", name=option).first.click()


def press(page: Page, choice: str) -> None:
    """Picks a segment of a segmented control."""
    page.get_by_role("radio", name=choice).or_(page.get_by_role("button", name=choice)).click()
