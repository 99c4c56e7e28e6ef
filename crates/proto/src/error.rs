//! The error contract: one shape for every refusal, made in one place.

use std::{collections::HashMap, time::Duration};

use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "ndxp";
/// The most violations that one error lists; their total number stands in metadata `total`.
pub const MAX_VIOLATIONS: usize = 20;

/// The most bytes of all details of one error.
pub const MAX_DETAILS: usize = 4 << 10;
/// The most bytes of an error's sentence.
const MAX_TEXT: usize = 400;
/// The most bytes of one fact, path or message.
const MAX_FACT: usize = 240;
/// The most bytes of all places together.
const MAX_PLACES: usize = 2 << 10;

macro_rules! reasons {
    ($($variant:ident = $text:literal => $code:ident, $retry:expr;)*) => {
        /// Why a request was refused: the only code that a client needs to look at. Each has a page
        /// in `docs/errors/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(
                #[doc = concat!("`", $text, "`.")]
                $variant,
            )*
        }
        impl Reason {
            /// Every reason in use.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the stable text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns the gRPC code that goes with it.
            #[must_use]
            pub fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)* }
            }

            /// Returns after how many milliseconds a retry may help; `None`: it does not help.
            #[must_use]
            pub fn retry_after_ms(self) -> Option<u64> {
                match self { $(Self::$variant => $retry,)* }
            }
        }
    };
}

reasons! {
    InvalidField = "INVALID_FIELD" => InvalidArgument, None;
    SchemaViolation = "SCHEMA_VIOLATION" => InvalidArgument, None;
    SchemaInvalid = "SCHEMA_INVALID" => InvalidArgument, None;
    CursorInvalid = "CURSOR_INVALID" => InvalidArgument, None;
    KeyMismatch = "KEY_MISMATCH" => InvalidArgument, None;
    BatchTooLarge = "BATCH_TOO_LARGE" => InvalidArgument, None;
    RecordTooLarge = "RECORD_TOO_LARGE" => InvalidArgument, None;
    CertificateRevoked = "CERTIFICATE_REVOKED" => Unauthenticated, None;
    CertificateExpired = "CERTIFICATE_EXPIRED" => Unauthenticated, None;
    CertificateNotYetValid = "CERTIFICATE_NOT_YET_VALID" => Unauthenticated, None;
    CertificateNameInvalid = "CERTIFICATE_NAME_INVALID" => Unauthenticated, None;
    SystemUnknown = "SYSTEM_UNKNOWN" => Unauthenticated, None;
    AgreementMissing = "AGREEMENT_MISSING" => PermissionDenied, None;
    AgreementSuspended = "AGREEMENT_SUSPENDED" => PermissionDenied, None;
    AgreementExpired = "AGREEMENT_EXPIRED" => PermissionDenied, None;
    AgreementTerminated = "AGREEMENT_TERMINATED" => PermissionDenied, None;
    OperationNotGranted = "OPERATION_NOT_GRANTED" => PermissionDenied, None;
    PurposeNotAllowed = "PURPOSE_NOT_ALLOWED" => PermissionDenied, None;
    OutsideTimeWindow = "OUTSIDE_TIME_WINDOW" => PermissionDenied, None;
    AgencySuspended = "AGENCY_SUSPENDED" => PermissionDenied, None;
    RoleRequired = "ROLE_REQUIRED" => PermissionDenied, None;
    ResourceNotFound = "RESOURCE_NOT_FOUND" => NotFound, None;
    NameTaken = "NAME_TAKEN" => AlreadyExists, None;
    RecordIdReused = "RECORD_ID_REUSED" => AlreadyExists, None;
    RequestIdReused = "REQUEST_ID_REUSED" => AlreadyExists, None;
    DatasetNotActive = "DATASET_NOT_ACTIVE" => FailedPrecondition, None;
    StateConflict = "STATE_CONFLICT" => FailedPrecondition, None;
    SchemaBreaking = "SCHEMA_BREAKING" => FailedPrecondition, None;
    SchemaUndecided = "SCHEMA_UNDECIDED" => FailedPrecondition, None;
    StreamFenced = "STREAM_FENCED" => Aborted, None;
    RegistryContended = "REGISTRY_CONTENDED" => Aborted, Some(100);
    CursorExpired = "CURSOR_EXPIRED" => OutOfRange, None;
    TooManyStreams = "TOO_MANY_STREAMS" => ResourceExhausted, Some(1_000);
    HubOverloaded = "HUB_OVERLOADED" => ResourceExhausted, Some(1_000);
    LogUnavailable = "LOG_UNAVAILABLE" => Unavailable, Some(1_000);
    AuditUnavailable = "AUDIT_UNAVAILABLE" => Unavailable, Some(1_000);
    NodeDraining = "NODE_DRAINING" => Unavailable, Some(1_000);
    StreamAged = "STREAM_AGED" => Unavailable, Some(1_000);
    HeartbeatMissed = "HEARTBEAT_MISSED" => Unavailable, Some(1_000);
    SubscriptionChanged = "SUBSCRIPTION_CHANGED" => Unavailable, Some(50);
    RegistryBehind = "REGISTRY_BEHIND" => Unavailable, Some(200);
    LaneMoved = "LANE_MOVED" => Unavailable, Some(200);
    OutcomeUnknown = "OUTCOME_UNKNOWN" => Unavailable, Some(200);
    NotServed = "NOT_SERVED" => Unimplemented, None;
    Bug = "BUG" => Internal, None;
    LogCorrupt = "LOG_CORRUPT" => DataLoss, None;
}

/// One place of an input that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path, for example `records[17]/applicant/dob`.
    pub path: String,
    /// The schema's keyword, or `json`, `duplicate-key`, `limit`; empty for a field of the request.
    pub keyword: String,
    /// What was expected. Never a value of a record.
    pub message: String,
}

/// A refusal on its way to the caller. Texts hold no field values and nothing about third parties.
#[derive(Debug, Clone, Error)]
#[error("{}: {message}", .reason.as_str())]
pub struct Refusal {
    /// The stable reason.
    pub reason: Reason,
    /// One sentence for a developer.
    pub message: String,
    /// What the caller can do next.
    pub next_step: String,
    /// More facts: `agreement`, `clause`, `asked`, `allowed`, `dataset`, `limit`.
    pub metadata: Vec<(&'static str, String)>,
    /// The places that are wrong.
    pub violations: Vec<Violation>,
    /// After how many milliseconds a retry may help: the reason's, unless a spread was asked for.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// Makes a refusal with a sentence and a next step.
    pub fn new(reason: Reason, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            next_step: next_step.into(),
            metadata: Vec::new(),
            violations: Vec::new(),
            retry_after_ms: reason.retry_after_ms(),
        }
    }

    /// Spreads the retries of many callers who are refused at once: a delay of between one and
    /// three times the reason's, by 16 random bits. A reason without a retry stays so.
    #[must_use]
    pub fn spread(mut self, random: u16) -> Self {
        let spread = |ms: u64| ms + (ms * 2 * u64::from(random)) / u64::from(u16::MAX);
        self.retry_after_ms = self.reason.retry_after_ms().map(spread);
        self
    }

    /// Refuses one field of the request.
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        let text = format!("{path}: {message}");
        Self::new(Reason::InvalidField, text, "mend the field and send the request again")
            .with_violations(vec![Violation { path, keyword: String::new(), message }])
    }

    /// Adds a fact, unless it is empty.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.metadata.push((key, value));
        }
        self
    }

    /// Adds the places that are wrong.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    /// The places that an error lists: the first twenty, as far as they fit, each cut to its bound.
    pub(crate) fn shown(&self) -> Vec<Violation> {
        let mut left = MAX_PLACES;
        let cut = self.violations.iter().take(MAX_VIOLATIONS).map(|found| Violation {
            path: cut(&found.path, MAX_FACT),
            keyword: cut(&found.keyword, 40),
            message: cut(&found.message, MAX_FACT),
        });
        cut.take_while(|place| {
            // The encoding adds a few bytes to each text.
            let size = place.path.len() + place.keyword.len() + place.message.len() + 18;
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .collect()
    }

    /// Makes the status that goes over the wire. Its details stay below [`MAX_DETAILS`] and its
    /// text below what a header may hold, whatever names and paths the request had.
    #[must_use]
    pub fn into_status(self, request_id: &str) -> Status {
        let places: Vec<FieldViolation> = self.shown().into_iter().map(violation).collect();
        let mut metadata: HashMap<String, String> = self
            .metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), cut(value, MAX_FACT)))
            .collect();
        if !self.next_step.is_empty() {
            metadata.insert("next_step".to_owned(), cut(&self.next_step, MAX_FACT));
        }
        if self.violations.len() > places.len() {
            metadata.insert("total".to_owned(), self.violations.len().to_string());
        }
        let mut details = ErrorDetails::new();
        details.set_error_info(self.reason.as_str(), DOMAIN, metadata);
        details.set_request_info(request_id, "");
        details.set_help(vec![tonic_types::HelpLink::new(
            "what it means and what to do",
            format!("/errors/{}", self.reason.as_str()),
        )]);
        if !places.is_empty() {
            details.set_bad_request(places);
        }
        if let Some(ms) = self.retry_after_ms {
            details.set_retry_info(Some(Duration::from_millis(ms)));
        }
        let text = format!("{}: {}", self.reason.as_str(), cut(&self.message, MAX_TEXT));
        Status::with_error_details(self.reason.code(), text, details)
    }
}

fn violation(found: Violation) -> FieldViolation {
    let description = match found.keyword.as_str() {
        "" => found.message,
        keyword => format!("{keyword}: {}", found.message),
    };
    FieldViolation::new(found.path, description)
}

/// Returns a text of at most so many bytes; one that was cut ends with an ellipsis.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most.saturating_sub('…'.len_utf8()));
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// An error as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Failure {
    /// The gRPC code's name, for example `PermissionDenied`.
    pub code: Code,
    /// The stable reason, if the hub gave one.
    pub reason: Option<String>,
    /// The sentence.
    pub message: String,
    /// What to do next, if the hub said so.
    pub next_step: Option<String>,
    /// After how long a retry may help; `None`: it does not help.
    pub retry_after: Option<Duration>,
    /// The request's id, for questions to the operators.
    pub request_id: Option<String>,
    /// More facts.
    pub metadata: std::collections::BTreeMap<String, String>,
    /// The places that are wrong: path and text.
    pub violations: Vec<(String, String)>,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let mut metadata: std::collections::BTreeMap<String, String> =
            info.map(|i| i.metadata.clone().into_iter().collect()).unwrap_or_default();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone());
        Self {
            code: status.code(),
            reason: info.map(|i| i.reason.clone()),
            message: status.message().to_owned(),
            next_step: metadata.remove("next_step"),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            request_id: details.request_info().map(|request| request.request_id.clone()),
            metadata,
            violations: violations
                .unwrap_or_default()
                .into_iter()
                .map(|v| (v.field, v.description))
                .collect(),
        }
    }
}
