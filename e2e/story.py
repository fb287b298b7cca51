"""The story of the demonstration as a person meets it: Ana lets Marquee in, sees what it read, and takes it back."""

import os

from checks import need
from demo import PASSWORD

OPINION = "I loved The Godfather, it is a great movie"


def sign_in(browser, demo, who, password=PASSWORD):
    browser.open(demo.platform + "/sign-in")
    browser.find("#handle").type(who)
    browser.find("#password").type(password)
    browser.leave(browser.find("main form button").click)


class Story:
    def __init__(self, demo, driver, audit, checks):
        self.demo, self.driver, self.audit, self.checks = demo, driver, audit, checks

    def tell(self, ana):
        self.ana = ana
        self.front_door()
        self.inbox()
        self.asked()
        self.agree()
        self.who_has_read()
        self.proof()
        self.a_friend_agrees()
        self.allow_less()
        self.take_back()

    def look(self, name, **how):
        self.audit.look(self.ana, name, **how)

    def platform(self, path):
        self.ana.open(self.demo.platform + path)

    def front_door(self):
        self.platform("/")
        self.look("front page")
        self.platform("/inbox")
        need("/sign-in" in self.ana.url, f"a stranger asked for an inbox and is at {self.ana.url}")
        self.look("sign in")
        sign_in(self.ana, self.demo, "ana", "a guess")
        need("do not go together" in self.ana.text, "a wrong password is not told so")
        need(self.ana.find("#handle").property("value") == "ana", "the name has to be typed again")
        self.look("wrong password")
        sign_in(self.ana, self.demo, "ana")
        need(self.ana.url.endswith("/inbox"), f"signed in, and at {self.ana.url}")
        self.checks.held("ana signs in; with a wrong password she is told so, and stays out")

    def inbox(self):
        talks = len(self.ana.find_all(".talks li"))
        need(talks > 10, f"only {talks} conversations in the inbox")
        self.look("inbox")
        self.ana.leave(self.ana.find(".talks a").click)
        self.look("conversation")
        self.ana.screen(360, 740)
        self.ana.find("#text").type(OPINION)
        self.ana.press("Send")
        newest = self.ana.find_all(".run.own .bubble")[-1]
        need(newest.text.startswith(OPINION), f"the newest of her messages is {newest.text!r}")
        need(self.in_view(newest), "her message is sent, but not in view")
        self.ana.screen()
        self.ana.devtools("Page.reload")
        need(self.ana.text.count(OPINION) == 1, "reloading the page sends the message again")
        self.talk = self.ana.url
        self.checks.held("she opens a conversation and writes", f"the message is in view, and there once; {talks} more to open")

    def in_view(self, element):
        return self.ana.js(
            "const b = arguments[0].getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight", element.json
        )

    def asked(self):
        self.ana.open(self.demo.marquee)
        self.look("marquee", dark=False)
        self.ana.press("Connect your inbox")
        need(self.ana.url.startswith(self.demo.platform), f"connecting leads to {self.ana.url}")
        page = self.ana.text
        for part in (
            "Marquee asks to read something of your inbox",
            "to suggest films and series to you",
            "which films and series you mention — not what you wrote",
            "other people are in these conversations. What they wrote stays hidden",
            "A public report every 14 days",
            "films, version 1",
        ):
            need(part in page, f"the consent page does not say `{part}`")
        examples = self.ana.find_all(".examples > li")
        need(len(examples) == 3, f"{len(examples)} of her messages are shown, not 3")
        need("“The Godfather”, liked" in examples[0].text, f"the first example is {examples[0].text!r}")
        for told in self.ana.find_all(".examples .told"):
            need(OPINION not in told.text, "what Marquee would see holds what she wrote")
        self.look("consent")
        refuse, agree = (self.ana.button(text) for text in ("I refuse", "I agree"))
        need(refuse.looks == agree.looks, f"refusing looks {refuse.looks}, agreeing {agree.looks}")
        self.checks.held("the consent page says who asks, why, what leaves, what of her friends, until when", "with 3 of her own messages")

    def agree(self):
        self.ana.find("#talks-pick").click()
        need(self.ana.find(".tick").shown, "there is nothing to tick")
        self.ana.press("I agree")
        need("Choose at least one conversation" in self.ana.text, "agreeing to no conversation at all went through")
        self.look("consent with a fault")
        self.ana.find("#talks-all").click()
        need(not self.ana.find(".tick").shown, "a list to tick, though all are chosen")
        self.ana.find("#until option").click()
        until = self.ana.find("#until").property("value")
        self.ana.press("Show me again")
        need(self.ana.find("#until").property("value") == until, "the preview forgets what she chose")
        need(self.in_view(self.ana.find("#seen h2")), "the preview is not in view")
        self.ana.press("I agree")
        need(self.ana.url.startswith(self.demo.marquee), f"agreeing leads to {self.ana.url}")
        self.look("marquee, connected", dark=False)
        page = self.ana.text
        titles = self.ana.find_all("#yours ~ .row .card")
        need(len(titles) > 10, f"only {len(titles)} titles")
        need("by you" in page and "by someone you talk to" not in page, "a friend's mention is shown, though none agreed")
        need("messages by people who have not agreed" in page, "nothing is said of what was withheld")
        day = str(int(until[8:10]))
        need(f"\n{day} " in page, f"she chose {until}; Marquee says otherwise")
        self.checks.held("she narrows a month to a week, looks again, and agrees", f"marquee shows {len(titles)} titles, none from friends")

    def who_has_read(self):
        self.platform("/readings")
        self.look("who has read")
        pictures = [one for one in self.ana.find_all("svg.chart") if one.shown]
        need(len(pictures) == 1, f"{len(pictures)} charts to be seen at once")
        self.ana.screen(dark=True)
        pictures = [one for one in self.ana.find_all("svg.chart") if one.shown]
        need(len(pictures) == 1, f"{len(pictures)} charts to be seen at once in the dark")
        self.ana.screen()
        self.ana.button("The numbers as a table").click()
        told = self.ana.find("tbody td").text
        need(told != "0" and f"{told} messages" in self.ana.find(".totals").text, f"the table says {told}, the total does not")
        self.checks.held("“who has read my messages” has it, with a chart and its numbers", f"{told} messages")

    def proof(self):
        self.ana.find(".line.read summary").click()
        # The first answer holds her newest messages, and is the last in the list.
        self.ana.leave(self.ana.find_all(".answers a")[-1].click)
        self.look("one reading")
        need("Checked by us just now" in self.ana.text, "the proof is not checked")
        need("The Godfather" in self.ana.find("main").property("textContent"), "her message is not among those told of")
        address = self.ana.find("a[download]").attribute("href")
        status, receipt = self.demo.get(address, self.ana.cookies)
        need(status == 200 and receipt.startswith("c2sp.org/tlog-proof@v1"), f"the receipt came with {status}")
        path = os.path.join(self.demo.folder.name, "receipt.tlog-proof")
        with open(path, "w") as file:
            file.write(receipt)
        self.platform("/ledger")
        self.look("ledger")
        self.ana.find("#file").type(path)
        self.ana.press("Check it")
        need("The receipt is right" in self.ana.text, "her receipt does not verify")
        self.look("receipt checked")
        lines = receipt.splitlines()
        at = lines.index("") - 1
        lines[at] = ("B" if lines[at][0] != "B" else "C") + lines[at][1:]
        self.platform("/ledger")
        self.ana.js("document.querySelector('#receipt').value = arguments[0]", "\n".join(lines) + "\n")
        self.ana.press("Check it")
        need("The receipt is not right" in self.ana.text, "a receipt with a changed letter verifies")
        self.look("receipt not right")
        self.ana.open(self.talk)
        need("Marquee saw the films in it" in self.ana.text, "the conversation does not say who read")
        self.look("conversation that was read")
        self.checks.held("one reading opens with its proof; her receipt verifies in the ledger", "and with one letter changed it does not")

    def a_friend_agrees(self):
        with self.driver.browser() as ben:
            sign_in(ben, self.demo, "ben")
            ben.open(self.demo.platform + "/allowances")
            ben.find("#says-marquee summary").click()
            ben.find("#says-marquee [value=mentions]").click()
            ben.leave(ben.find("#says-marquee button").click)
            need("It holds from now on" in ben.text, "ben is not told that his say was taken")
            self.audit.look(ben, "a friend's say")
            self.ana.open(self.demo.marquee)
            self.ana.press("Read again")
            page = self.ana.text
            need("by someone you talk to" in page, "ben agreed, and marquee shows none of his titles")
            ben.open(self.demo.platform + "/readings")
            need("each time it is read stands in her list" in ben.text, "ben is not told where he is read")
        self.checks.held("ben allows it too, on his own page", "marquee shows what he mentions")

    def allow_less(self):
        self.platform("/allowances")
        self.look("what I allow")
        self.ana.press("Allow less")
        self.look("allow less")
        self.ana.find("#talks-pick").click()
        self.ana.press("Allow this and no more")
        need("Tick at least one conversation" in self.ana.text, "nothing at all was allowed")
        for box in self.ana.find_all(".tick input")[:2]:
            box.click()
        self.ana.press("Allow this and no more")
        need("On, with less than at first" in self.ana.text, "she is not told that less is allowed")
        self.ana.open(self.demo.marquee)
        self.ana.press("Read again")
        need("in conversations you did not share" in self.ana.text, "marquee still reads all conversations")
        self.checks.held("she allows less: two conversations", "marquee reads no other")

    def take_back(self):
        self.platform("/allowances")
        self.ana.press("Take it back")
        need("From now on it can read nothing" in self.ana.text, "she is not told that it is taken back")
        self.look("taken back")
        self.ana.open(self.demo.marquee)
        need("You took back your permission. We deleted what we had." in self.ana.text, "marquee was not refused")
        need("From your conversations" not in self.ana.text, "marquee still shows what it read")
        self.look("marquee, refused", dark=False)
        self.checks.held("she takes it back", "marquee's next call is refused")
