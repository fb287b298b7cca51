"""Wrong turns: whatever a person does, a page tells her what happened and where to go."""

from checks import need
from story import sign_in


class Astray:
    def __init__(self, demo, audit, checks):
        self.demo, self.audit, self.checks = demo, audit, checks

    def tell(self, browser):
        self.browser = browser
        self.register()
        self.nowhere()
        self.out_of_date()
        self.too_often()

    def open(self, path):
        self.browser.open(self.demo.platform + path)

    def register(self):
        self.open("/register")
        self.audit.look(self.browser, "register")
        self.browser.press("Marquee")
        self.audit.look(self.browser, "agreement")
        self.demo.second_version(self.browser.find("pre").property("textContent"))
        self.open("/register")
        self.browser.press("what changed last")
        changed = [line.text for line in self.browser.find_all(".diff .added ins, .diff .removed del")]
        need('  "retention_days": 30' in [line.rstrip(",") for line in changed], f"the changes are {changed}")
        need(len(changed) == 4, f"the changes are {changed}")
        self.audit.look(self.browser, "what changed")
        self.checks.held("the register shows the agreement, and what the next version changes")

    def nowhere(self):
        sign_in(self.browser, self.demo, "ben")
        for path in ("/nothing", "/readings/0", "/readings/abc", "/register/films/x", "/conversations/cnv_0"):
            self.open(path)
            need(self.browser.find("h1").text == "There is nothing here", f"{path} says {self.browser.text!r}")
            need(self.demo.get(path, self.browser.cookies)[0] == 404, f"{path} is not 404")
        self.audit.look(self.browser, "nothing here")
        self.browser.press("To your inbox")
        self.open("/oauth/authorize")
        need("Go back to where you came from" in self.browser.text, f"an old request says {self.browser.text!r}")
        self.audit.look(self.browser, "old request")
        self.browser.open(self.demo.marquee + "/callback?code=x&state=y")
        self.audit.look(self.browser, "marquee, no question", dark=False)
        self.browser.press("Back to the front page")
        self.checks.held("wrong addresses and old links are pages that lead on, here and at marquee")

    def out_of_date(self):
        self.open("/inbox")
        self.browser.leave(self.browser.find(".talks a").click)
        before = len(self.browser.find_all(".bubble"))
        here = self.browser.url
        self.browser.js("document.querySelector('.compose [name=csrf]').value = 'made up elsewhere'")
        self.browser.find("#text").type("not from here")
        self.browser.press("Send")
        need("This form is out of date" in self.browser.text, f"a forged form says {self.browser.text!r}")
        self.audit.look(self.browser, "forged form")
        self.browser.open(here)
        need(len(self.browser.find_all(".bubble")) == before, "the forged form was taken")
        self.browser.press("Sign out")
        self.browser.open(here)
        need("/sign-in" in self.browser.url, "a conversation opens after signing out")
        self.checks.held("a forged form is refused and explained; after signing out nothing opens")

    def too_often(self):
        for attempt in range(30):
            sign_in(self.browser, self.demo, "emi", "a guess")
            if "Too many tries" in self.browser.text:
                break
        else:
            need(False, "30 wrong passwords, and no end")
        self.audit.look(self.browser, "too many tries")
        self.checks.held("guessing a password ends", f"after {attempt} tries, with a page that says when to come back")
