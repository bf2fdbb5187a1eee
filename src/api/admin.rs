//! For admins of the server: accounts, and what is done with them. `/api/v1/admin/*`.

pub mod audit;
pub mod cancel;
pub mod disable;
pub mod invitations;
pub mod runs;
pub mod usage;
pub mod users;

use serde::Deserialize;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100, example = 20)]
    per_page: Option<u32>,
}
