"""One line per check, as it is made."""

from webdriver import Failed


def need(holds, otherwise):
    """A check is made of these: what is wrong if it does not hold, as a sentence."""
    if not holds:
        raise Failed(otherwise)


class Checks:
    def __init__(self):
        self.made = self.failed = 0

    def held(self, what, found=""):
        self.made += 1
        print(f"ok {self.made:>2}  {what}" + (f": {found}" if found else ""), flush=True)

    def broke(self, what, found):
        self.made += 1
        self.failed += 1
        print(f"FAILED {what}: {found}", flush=True)

    def none_of(self, what, faults, found):
        """Holds if no fault was found; else prints them all."""
        if faults:
            self.broke(what, "".join(f"\n    {fault}" for fault in faults))
        else:
            self.held(what, found)

    def skip(self, what, why):
        print(f"--     {what}: {why}", flush=True)
