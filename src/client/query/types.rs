//! The leaves of a query: symbols, literals and how they may be compared.

use std::fmt;

/// What a machine can be selected by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symbol {
    /// The machine's name.
    Name,
    /// The name of its architecture.
    Arch,
    /// The type of its BMC; empty without one.
    BmcType,
    /// How many users it is assigned to.
    AssigneeCount,
    /// How many interfaces it has.
    InterfaceCount,
}

impl Symbol {
    const ALL: [Symbol; 5] = [
        Symbol::Name,
        Symbol::Arch,
        Symbol::BmcType,
        Symbol::AssigneeCount,
        Symbol::InterfaceCount,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Symbol::Name => "name",
            Symbol::Arch => "arch",
            Symbol::BmcType => "bmc_type",
            Symbol::AssigneeCount => "assignee_count",
            Symbol::InterfaceCount => "interface_count",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Symbol> {
        Symbol::ALL
            .into_iter()
            .find(|symbol| symbol.as_str() == word)
    }

    pub(crate) fn is_count(self) -> bool {
        matches!(self, Symbol::AssigneeCount | Symbol::InterfaceCount)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How two operands are compared. The order of texts is that of the server's database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.as_str() == word)
    }
}

/// One side of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A property of the machine.
    Symbol(Symbol),
    /// A text, of any characters but NUL.
    Text(String),
    /// A number.
    Integer(i64),
    /// No value, `nil`.
    Nil,
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Symbol(symbol) => symbol.fmt(formatter),
            // Only the backslash and the quote need escaping; everything else stands for itself.
            Operand::Text(text) => {
                let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
                write!(formatter, "\"{escaped}\"")
            }
            Operand::Integer(number) => number.fmt(formatter),
            Operand::Nil => formatter.write_str("nil"),
        }
    }
}

/// Checks a comparison as the server's database would, and returns its operands in a form that the database takes.
pub(crate) fn compare(
    comparison: Comparison,
    left: Operand,
    right: Operand,
) -> Result<(Operand, Operand), String> {
    let symbol = match (&left, &right) {
        (Operand::Symbol(left), Operand::Symbol(right)) if left.is_count() != right.is_count() => {
            return Err(format!("{left} and {right} cannot be compared"));
        }
        (Operand::Symbol(symbol), _) | (_, Operand::Symbol(symbol)) => *symbol,
        _ => {
            return Err(format!(
                "one side of {} must be a symbol such as name or arch",
                comparison.as_str()
            ));
        }
    };
    let (left, right) = (number_for(symbol, left), number_for(symbol, right));
    for operand in [&left, &right] {
        match operand {
            Operand::Integer(_) if !symbol.is_count() => {
                return Err(format!("{symbol} is compared with a text in double quotes"));
            }
            Operand::Text(_) if symbol.is_count() => {
                return Err(format!("{symbol} is compared with a number"));
            }
            Operand::Nil if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) => {
                return Err("nil can only be compared with = and !=".to_owned());
            }
            _ => {}
        }
    }
    Ok((left, right))
}

/// The server takes a number in quotes for a number where it counts.
fn number_for(symbol: Symbol, literal: Operand) -> Operand {
    match literal {
        Operand::Text(text) if symbol.is_count() => {
            text.parse().map_or(Operand::Text(text), Operand::Integer)
        }
        other => other,
    }
}
