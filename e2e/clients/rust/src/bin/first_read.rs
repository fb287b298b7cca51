use jmap_client::client::{Client, Credentials};
use jmap_client::email::{self, Property};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (host, token) = (std::env::var("HOST")?, std::env::var("TOKEN")?);
    let name = host.split(':').next().unwrap_or(&host).to_owned();
    let client = Client::new()
        .credentials(Credentials::bearer(token))
        .follow_redirects([name])
        .connect(&format!("https://{host}"))
        .await?;

    let mut request = client.build();
    let found = request
        .query_email()
        .sort([email::query::Comparator::received_at().descending()])
        .limit(10)
        .result_reference();
    request
        .get_email()
        .ids_ref(found)
        .properties([Property::ThreadId, Property::ReceivedAt, Property::From, Property::Subject, Property::Preview]);
    let mut read = request.send().await?.unwrap_method_responses().pop().unwrap().unwrap_get_email()?;
    for email in read.take_list() {
        println!("{:?} {:?} {:?}", email.received_at(), email.subject(), email.preview());
    }
    Ok(())
}
