//! `write`: a whole file.

use serde::Deserialize;

use super::Said;
use crate::workspace::{PathError, Workspace};

const CONTENT_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    path: String,
    content: String,
}

pub(super) fn call(workspace: &Workspace, arguments: &Arguments) -> Result<Said, String> {
    let path = workspace
        .relative(&arguments.path)
        .map_err(|error| error.to_string())?;
    let bytes = arguments.content.as_bytes();
    if bytes.len() > CONTENT_BYTES {
        return Err(format!(
            "The content is {} bytes; the limit is {CONTENT_BYTES}. Write a smaller file and add to it with `edit`.",
            bytes.len()
        ));
    }
    let before = match workspace.read(&path, super::read::FILE_BYTES) {
        Ok((before, mode)) => Some((before.len(), mode)),
        Err(PathError::Missing(_)) => None,
        // A link is refused below, by itself; other failures are here what they are there.
        Err(error) => return Err(error.to_string()),
    };
    let mode = before.map_or(0o644, |(_, mode)| mode);
    workspace
        .write(&path, bytes, mode)
        .map_err(|error| error.to_string())?;
    let shown = path.display();
    let lines = arguments.content.lines().count();
    let text = match before {
        None => format!("Created {shown}: {lines} lines, {} bytes.", bytes.len()),
        Some((size, _)) if bytes.len() * 2 < size => format!(
            "Replaced {shown}: {lines} lines, {} bytes. Before it had {size} bytes: if you did not mean to shorten it, read it with git (`git show HEAD:{shown}`) and write it whole.",
            bytes.len()
        ),
        Some((size, _)) => format!(
            "Replaced {shown}: {lines} lines, {} bytes (before: {size}).",
            bytes.len()
        ),
    };
    Ok(Said::all(text))
}
