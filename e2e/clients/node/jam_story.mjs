// A person's mail through jmap-jam (npm): signs in, lists, reads, syncs, sends, is told. HOST, TOKEN, ME and OTHER from the
// environment; a JSON line per check.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { EventSource } from "eventsource";
import JamClient from "jmap-jam";

const { HOST, TOKEN, ME, OTHER } = process.env;
const version = JSON.parse(readFileSync(new URL("./node_modules/jmap-jam/package.json", import.meta.url))).version;
// Node has no EventSource of its own yet. This one sends no header either, as in a browser.
globalThis.EventSource = EventSource;
let failed = 0;

async function check(method, section, what, run) {
  const line = { client: `jmap-jam ${version}`, method, section, what, ok: true };
  try {
    await run();
  } catch (error) {
    failed += 1;
    line.ok = false;
    line.why = error?.stack ?? JSON.stringify(error);
  }
  console.log(JSON.stringify(line));
}

const jam = new JamClient({ sessionUrl: `https://${HOST}/.well-known/jmap`, bearerToken: TOKEN });
const kept = {};
let accountId;

await check("Session", "8620 2", "signs in with a person's app token", async () => {
  accountId = await jam.getPrimaryAccount();
  const session = await jam.session;
  assert.equal(session.accounts[accountId].isPersonal, true);
});
await check("Mailbox/get", "8621 2.1", "lists the mailboxes", async () => {
  const [{ list }] = await jam.api.Mailbox.get({ accountId });
  kept.mailbox = Object.fromEntries(list.filter((m) => m.role).map((m) => [m.role, m.id]));
  assert.ok(kept.mailbox.inbox && kept.mailbox.drafts && kept.mailbox.sent);
});
await check("Email/query", "8621 4.4", "lists the newest threads and reads them, in one request", async () => {
  const [{ found, emails, threads }] = await jam.requestMany((t) => {
    const found = t.Email.query({
      accountId,
      filter: { inMailbox: kept.mailbox.inbox },
      sort: [{ property: "receivedAt", isAscending: false }],
      collapseThreads: true,
      limit: 5,
    });
    const emails = t.Email.get({
      accountId,
      ids: found.$ref("/ids"),
      properties: ["id", "threadId", "subject", "from", "textBody", "bodyValues"],
      fetchTextBodyValues: true,
    });
    return { found, emails, threads: t.Thread.get({ accountId, ids: emails.$ref("/list/*/threadId") }) };
  });
  assert.ok(found.ids.length > 0 && threads.list.length === found.ids.length);
  for (const email of emails.list) assert.ok(email.bodyValues[email.textBody[0].partId].value.length > 0);
  kept.state = emails.state;
});
await check("Email/set", "8621 4.6", "writes a draft", async () => {
  const create = {
    draft: {
      from: [{ email: ME }],
      to: [{ email: OTHER }],
      subject: "a letter of jmap-jam",
      keywords: { $draft: true },
      mailboxIds: { [kept.mailbox.drafts]: true },
      textBody: [{ partId: "1", type: "text/plain" }],
      bodyValues: { 1: { value: "Have you seen Arrival?" } },
    },
  };
  const [answer] = await jam.api.Email.set({ accountId, create });
  kept.draft = answer.created.draft.id;
});
await check("Email/changes", "8621 4.3", "syncs: what it has made is created", async () => {
  const [answer] = await jam.api.Email.changes({ accountId, sinceState: kept.state });
  assert.ok(answer.created.includes(kept.draft));
});
await check("EmailSubmission/set", "8621 7.5", "sends the draft, and its event source tells of it", async () => {
  const source = await jam.connectEventSource({ types: "*", ping: 30, closeafter: "no" });
  const opened = new Promise((open, fail) => {
    source.onopen = open;
    source.onerror = (event) => fail(new Error(`the event source: ${event.code} ${event.message}`));
  });
  await opened;
  const told = new Promise((tell, fail) => {
    source.addEventListener("state", (event) => {
      const states = JSON.parse(event.data).changed[accountId];
      if (states?.Email) tell(states);
    });
    setTimeout(() => fail(new Error("no event of the changed mail came within 15 seconds")), 15_000).unref();
  });
  const [{ list }] = await jam.api.Identity.get({ accountId });
  const [answer] = await jam.api.EmailSubmission.set({
    accountId,
    create: { send: { emailId: kept.draft, identityId: list.find((i) => i.email === ME).id } },
    onSuccessDestroyEmail: ["#send"],
  });
  assert.ok(answer.created.send.id);
  await told;
  source.close();
});
await check("VacationResponse/set", "8621 8.2", "sets an away reply, and takes it back", async () => {
  await jam.api.VacationResponse.set({ accountId, update: { singleton: { isEnabled: true, textBody: "away" } } });
  const [{ list }] = await jam.api.VacationResponse.get({ accountId, ids: ["singleton"] });
  assert.equal(list[0].textBody, "away");
  const [answer] = await jam.api.VacationResponse.set({
    accountId,
    update: { singleton: { isEnabled: false, textBody: null } },
  });
  assert.ok("singleton" in answer.updated);
});
await check("Upload and download", "8620 6", "uploads a blob, and gets it back", async () => {
  const blob = await jam.uploadBlob(accountId, new Blob(["hello"], { type: "text/plain" }));
  const back = await jam.downloadBlob({ accountId, blobId: blob.blobId, mimeType: "text/plain", fileName: "h.txt" });
  assert.equal(await back.text(), "hello");
});
process.exit(failed ? 1 : 0);
