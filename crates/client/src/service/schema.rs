//! Schemas.

use ndxp_proto::{
    error::Failure,
    registry::Compatibility,
    schema::{
        CheckCompatibilityRequest, CheckCompatibilityResponse, ExportSchemaBundleRequest,
        ExportSchemaBundleResponse, GetSchemaRequest, ListSchemasRequest,
        OverrideComparisonRequest, OverrideComparisonResponse, PinCodeListRequest,
        PinCodeListResponse, RegisterSchemaRequest, RegisterSchemaResponse, Schema,
        SetCompatibilityRequest, SetCompatibilityResponse,
        schema_service_client::SchemaServiceClient,
    },
};

use super::{PAGE_SIZE, all_pages, unary};
use crate::{Client, request_id};

impl Client {
    /// Registers the next schema of the dataset `parent`; the same document again gets the version
    /// that it has.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn register_schema(
        &self,
        parent: &str,
        document: Vec<u8>,
    ) -> Result<RegisterSchemaResponse, Failure> {
        let parent = parent.to_owned();
        let message = RegisterSchemaRequest { request_id: request_id(), parent, document };
        unary!(self, SchemaServiceClient::register_schema, message)
    }

    /// Says what a schema would break in the dataset `parent`; nothing is registered.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn check_compatibility(
        &self,
        parent: &str,
        document: Vec<u8>,
    ) -> Result<CheckCompatibilityResponse, Failure> {
        let message = CheckCompatibilityRequest { parent: parent.to_owned(), document };
        unary!(self, SchemaServiceClient::check_compatibility, message)
    }

    /// Chooses what the next schema of the dataset `parent` owes to those before it.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn set_compatibility(
        &self,
        parent: &str,
        mode: Compatibility,
    ) -> Result<SetCompatibilityResponse, Failure> {
        let parent = parent.to_owned();
        let message = SetCompatibilityRequest {
            request_id: request_id(),
            parent,
            compatibility: mode.into(),
        };
        unary!(self, SchemaServiceClient::set_compatibility, message)
    }

    /// Answers for a schema of the dataset `parent` whose comparison was left undecided.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn override_comparison(
        &self,
        parent: &str,
        document: Vec<u8>,
        reason: &str,
    ) -> Result<OverrideComparisonResponse, Failure> {
        let message = OverrideComparisonRequest {
            request_id: request_id(),
            parent: parent.to_owned(),
            document,
            reason: reason.to_owned(),
        };
        unary!(self, SchemaServiceClient::override_comparison, message)
    }

    /// Returns the hub's rules, and the newest schema of each dataset that the caller may know of, without documents.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn export_schema_bundle(&self) -> Result<ExportSchemaBundleResponse, Failure> {
        let mut whole = ExportSchemaBundleResponse::default();
        loop {
            let page_token = std::mem::take(&mut whole.next_page_token);
            let message = ExportSchemaBundleRequest { page_size: PAGE_SIZE, page_token };
            let page = unary!(self, SchemaServiceClient::export_schema_bundle, message)?;
            whole.verdict = whole.verdict.or(page.verdict);
            whole.profile.extend(page.profile);
            whole.schemas.extend(page.schemas);
            whole.code_lists.extend(page.code_lists);
            whole.next_page_token = page.next_page_token;
            if whole.next_page_token.is_empty() {
                return Ok(whole);
            }
        }
    }

    /// Puts the rows of the dataset `parent` in force as a code list, if `sha256` is theirs.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn pin_code_list(
        &self,
        parent: &str,
        sha256: &str,
    ) -> Result<PinCodeListResponse, Failure> {
        let (parent, sha256) = (parent.to_owned(), sha256.to_owned());
        let message = PinCodeListRequest { request_id: request_id(), parent, sha256 };
        unary!(self, SchemaServiceClient::pin_code_list, message)
    }

    /// Returns one schema with its document:
    /// `agencies/{agency}/datasets/{dataset}/schemas/{version}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_schema(&self, name: &str) -> Result<Schema, Failure> {
        let message = GetSchemaRequest { name: name.to_owned() };
        let answer = unary!(self, SchemaServiceClient::get_schema, message)?;
        Ok(answer.schema.unwrap_or_default())
    }

    /// Returns all schemas of the dataset `parent` in order of their versions, without documents.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_schemas(&self, parent: &str) -> Result<Vec<Schema>, Failure> {
        all_pages(|page_token| async move {
            let parent = parent.to_owned();
            let message = ListSchemasRequest { parent, page_size: PAGE_SIZE, page_token };
            let page = unary!(self, SchemaServiceClient::list_schemas, message)?;
            Ok((page.schemas, page.next_page_token))
        })
        .await
    }
}
