//! The manifests of a run, rendered from `templates/*.yaml.hbs`.
//!
//! A value enters a template only through the `json` helper, so it cannot leave its place; and the
//! rendered text is parsed back and compared with what was meant before kubectl sees it.

mod check;
mod render;
mod secret;

pub use render::{RunManifest, Templates};
pub use secret::{keys_secret_name, secret_name};

use handlebars::RenderError;

/// Why a manifest could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template is wrong.
    #[error("failed to read the template {name}: {source}")]
    Syntax {
        name: &'static str,
        source: Box<handlebars::TemplateError>,
    },
    /// A template asks for something that it is not given.
    #[error("failed to render a manifest: {0}")]
    Render(#[from] Box<RenderError>),
    /// The rendered text is no YAML.
    #[error("failed to parse a rendered manifest back: {0}")]
    Parse(#[from] serde_yaml::Error),
    /// The rendered text says something else than was meant.
    #[error("a rendered manifest differs from what was meant at {place}")]
    Differs { place: String },
    /// The variation's settings cannot be written.
    #[error("failed to write config.json: {0}")]
    Config(#[from] serde_json::Error),
}
