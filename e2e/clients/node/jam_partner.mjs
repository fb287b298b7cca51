// A partner's reading through jmap-jam: what an access token opens. HOST and TOKEN from the environment.
import JamClient from "jmap-jam";

const jam = new JamClient({ sessionUrl: `https://${process.env.HOST}/.well-known/jmap`, bearerToken: process.env.TOKEN });
const line = {
  client: "jmap-jam, partner",
  method: "Email/query, Email/get, Email/changes",
  section: "8621 4",
  what: "reads and syncs in one request",
  ok: true,
};
try {
  const accountId = await jam.getPrimaryAccount();
  const [{ found, emails }] = await jam.requestMany((t) => {
    const found = t.Email.query({ accountId, limit: 10 });
    return { found, emails: t.Email.get({ accountId, ids: found.$ref("/ids") }) };
  });
  const [changes] = await jam.api.Email.changes({ accountId, sinceState: emails.state });
  line.ok = emails.list.length > 0 && emails.list.length === found.ids.length && changes.created.length === 0;
} catch (error) {
  line.ok = false;
  line.why = error?.stack ?? JSON.stringify(error);
}
console.log(JSON.stringify(line));
process.exit(line.ok ? 0 : 1);
