"""A browser to drive: chromedriver, spoken to over HTTP as W3C WebDriver says (https://www.w3.org/TR/webdriver2/).

Only what the story needs, and only the standard library, so that nothing has to be installed but the browser.
"""

import base64
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Down": "\ue015", "Home": "\ue011"}


class Failed(Exception):
    """A command the browser could not do, or a check that did not hold."""


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        value = json.load(error)["value"]
        raise Failed(f"{value['error']}: {value['message'].splitlines()[0]}") from None


class Driver:
    """chromedriver, on a port nobody uses."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self.process.stdout:
            if "successfully on port" in line:
                self.address = "http://127.0.0.1:" + line.split("port")[-1].strip().rstrip(".")
                return self
        raise Failed("chromedriver did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def browser(self, scripts=True):
        return Browser(self.address, scripts)


class Browser:
    """One browser with a profile of its own. Without `scripts`, pages cannot run JavaScript."""

    def __init__(self, driver, scripts):
        arguments = ["--headless=new", "--hide-scrollbars", "--force-color-profile=srgb", "--window-size=1280,900"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"args": arguments}
        if not scripts:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        session = call("POST", f"{driver}/session", wanted)
        self.at = f"{driver}/session/{session['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        call("DELETE", self.at)

    def _post(self, path, **body):
        return call("POST", f"{self.at}/{path}", body)

    def devtools(self, command, **params):
        return self._post("goog/cdp/execute", cmd=command, params=params)

    # Where we are.

    def open(self, url):
        self._post("url", url=url)

    @property
    def url(self):
        return call("GET", f"{self.at}/url")

    @property
    def text(self):
        return self.find("body").text

    def js(self, script, *args):
        return self._post("execute/sync", script=script, args=list(args))

    def later(self, script):
        """A script that answers by calling its last argument."""
        return self._post("execute/async", script=script, args=[])

    @property
    def cookies(self):
        return call("GET", f"{self.at}/cookie")

    # What is there.

    def find_all(self, css, xpath=False):
        found = self._post("elements", using="xpath" if xpath else "css selector", value=css)
        return [Element(self, one[ELEMENT]) for one in found]

    def find(self, css):
        found = self.find_all(css)
        if not found:
            raise Failed(f"nothing matches `{css}` at {self.url}")
        return found[0]

    def button(self, text):
        """The first link or button whose visible text begins so."""
        path = f'//*[self::a or self::button or self::summary][starts-with(normalize-space(.), "{text}")]'
        found = [one for one in self.find_all(path, xpath=True) if one.shown]
        if not found:
            raise Failed(f"no link or button `{text}` at {self.url}")
        return found[0]

    def press(self, text):
        """Clicks a link or button by its text, and waits for the next page."""
        self.leave(self.button(text).click)

    def leave(self, act):
        """Does what leads to another page, and waits until that is there."""
        before = self.find("html").id
        act()
        wait(f"the page after {self.url}", lambda: self._page() not in (None, before))

    def _page(self):
        try:
            return self.find("html").id if self.js("return document.readyState") == "complete" else None
        except Failed:
            return None

    @property
    def focused(self):
        return Element(self, call("GET", f"{self.at}/element/active")[ELEMENT])

    def keys(self, *names):
        """Keys on the keyboard, one after the other, wherever the focus is."""
        keys = [KEYS.get(name, name) for name in names]
        actions = [{"type": way, "value": key} for key in keys for way in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    # How it looks.

    def screen(self, width=1280, height=900, dark=False, scale=1):
        """A screen of so many CSS pixels, light or dark."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        wishes = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def picture(self, path, css=None, full=False):
        """A PNG of the screen, of the whole page, or of the first element that matches."""
        if css:
            data = call("GET", f"{self.at}/element/{self.find(css).id}/screenshot")
        else:
            data = self.devtools("Page.captureScreenshot", captureBeyondViewport=full)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


class Element:
    def __init__(self, browser, id):
        self.browser, self.id = browser, id
        self.at = f"{browser.at}/element/{id}"

    @property
    def text(self):
        return call("GET", f"{self.at}/text")

    @property
    def json(self):
        """As an argument of a script."""
        return {ELEMENT: self.id}

    @property
    def looks(self):
        """What makes one button weigh more than another: size, colours, letters."""
        return self.browser.js(
            """const box = arguments[0].getBoundingClientRect(), style = getComputedStyle(arguments[0]);
            return [Math.round(box.width), Math.round(box.height), style.color, style.backgroundColor, style.fontWeight]""",
            self.json,
        )

    @property
    def shown(self):
        return call("GET", f"{self.at}/displayed")

    def attribute(self, name):
        return call("GET", f"{self.at}/attribute/{name}")

    def property(self, name):
        return call("GET", f"{self.at}/property/{name}")

    def click(self):
        call("POST", f"{self.at}/click", {})

    def type(self, text):
        call("POST", f"{self.at}/value", {"text": text})


def wait(what, holds, seconds=10):
    """Waits until it holds: nothing takes a fixed time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.05)
