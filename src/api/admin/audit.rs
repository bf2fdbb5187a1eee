//! `GET /api/v1/admin/audit`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::auth::audit::Event;
use crate::clock::{from_rfc3339, rfc3339};
use crate::db::audit::{Filter, SeenEntry};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// The id of an account: what it did, and what was done to it.
    #[param(example = "user_0198a7c41e5b7d2084c1f0a9b6d3e755")]
    user: Option<String>,
    /// Only this event.
    #[param(inline)]
    event: Option<Event>,
    /// RFC 3339: from this time on.
    #[param(example = "2026-01-02T03:04:05Z", format = "date-time")]
    from: Option<String>,
    /// RFC 3339: before this time.
    #[param(example = "2026-12-31T00:00:00Z", format = "date-time")]
    to: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100, example = 20)]
    per_page: Option<u32>,
}

/// A security event. Times are RFC 3339, UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryResponse {
    /// Later entries have higher ones.
    pub id: i64,
    pub at: String,
    pub event: Event,
    /// The account that did it; null for the operator on the server itself, and for who did not get in.
    pub actor_id: Option<String>,
    pub actor_email: Option<String>,
    /// What it came with: a session, `session_…`, or an API key, `key_…`.
    pub credential_id: Option<String>,
    /// The account that it was done to.
    pub account_id: Option<String>,
    pub account_email: Option<String>,
    /// What it was done to: the id of a key, a share, an invitation, ….
    pub subject: Option<String>,
    /// What else there is to say: never a secret, never what somebody typed.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub detail: serde_json::Map<String, serde_json::Value>,
    /// Where it came from. Of attempts that are counted it is the network; null where too many of those came in
    /// one hour to keep each.
    pub address: Option<String>,
    /// `X-Request-ID`; of what is counted, of the first.
    pub request_id: Option<String>,
    /// More than 1 where attempts are counted (`login_failed`, `password_refused`, `invitation_refused`): those
    /// of an hour from one network at one account.
    pub times: i64,
    /// The last of them.
    pub last_at: String,
}

/// A page of security events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditListResponse {
    pub items: Vec<AuditEntryResponse>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

impl From<SeenEntry> for AuditEntryResponse {
    fn from(entry: SeenEntry) -> Self {
        Self {
            id: entry.id,
            at: rfc3339(entry.at_ms),
            event: entry.event,
            actor_id: entry.actor,
            actor_email: entry.actor_email,
            credential_id: entry.credential,
            account_id: entry.account,
            account_email: entry.account_email,
            subject: entry.subject,
            detail: entry.detail,
            address: entry.address,
            request_id: entry.request,
            times: entry.times,
            last_at: rfc3339(entry.last_ms),
        }
    }
}

/// Security events, newest first: who came in, who tried, who made or ended what opens something. For admins, who
/// ask with a session.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "admin", params(AuditQuery),
    responses(
        (status = 200, body = AuditListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 422, body = Problem),
    )
)]
pub async fn list_audit(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Json<AuditListResponse>> {
    user.require_admin()?;
    let mut errors = Vec::new();
    let page = Page::check(query.page, query.per_page, &mut errors);
    let mut time = |name, text: Option<String>, none| match text.as_deref().map(from_rfc3339) {
        None => none,
        Some(Some(ms)) => ms,
        Some(None) => {
            let msg = "must be a time as in 2026-01-02T03:04:05Z";
            errors.push(FieldError::at("query", name, msg));
            none
        }
    };
    let filter = Filter {
        user: query.user,
        event: query.event,
        from: time("from", query.from, i64::MIN),
        to: time("to", query.to, i64::MAX),
    };
    if !errors.is_empty() {
        return Err(ApiError::unprocessable(errors));
    }
    let (entries, total) = app.db.audit(&filter, page.rows()).await?;
    Ok(Json(AuditListResponse {
        items: entries.into_iter().map(AuditEntryResponse::from).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}
