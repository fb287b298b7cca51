"""A partner's reading through jmapc: what an access token opens, and nothing more. HOST and TOKEN from the environment."""

import json
import os
import sys

import jmapc
from jmapc import Client, Comparator, Ref
from jmapc.methods import EmailChanges, EmailGet, EmailQuery, EmailQueryChanges, EmailSet, MailboxGet, ThreadGet

client = Client.create_with_api_token(host=os.environ["HOST"], api_token=os.environ["TOKEN"])
failed = 0


def check(method, section, what, run):
    global failed
    line = {"client": f"jmapc {jmapc.version}, partner", "method": method, "section": section, "what": what, "ok": True}
    try:
        assert run(), "not so"
    except Exception as error:  # noqa: BLE001
        failed += 1
        line.update(ok=False, why=f"{type(error).__name__}: {error}")
    print(json.dumps(line), flush=True)


newest = EmailQuery(sort=[Comparator(property="receivedAt", is_ascending=False)], limit=10, collapse_threads=True)
calls = [newest, EmailGet(ids=Ref("/ids")), ThreadGet(ids=Ref("/list/*/threadId"))]


def reads():
    found, emails, threads = client.request(calls, raise_errors=True)
    return len(emails.response.data) == len(found.response.ids) == len(threads.response.data) > 0


def syncs():
    state = client.request(EmailGet(ids=[]), raise_errors=True).state
    answer = client.request(EmailChanges(since_state=state), raise_errors=True)
    return answer.new_state == state and not answer.created and not answer.destroyed


def follows():
    state = client.request(newest, raise_errors=True).query_state
    answer = client.request(EmailQueryChanges(since_query_state=state, sort=newest.sort), raise_errors=True)
    return not answer.added and not answer.removed


check("Mailbox/get", "8621 2.1", "sees the one mailbox", lambda: len(client.request(MailboxGet(ids=None)).data) == 1)
check("Email/query, Email/get, Thread/get", "8621 4", "reads in one request", reads)
check("Email/changes", "8621 4.3", "syncs", syncs)
check("Email/queryChanges", "8621 4.5", "syncs a query", follows)
refused = client.request(EmailSet(destroy=["x"]))
check("Email/set", "8621 4.6", "is not offered writing", lambda: isinstance(refused, jmapc.Error))
sys.exit(1 if failed else 0)
