//! The ASCII part of a character, as Unicode's compatibility decomposition gives it for accented Latin letters.

const ACCENTED: [(&str, char); 30] = [
    ("ÀÁÂÃÄÅĀĂĄ", 'A'),
    ("àáâãäåāăąª", 'a'),
    ("ÇĆĈĊČ", 'C'),
    ("çćĉċč", 'c'),
    ("Ď", 'D'),
    ("ď", 'd'),
    ("ÈÉÊËĒĔĖĘĚ", 'E'),
    ("èéêëēĕėęě", 'e'),
    ("ĜĞĠĢ", 'G'),
    ("ĝğġģ", 'g'),
    ("ÌÍÎÏĨĪĬĮİ", 'I'),
    ("ìíîïĩīĭį", 'i'),
    ("ĹĻĽ", 'L'),
    ("ĺļľ", 'l'),
    ("ÑŃŅŇ", 'N'),
    ("ñńņň", 'n'),
    ("ÒÓÔÕÖŌŎŐ", 'O'),
    ("òóôõöōŏőº", 'o'),
    ("ŔŖŘ", 'R'),
    ("ŕŗř", 'r'),
    ("ŚŜŞŠ", 'S'),
    ("śŝşš", 's'),
    ("ŢŤ", 'T'),
    ("ţť", 't'),
    ("ÙÚÛÜŨŪŬŮŰŲ", 'U'),
    ("ùúûüũūŭůűų", 'u'),
    ("ÝŶŸ", 'Y'),
    ("ýÿŷ", 'y'),
    ("ŹŻŽ", 'Z'),
    ("źżž", 'z'),
];

/// None for a character that has no ASCII in it.
pub(crate) fn fold(c: char) -> Option<char> {
    match c.is_ascii() {
        true => Some(c),
        false => ACCENTED
            .iter()
            .find(|(letters, _)| letters.contains(c))
            .map(|(_, plain)| *plain),
    }
}
