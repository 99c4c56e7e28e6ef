//! `SchemaService`: the contracts of datasets.

mod bundle;

use std::sync::Arc;

use ndxp_model::{DatasetName, RequestId, SchemaVersion};
use ndxp_proto::{
    common, convert,
    error::{Reason, Refusal, Violation},
    registry,
    schema::{self as pb, schema_service_server::SchemaService},
};
use ndxp_registry::{Command, Evidence, SchemaEntry};
use ndxp_schema::{Schema, SchemaProblems};
use tonic::{Request, Response, Status};

use super::{Services, cut, dataset::sortable};
use crate::{
    call::Call,
    core::Core,
    evolution::{self, Findings},
    refuse::{self, Failed},
};

/// How often a schema is compared anew because the dataset changed meanwhile.
const TRIES: u32 = 3;

#[tonic::async_trait]
impl SchemaService for Services {
    async fn register_schema(
        &self,
        request: Request<pb::RegisterSchemaRequest>,
    ) -> Result<Response<pb::RegisterSchemaResponse>, Status> {
        self.serve(request, "RegisterSchema", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let (document, schema) = parse(&core, request.document).await?;
            let hash = schema.hash().to_owned();
            let asked = |evidence| Command::RegisterSchema {
                dataset: dataset.clone(),
                document: document.clone(),
                schema: Arc::clone(&schema),
                evidence,
            };
            let (receipt, findings) = compared(&core, &call, id, &dataset, &schema, asked).await?;
            let schema = core.registry.read(|state| {
                let (version, entry) = state.datasets.get(&dataset)?.same(&hash)?;
                Some(message(&dataset, version, entry, false))
            });
            Ok(pb::RegisterSchemaResponse {
                schema,
                receipt: Some(receipt),
                changes: findings.changes(),
                effects: findings.effect_messages(),
            })
        })
        .await
    }

    async fn check_compatibility(
        &self,
        request: Request<pb::CheckCompatibilityRequest>,
    ) -> Result<Response<pb::CheckCompatibilityResponse>, Status> {
        self.serve(request, "CheckCompatibility", |core, call, request| async move {
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let agency = &call.principal.agency;
            if core.registry.read(|state| state.visible(agency, &dataset).is_none()) {
                return Err(refuse::not_found(&request.parent).into());
            }
            let (_, schema) = parse(&core, request.document).await?;
            let findings = evolution::find(&core, &call, &dataset, &schema).await?;
            Ok(pb::CheckCompatibilityResponse {
                verdict: findings.verdict().into(),
                mode: registry::Compatibility::from(findings.evidence.mode).into(),
                comparisons: findings.comparison_messages(),
                effects: findings.effect_messages(),
                unclassified: schema.unclassified(),
            })
        })
        .await
    }

    async fn set_compatibility(
        &self,
        request: Request<pb::SetCompatibilityRequest>,
    ) -> Result<Response<pb::SetCompatibilityResponse>, Status> {
        self.serve(request, "SetCompatibility", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let mode = convert::compatibility(request.compatibility, "compatibility")?;
            let command = Command::SetCompatibility { dataset, mode };
            let receipt = core.change(&call, id, command).await?;
            Ok(pb::SetCompatibilityResponse { receipt: Some(receipt) })
        })
        .await
    }

    async fn override_comparison(
        &self,
        request: Request<pb::OverrideComparisonRequest>,
    ) -> Result<Response<pb::OverrideComparisonResponse>, Status> {
        self.serve(request, "OverrideComparison", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let (_, schema) = parse(&core, request.document).await?;
            let hash = schema.hash().to_owned();
            let asked = |evidence| Command::OverrideComparison {
                dataset: dataset.clone(),
                schema: hash.clone(),
                reason: request.reason.clone(),
                evidence,
            };
            let (receipt, _) = compared(&core, &call, id, &dataset, &schema, asked).await?;
            Ok(pb::OverrideComparisonResponse { hash, receipt: Some(receipt) })
        })
        .await
    }

    async fn pin_code_list(
        &self,
        request: Request<pb::PinCodeListRequest>,
    ) -> Result<Response<pb::PinCodeListResponse>, Status> {
        self.serve(request, "PinCodeList", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset_name(&request.parent, "parent")?;
            let receipt = core.pin(&call, id, dataset, request.sha256).await?;
            Ok(pb::PinCodeListResponse { receipt: Some(receipt) })
        })
        .await
    }

    async fn export_schema_bundle(
        &self,
        request: Request<pb::ExportSchemaBundleRequest>,
    ) -> Result<Response<pb::ExportSchemaBundleResponse>, Status> {
        self.serve(request, "ExportSchemaBundle", |core, call, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            bundle::page(&core, &call.principal.agency, &page).await
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

/// Compares, then changes the registry; once more where somebody else changed the dataset meanwhile.
async fn compared(
    core: &Core,
    call: &Call,
    id: RequestId,
    dataset: &DatasetName,
    schema: &Arc<Schema>,
    command: impl Fn(Evidence) -> Command,
) -> Result<(common::Receipt, Findings), Failed> {
    let mut left = TRIES;
    loop {
        let findings = evolution::find(core, call, dataset, schema).await?;
        let changed = core.change(call, id, command(findings.evidence.clone())).await;
        left -= 1;
        match changed {
            Ok(receipt) => return Ok((receipt, findings)),
            Err(Failed(refusal)) if left > 0 && refusal.reason == Reason::RegistryContended => {}
            Err(failed) => return Err(failed),
        }
    }
}

/// Parses and compiles a schema off the async threads: what is registered can be used.
async fn parse(core: &Core, document: Vec<u8>) -> Result<(String, Arc<Schema>), Failed> {
    let profile = core.schemas.profile().clone();
    let parsed = tokio::task::spawn_blocking(move || {
        let schema = Schema::parse(&document, &profile).map_err(|p| invalid(&p))?;
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
