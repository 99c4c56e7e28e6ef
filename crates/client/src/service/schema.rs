//! Schemas.

use ndxp_proto::{
    error::Failure,
    schema::{
        GetSchemaRequest, ListSchemasRequest, RegisterSchemaRequest, RegisterSchemaResponse,
        Schema, schema_service_client::SchemaServiceClient,
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
