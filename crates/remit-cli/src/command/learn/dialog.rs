//! One question for each tool of each task, answered by a letter a line.

use crate::error::CliError;
use crate::output::{bold, count, dim, line, to_stderr};
use remit_api::learn::{Answer, Answers, Effect, Question};
use std::io::BufRead;

/// Asks on stderr and reads from `input`. An empty line keeps the proposal; the end of the input keeps
/// all that was not asked.
pub(super) fn answers(
    questions: &[Question],
    input: &mut dyn BufRead,
) -> Result<Answers, CliError> {
    let mut answers = Answers::default();
    for (at, question) in questions.iter().enumerate() {
        to_stderr(&asked(question, at + 1, questions.len()))?;
        let Some(answer) = read(input)? else {
            to_stderr("\nthe rest is kept as proposed\n")?;
            break;
        };
        if let Some(answer) = answer {
            answers.0.insert((question.task.clone(), question.action.clone()), answer);
        }
    }
    Ok(answers)
}

/// `None` at the end of the input, `Some(None)` to keep the proposal.
fn read(input: &mut dyn BufRead) -> Result<Option<Option<Answer>>, CliError> {
    loop {
        to_stderr("a, v, u, n, or nothing to keep it: ")?;
        let mut typed = String::new();
        if input.read_line(&mut typed)? == 0 {
            return Ok(None);
        }
        let typed = typed.trim().to_lowercase();
        if typed.is_empty() {
            return Ok(Some(None));
        }
        match Answer::all().into_iter().find(|answer| letter(*answer) == typed) {
            Some(answer) => return Ok(Some(Some(answer))),
            None => to_stderr(&format!("`{}` is no answer\n", line(&typed, 20)))?,
        }
    }
}

fn letter(answer: Answer) -> &'static str {
    match answer {
        Answer::Always => "a",
        Answer::Values => "v",
        Answer::User => "u",
        Answer::Never => "n",
    }
}

fn asked(question: &Question, number: usize, all: usize) -> String {
    let mut out = format!(
        "\n{} of {all}  {} in {}: {}, {} elsewhere in the task\n",
        number,
        bold(&line(&question.tool, 60)),
        line(&question.task, 60),
        count(question.calls, "good call"),
        question.other_calls
    );
    out += &format!("  proposed: {}\n", line(&question.proposed, 300));
    out += &format!("     keep it                                  {}\n", effect(&question.kept));
    for (answer, changes) in &question.answers {
        let said = format!("[{}]  {}", letter(*answer), answer.said());
        out += &format!("  {said:<43} {}\n", dim(&effect(changes)));
    }
    out
}

fn effect(effect: &Effect) -> String {
    format!("{} good and {} other calls drift", effect.good, effect.other)
}
