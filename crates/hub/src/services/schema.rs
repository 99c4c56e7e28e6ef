//! `SchemaService`: the contracts of datasets.

use std::sync::Arc;

use ndxp_model::{DatasetName, SchemaVersion};
use ndxp_proto::{
    convert,
    error::{Reason, Refusal, Violation},
    schema::{self as pb, schema_service_server::SchemaService},
};
use ndxp_registry::{Command, SchemaEntry};
use ndxp_schema::{Profile, Schema, SchemaProblems};
use tonic::{Request, Response, Status};

use super::{Services, cut};
use crate::refuse::{self, Failed};

#[tonic::async_trait]
impl SchemaService for Services {
    async fn register_schema(
        &self,
        request: Request<pb::RegisterSchemaRequest>,
    ) -> Result<Response<pb::RegisterSchemaResponse>, Status> {
        self.serve(request, "RegisterSchema", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let (document, schema) = parse(request.document).await?;
            let hash = schema.hash().to_owned();
            let command = Command::RegisterSchema { dataset: dataset.clone(), document, schema };
            let receipt = core.change(&call, id, command).await?;
            let schema = core.registry.read(|state| {
                let schemas = &state.datasets.get(&dataset)?.schemas;
                let found = (1..).zip(schemas).find(|(_, entry)| entry.hash == hash)?;
                Some(message(&dataset, SchemaVersion(found.0), found.1, false))
            });
            Ok(pb::RegisterSchemaResponse { schema, receipt: Some(receipt) })
        })
        .await
    }

    async fn get_schema(
        &self,
        request: Request<pb::GetSchemaRequest>,
    ) -> Result<Response<pb::GetSchemaResponse>, Status> {
        self.serve(request, "GetSchema", |core, call, request| async move {
            let (dataset, version) = convert::schema_name(&request.name, "name")?;
            let agency = &call.principal.agency;
            let found = core.registry.read(|state| {
                let (version, entry) = state.visible(agency, &dataset)?.schema(Some(version))?;
                Some(message(&dataset, version, entry, true))
            });
            let schema = found.ok_or_else(|| refuse::not_found(&request.name))?;
            Ok(pb::GetSchemaResponse { schema: Some(schema) })
        })
        .await
    }

    async fn list_schemas(
        &self,
        request: Request<pb::ListSchemasRequest>,
    ) -> Result<Response<pb::ListSchemasResponse>, Status> {
        self.serve(request, "ListSchemas", |core, call, request| async move {
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let page = convert::page(request.page_size, &request.page_token)?;
            let agency = &call.principal.agency;
            let found = core.registry.read(|state| {
                let schemas = (1..).zip(&state.visible(agency, &dataset)?.schemas);
                Some(cut(
                    &page,
                    schemas.map(|(version, entry)| {
                        let message = message(&dataset, SchemaVersion(version), entry, false);
                        (format!("{version:010}"), message)
                    }),
                ))
            });
            let (schemas, next_page_token) =
                found.ok_or_else(|| refuse::not_found(&request.parent))?;
            Ok(pb::ListSchemasResponse { schemas, next_page_token })
        })
        .await
    }
}

/// Parses and compiles a schema off the async threads: what is registered can be used.
async fn parse(document: Vec<u8>) -> Result<(String, Arc<Schema>), Failed> {
    let parsed = tokio::task::spawn_blocking(move || {
        let schema = Schema::parse(&document, &Profile::default()).map_err(|p| invalid(&p))?;
        schema.compile().map_err(|error| {
            Refusal::new(
                Reason::SchemaInvalid,
                error.to_string(),
                "mend the schema; `ndxp schema check` finds the same on your machine",
            )
        })?;
        let text =
            String::from_utf8(document).map_err(|_| Refusal::field("document", "must be UTF-8"))?;
        Ok::<_, Refusal>((text, Arc::new(schema)))
    });
    Ok(parsed.await.map_err(|cause| refuse::bug(&cause))??)
}

fn invalid(problems: &SchemaProblems) -> Refusal {
    let places: Vec<Violation> = problems
        .0
        .iter()
        .map(|problem| Violation {
            path: format!("document{}", problem.pointer),
            keyword: problem.keyword.to_string(),
            message: format!(
                "line {} column {}: {}",
                problem.at.line, problem.at.column, problem.message
            ),
        })
        .collect();
    let first = places.first().map(|place| format!("{}: {}", place.path, place.message));
    Refusal::new(
        Reason::SchemaInvalid,
        format!("the schema has {} problems; first {}", places.len(), first.unwrap_or_default()),
        "mend the schema; `ndxp schema check` finds the same on your machine",
    )
    .with_violations(places)
}

fn message(
    dataset: &DatasetName,
    version: SchemaVersion,
    entry: &SchemaEntry,
    with_document: bool,
) -> pb::Schema {
    let document = if with_document { entry.document.as_bytes().to_vec() } else { Vec::new() };
    pb::Schema {
        name: convert::schema_resource(dataset, version),
        version: version.0,
        hash: entry.hash.clone(),
        document,
        registered_at: convert::timestamp(entry.registered_at),
    }
}
