//! Pushing: telling a person's apps and partners, where they asked to be told, that something has changed (RFC 8620 section 7.2). States and
//! nothing else, encrypted for the app if it gave a key (RFC 8291), so that whoever carries it learns not even those.

mod partner;

use crate::Web;
use crate::jmap::{States, Types, changed, state_change, states};
use app::Error;
use app::mail::{Mail, Object, ObjectKind};
use base64::Engine;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(2);
/// How long carrying one may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of an address.
const URL: usize = 2_000;
/// Bytes of one encrypted record (RFC 8188).
const RECORD: u32 = 4_096;

/// Carries a message to an address: what the outside gives. Errors are told and nothing more: whoever missed a push asks.
pub trait Post: Send + Sync {
    /// Posts a body; blocks, `within` this time at most. Never to an address within the platform's own network.
    fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(), String>;
}

/// Where to push to, and the key of whoever reads there.
#[derive(Debug, Clone)]
pub struct Address {
    url: String,
    keys: Option<([u8; 65], [u8; 16])>,
}

impl Address {
    /// From what a client says; else the property that is wrong.
    pub fn of(url: Option<&Value>, keys: Option<&Value>) -> Result<Self, &'static str> {
        let url = url.and_then(Value::as_str).unwrap_or_default();
        let host = url
            .strip_prefix("https://")
            .and_then(|rest| rest.split(['/', '?', '#']).next());
        let plain = url.len() <= URL && url.bytes().all(|b| (b'!'..=b'~').contains(&b));
        if !plain || host.is_none_or(|host| host.is_empty() || host.contains('@')) {
            return Err("url");
        }
        let keys = match keys {
            None | Some(Value::Null) => None,
            Some(keys) => {
                let text = |name: &str| keys.get(name).and_then(Value::as_str).unwrap_or_default();
                let (public, secret) = (decoded(text("p256dh")), decoded(text("auth")));
                let public: [u8; 65] = public.and_then(|b| b.try_into().ok()).ok_or("keys")?;
                let secret: [u8; 16] = secret.and_then(|b| b.try_into().ok()).ok_or("keys")?;
                Some((public, secret))
            }
        };
        Ok(Self {
            url: url.to_owned(),
            keys,
        })
    }

    fn stored(object: &Object) -> Option<Self> {
        Self::of(object.get("url"), object.get("keys")).ok()
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| BASE64_URL_SAFE.decode(text))
        .ok()
}

/// Posts a message in the background.
pub fn send_soon(web: &Web, address: Address, message: Value) {
    let post = Arc::clone(&web.post);
    tokio::task::spawn_blocking(move || {
        if let Err(why) = send(post.as_ref(), &address, message.to_string().into_bytes(), TIMEOUT) {
            tracing::info!(%why, "a push did not arrive");
        }
    });
}

fn send(post: &dyn Post, address: &Address, plain: Vec<u8>, within: Duration) -> Result<(), String> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("ttl", "86400".to_owned()),
    ];
    let body = match &address.keys {
        None => plain,
        Some((public, secret)) => {
            headers.push(("content-encoding", "aes128gcm".to_owned()));
            encrypted(public, secret, &plain).ok_or("it could not be encrypted for this key")?
        }
    };
    post.post(&address.url, &headers, body, within)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    key.expand(info, Length(N)).and_then(|okm| okm.fill(&mut out)).ok()?;
    Some(out)
}

/// One record of `aes128gcm` (RFC 8188) under a key agreed as RFC 8291 section 3.4 says.
#[expect(
    clippy::disallowed_methods,
    reason = "ring makes a key of one use from its own source only; nothing of it is kept or tested for its value"
)]
fn encrypted(theirs: &[u8; 65], auth: &[u8; 16], plain: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let mut salt = [0; 16];
    random.fill(&mut salt).ok()?;
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
    let public = own.compute_public_key().ok()?;
    let public = public.as_ref();
    let keyed = agree_ephemeral(own, &UnparsedPublicKey::new(&ECDH_P256, theirs), |secret| {
        derived::<32>(auth, secret, &[b"WebPush: info\0", theirs, public])
    });
    let secret = keyed.ok().flatten()?;
    let key = derived::<16>(&salt, &secret, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = derived::<12>(&salt, &secret, &[b"Content-Encoding: nonce\0"])?;
    let mut record = plain.to_vec();
    record.push(2); // the last record
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .ok()?;
    if record.len() > RECORD as usize {
        return None;
    }
    let length = u8::try_from(public.len()).ok()?;
    Some([salt.as_slice(), &RECORD.to_be_bytes(), &[length], public, &record].concat())
}

/// Pushes what changes, until it is stopped. Run by each process: what one has pushed, another does not push again.
pub async fn run(web: Weak<Web>) {
    let mut waits = partner::Waits::default();
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(web) = web.upgrade() else { return };
        match web.app.push_accounts().await {
            Ok(accounts) => {
                for account in accounts {
                    if let Err(error) = look(&web, account, &mut waits).await {
                        tracing::debug!(%error, "an account's pushes wait");
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "pushes wait"),
        }
    }
}

async fn look(web: &Web, account: model::AccountId, waits: &mut partner::Waits) -> Result<(), Error> {
    let mail: Mail<'_> = match web.app.mail(account).await {
        Ok(mail) => mail,
        // Erased.
        Err(Error::NotFound) => return web.app.push_forget(account).await,
        Err(other) => return Err(other),
    };
    let subscriptions = mail.objects(ObjectKind::Push).await?;
    let partners = web.app.subscriptions_of(account).await?;
    if subscriptions.is_empty() && partners.is_empty() {
        return web.app.push_forget(account).await;
    }
    partner::look(web, account, partners, waits).await;
    if subscriptions.is_empty() {
        return Ok(());
    }
    let now = states(&mail).await?;
    for (id, object) in subscriptions {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        if text("expires").is_none_or(|expires| expires <= mail.now().to_string().as_str()) {
            mail.object_put(ObjectKind::Push, id, None).await?;
            continue;
        }
        if text("verificationCode").is_none() {
            continue;
        }
        let known: States = match object.get("told").and_then(Value::as_object) {
            Some(told) => known(told, &now),
            None => now.clone(),
        };
        let types = types_of(&object);
        let changed = changed(&known, &now, &types);
        if object.get("told").is_some() && changed.is_empty() {
            continue;
        }
        let mut after = object.clone();
        let told: BTreeMap<&str, &String> = now.iter().map(|(name, state)| (*name, state)).collect();
        after.insert("told".to_owned(), serde_json::to_value(told).unwrap_or_default());
        // Whoever writes this down first pushes it.
        if mail.object_replace(ObjectKind::Push, id, &object, &after).await?
            && !changed.is_empty()
            && let Some(address) = Address::stored(&object)
        {
            send_soon(web, address, state_change(&account.to_string(), &changed));
        }
    }
    Ok(())
}

fn types_of(object: &Object) -> Types {
    let types = object.get("types").and_then(Value::as_array)?;
    Some(types.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn known(told: &Map<String, Value>, now: &States) -> States {
    let state = |name: &&'static str| told.get(*name).and_then(Value::as_str).map(str::to_owned);
    now.keys().filter_map(|name| Some((*name, state(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_in_the_open_is_pushed_to() {
        let of = |url: &str| Address::of(Some(&Value::from(url)), None).is_ok();
        assert!(of("https://push.example/a?b=c"));
        for wrong in [
            "http://push.example/",
            "https://",
            "https://a@b/",
            "https://a b/",
            "ftp://x",
        ] {
            assert!(!of(wrong), "{wrong}");
        }
        let keys = serde_json::json!({"p256dh": "AAAA", "auth": "AAAA"});
        assert_eq!(
            Address::of(Some(&Value::from("https://a/")), Some(&keys)).unwrap_err(),
            "keys"
        );
    }

    /// What an app does to read it, by RFC 8291 section 3.4.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the app's key: `ring` makes none from an argument"
    )]
    fn only_the_holder_of_the_key_reads_what_is_pushed() {
        let random = SystemRandom::new();
        let app = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
        let public: [u8; 65] = app.compute_public_key().unwrap().as_ref().try_into().unwrap();
        let auth = [7; 16];
        let body = encrypted(&public, &auth, b"a state").unwrap();
        assert_eq!(&body[16..21], [0, 0, 16, 0, 65]);
        let (salt, server) = (&body[..16], &body[21..86]);
        let secret = agree_ephemeral(app, &UnparsedPublicKey::new(&ECDH_P256, server), |secret| {
            derived::<32>(&auth, secret, &[b"WebPush: info\0", &public, server]).unwrap()
        })
        .unwrap();
        let key = derived::<16>(salt, &secret, &[b"Content-Encoding: aes128gcm\0"]).unwrap();
        let nonce = derived::<12>(salt, &secret, &[b"Content-Encoding: nonce\0"]).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = body[86..].to_vec();
        let plain = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
            .unwrap();
        assert_eq!(plain, b"a state\x02");
    }
}
