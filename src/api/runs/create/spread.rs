//! What makes a run's variations different: the settings of each, from what the user asked for and
//! what the server offers.

use aideator_agent::config::{Config as VariationConfig, Engine, Limits};

use super::request::{AgentConfig, CreateRunRequest, EngineName, Variant};
use crate::config::Agents;
use crate::model::NewVariation;

const DEFAULT_VARIATIONS: u8 = 3;

/// Unless asked for, variations have these temperatures: the least surprising first.
const TEMPERATURES: [f64; 5] = [0.3, 0.7, 0.9, 0.5, 0.1];

/// Without `variants`, each of several variations is asked to go about it in its own way.
const APPROACHES: [&str; 5] = [
    "Approach: make the smallest change that does the whole task.",
    "Approach: test first. Write or extend a test that fails without the change, then make it pass.",
    "Approach: before you change anything, think of two or three designs, and take the one that will \
     be easiest to read and to change later.",
    "Approach: think first of what could go wrong (bad or empty input, errors, callers that rely on \
     how it is now), and make the change hold there.",
    "Approach: find the code in this repository that is most like what is asked for, and do the task \
     the way it does.",
];

/// The variations of a request that was checked.
pub(super) fn spread(request: &CreateRunRequest, agents: &Agents) -> Vec<NewVariation> {
    let default = DEFAULT_VARIATIONS.min(agents.max_variations);
    let number = || usize::from(request.variations.unwrap_or(default));
    let count = request.variants.as_ref().map_or_else(number, Vec::len);
    let models = agents.offered_models();
    let none = AgentConfig::default();
    let all = request.agent_config.as_ref().unwrap_or(&none);
    let base = base(request, all, agents);
    let variation = |i: usize| {
        let variant = request.variants.as_ref().map(|variants| &variants[i]);
        // With `variants`, what is left out is the same for all.
        let turn = if variant.is_some() { 0 } else { i };
        let model = variant
            .and_then(|variant| variant.model.clone())
            .or_else(|| all.model.clone())
            .unwrap_or_else(|| models[turn % models.len()].id.clone());
        let temperature = variant.and_then(|v| v.temperature).or(all.temperature);
        let instructions = match variant {
            Some(variant) => variant.instructions.clone(),
            None if count > 1 => Some(APPROACHES[i % APPROACHES.len()].to_owned()),
            None => None,
        };
        NewVariation {
            image: image(variant, agents),
            config: VariationConfig {
                temperature: Some(temperature.unwrap_or(TEMPERATURES[i % TEMPERATURES.len()])),
                instructions,
                engine: match variant.and_then(|variant| variant.engine) {
                    Some(EngineName::Command) => Engine::Command,
                    _ => Engine::Builtin,
                },
                command: variant.and_then(|variant| variant.command.clone()),
                // List prices the agent has itself, those for cached tokens too.
                prices: agents.own_price(&model),
                model: Some(model),
                ..base.clone()
            },
        }
    };
    (0..count).map(variation).collect()
}

fn image(variant: Option<&Variant>, agents: &Agents) -> String {
    let asked = variant.and_then(|variant| variant.image.as_ref());
    asked.unwrap_or(&agents.image).clone()
}

/// What all variations have in common.
fn base(request: &CreateRunRequest, all: &AgentConfig, agents: &Agents) -> VariationConfig {
    let limits = request.limits.as_ref();
    let timeout = limits.and_then(|limits| limits.timeout_seconds);
    VariationConfig {
        max_tokens: all.max_tokens,
        system_prompt: all.system_prompt.clone(),
        stop_sequences: all.stop_sequences.clone(),
        checks: request.checks.clone(),
        checks_before: request.checks_before,
        limits: Limits {
            timeout_seconds: Some(timeout.unwrap_or(agents.timeout_seconds)),
            max_total_tokens: limits.and_then(|limits| limits.max_total_tokens),
            max_cost_usd: limits.and_then(|limits| limits.max_cost_usd),
            max_steps: limits.and_then(|limits| limits.max_steps),
            ..Limits::default()
        },
        ..VariationConfig::default()
    }
}
