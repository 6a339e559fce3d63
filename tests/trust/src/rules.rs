//! The rules: what must hold in every case.

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Ends,
    OneObject,
    QuietStderr,
    NoSecret,
    NamesTheRequest,
    ChangedIsTrue,
    ChangedIsFalse,
    Converges,
    NoDuplicate,
    NoSecondStart,
    SecondRunChangesNothing,
    Stored,
    EqualRunsSucceed,
    FaultIsMet,
}

impl Rule {
    pub(crate) const ALL: [Rule; 14] = [
        Rule::Ends,
        Rule::OneObject,
        Rule::QuietStderr,
        Rule::NoSecret,
        Rule::NamesTheRequest,
        Rule::ChangedIsTrue,
        Rule::ChangedIsFalse,
        Rule::Converges,
        Rule::NoDuplicate,
        Rule::NoSecondStart,
        Rule::SecondRunChangesNothing,
        Rule::Stored,
        Rule::EqualRunsSucceed,
        Rule::FaultIsMet,
    ];

    /// The rule as a sentence.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Rule::Ends => "The program ends by itself, and without a panic.",
            Rule::OneObject => {
                "Standard output is one JSON object on one line, and its `failed` agrees with the exit code."
            }
            Rule::QuietStderr => "Standard error is empty.",
            Rule::NoSecret => {
                "No output at the highest verbosity has the token or a BMC's password, in clear, in hexadecimal or in base64."
            }
            Rule::NamesTheRequest => {
                "A failure has a message on one line that names what was tried, and what came back."
            }
            Rule::ChangedIsTrue => {
                "A run after which the server has something else, or a BMC was given an order, does not say `changed: false`."
            }
            Rule::ChangedIsFalse => {
                "A run that says `changed: true` has changed something; if it failed, it has sent a request that may have."
            }
            Rule::Converges => {
                "The same task without faults then succeeds, and the server has what it has after a run without any fault."
            }
            Rule::NoDuplicate => "It has no image and no preseed more than that.",
            Rule::NoSecondStart => {
                "Both runs together start no machine more often than one run; of a task that acts anew, each run does so."
            }
            Rule::SecondRunChangesNothing => {
                "One more run changes nothing and says so; a task that acts anew succeeds."
            }
            Rule::Stored => "A restart of the server loses nothing of it.",
            Rule::EqualRunsSucceed => "Of equal runs at once none fails.",
            Rule::FaultIsMet => "Each fault meets the request that it is meant for.",
        }
    }
}
