"""The pictures of the README: the pages as they are, at a size that is quickly loaded."""

import os

from story import OPINION, sign_in


def take(demo, driver, folder):
    """Plays as much of the story as it takes, and leaves four PNG files."""
    os.makedirs(folder, exist_ok=True)

    def picture(name, width, height, dark=False, at=None):
        ana.screen(width, height, dark=dark)
        ana.js("scrollTo(0, arguments[0] ? document.querySelector(arguments[0]).offsetTop - 16 : 0)", at)
        ana.picture(os.path.join(folder, name))
        ana.screen()

    with driver.browser() as ana:
        ana.screen()
        sign_in(ana, demo, "ana")
        ana.leave(ana.find(".talks a").click)
        ana.find("#text").type(OPINION)
        ana.press("Send")
        ana.open(demo.marquee)
        ana.press("Connect your inbox")
        picture("consent.png", 1000, 800)
        picture("what-it-would-see.png", 390, 700, dark=True, at="#seen")
        ana.press("I agree")
        picture("marquee.png", 1000, 640)
        ana.open(demo.platform + "/readings")
        picture("who-has-read.png", 1000, 840)
    for name in sorted(os.listdir(folder)):
        print(f"{os.path.getsize(os.path.join(folder, name)) // 1024:>5} kB  {name}")
    return 0
