"""What must hold on every page the story comes by: it fits the screen, and everyone can use it."""

import os
import shutil
import subprocess

AXE = "axe-core@4.14.1"

# Faults of a page, as sentences. What a page needs no browser for is held by the tests of `crates/pages`.
OWN = r"""
const faults = [], root = document.documentElement;
const named = e => (e.labels && e.labels.length) || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby');
if (!root.lang) faults.push('no language');
if (!document.title.trim()) faults.push('no title');
for (const one of ['h1', 'main']) {
  const n = document.querySelectorAll(one).length;
  if (n !== 1) faults.push(`${n} elements ${one}`);
}
for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
  if (!named(e)) faults.push(`no label: ${e.outerHTML}`);
for (const e of document.querySelectorAll('a, button, summary'))
  if (!e.textContent.trim() && !named(e)) faults.push(`no name: ${e.outerHTML}`);
for (const e of document.querySelectorAll('button, input:not([type=hidden]), select')) {
  const box = e.getBoundingClientRect();
  if (box.height && box.height < 20) faults.push(`too small to hit: ${e.outerHTML}`);
}
for (const e of performance.getEntriesByType('resource'))
  if (new URL(e.name).origin !== location.origin) faults.push(`asks elsewhere: ${e.name}`);
if (document.scripts.length) faults.push('a script');
return faults;
"""

WIDE = r"""
if (document.documentElement.scrollWidth <= innerWidth) return null;
const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1);
return (out[0] || document.body).outerHTML.slice(0, 120);
"""

RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run({ resultTypes: ['violations'] }).then(
  found => done(found.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 160)} (${v.nodes.length} in all)`)),
  error => done([String(error)]));
"""

BRIGHTNESS = """
const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
"""


class Audit:
    """Collects what it finds, page by page. `axe` is the source of axe-core, or None where it cannot be had."""

    def __init__(self, axe):
        self.axe = axe
        self.pages = set()
        self.faults = {"fits": [], "usable": [], "axe": [], "dark": []}

    def look(self, browser, name, dark=True):
        """Looks at the present page. `dark`: whether it follows the reader's wish for a dark page."""
        self.pages.add(name)
        for width, night in ((320, False), (360, True), (1280, False)):
            browser.screen(width, 800, dark=night)
            wide = browser.js(WIDE)
            if wide:
                self.faults["fits"].append(f"{name} at {width} px: {wide}")
            if dark and (browser.js(BRIGHTNESS) < 0.3) != night:
                self.faults["dark"].append(f"{name} {'in the dark' if night else 'in the light'}")
            if self.axe and width != 320:
                browser.js(self.axe)
                for fault in browser.later(RUN_AXE):
                    self.faults["axe"].append(f"{name} at {width} px: {fault}")
        for fault in browser.js(OWN):
            self.faults["usable"].append(f"{name}: {fault}")
        browser.screen()


def axe_source(folder):
    """The source of axe-core: from `folder`, or fetched into it once by npm; None if there is no npm, or it cannot."""
    path = os.path.join(folder, "node_modules", "axe-core", "axe.min.js")
    npm = shutil.which("npm")
    if not os.path.exists(path) and npm:
        os.makedirs(folder, exist_ok=True)
        command = [npm, "install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", AXE]
        try:
            subprocess.run(command, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return None
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()
