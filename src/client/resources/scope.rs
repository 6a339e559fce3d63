//! Which of the server's lists is asked for.

/// How much a list covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// The user's own images and preseeds, or the machines assigned to the user; for an administrator too.
    #[default]
    Own,
    /// Everything the user may see: own and public images and preseeds (an administrator: all), and every machine.
    Visible,
}

impl Scope {
    /// The query text of a list; `true` is the only value the server takes for true.
    pub(crate) fn query(self) -> Option<&'static str> {
        match self {
            Scope::Own => None,
            Scope::Visible => Some("show_all=true"),
        }
    }
}
