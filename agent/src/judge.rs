//! The judge: compares what other variations made (`JUDGE.md` beside this crate).
//!
//! [`gates`] looks by code, [`ask`] has the model compare two, blind, [`rank`] puts it together.
//!
//! Invariant: whatever ends it, what is known by then is printed as `judgement` and `verdict` lines.

mod ask;
mod gates;
mod rank;

use aideator_agent::{
    config::{Candidate, Judge},
    protocol::{Body, Comparison, Outcome, Step},
};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use self::{
    ask::Asker,
    rank::{Answer, Ranking},
};
use crate::{
    input::Input,
    limits::Budget,
    model::{Model, Patience},
    output::Output,
};

/// What ended the comparing before its end.
struct Stop {
    outcome: Outcome,
    reason: &'static str,
    message: String,
}

/// Judges, prints all of it, and says how it ended.
pub(crate) async fn run(input: Input, output: &Output, cancel: &CancellationToken) -> Outcome {
    let candidates = match candidates(&input) {
        Ok(candidates) => candidates,
        Err(message) => {
            output.error("bad_input", &message, false).await;
            output
                .finished(Outcome::Failed, &message, Some("bad_input"))
                .await;
            return Outcome::Failed;
        }
    };
    output
        .print(Body::Started {
            model: input.model.clone(),
            engine: "judge".to_owned(),
            base_sha: String::new(),
        })
        .await;
    let mut budget = Budget::new(&input.config, &input.model);
    let mut ranking = Ranking::new(candidates);
    let until = budget.until();
    let stop = tokio::select! {
        biased;
        () = cancel.cancelled() => Some(Stop {
            outcome: Outcome::Cancelled,
            reason: "cancelled",
            message: "Cancelled from outside.".to_owned(),
        }),
        () = sleep_until(until) => Some(failed("limit_time", "The run's time is over.")),
        stop = compare(&input, &mut ranking, &mut budget, output) => stop,
    };
    let (judgements, verdict) = ranking.result(&input.model, stop.is_none());
    let message = verdict.message.clone();
    for judgement in judgements {
        output.print(Body::Judgement(judgement)).await;
    }
    output.print(Body::Verdict(verdict)).await;
    match stop {
        None => {
            output.finished(Outcome::Succeeded, &message, None).await;
            Outcome::Succeeded
        }
        Some(stop) => {
            let summary = format!("{} {message}", stop.message);
            output
                .finished(stop.outcome, &summary, Some(stop.reason))
                .await;
            stop.outcome
        }
    }
}

fn failed(reason: &'static str, message: impl Into<String>) -> Stop {
    Stop {
        outcome: Outcome::Failed,
        reason,
        message: message.into(),
    }
}

fn candidates(input: &Input) -> Result<&[Candidate], String> {
    let judge = input.config.judge.as_ref().ok_or(
        "The engine is \"judge\", but the configuration has no \"judge\" with candidates.",
    )?;
    let candidates = &judge.candidates;
    if candidates.is_empty() || candidates.len() > Judge::MOST {
        let most = Judge::MOST;
        return Err(format!(
            "A judge has 1 to {most} candidates; here are {}.",
            candidates.len()
        ));
    }
    let mut ids: Vec<u32> = candidates.iter().map(|c| c.variation_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < candidates.len() {
        return Err("Two candidates have the same variation_id.".to_owned());
    }
    Ok(candidates)
}

/// Has all pairs compared; `None` at the end of them.
async fn compare(
    input: &Input,
    ranking: &mut Ranking<'_>,
    budget: &mut Budget,
    output: &Output,
) -> Option<Stop> {
    let pairs = ranking.pairs();
    let message = format!(
        "Pairs of results to compare, each in both orders: {}.",
        pairs.len()
    );
    output.status(Step::Context, message).await;
    if pairs.is_empty() {
        return None;
    }
    let model = Model::new(
        &input.model,
        &input.config,
        &input.provider,
        Patience::default(),
        output.clone(),
    );
    let model = match model {
        Ok(model) => model,
        Err(error) => return Some(failed("setup_failed", error.to_string())),
    };
    let mut asker = Asker::new(model, &input.prompt, budget.window(), output.clone());
    for (one, other) in pairs {
        for (first, second) in [(one, other), (other, one)] {
            if let Some(spent) = budget.spent() {
                let message = format!("The judge's budget is spent ({}).", spent.reason());
                return Some(failed(spent.reason(), message));
            }
            let (a, b) = (ranking.candidate(first), ranking.candidate(second));
            let opinion = match asker.ask(a, b, budget).await {
                Ok(opinion) => opinion,
                Err((reason, message)) => return Some(failed(reason, message)),
            };
            let winner = opinion
                .winner
                .map(|a_wins| if a_wins { first } else { second });
            output
                .print(Body::Comparison(Comparison {
                    first: a.variation_id,
                    second: b.variation_id,
                    winner: winner.map(|winner| ranking.candidate(winner).variation_id),
                    reasons: opinion.reasons.clone(),
                    risks: opinion.risks.clone(),
                }))
                .await;
            ranking.add(Answer {
                first,
                second,
                winner,
                reasons: opinion.reasons,
                risks: opinion.risks,
            });
        }
    }
    None
}
