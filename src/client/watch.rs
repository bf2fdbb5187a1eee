//! Following a run: panes on a terminal, lines in a pipe, objects for programs.

use std::io;

use indicatif::ProgressDrawTarget;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::follow::{Event, Follow, Told};
use super::narrate::{Data, Narrator};
use super::output::Output;
use super::panes::Panes;
use super::printable::one_line;
use super::run::Run;
use super::show::table;

/// Rows of a terminal that does not say.
const HEIGHT: u16 = 24;

/// Follows a run of so many variations to its end, and says what has come of it.
pub(super) async fn watch(
    api: &Api,
    id: &str,
    variations: usize,
    json: bool,
    output: Output,
) -> Outcome {
    let mut view = if json {
        View::Json
    } else if output.is_live {
        View::panes(variations)
    } else {
        View::Lines(Narrator::default())
    };
    let follow = Follow::new(api, id, None);
    let told = attended(id, follow.tell(|told| view.tell(told, output))).await;
    drop(view);
    told?;
    let run = Run::find(api, id).await?;
    if !json {
        table(&run, output)?;
    }
    Ok(exit_of(&run))
}

/// Follows a run, or one of its variations, line by line.
pub(super) async fn follow(
    api: &Api,
    run: &Run,
    only: Option<u8>,
    json: bool,
    output: Output,
) -> Outcome {
    let mut view = if json {
        View::Json
    } else {
        View::Lines(Narrator::default())
    };
    let follow = Follow::new(api, &run.id, only);
    attended(&run.id, follow.tell(|told| view.tell(told, output))).await?;
    if only.is_some() {
        return Ok(Exit::Done);
    }
    Ok(exit_of(&Run::find(api, &run.id).await?))
}

/// Waits for the end of one of a run's agents, and says only where the stream breaks.
pub(super) async fn wait_for(api: &Api, id: &str, index: u8, output: Output) -> Outcome<()> {
    let mut quiet = View::Lines(Narrator::default());
    let tell = |told| match told {
        Told::Event(_) => Ok(()),
        other => quiet.tell(other, output),
    };
    attended(id, Follow::new(api, id, Some(index)).tell(tell)).await
}

/// A run that is not watched any more goes on, which a person may not think of.
async fn attended(id: &str, following: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    tokio::select! {
        told = following => told,
        signal = tokio::signal::ctrl_c() => {
            signal.map_err(|error| Failure::local("signals", &error))?;
            let message = format!(
                "not followed any more; the run goes on: aideator logs {id} --follow, aideator cancel {id}"
            );
            Err(Failure::new(Exit::Interrupted, message))
        }
    }
}

fn exit_of(run: &Run) -> Exit {
    if run.status == "completed" {
        Exit::Done
    } else {
        Exit::No
    }
}

/// How a run is shown while it is followed.
enum View {
    Panes(Panes, Narrator),
    Lines(Narrator),
    Json,
}

impl View {
    fn panes(variations: usize) -> Self {
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        let height = size.map_or(HEIGHT, |size| size.ws_row);
        let panes = Panes::new(variations, height.into(), ProgressDrawTarget::stderr());
        Self::Panes(panes, Narrator::default())
    }

    fn tell(&mut self, told: Told, output: Output) -> Outcome<()> {
        let note = match told {
            Told::Event(event) => return self.event(&event, output),
            Told::Broke { why, wait } => format!(
                "-- the stream broke ({why}); coming back in {:.1} s",
                wait.as_secs_f64()
            ),
            Told::Back => "-- it is back, and goes on where it was: nothing is missing".to_owned(),
        };
        match self {
            Self::Panes(panes, _) => panes.note(&one_line(&note)),
            Self::Lines(_) | Self::Json => output.note(&note),
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, output: Output) -> Outcome<()> {
        let data = |event: &Event| -> Outcome<Data> {
            serde_json::from_str(event.data.get()).map_err(|error| {
                let message = format!("an event is not understood: {error}");
                Failure::new(Exit::Unreachable, message)
            })
        };
        match self {
            Self::Json => {
                let line = serde_json::to_string(event).map_err(io::Error::from)?;
                output.bytes(format!("{line}\n").as_bytes())
            }
            Self::Lines(narrator) => {
                for said in narrator.tell(event, &data(event)?) {
                    let line = match said.variation {
                        Some(index) => format!("{}| {}", u32::from(index) + 1, said.text),
                        None => said.text,
                    };
                    output.line(&line)?;
                }
                Ok(())
            }
            Self::Panes(panes, narrator) => {
                let data = data(event)?;
                for said in narrator.tell(event, &data) {
                    panes.say(&said);
                }
                let ended = event.kind == "agent_complete";
                if let (Some(index), Some(status)) = (data.variation_id, &data.status) {
                    panes.status(index, &one_line(status), ended);
                } else if event.kind == "agent_retry"
                    && let Some(index) = data.variation_id
                {
                    panes.status(index, "queued", false);
                }
                Ok(())
            }
        }
    }
}
