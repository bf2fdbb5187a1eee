//! Which page of a list is asked for: `page` and `per_page`, the same for all lists.

use super::error::{ApiError, ApiResult, FieldError};
use crate::db;

/// What lies beyond cannot be counted.
const LAST: u32 = 1_000_000;
const LARGEST: u32 = 100;

/// A page that there can be.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// From 1.
    pub page: u32,
    pub per_page: u32,
}

impl Page {
    /// Takes the parameters of a query, and adds what is wrong with them to `errors`.
    pub fn check(page: Option<u32>, per_page: Option<u32>, errors: &mut Vec<FieldError>) -> Self {
        let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(20));
        if !(1..=LAST).contains(&page) {
            errors.push(FieldError::at("query", "page", "must be 1 to 1000000"));
        }
        if !(1..=LARGEST).contains(&per_page) {
            errors.push(FieldError::at("query", "per_page", "must be 1 to 100"));
        }
        Self { page, per_page }
    }

    /// The same where nothing else can be wrong.
    pub fn of(page: Option<u32>, per_page: Option<u32>) -> ApiResult<Self> {
        let mut errors = Vec::new();
        let page = Self::check(page, per_page, &mut errors);
        if errors.is_empty() {
            Ok(page)
        } else {
            Err(ApiError::unprocessable(errors))
        }
    }

    /// As the database wants it.
    pub fn rows(self) -> db::Page {
        let limit = i64::from(self.per_page);
        db::Page {
            offset: (i64::from(self.page) - 1) * limit,
            limit,
        }
    }

    /// How many pages `total` entries fill.
    pub fn pages(self, total: i64) -> i64 {
        let limit = i64::from(self.per_page);
        (total + limit - 1) / limit
    }
}
