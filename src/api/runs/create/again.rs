//! The request that makes a run again as it was, whatever the server's defaults are by then.

use aideator_agent::config::Engine;

use super::BaseRequest;
use super::request::{AgentConfig, CreateRunRequest, EngineName, RunLimits, Variant};
use crate::model::{Run, Variation};

impl CreateRunRequest {
    /// What makes `run` again: at the same commit, each variation with the settings it had.
    pub fn again(run: &Run) -> Self {
        // These are the same for all of them.
        let given = run.variations.first().map(|it| it.config.clone());
        let given = given.unwrap_or_default();
        let base = run.base.map(|base| BaseRequest {
            run_id: base.run.to_string(),
            variation_id: base.index,
        });
        Self {
            github_url: match base {
                Some(_) => String::new(),
                None => run.repo_url.clone(),
            },
            prompt: run.prompt.clone(),
            r#ref: base.is_none().then(|| run.base_sha.clone()),
            variations: None,
            agent_config: Some(AgentConfig {
                model: None,
                temperature: None,
                max_tokens: given.max_tokens,
                system_prompt: given.system_prompt,
                stop_sequences: given.stop_sequences,
            }),
            variants: Some(run.variations.iter().map(Variant::again).collect()),
            checks: given.checks,
            checks_before: given.checks_before,
            limits: Some(RunLimits {
                timeout_seconds: given.limits.timeout_seconds,
                max_total_tokens: given.limits.max_total_tokens,
                max_cost_usd: given.limits.max_cost_usd,
                max_steps: given.limits.max_steps,
                max_run_cost_usd: run.max_run_cost_usd,
            }),
            // Not to be had again.
            git_credential: None,
            base,
        }
    }
}

impl Variant {
    fn again(variation: &Variation) -> Self {
        let config = variation.config.clone();
        Self {
            model: config.model,
            temperature: config.temperature,
            instructions: config.instructions,
            engine: Some(match config.engine {
                Engine::Command => EngineName::Command,
                _ => EngineName::Builtin,
            }),
            command: config.command,
            image: variation.image.clone(),
        }
    }
}
