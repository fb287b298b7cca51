"""The consent again, on a telephone in the dark, in a browser that runs no script, by a person who has only keys."""

from checks import need
from demo import PASSWORD
from webdriver import Failed, wait

FOCUS = """
const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
const middle = document.elementFromPoint(box.left + box.width / 2, Math.min(box.bottom - 2, box.top + box.height / 2));
return {
  what: e.outerHTML.slice(0, 100),
  ringed: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  inside: box.top >= -1 && box.top < innerHeight && box.left >= -1 && box.right <= innerWidth + 1,
  covered: !(middle && (e.contains(middle) || middle.contains(e))),
};
"""


class Keyboard:
    def __init__(self, demo, checks):
        self.demo, self.checks = demo, checks
        self.stops = 0

    def tell(self, carla):
        self.carla = carla
        carla.screen(360, 740, dark=True)
        self.sign_in()
        self.consent()
        self.take_back()
        self.checks.held(
            "all of it by keys alone, on a telephone in the dark, without JavaScript",
            f"{self.stops} stops of the Tab key, each with a visible ring and in view",
        )

    def tab_to(self, what, limit=120):
        """Tabs on until the focus is on an element whose text or id begins so. Each stop must be seen."""
        for _ in range(limit):
            self.carla.keys("Tab")
            here = self.carla.focused
            self.stops += 1
            seen = self.carla.js(FOCUS)
            need(seen["ringed"], f"no ring around {seen['what']}")
            need(seen["inside"], f"the focus is out of view: {seen['what']}")
            need(not seen["covered"], f"the focus is under something: {seen['what']}")
            if here.text.startswith(what) or here.attribute("id") == what:
                return here
        raise Failed(f"{limit} times Tab, and no `{what}` at {self.carla.url}")

    def press(self, what):
        self.tab_to(what)
        self.carla.leave(lambda: self.carla.keys("Enter"))

    def sign_in(self):
        self.carla.open("data:text/html,<h1>off</h1><script>document.querySelector('h1').textContent = 'on'</script>")
        need(self.carla.find("h1").text == "off", "this browser runs scripts")
        self.carla.open(self.demo.marquee)
        self.press("Connect your inbox")
        need("/sign-in" in self.carla.url, f"connecting, signed out, leads to {self.carla.url}")
        self.carla.keys("Tab")
        need(self.carla.focused.text == "Skip to the page", f"the first stop is {self.carla.focused.text!r}")
        self.carla.keys("Enter")
        for field, text in (("handle", "carla"), ("password", PASSWORD)):
            self.tab_to(field, 1)
            self.carla.keys(*text)
        self.carla.leave(lambda: self.carla.keys("Enter"))
        need("Marquee asks" in self.carla.text, "signing in does not lead back to the question")

    def consent(self):
        self.tab_to("talks-all")
        self.carla.keys("Down")
        need(self.carla.find("#talks-pick").property("checked"), "the arrow key does not choose")
        for _ in range(2):
            self.carla.keys("Tab", "Space")
        picked = [box for box in self.carla.find_all(".tick input") if box.property("checked")]
        need(len(picked) == 2, f"{len(picked)} conversations are ticked, not 2")
        self.tab_to("until", 200)
        self.carla.keys("Home")
        self.press("Show me again")
        self.tab_to("I refuse", 200)
        self.press("I agree")
        wait("marquee's answer", lambda: self.carla.url.startswith(self.demo.marquee))
        page = self.carla.text
        need("From your conversations" in page and "2 you picked" in page, f"marquee says {page[:200]!r}")

    def take_back(self):
        self.carla.open(self.demo.platform + "/allowances")
        self.press("Take it back")
        need("From now on it can read nothing" in self.carla.text, "taking it back did not work")
