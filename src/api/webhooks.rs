//! `/api/v1/webhooks`: addresses that are told when runs of yours end.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::api_keys::require_session;
use super::error::{ApiError, ApiResult, FieldError, Problem};
use super::extract::{Json, Path, Query};
use super::page::Page;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::auth::audit::{Event, Origin};
use crate::clock::rfc3339;
use crate::model::{Delivery, Webhook, WebhookEvent};
use crate::webhooks::MOST;

const LONGEST_DESCRIPTION: usize = 200;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookRequest {
    /// https, at a public address unless the operator allows others.
    #[schema(max_length = 2048, example = "https://hooks.example.org/aideator")]
    pub url: String,
    #[schema(max_length = 200, example = "CI")]
    pub description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreateWebhookResponse {
    /// What deliveries are signed with, `whsec_…`. It is shown this once.
    pub secret: String,
    pub webhook: WebhookView,
}

/// A webhook without its secret. Times are RFC 3339, UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    #[schema(example = "hook_0198a7c41e5b7d2084c1f0a9b6d3e755")]
    pub id: String,
    pub url: String,
    pub description: Option<String>,
    /// False when its secret was stored under another `SECRET_KEY` of the server: make it anew.
    pub readable: bool,
    pub created_at: String,
    /// Since when nothing is sent there; `disabled_reason` says why.
    pub disabled_at: Option<String>,
    pub disabled_reason: Option<String>,
    pub last_delivery: Option<DeliveryView>,
}

impl WebhookView {
    fn new(app: &AppState, webhook: Webhook, last: Option<Delivery>) -> Self {
        let readable = app.webhooks.is_readable(&webhook);
        let (disabled_at, disabled_reason) = webhook.disabled.unzip();
        Self {
            readable,
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            created_at: rfc3339(webhook.created_ms),
            disabled_at: disabled_at.map(rfc3339),
            disabled_reason,
            last_delivery: last.map(DeliveryView::from),
        }
    }
}

/// One event for one webhook, in one or more attempts.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// The header `webhook-id` of all its attempts.
    #[schema(example = "msg_0198a7c41e5b7d2084c1f0a9b6d3e755")]
    pub id: String,
    pub event: WebhookEvent,
    pub status: DeliveryStatus,
    pub created_at: String,
    pub attempts: u32,
    /// The last attempt's, as are `http_status` and `error`.
    pub attempted_at: Option<String>,
    /// Null: at once, or never again.
    pub next_attempt_at: Option<String>,
    pub http_status: Option<u16>,
    pub error: Option<String>,
}

/// How far a delivery is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// For its first attempt, or for the next one.
    Waiting,
    Delivered,
    /// There will be no further attempt.
    Failed,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            status: match (delivery.due_ms, delivery.delivered) {
                (Some(_), _) => DeliveryStatus::Waiting,
                (None, true) => DeliveryStatus::Delivered,
                (None, false) => DeliveryStatus::Failed,
            },
            id: delivery.id,
            event: delivery.event,
            created_at: rfc3339(delivery.created_ms),
            attempts: delivery.attempts,
            attempted_at: delivery.attempted_ms.map(rfc3339),
            next_attempt_at: delivery.due_ms.filter(|due| *due > 0).map(rfc3339),
            http_status: delivery.http_status,
            error: delivery.error,
        }
    }
}

/// Have an address told when a run of yours has ended.
///
/// Deliveries are POSTs of JSON, `{"type": "run.completed", "timestamp": …, "data": {…}}`, signed as the
/// Standard Webhooks specification says. What is not answered with 2xx is sent again, ten times in
/// three days; redirects are not followed.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks",
    request_body = CreateWebhookRequest,
    responses(
        (status = 201, body = CreateWebhookResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 409, body = Problem, description = "too many webhooks"),
        (status = 422, body = Problem),
    )
)]
pub async fn create_webhook(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Json(request): Json<CreateWebhookRequest>,
) -> ApiResult<(StatusCode, Json<CreateWebhookResponse>)> {
    require_session(&user)?;
    let mut errors = Vec::new();
    let description = request.description.as_deref().map(str::trim);
    let description = description.filter(|text| !text.is_empty());
    if description.is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        let msg = format!("must have at most {LONGEST_DESCRIPTION} characters");
        errors.push(FieldError::body("description", msg));
    }
    let url = app.webhooks.check_url(request.url.trim());
    let url = match (url, errors.is_empty()) {
        (Ok(url), true) => url,
        (checked, _) => {
            errors.extend(checked.err().map(|why| FieldError::body("url", why)));
            return Err(ApiError::unprocessable(errors));
        }
    };
    let description = description.map(str::to_owned);
    let entry = origin.entry(Event::WebhookCreated);
    let made = app
        .webhooks
        .create(user.id.as_str(), &url, description, entry);
    let Some((webhook, secret)) = made.await.map_err(ApiError::internal)? else {
        let detail = format!("this account has {MOST} webhooks: delete one first");
        return Err(ApiError::conflict("too_many_webhooks", detail));
    };
    let response = CreateWebhookResponse {
        secret: secret.expose().to_owned(),
        webhook: WebhookView::new(&app, webhook, None),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// Your webhooks, newest first, each with its last delivery.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = Vec<WebhookView>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_webhooks(app: AppState, user: CurrentUser) -> ApiResult<Json<Vec<WebhookView>>> {
    require_session(&user)?;
    let all = app.db.webhooks(user.id.as_str()).await?.into_iter();
    let views = all.map(|(webhook, last)| WebhookView::new(&app, webhook, last));
    Ok(Json(views.collect()))
}

/// Delete a webhook: nothing is sent there any more.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "the webhook's id, `hook_…`")),
    responses(
        (status = 204),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
    )
)]
pub async fn delete_webhook(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    require_session(&user)?;
    let entry = origin.entry(Event::WebhookDeleted).on(&id);
    let user = user.id.as_str();
    if app.db.delete_webhook(user, &id, &entry).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("webhook", id))
    }
}

/// Send a `ping` to a webhook, once; its delivery says what came of it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "the webhook's id, `hook_…`")),
    responses(
        (status = 202, body = DeliveryView),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it is disabled"),
    )
)]
pub async fn test_webhook(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<(StatusCode, Json<DeliveryView>)> {
    let webhook = find_webhook(&app, &user, id).await?;
    if let Some((_, why)) = &webhook.disabled {
        let detail = format!("this webhook is disabled ({why}): enable it first");
        return Err(ApiError::conflict("webhook_disabled", detail));
    }
    let ping = app.webhooks.ping(&webhook).await?;
    Ok((StatusCode::ACCEPTED, Json(ping.into())))
}

/// Use a disabled webhook again, for what happens from now on.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/enable", tag = "webhooks",
    params(("id" = String, Path, description = "the webhook's id, `hook_…`")),
    responses(
        (status = 204),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
    )
)]
pub async fn enable_webhook(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    require_session(&user)?;
    if app.db.enable_webhook(user.id.as_str(), &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("webhook", id))
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListDeliveriesQuery {
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100, example = 20)]
    per_page: Option<u32>,
}

/// A page of deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryListResponse {
    pub items: Vec<DeliveryView>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

/// What was sent to a webhook, newest first: what waits, and the last hundred that have ended.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path, description = "the webhook's id, `hook_…`"), ListDeliveriesQuery),
    responses(
        (status = 200, body = DeliveryListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn list_deliveries(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<ListDeliveriesQuery>,
) -> ApiResult<Json<DeliveryListResponse>> {
    let page = Page::of(query.page, query.per_page)?;
    let webhook = find_webhook(&app, &user, id).await?;
    let (items, total) = app.db.deliveries(&webhook.id, page.rows()).await?;
    Ok(Json(DeliveryListResponse {
        items: items.into_iter().map(DeliveryView::from).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}

async fn find_webhook(app: &AppState, user: &CurrentUser, id: String) -> ApiResult<Webhook> {
    require_session(user)?;
    let found = app.db.webhook(user.id.as_str(), &id).await?;
    found.ok_or_else(|| ApiError::not_found("webhook", id))
}
