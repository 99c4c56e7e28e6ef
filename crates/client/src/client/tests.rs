use std::sync::Mutex;

use ndxp_proto::error::{Reason, Refusal};
use tonic::transport::Endpoint;

use super::*;

/// A client whose connection is never made: `call` gets its answers from the test.
fn client() -> Client {
    Client::over(vec![Endpoint::from_static("http://localhost:1")], "https://hub:1")
}

fn refused(reason: Reason) -> Status {
    Refusal::new(reason, "no", "").into_status("id-1")
}

/// What arrived at the hub: the message, and the registry position beside it.
type Arrived = Mutex<Vec<(String, Option<String>)>>;

/// Answers the first calls with `refusals`, then with the registry position 7.
async fn call(client: &Client, refusals: Vec<Status>, arrived: &Arrived) -> Result<(), Failure> {
    let refusals = Mutex::new(refusals.into_iter());
    let send = |request: Request<String>| {
        let position = request.metadata().get(header::REGISTRY);
        let position = position.and_then(|value| value.to_str().ok()).map(str::to_owned);
        arrived.lock().unwrap().push((request.into_inner(), position));
        let refusal = refusals.lock().unwrap().next();
        async move {
            let mut response = Response::new(());
            response.metadata_mut().insert(header::REGISTRY, 7_u64.into());
            refusal.map_or(Ok(response), Err)
        }
    };
    client.call("message with request id".to_owned(), send).await
}

#[tokio::test(start_paused = true)]
async fn repetition_carries_the_same_request_id() {
    let arrived = Arrived::default();
    let refusals = vec![refused(Reason::OutcomeUnknown), refused(Reason::LogUnavailable)];
    call(&client(), refusals, &arrived).await.unwrap();
    let message = ("message with request id".to_owned(), None);
    assert_eq!(*arrived.lock().unwrap(), vec![message; 3]);
}

#[tokio::test(start_paused = true)]
async fn refusal_without_retry_info_is_final() {
    let arrived = Arrived::default();
    let refusals = vec![refused(Reason::AgreementMissing)];
    let failure = call(&client(), refusals, &arrived).await.unwrap_err();
    assert_eq!(failure.reason.as_deref(), Some("AGREEMENT_MISSING"));
    assert_eq!(arrived.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn repetitions_end() {
    let arrived = Arrived::default();
    let refusals = vec![refused(Reason::LogUnavailable); 100];
    call(&client(), refusals, &arrived).await.unwrap_err();
    assert_eq!(arrived.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn highest_registry_position_goes_with_the_next_call() {
    let (client, arrived) = (client(), Arrived::default());
    client.saw_registry_position(3);
    for _ in 0..2 {
        call(&client, Vec::new(), &arrived).await.unwrap();
    }
    client.saw_registry_position(5);
    assert_eq!(client.registry_position(), 7);
    let positions: Vec<_> = arrived.lock().unwrap().drain(..).map(|(_, at)| at).collect();
    assert_eq!(positions, [Some("3".to_owned()), Some("7".to_owned())]);
}

#[tokio::test]
async fn trace_context_goes_with_every_call() {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = client().with_traceparent(trace).request(()).unwrap();
    assert_eq!(request.metadata().get(header::TRACEPARENT).unwrap(), trace);
    assert!(client().with_traceparent("two\nlines").request(()).is_err());
}

#[test]
fn request_ids_are_random_uuids() {
    let (one, two) = (request_id(), request_id());
    assert_ne!(one, two);
    assert_eq!(uuid::Uuid::parse_str(&one).unwrap().get_version_num(), 4);
}
