//! The tools the model can call: their schemas, and one module each for what they do.
//!
//! Everything a tool says is for the model: what was done, what was left out, and on failure what to
//! do instead.

mod edit;
mod list;
mod names;
mod read;
mod run;
mod search;
mod todo;
mod write;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use self::names::walk;
use crate::{shell::Shell, workspace::Workspace};

/// Names, descriptions and parameters, as the model gets them.
const SCHEMAS: &str = include_str!("../prompts/tools.json");

/// What a tool says to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) text: String,
    /// Whether there was more to say than is said.
    pub(crate) truncated: bool,
}

impl Said {
    fn all(text: impl Into<String>) -> Self {
        Self {
            ok: true,
            text: text.into(),
            truncated: false,
        }
    }

    pub(crate) fn failure(text: impl Into<String>) -> Self {
        Self {
            ok: false,
            text: text.into(),
            truncated: false,
        }
    }
}

/// A call whose arguments are understood.
pub(crate) enum Tool {
    List(list::Arguments),
    Read(read::Arguments),
    Search(search::Arguments),
    Edit(edit::Arguments),
    Write(write::Arguments),
    Run(run::Arguments),
    Todo(todo::Arguments),
}

impl Tool {
    /// Whether nothing changes by it, so that it does not matter what else goes on.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::List(_) | Self::Read(_) | Self::Search(_))
    }
}

/// What tools work with.
pub(crate) struct Toolbox {
    schemas: Vec<Value>,
    workspace: Workspace,
    shell: Shell,
    /// Where whole outputs of commands are kept.
    outputs: PathBuf,
    runs: u32,
    /// When nothing may run any more.
    until: Instant,
    todo: Vec<String>,
}

impl Toolbox {
    pub(crate) fn new(
        workspace: Workspace,
        shell: Shell,
        outputs: PathBuf,
        until: Instant,
    ) -> Self {
        Self {
            schemas: serde_json::from_str(SCHEMAS).expect("prompts/tools.json is JSON, tested"),
            workspace,
            shell,
            outputs,
            runs: 0,
            until,
            todo: Vec::new(),
        }
    }

    /// The `tools` of a request.
    pub(crate) fn schemas(&self) -> Value {
        self.schemas
            .iter()
            .map(|function| json!({"type": "function", "function": function}))
            .collect()
    }

    /// The plan, if there is one.
    pub(crate) fn todo(&self) -> &[String] {
        &self.todo
    }

    /// Understands a call, or says what is wrong with it.
    pub(crate) fn parse(&self, name: &str, arguments: &str) -> Result<Tool, Said> {
        Ok(match name {
            "list" => Tool::List(self.arguments(name, arguments)?),
            "read" => Tool::Read(self.arguments(name, arguments)?),
            "search" => Tool::Search(self.arguments(name, arguments)?),
            "edit" => Tool::Edit(self.arguments(name, arguments)?),
            "write" => Tool::Write(self.arguments(name, arguments)?),
            "run" => Tool::Run(self.arguments(name, arguments)?),
            "todo" => Tool::Todo(self.arguments(name, arguments)?),
            _ => {
                let names: Vec<&str> = self
                    .schemas
                    .iter()
                    .filter_map(|schema| schema["name"].as_str())
                    .collect();
                let text = format!(
                    "There is no tool {name:?}. The tools are: {}.",
                    names.join(", ")
                );
                return Err(Said::failure(text));
            }
        })
    }

    fn arguments<T: DeserializeOwned>(&self, name: &str, arguments: &str) -> Result<T, Said> {
        serde_json::from_str(arguments).map_err(|error| {
            let schema = self
                .schemas
                .iter()
                .find(|schema| schema["name"] == name)
                .map(|schema| schema["parameters"].to_string())
                .unwrap_or_default();
            Said::failure(format!(
                "The arguments of {name} are not as they must be: {error}. Nothing was done. The schema is: {schema}"
            ))
        })
    }

    /// Does what all the calls ask: several only if they all [read](Tool::only_reads). A call that was
    /// not understood has its answer already.
    pub(crate) async fn call_together(&mut self, tools: Vec<Result<Tool, Said>>) -> Vec<Said> {
        if tools.len() > 1 {
            let reads = tools.into_iter().map(|tool| async {
                match tool {
                    Ok(tool) => self.call_on_files(tool).await,
                    Err(said) => said,
                }
            });
            return futures::future::join_all(reads).await;
        }
        let mut said = Vec::new();
        for tool in tools {
            said.push(match tool {
                Ok(tool) => self.call(tool).await,
                Err(said) => said,
            });
        }
        said
    }

    async fn call_on_files(&self, tool: Tool) -> Said {
        // Files block; the task that reads them may, the one that prints may not.
        let workspace = self.workspace.clone();
        tokio::task::spawn_blocking(move || on_files(&workspace, tool))
            .await
            .unwrap_or_else(|error| {
                Said::failure(format!("The tool failed by a defect of its own: {error}."))
            })
    }

    /// Does what the call asks.
    pub(crate) async fn call(&mut self, tool: Tool) -> Said {
        match tool {
            Tool::Run(arguments) => {
                self.runs += 1;
                let log = self.outputs.join(format!("{}.log", self.runs));
                run::call(&self.shell, arguments, &log, self.until).await
            }
            Tool::Todo(arguments) => todo::call(arguments, &mut self.todo),
            other => self.call_on_files(other).await,
        }
    }
}

fn on_files(workspace: &Workspace, tool: Tool) -> Said {
    let said = match tool {
        Tool::List(arguments) => list::call(workspace, &arguments),
        Tool::Read(arguments) => read::call(workspace, &arguments),
        Tool::Search(arguments) => search::call(workspace, &arguments),
        Tool::Edit(arguments) => edit::call(workspace, &arguments),
        Tool::Write(arguments) => write::call(workspace, &arguments),
        Tool::Run(_) | Tool::Todo(_) => unreachable!("these are not about files"),
    };
    said.unwrap_or_else(Said::failure)
}

#[cfg(test)]
mod tests;
