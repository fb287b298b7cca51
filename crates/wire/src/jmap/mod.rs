//! JMAP: core (RFC 8620), mail (RFC 8621), and our own capability `urn:privity:jmap:disclosure`.

mod arguments;
mod capability;
mod disclosure;
mod email;
mod email_part;
mod email_query;
mod filter;
mod invocation;
mod mailbox;
mod method_error;
mod properties;
mod request;
mod request_error;
mod response;
mod result_reference;
mod results;
mod session;
mod thread;

pub use arguments::{ChangesArguments, EmailGetArguments, GetArguments, parse_arguments};
pub use capability::{CORE, DISCLOSURE, MAIL, RECOGNISED, SUBMISSION};
pub use disclosure::{Disclosure, Mention, Sentiment};
pub use email::{Email, EmailProperties, EmailProperty};
pub use email_part::{BodyProperties, EmailAddress, EmailBodyPart, EmailBodyValue, IdSet};
pub use email_query::{Comparator, EmailFilterCondition, EmailQueryArguments};
pub use filter::{Filter, FilterOperator, Operator};
pub use invocation::{Invocation, MethodCall, MethodResponse};
pub use mailbox::{Mailbox, MailboxRights, Role};
pub use method_error::{MethodError, MethodErrorType};
pub use properties::{require_known, select};
pub use request::Request;
pub use request_error::RequestError;
pub use response::{DisclosureProof, Response};
pub use result_reference::{ResultReference, resolve, resolve_arguments};
pub use results::{ChangesResponse, GetResponse, QueryResponse};
pub use session::{Account, CoreCapability, MailCapability, Session};
pub use thread::Thread;
