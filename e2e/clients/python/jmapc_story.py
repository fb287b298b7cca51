"""A person's mail through jmapc (PyPI): signs in, lists, reads, syncs, sends, is told.

Reads HOST, TOKEN and OTHER (the address of someone else on the platform) from the environment. Prints a JSON line per check.
"""

import json
import os
import sys
import tempfile
import threading
import traceback

import jmapc
from jmapc import Address, Client, Comparator, Email, EmailAddress, EmailBodyPart, EmailBodyValue
from jmapc import EmailQueryFilterCondition, EmailSubmission, Envelope, Identity, MailboxQueryFilterCondition, Ref
from jmapc.methods import (
    CoreEcho,
    EmailChanges,
    EmailGet,
    EmailQuery,
    EmailQueryChanges,
    EmailSet,
    EmailSubmissionChanges,
    EmailSubmissionGet,
    EmailSubmissionSet,
    IdentityGet,
    MailboxChanges,
    MailboxGet,
    MailboxQuery,
    MailboxSet,
    SearchSnippetGet,
    ThreadChanges,
    ThreadGet,
)

failed = 0


def check(method, section, what):
    """Runs what it decorates, at once, and says how it went."""

    def decorate(run):
        global failed
        line = {"client": f"jmapc {jmapc.version}", "method": method, "section": section, "what": what, "ok": True}
        try:
            run()
        except BaseException as error:  # noqa: BLE001
            failed += 1
            line.update(ok=False, why=f"{type(error).__name__}: {error}", trace=traceback.format_exc()[-1500:])
        print(json.dumps(line), flush=True)
        return run

    return decorate


client = Client.create_with_api_token(host=os.environ["HOST"], api_token=os.environ["TOKEN"])
other = os.environ["OTHER"]
kept = {}


def ask(method):
    answer = client.request(method, raise_errors=True)
    return answer


@check("Session", "8620 2", "signs in with a person's app token")
def _():
    assert client.account_id
    assert client.jmap_session.capabilities.core.max_objects_in_get >= 500


@check("Core/echo", "8620 4", "gets back what it sends")
def _():
    assert ask(CoreEcho(data={"hello": True})).data == {"hello": True}


@check("Mailbox/get", "8621 2.1", "lists the mailboxes")
def _():
    answer = ask(MailboxGet(ids=None))
    kept["mailboxes"] = {m.role: m.id for m in answer.data if m.role}
    kept["mailbox_state"] = answer.state
    assert {"inbox", "sent", "drafts", "trash"} <= set(kept["mailboxes"])


@check("Mailbox/query", "8621 2.3", "finds the inbox by its role")
def _():
    answer = ask(MailboxQuery(filter=MailboxQueryFilterCondition(role="inbox")))
    assert answer.ids == [kept["mailboxes"]["inbox"]]


@check("Email/query", "8621 4.4", "lists the newest threads, sorted, each once, with their total")
def _():
    query = EmailQuery(
        filter=EmailQueryFilterCondition(in_mailbox=kept["mailboxes"]["inbox"]),
        sort=[Comparator(property="receivedAt", is_ascending=False)],
        collapse_threads=True,
        calculate_total=True,
        limit=5,
    )
    found, emails, threads = client.request(
        [query, EmailGet(ids=Ref("/ids"), properties=["threadId"]), ThreadGet(ids=Ref("/list/*/threadId"))],
        raise_errors=True,
    )
    assert found.response.total >= len(found.response.ids) > 0
    assert len(threads.response.data) == len(found.response.ids)
    assert all(thread.email_ids for thread in threads.response.data)
    kept["query_state"], kept["newest"] = found.response.query_state, found.response.ids


@check("Email/get", "8621 4.2", "reads the newest with their text")
def _():
    answer = ask(EmailGet(ids=kept["newest"], fetch_all_body_values=True))
    kept["email_state"] = answer.state
    for email in answer.data:
        part = email.text_body[0]
        assert email.body_values[part.part_id].value.strip()
        assert email.received_at and email.mail_from


@check("Email/set", "8621 4.6", "writes a draft and marks it")
def _():
    made = ask(
        EmailSet(
            create={
                "draft": Email(
                    mail_from=[EmailAddress(name="Ana", email=os.environ["ME"])],
                    to=[EmailAddress(email=other)],
                    subject="a letter of jmapc",
                    keywords={"$draft": True},
                    mailbox_ids={kept["mailboxes"]["drafts"]: True},
                    body_values={"body": EmailBodyValue(value="Have you seen Alien?")},
                    text_body=[EmailBodyPart(part_id="body", type="text/plain")],
                )
            }
        )
    )
    kept["draft"] = made.created["draft"].id
    marked = ask(EmailSet(update={kept["draft"]: {"keywords/$flagged": True}}))
    assert kept["draft"] in marked.updated


@check("Email/changes", "8621 4.3", "syncs: what it has made is created")
def _():
    answer = ask(EmailChanges(since_state=kept["email_state"]))
    assert kept["draft"] in answer.created, answer
    again = ask(EmailChanges(since_state=answer.new_state, max_changes=10))
    assert not again.created and not again.updated and not again.destroyed


@check("Email/queryChanges", "8621 4.5", "syncs a query")
def _():
    query = EmailQuery(sort=[Comparator(property="receivedAt", is_ascending=False)], limit=5)
    before = ask(query)
    marked = ask(EmailSet(update={kept["draft"]: {"keywords/$flagged": None}}))
    assert kept["draft"] in marked.updated
    after = ask(EmailQueryChanges(since_query_state=before.query_state, sort=query.sort))
    assert kept["draft"] in [item.id for item in after.added], after


@check("Thread/changes", "8621 3.2", "syncs threads")
def _():
    state = ask(ThreadGet(ids=[])).state
    answer = ask(ThreadChanges(since_state=state))
    assert answer.new_state == state and not answer.has_more_changes


@check("Identity/get", "8621 6.1", "knows the names she writes under")
def _():
    identities = ask(IdentityGet(ids=None)).data
    kept["identity"] = next(i for i in identities if i.email == os.environ["ME"])
    assert isinstance(kept["identity"], Identity)


@check("EmailSubmission/set", "8621 7.5", "sends the draft and files it under sent, and its event source tells of it")
def _():
    told = threading.Event()

    def listen():
        for event in client.events:
            states = event.data.changed.get(client.account_id)
            if states and states.email:
                told.set()
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    # The stream has to be open before something happens.
    deadline = threading.Event()
    while not client._events and not deadline.wait(0.05):
        pass
    answers = ask(
        EmailSubmissionSet(
            create={
                "send": EmailSubmission(
                    email_id=kept["draft"],
                    identity_id=kept["identity"].id,
                    envelope=Envelope(mail_from=Address(email=os.environ["ME"]), rcpt_to=[Address(email=other)]),
                )
            },
            on_success_update_email={
                "#send": {
                    f"mailboxIds/{kept['mailboxes']['sent']}": True,
                    f"mailboxIds/{kept['mailboxes']['drafts']}": None,
                    "keywords/$draft": None,
                }
            },
        )
    )
    submission, moved = answers
    kept["submission"] = submission.created["send"]
    assert kept["draft"] in moved.updated
    assert told.wait(15), "no event of the changed mail came within 15 seconds"


@check("EmailSubmission/get", "8621 7.1", "sees that it was delivered")
def _():
    answer = ask(EmailSubmissionGet(ids=[kept["submission"].id]))
    status = answer.data[0].delivery_status[other]
    assert status.delivered == jmapc.Delivered.YES, status
    changes = ask(EmailSubmissionChanges(since_state=answer.state))
    assert not changes.created


@check("SearchSnippet/get", "8621 5.1", "finds a word and shows it")
def _():
    wanted = EmailQueryFilterCondition(text="Alien")
    _found, shown = client.request([EmailQuery(filter=wanted, limit=3), SearchSnippetGet(ids=Ref("/ids"), filter=wanted)])
    assert "<mark>" in shown.response.data[0].preview, shown


@check("Mailbox/set", "8621 2.5", "makes, renames and removes a folder, and syncs it")
def _():
    made = ask(MailboxSet(create={"new": jmapc.Mailbox(name="From jmapc")}))
    folder = made.created["new"].id
    assert folder in ask(MailboxChanges(since_state=kept["mailbox_state"])).created
    assert folder in ask(MailboxSet(update={folder: {"name": "Still from jmapc"}})).updated
    assert ask(MailboxSet(destroy=[folder])).destroyed == [folder]


@check("Upload and download", "8620 6", "attaches a file, and gets it back")
def _():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "list.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("Alien\nBlade Runner\n")
        blob = client.upload_blob(path)
        part = EmailBodyPart(blob_id=blob.id, name="list.txt", type="text/plain", disposition="attachment")
        draft = Email(
            mail_from=[EmailAddress(email=os.environ["ME"])],
            subject="with a list",
            mailbox_ids={kept["mailboxes"]["drafts"]: True},
            body_values={"body": EmailBodyValue(value="here")},
            text_body=[EmailBodyPart(part_id="body", type="text/plain")],
            attachments=[part],
        )
        made = ask(EmailSet(create={"d": draft})).created["d"]
        attachment = ask(EmailGet(ids=[made.id])).data[0].attachments[0]
        client.download_attachment(attachment, os.path.join(folder, "back.txt"))
        with open(os.path.join(folder, "back.txt"), encoding="utf-8") as file:
            assert file.read() == "Alien\nBlade Runner\n"
        assert ask(EmailSet(destroy=[made.id])).destroyed == [made.id]


sys.exit(1 if failed else 0)
