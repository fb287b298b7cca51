"""The demonstration, running: `privity demo` on two ports nobody uses, with a data folder that goes away at the end."""

import json
import os
import re
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from webdriver import Failed

PASSWORD = "inbox-demo"


class Demo:
    def __init__(self, binary):
        self.binary = binary

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="privity-e2e-")
        self.data = os.path.join(self.folder.name, "data")
        command = [self.binary, "demo", "--listen", "127.0.0.1:0", "--marquee", "127.0.0.1:0", "--data", self.data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = ""
        for line in self.process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.findall(r"http://127\.0\.0\.1:\d+", said)
        if len(found) != 2:
            self.__exit__()
            raise Failed(f"the demonstration did not start; it said:\n{said}")
        self.platform, self.marquee = found
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.folder.cleanup()

    def get(self, path, cookies=()):
        """Status and body of a page, as a program without a browser gets it."""
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in cookies)
        request = urllib.request.Request(self.platform + path, headers={"cookie": cookie})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def second_version(self, document):
        """Signs and publishes the next version of an agreement, with the command line tool, as both sides would."""
        terms = json.loads(document)
        terms["version"] += 1
        terms["retention_days"] = 14
        path = lambda name: os.path.join(self.folder.name, name)
        with open(path("draft.json"), "w") as file:
            json.dump(terms, file)
        site = ["--data", os.path.join(self.data, "platform"), "--master-key", os.path.join(self.data, "master.key")]
        partner = ["--key", os.path.join(self.data, "marquee-agreements.key")]
        self._agreement("sign", path("draft.json"), "--out", path("half"), *partner, *site)
        self._agreement("sign", path("half"), "--out", path("both"), *site)
        self._agreement("publish", path("both"), *site)

    def _agreement(self, *arguments):
        done = subprocess.run([self.binary, "agreement", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"`privity agreement {arguments[0]}`: {done.stderr.strip()}")
