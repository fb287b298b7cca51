//! "Download your information" as JSON, in a folder or a zip file, in every generation of its folder tree; and the
//! separate export of end-to-end encrypted conversations.
//!
//! - A thread is a folder with `message_1.json`, `message_2.json`, …, whatever folders it is in. The same thread twice (in
//!   two generations of the tree, or in the inbox and the archive) is one conversation, because ids are derived from the
//!   folder's own name.
//! - Strings of such files are repaired ([`crate::mojibake`]); those of the end-to-end export never are: it is right
//!   already. Which schema a file has is decided by its keys.
//! - A conversation from the end-to-end export, or from the folder `e2ee_cutover`, is marked
//!   [`model::Conversation::end_to_end`], so that nothing of it is ever disclosed.
//! - People are names without ids. A contact's account is derived from the owner's account and the name: no sign-in ever
//!   carries it, so nobody can say yes under it. Two contacts of one name are one contact; a contact with the *owner's*
//!   name must not be taken for the owner, see [`people`].

mod attachment;
mod head;
mod line;
mod message;
mod owner;
mod people;
mod reader;
mod thread;

pub use owner::guess_owner;
pub use reader::Facebook;
