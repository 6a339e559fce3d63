//! What a request is for: its errors say it, and are judged by it.

use std::fmt;

use reqwest::Method;

/// What was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// They begin an error's sentence, such as `reading machine 7`.
    words: String,
    writes: bool,
    asked: Asked,
}

/// On what an answer depends besides the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// On nothing: it is one of the lists.
    List,
    /// On what is stored of one object.
    Object,
    /// On a machine's BMC.
    Bmc,
}

impl Operation {
    pub(crate) fn new(method: &Method, path: &[&str], words: String) -> Operation {
        let is_id = |segment: &&str| segment.parse::<u64>().is_ok();
        Operation {
            words,
            writes: method != Method::GET,
            asked: match path {
                [.., "power"] => Asked::Bmc,
                path if path.iter().any(is_id) => Asked::Object,
                _ => Asked::List,
            },
        }
    }

    /// Whether it may change something.
    pub(crate) fn writes(&self) -> bool {
        self.writes
    }

    /// Whether it is one of the server's lists that was asked for.
    pub(crate) fn is_for_a_list(&self) -> bool {
        self.asked == Asked::List
    }

    /// Whether the server has to ask a BMC, which may take long where the server itself is well.
    pub(crate) fn needs_a_bmc(&self) -> bool {
        self.asked == Asked::Bmc
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}
