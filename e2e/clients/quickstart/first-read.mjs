import JamClient from "jmap-jam";

const jam = new JamClient({
  sessionUrl: `https://${process.env.HOST}/.well-known/jmap`,
  bearerToken: process.env.TOKEN,
});
const accountId = await jam.getPrimaryAccount();
const [{ emails }] = await jam.requestMany((t) => {
  const found = t.Email.query({ accountId, sort: [{ property: "receivedAt", isAscending: false }], limit: 10 });
  const emails = t.Email.get({
    accountId,
    ids: found.$ref("/ids"),
    properties: ["threadId", "receivedAt", "from", "subject", "preview"],
  });
  return { found, emails };
});
for (const email of emails.list) console.log(email.receivedAt, email.subject, email.preview);
